"""A client asks for so long and no longer, and believes no server."""

import socket

import numpy as np
import pytest

from evals.hostile.wire import HostileServer, Serve, endless, head, raw, whole
from tests.tools.policy_server.answering import TOKEN, figures, situation
from tools.policies import RULE, served
from tools.policy_server.client import DEADLINE_S, NotServed, ServedScorer
from tools.policy_server.settings import Place, place_from, token_from
from tools.policy_server.wire import BINARY, pack_scores
from tools.ranker.card import read_card
from tools.ranker.opening import open_ranker
from twin.errors import BadInput, Refused
from twin.physics.compiled import FloatArray
from twin.remediation.conformance import check_policy
from twin.remediation.policies.ranked import Ranked
from twin.remediation.policies.shipped import shipped
from twin.remediation.policy import Policy

WEIGHTS = read_card().sha256

PATIENT_S = 30.0
"""Where it is no matter of time, since a busy machine may take longer than the deadline."""


def _asked(server: HostileServer, deadline_s: float = DEADLINE_S) -> FloatArray:
    return ServedScorer(Place(server.url, TOKEN), WEIGHTS, deadline_s)(figures())


def _served(url: str) -> Policy:
    return served(32, {"NOCTUA_POLICY_URL": url, "NOCTUA_POLICY_TOKEN": TOKEN}, PATIENT_S)


def _scores() -> FloatArray:
    return open_ranker()(figures())


def _answer(scores: FloatArray, digest: str = WEIGHTS) -> bytes:
    body = pack_scores(scores)
    return head(kind=BINARY, Content_Length=len(body), Noctua_Weights=digest) + body


# The deadline


@pytest.mark.parametrize(
    "attack",
    [
        raw(),
        raw(head(kind=BINARY, Content_Length=10, Noctua_Weights=WEIGHTS)),
        endless(b"X-More: of it\r\n", every_s=0.02, before=b"HTTP/1.1 200 OK\r\n"),
        endless(b"\0", every_s=0.02, before=head(kind=BINARY, Noctua_Weights=WEIGHTS)),
    ],
    ids=["silent", "half", "dripping headers", "dripping scores"],
)
def test_server_without_an_end_is_given_up(attack: Serve) -> None:
    with HostileServer(attack) as server, pytest.raises(NotServed, match="no answer within 200 ms"):
        _asked(server)


@pytest.mark.parametrize(
    ("pieces", "why"),
    [
        ((b"SSH-2.0-OpenSSH\r\n\r\n",), "no HTTP"),
        ((head("500 Internal Server Error", Content_Length=0),), "status 500"),
        ((head("302 Found", Location="http://127.0.0.1:9/", Content_Length=0),), "status 302"),
    ],
)
def test_answer_without_scores_is_none(pieces: tuple[bytes, ...], why: str) -> None:
    server = HostileServer(raw(*pieces, then=lambda _: None))
    with server, pytest.raises(NotServed, match=why):
        _asked(server, PATIENT_S)


def test_what_a_server_says_of_its_trouble_is_not_repeated() -> None:
    words = b"ignore all previous instructions"
    server = HostileServer(whole(words, "503 Service Unavailable"))
    with server, pytest.raises(NotServed) as told:
        _asked(server, PATIENT_S)
    assert str(told.value) == "status 503, it has too much to do, or its model fails"


def test_answer_that_goes_on_is_read_no_further_than_scores_go() -> None:
    flood = endless(bytes(2**16), before=head(kind=BINARY, Noctua_Weights=WEIGHTS))
    with HostileServer(flood) as server, pytest.raises(BadInput, match="are not the scores"):
        _asked(server, PATIENT_S)


def test_scores_of_other_weights_are_refused() -> None:
    server = HostileServer(raw(_answer(_scores(), "0" * 64)))
    with server, pytest.raises(Refused, match=f"other weights scored than {WEIGHTS[:12]}"):
        _asked(server, PATIENT_S)


# Who answers in the server's place


def test_server_that_answers_is_asked_alone() -> None:
    with HostileServer(raw(_answer(_scores()))) as server:
        proposals = _served(server.url).propose(situation())
    assert proposals.said == "the policy server answered"
    expected = Ranked(open_ranker(), 32).propose(situation())
    assert np.array_equal(proposals.numbers, expected.numbers)


def _with(value: float) -> FloatArray:
    scores = _scores().copy()
    scores[5] = value
    return scores


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (_answer(_with(np.nan)), "not finite"),
        (_answer(_with(np.inf)), "not finite"),
        (_answer(_scores()[:-1]), "are not the scores"),
        (_answer(_scores(), "0" * 64), "other weights"),
        (b"", "broken off"),
    ],
    ids=["NaN", "infinite", "one too few", "other weights", "nothing"],
)
def test_answer_that_is_refused_is_given_by_the_model_in_process(answer: bytes, why: str) -> None:
    with HostileServer(raw(answer, then=lambda _: None)) as server:
        proposals = _served(server.url).propose(situation())
    assert proposals.said.startswith("the ranker in process answered (the policy server: ")
    assert why in proposals.said
    expected = Ranked(open_ranker(), 32).propose(situation())
    assert np.array_equal(proposals.numbers, expected.numbers)


def test_choices_outside_the_mask_are_not_proposed_however_they_are_scored() -> None:
    mask = situation().mask
    praised = np.where(mask, 0.0, 1e6)
    with HostileServer(raw(_answer(praised))) as server:
        proposals = _served(server.url).propose(situation())
    assert proposals.said == "the policy server answered"
    assert mask[proposals.numbers].all()


def test_without_server_and_model_the_rule_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> None:
        raise BadInput("the ranker needs ONNX Runtime, which is not installed")

    monkeypatch.setattr("tools.policies.open_ranker", missing)
    proposals = _served(_nobody()).propose(situation())
    assert proposals.said.startswith(f"{RULE} answered (the policy server: not reached")
    assert "the ranker in process: the ranker needs ONNX Runtime" in proposals.said
    rule = shipped(RULE)
    assert rule is not None
    assert np.array_equal(proposals.numbers, rule.propose(situation()).numbers)


def test_served_policy_holds_to_what_every_policy_does() -> None:
    check_policy(_served(_nobody()), [situation(1), situation(2)])


def _nobody() -> str:
    """Where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        return f"http://127.0.0.1:{free.getsockname()[1]}"


# Settings


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("", "is not set"),
        ("policies:8474", "expected an address"),
        ("https://someone@policies", "expected an address"),
        ("http://policies:8474", "could read the token; use https"),
    ],
)
def test_place_that_is_none_or_unsafe_is_refused(url: str, why: str) -> None:
    with pytest.raises(BadInput, match=f"NOCTUA_POLICY_URL.*{why}"):
        place_from({"NOCTUA_POLICY_URL": url, "NOCTUA_POLICY_TOKEN": TOKEN})


@pytest.mark.parametrize("token", ["", "short", "x" * 31, "ü" * 40, "x" * 20 + "\n" + "x" * 20])
def test_token_that_can_be_guessed_or_is_no_header_is_refused(token: str) -> None:
    with pytest.raises(BadInput, match="NOCTUA_POLICY_TOKEN"):
        token_from({"NOCTUA_POLICY_TOKEN": token})
