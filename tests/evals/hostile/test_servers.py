"""Whatever a model server sends, the playbook finishes the role, in bounded memory."""

import pytest

from evals.hostile.server_attacks import ATTACKS, SAMPLE
from evals.hostile.servers import play

DEADLINE_S = 20.0
"""Long, so that a slow machine does not turn a limit of size into one of time."""


def test_there_are_as_many_as_were_promised() -> None:
    assert len(ATTACKS) > 60
    assert set(SAMPLE) <= ATTACKS.keys()


@pytest.mark.parametrize("name", SAMPLE)
def test_hostile_server_costs_its_model_the_role_and_nothing_else(name: str) -> None:
    outcome = play(name, ATTACKS[name], DEADLINE_S)
    assert outcome.faults == []
    assert outcome.finished_by == "playbook"
    assert "deadline" not in outcome.causes


@pytest.mark.slow
@pytest.mark.parametrize("name", ["endless text", "endless events", "gzip bomb in gzip"])
def test_connection_is_closed_as_soon_as_a_reply_is_too_large(name: str) -> None:
    outcome = play(name, ATTACKS[name], DEADLINE_S)
    assert outcome.faults == []
    assert "larger than 8,388,608 bytes" in outcome.detail or "more than 100,000" in outcome.detail
    # What lies in the sockets comes on top.
    assert outcome.sent < 24 * 2**20


@pytest.mark.slow
def test_reply_without_end_is_read_for_as_long_as_the_cap_allows() -> None:
    """The control: with a larger cap, more of it is read."""
    cap = 48 * 2**20
    outcome = play("endless text", ATTACKS["endless text"], DEADLINE_S, cap)
    assert "larger than 50,331,648 bytes" in outcome.detail
    assert outcome.sent > cap


def test_answer_in_an_odd_reply_is_used_and_is_text() -> None:
    outcome = play("NUL", ATTACKS["NUL bytes in the answer"], DEADLINE_S)
    assert outcome.faults == []
    assert outcome.finished_by == "openai:hostile"
