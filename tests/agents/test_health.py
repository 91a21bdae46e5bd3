"""How long a mind that failed is left alone."""

import pytest

from agents.loop.health import Health


def _rest_s(health: Health) -> float:
    said = health.refusal()
    assert said is not None
    return float(said.split("another ")[1].split(" s")[0])


def test_mind_that_fails_anew_rests_longer_up_to_a_quarter_of_an_hour() -> None:
    health, rests = Health(), []
    for _ in range(12):
        health.note_failure("late", 60.0)
        rests.append(_rest_s(health))
    assert rests == pytest.approx([60, 120, 240, 480, *[900] * 8], abs=5)
    assert str(health.refusal()).endswith("since it was late")


def test_reply_clears_what_was_seen() -> None:
    health = Health()
    health.note_failure("down", 60.0)
    health.note_failure("down", 60.0)
    health.note_reply()
    assert health.refusal() is None
    health.note_failure("down", 60.0)
    assert _rest_s(health) == pytest.approx(60, abs=5)


def test_who_sets_no_rest_has_every_mind_asked() -> None:
    health = Health()
    health.note_failure("down", 0.0)
    assert health.refusal() is None
