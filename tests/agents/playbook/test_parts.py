"""A question of several parts is taken apart, and a part keeps what holds for it."""

from datetime import UTC, datetime
from typing import cast

import pytest

from agents.playbook.conversation.gist import Gist
from agents.playbook.conversation.looking_up import Asked
from agents.playbook.conversation.parts import parts_of, tells_apart

NOW = datetime(2026, 3, 3, 19, 25, tzinfo=UTC)
MARKS = {"LINK0": ("link", "A--B"), "NODE1": ("node", "C"), "NODE2": ("node", "D")}


def _gist(line: str) -> Gist:
    # What these questions suppose needs no look-up.
    return Gist(cast(Asked, None), line, line, dict(MARKS), NOW)


def test_each_part_that_asks_stands_by_itself() -> None:
    parts = parts_of(_gist("what is open , what is waiting for approval , and what is hot ?"))
    assert [p.said for p in parts] == [
        "what is open",
        "what is waiting for approval",
        "what is hot",
    ]


def test_question_of_one_part_is_not_taken_apart() -> None:
    assert parts_of(_gist("which services are in breach ?")) == []


def test_what_is_supposed_and_when_holds_for_the_parts_behind() -> None:
    first, second = parts_of(_gist("who is hit if LINK0 fails at 20:00 ? and what is lost ?"))
    assert first.gist.events
    assert second.gist.events
    assert second.gist.when is not None
    assert second.gist.when.at == "20:00"
    assert second.rests_on == {first.begin}


def test_part_about_now_keeps_nothing_that_is_supposed() -> None:
    gist = _gist("how full is LINK0 today ? and what is lost if NODE1 fails at 20:00 ?")
    first, second = parts_of(gist)
    assert not first.gist.events
    assert first.gist.when is None
    assert second.gist.events
    assert tells_apart(gist)


def test_clause_that_does_not_ask_is_kept_whole() -> None:
    _, second = parts_of(_gist("LINK0 fails plus its duct . who is hit ? what is lost ?"))
    assert "plus its duct" in second.gist.line


@pytest.mark.parametrize("points", ["does it share a duct ?", "is that in breach ?"])
def test_names_are_kept_where_a_part_points_at_them(points: str) -> None:
    _, second = parts_of(_gist(f"how long is LINK0 ? {points}"))
    assert second.gist.links == ["A--B"]
