"""What an answer honours of a question is seen from its calls and its text, not from its topic."""

from datetime import UTC, datetime
from typing import Any

import pytest

from agents.playbook.conversation.coverage import Coverage
from agents.playbook.conversation.gist import Gist
from agents.playbook.conversation.looking_up import Asked, Call
from agents.playbook.conversation.slots import Given, honour, unhonoured

NOW = datetime(2026, 3, 3, 19, 0, tzinfo=UTC)
MARKS = {
    "LINK0": ("link", "A--B"),
    "NODE1": ("node", "C"),
    "CUSTOMER2": ("customer", "Vela Bank"),
}
DOWN = {"events": "link A--B down", "at": "", "hours": 0, "demand_factor": 1.0}


def _gist(line: str) -> Gist:
    return Gist(Asked.__new__(Asked), line, line, MARKS, NOW)


def _left(
    line: str, text: str = "", told: tuple[str, ...] = (), **arguments: Any
) -> tuple[str, ...]:
    """Words that weigh, and that an answer with these arguments of what_if does not honour."""
    found, gist = Coverage(line), _gist(line)
    given = Given((Call("what_if", {**DOWN, **arguments}),), text, frozenset(told))
    honour(found, gist, given)
    over = found.left()
    return (*over.asked, *(line[a:b] for a, b in unhonoured(found, gist, given)))


def test_event_is_honoured_by_a_call_that_supposes_it() -> None:
    line = "what happens if LINK0 fails"
    assert _left(line) == ()
    assert "LINK0" in _left(line, events="link C--D down")


@pytest.mark.parametrize(
    ("line", "honoured"),
    [
        ("what happens if LINK0 fails at 20:00", {"at": "20:00"}),
        ("what happens if LINK0 fails from 01:00 to 04:00", {"at": "01:00", "hours": 3}),
        ("what happens if LINK0 fails and traffic grows 20%", {"demand_factor": 1.2}),
    ],
)
def test_time_and_growth_are_honoured_by_arguments_only(
    line: str, honoured: dict[str, Any]
) -> None:
    assert _left(line, **honoured) == ()
    assert _left(line) != ()


def test_name_is_honoured_by_an_answer_that_names_it_by_itself() -> None:
    line = "what happens to CUSTOMER2 if LINK0 fails"
    assert _left(line, text="By the twin, Vela Bank would not be in breach.") == ()
    assert _left(line, text="No service would be in breach.") == ("CUSTOMER2",)
    # A link that ends at a node does not name it.
    assert _left("is NODE1 hit if LINK0 fails", text="C--D is at 20 %.") == ("NODE1",)


def test_limit_is_honoured_where_the_answer_says_to_have_gone_by_it() -> None:
    line = "if LINK0 fails is anything over 80 %"
    assert _left(line) != ()
    assert _left(line, told=("limit",)) == ()


def test_word_of_a_concept_is_honoured_where_that_is_told_but_no_denial_is() -> None:
    line = "which voice is not hit if LINK0 fails"
    assert _left(line) == ("voice", "not")
    assert _left(line, told=("voice", "breach", "apart")) == ("not",)


def test_what_will_be_is_honoured_by_an_answer_that_foresees_only() -> None:
    line, told = "how much traffic will LINK0 carry", ("load",)
    reading = Given((Call("show_utilisation", {}),), "A--B is at 20 %.", frozenset(told))
    assert [line[a:b] for a, b in unhonoured(Coverage(line), _gist(line), reading)] == ["will"]
    assert _left(line, text="A--B would be at 20 %.", told=told) == ()
    aside = "how busy is LINK0 , the customer will call"
    assert list(unhonoured(Coverage(aside), _gist(aside), reading)) == []


def test_what_nobody_found_out_the_sense_of_is_not_supposed() -> None:
    line = "LINK0 is nice . and what if that goes ?"
    assert _left(line, text="A--B", told=("path",)) == ("if that goes",)
