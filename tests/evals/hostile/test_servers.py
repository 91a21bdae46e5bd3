"""Whatever a model server sends, the playbook finishes the role, in bounded memory."""

import json

import pytest

from evals.hostile.server_attacks import ATTACKS, SAMPLE, Attack
from evals.hostile.servers import play
from evals.hostile.wire import call, completion, whole
from tools.models.leniency import json_text, wire

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


ANSWER = call(json.dumps({"next": "planner", "reason": "cheaper"}))
DEEP = json.loads("[" * 64 + "]" * 64)


@pytest.mark.parametrize(
    ("reply", "cap", "place", "larger"),
    [
        (completion(ANSWER, more=DEEP), "deeper than 64 levels", (json_text, "DEEPEST"), 65),
        (
            completion(ANSWER, more=[0] * 100_000),
            "more than 100,000 values",
            (json_text, "MOST_VALUES"),
            200_000,
        ),
        (
            completion({"tool_calls": ANSWER["tool_calls"] * 101}),
            "more than 100 calls",
            (wire, "MOST_CALLS"),
            101,
        ),
    ],
    ids=["depth", "values", "calls"],
)
def test_reply_of_too_many_parts_is_refused_by_the_cap_alone(
    reply: bytes,
    cap: str,
    place: tuple[object, str],
    larger: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The control: with a larger cap, the answer in the same reply is used."""
    capped = play("capped", Attack(lambda: whole(reply)), DEADLINE_S)
    assert (capped.finished_by, capped.faults) == ("playbook", [])
    assert cap in capped.detail
    monkeypatch.setattr(*place, larger)
    read = play("read", Attack(lambda: whole(reply), answers=True), DEADLINE_S)
    assert (read.finished_by, read.faults) == ("openai:hostile", [])


def test_answer_in_an_odd_reply_is_used_and_is_text() -> None:
    outcome = play("NUL", ATTACKS["NUL bytes in the answer"], DEADLINE_S)
    assert outcome.faults == []
    assert outcome.finished_by == "openai:hostile"
