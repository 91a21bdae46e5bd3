"""A word of a question is accounted for, or it is left over, unless it is mere background."""

import pytest

from agents.playbook.conversation.coverage import Coverage, Left, whole_words
from agents.playbook.conversation.events import events_in, more_in, rates_in
from agents.playbook.conversation.looking_up import Asked, Decline

FAILS = whole_words(["what happens if", r"LINK\d+ fails"])
MARKS = {
    "LINK0": ("link", "A--B"),
    "LINK1": ("link", "C--D"),
    "NODE2": ("node", "C"),
    "NODE3": ("node", "D"),
    "GROUP4": ("group", "G"),
}


def _left(line: str) -> Left:
    found = Coverage(line)
    found.read(FAILS, asks=True)
    return found.left()


@pytest.mark.parametrize(
    ("line", "asked"),
    [
        ("please , what happens if LINK0 fails ?", ()),
        ("what happens if LINK0 fails hardest ?", ("hardest",)),
        ("what happens if LINK0 fails at 25:00 ?", ("25:00",)),
        ("what happens if LINK0 fails , if the sun shines ?", ("sun", "shines")),
        ("what happens if LINK0 fails ? except LINK1", ("except", "LINK1")),
        ("LINK1 is nice . what happens if LINK0 fails ?", ("LINK1",)),
        ("demand may grow . what happens if LINK0 fails ?", ("grow",)),
    ],
)
def test_word_that_may_change_the_sense_is_left_over(line: str, asked: tuple[str, ...]) -> None:
    assert _left(line).asked == asked


@pytest.mark.parametrize(
    ("line", "asked", "unread", "background"),
    [
        ("what happens if LINK0 fails gracefully ?", (), ("gracefully",), ()),
        ("the digger is here . what happens if LINK0 fails ?", (), (), ("digger",)),
        ("it pays 20 % . what happens if LINK0 fails ?", (), (), ("pays", "20", "%")),
        # More words are left than were read.
        (
            "what happens if LINK0 fails amid merry shouting jugglers ?",
            ("amid", "merry", "shouting", "jugglers"),
            (),
            (),
        ),
        # All that is left of a condition changes what is asked.
        (
            "what happens if LINK0 fails while jugglers perform ?",
            ("jugglers", "perform"),
            (),
            (),
        ),
        ("LINK0 fails and who pays then ?", (), (), ()),
    ],
)
def test_other_word_that_is_left_over_is_kept_to_be_named(
    line: str, asked: tuple[str, ...], unread: tuple[str, ...], background: tuple[str, ...]
) -> None:
    left = _left(line)
    assert (left.asked, left.unread, left.background) == (asked, unread, background)


def test_second_question_in_the_clause_stays_open() -> None:
    assert _left("what happens if LINK0 fails and who juggles ?").aside == ("juggles",)


def test_background_is_dropped_and_another_question_is_left_open() -> None:
    left = _left("the coffee is cold . what happens if LINK0 fails ? who pays the baker ?")
    assert left.asked == ()
    assert left.aside == ("pays", "baker")


def _events(line: str, asked: Asked) -> list[tuple[str, ...]]:
    return [event.phrases for event in events_in(line, MARKS, asked)]


@pytest.fixture
def nobody() -> Asked:
    """Nothing is looked up here."""
    return Asked.__new__(Asked)


@pytest.mark.parametrize(
    ("line", "phrases"),
    [
        ("LINK0 fails and NODE2 is drained", [("link A--B down",), ("drain node C",)]),
        ("drain NODE2 and LINK0 is down", [("drain node C",), ("link A--B down",)]),
        ("GROUP4 and LINK1 are both gone", [("group G down", "link C--D down")]),
        ("take LINK0 and LINK1 out", [("link A--B down", "link C--D down")]),
        ("set the metric of LINK0 to 20", [("weight A--B to 20 both ways",)]),
        ("add 100g to LINK0", [("add 100g to A--B",)]),
        ("build a new link NODE2 NODE3 with 40 gbit / s", None),
        ("the one to NODE2 fails", []),
        ("LINK0 is nice", []),
    ],
)
def test_phrases_of_what_ifs_are_found_in_a_sentence(
    line: str, phrases: list[tuple[str, ...]] | None, nobody: Asked
) -> None:
    found = _events(line, nobody)
    if phrases is None:
        assert found == [("build a new link C--D with 40 gbit/s",)]
    else:
        assert found == phrases


def test_duct_cannot_be_drained(nobody: Asked) -> None:
    with pytest.raises(Decline, match="cannot be drained"):
        _events("drain GROUP4", nobody)


@pytest.mark.parametrize(
    ("line", "factor", "per_year"),
    [
        ("traffic grows 20 % by then", 1.2, 0.0),
        ("with 30% more traffic", 1.3, 0.0),
        ("demand doubles", 2.0, 0.0),
        ("it grows 3 % a month", None, 0.4258),
        ("at 30% per year", None, 0.3),
    ],
)
def test_growth_is_an_amount_or_a_rate(line: str, factor: float | None, per_year: float) -> None:
    more = more_in(line)
    assert more is not None
    assert (more.factor, more.per_year) == (factor, per_year)


def test_share_that_nothing_grows_by_is_no_growth() -> None:
    assert more_in("LINK0 is over 80 %") is None


@pytest.mark.parametrize("line", ["if CUSTOMER0 grows 20 %", "20% more out of NODE2"])
def test_growth_of_a_part_of_the_demand_is_declined(line: str) -> None:
    with pytest.raises(Decline, match="not of a part of it"):
        more_in(line)


def test_rate_is_read_in_bits_a_second() -> None:
    assert [rate for rate, _ in rates_in("15g or 40 gbit / s, 2.5t")] == [15e9, 40e9, 2.5e12]
