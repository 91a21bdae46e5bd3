"""Whatever a model server sends, the playbook finishes the role, in bounded memory."""

import json
from typing import Any

import pytest

from evals.hostile.server_attacks import ATTACKS, KEY, SAMPLE, Attack
from evals.hostile.servers import play
from evals.hostile.wire import Serve, call, chunked, completion, whole
from tools.models.leniency import json_text, wire
from tools.models.openai_client import OpenAICompatibleModel
from tools.models.secrets import Secrets

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


def _said(reason: str) -> dict[str, Any]:
    return call(json.dumps({"next": "planner", "reason": reason}))


ANSWER = _said("cheaper")
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


def _dripping() -> Serve:
    """A good reply that takes half a second, of which every read brings something."""
    body = completion(ANSWER)
    size = len(body) // 10 + 1
    return chunked([body[at : at + size] for at in range(0, len(body), size)], every_s=0.05)


@pytest.mark.parametrize(
    ("deadline_s", "call_s", "cause"),
    [(0.2, DEADLINE_S, "deadline"), (DEADLINE_S, 0.2, "down")],
    ids=["of the role", "of the client"],
)
def test_reply_that_drips_is_given_up_at_either_deadline_alone(
    deadline_s: float, call_s: float, cause: str
) -> None:
    """The control: without either, the answer in the same reply is used."""
    late = play("drip", Attack(_dripping), deadline_s, call_s=call_s)
    assert (late.finished_by, late.causes, late.faults) == ("playbook", [cause], [])
    read = play("drip", Attack(_dripping, answers=True), DEADLINE_S)
    assert (read.finished_by, read.faults) == ("openai:hostile", [])


def test_secret_that_a_server_says_in_its_answer_is_blanked_by_the_screen_alone() -> None:
    quoting = Attack(lambda: whole(completion(_said(f"with {KEY}"))), answers=True)
    assert play("blanked", quoting, DEADLINE_S).faults == []
    assert play("said", quoting, DEADLINE_S, screen=Secrets([])).faults == ["the key is kept"]


def test_key_that_a_server_quotes_in_an_error_is_blanked_by_the_client_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    quoting = ATTACKS["401 that quotes the key"]
    assert play("blanked", quoting, DEADLINE_S).faults == []
    monkeypatch.setattr(OpenAICompatibleModel, "_key", lambda _: "")
    assert play("said", quoting, DEADLINE_S).faults == ["the key is kept"]


def test_answer_in_an_odd_reply_is_used_and_is_text() -> None:
    outcome = play("NUL", ATTACKS["NUL bytes in the answer"], DEADLINE_S)
    assert outcome.faults == []
    assert outcome.finished_by == "openai:hostile"
