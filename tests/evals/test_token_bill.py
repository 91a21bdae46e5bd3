"""What a whole incident costs a language model, counted by our rule and by the server."""

import pytest

from agents.loop.budget import tokens_by_rule
from evals.token_bill import (
    MOST_CALLS,
    MOST_INPUT_TOKENS,
    TokenBill,
    request_tokens,
    token_bill,
)

ROLES = {
    "monitor",
    "reader",
    "supervisor",
    "diagnoser",
    "remediator",
    "imaginer",
    "remediator_choice",
}


@pytest.fixture(scope="module")
def bill(tmp_path_factory: pytest.TempPathFactory) -> TokenBill:
    """On germany50, with one send-back, one repair, an added cause and an idea measured."""
    return token_bill(1, tmp_path_factory.mktemp("bill"))


@pytest.mark.slow
def test_whole_incident_stays_within_its_calls_and_tokens(bill: TokenBill) -> None:
    assert bill.calls <= MOST_CALLS
    assert bill.input_tokens <= MOST_INPUT_TOKENS


@pytest.mark.slow
def test_server_counts_what_our_rule_counts(bill: TokenBill) -> None:
    assert bill.reported_calls == bill.calls
    assert bill.reported_input_tokens == pytest.approx(bill.input_tokens, rel=0.1)
    assert bill.reported_input_tokens <= MOST_INPUT_TOKENS


@pytest.mark.slow
def test_bill_is_of_an_incident_in_which_every_role_was_played(bill: TokenBill) -> None:
    assert {r.role for r in bill.roles} == ROLES
    assert sum(r.calls for r in bill.roles) == bill.calls
    assert sum(r.input_tokens for r in bill.roles) == bill.input_tokens
    assert (bill.phases, bill.swaps, bill.repairs) == (("resolved",), (), 1)
    diagnoser, supervisor = (
        next(r.calls for r in bill.roles if r.role == name) for name in ("diagnoser", "supervisor")
    )
    # Propose (which grows sets, too) and answer, twice; an added cause, and a repaired answer.
    assert diagnoser >= 6
    assert supervisor == 4, "three routes and one send-back"


def test_tokens_are_bytes_by_three_of_messages_and_schemas() -> None:
    body = {"model": "m", "messages": [{"role": "user", "content": "é"}], "tools": []}
    assert request_tokens(body) == tokens_by_rule('[{"role":"user","content":"é"}][]') == 12
