"""Reports of an adjacency repeat, come late and get lost; what is believed in the end is right."""

import json
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.twin.tracking.square import START_S, adjacency
from twin.tracking.adjacencies import Adjacencies, Verdict

Report = tuple[float, str, bool]


def _told(*reports: Report) -> Adjacencies:
    found = Adjacencies()
    for report in reports:
        _tell(found, report)
    return found


def _tell(adjacencies: Adjacencies, report: Report) -> Verdict:
    after_s, node, up = report
    event = adjacency(START_S + after_s, node, "A-B", up=up)
    return adjacencies.take(event, event.time_s)


@given(
    transitions=st.integers(1, 6),
    order=st.lists(st.tuples(st.integers(0, 5), st.sampled_from("AB")), max_size=40),
    shuffling=st.randoms(use_true_random=False),
)
def test_whatever_the_order_and_the_repeats_the_last_change_stands(
    transitions: int, order: list[tuple[int, str]], shuffling: Random
) -> None:
    """Both ends report every change at least once; the link goes down, up, down and so on."""
    every = [(i, node) for i in range(transitions) for node in "AB"]
    told = every + [(i % transitions, node) for i, node in order]
    shuffling.shuffle(told)
    found = _told(*((60.0 * i, node, i % 2 == 1) for i, node in told))
    assert found.down_links == ({"A-B"} if transitions % 2 else frozenset())


def test_old_return_that_is_told_again_does_not_hide_a_new_loss_that_the_other_end_saw() -> None:
    found = _told((0, "A", False), (60, "A", True), (90, "B", False))
    assert _tell(found, (60, "A", True)) is Verdict.REPEAT
    assert found.down_links == {"A-B"}
    assert _tell(found, (120, "A", True)) is Verdict.NEWS
    assert found.down_links == frozenset()


def test_every_return_is_a_flap_and_a_repeat_is_none() -> None:
    reports = [(10.0 * i, node, i % 2 == 1) for i in range(6) for node in ("A", "B", "A", "B")]
    assert _told(*reports).flaps == {"A-B": 3}


def test_return_is_a_claim_where_one_end_alone_had_said_that_the_link_was_lost() -> None:
    found = _told((0, "A", False), (0, "B", False), (9, "B", True), (9, "A", True))
    for report in ((60, "A", False), (69, "A", True)):
        _tell(found, report)
    told = [(back.time_s - START_S, back.claimed_by) for back in found.returns("A-B")]
    assert told == [(9.0, ""), (69.0, "A")]
    kept = json.loads(json.dumps(found.dump()))
    assert Adjacencies({}, kept).returns("A-B") == found.returns("A-B")
    assert len(Adjacencies({}, kept, START_S + 60).returns("A-B")) == 1
    assert Adjacencies({}, {}).returns("A-B") == ()


def test_only_the_last_returns_are_kept() -> None:
    found = _told(*((10.0 * i, "A", i % 2 == 1) for i in range(200)))
    assert found.flaps == {"A-B": 100}
    assert [len(found.returns("A-B")), found.returns("A-B")[-1].time_s] == [32, START_S + 1990]


@pytest.mark.parametrize(
    ("before", "report", "verdict"),
    [
        ((), (60, "A", False), Verdict.NEWS),
        (((60, "A", False),), (60, "A", False), Verdict.REPEAT),
        (((60, "A", False),), (70, "A", False), Verdict.REPEAT),
        (((60, "A", False),), (60, "B", False), Verdict.NEWS),
        (((60, "A", False),), (50, "A", True), Verdict.LATE),
        (((60, "A", True),), (50, "B", False), Verdict.LATE),
        (((60, "A", True),), (60, "A", True), Verdict.REPEAT),
        (((60, "A", False), (70, "A", True)), (70, "A", True), Verdict.REPEAT),
    ],
)
def test_what_a_report_is_worth(
    before: tuple[Report, ...], report: Report, verdict: Verdict
) -> None:
    assert _tell(_told(*before), report) is verdict


def test_late_report_is_late_after_a_restart_too() -> None:
    found = _told((0, "A", False), (60, "A", True), (90, "B", False))
    ends, rest = json.loads(json.dumps([found.dump_down_ends(), found.dump()]))
    revived = Adjacencies(ends, rest)
    assert revived.down_links == {"A-B"}
    assert revived.flaps == {"A-B": 1}
    assert _tell(revived, (0, "A", False)) is Verdict.LATE
    assert _tell(revived, (60, "A", True)) is Verdict.REPEAT
    assert revived.down_links == {"A-B"}


def test_ends_alone_are_enough_to_go_on_from() -> None:
    revived = Adjacencies({"A-B": ["A", "B"], "B-C": []})
    assert revived.down_links == {"A-B"}
    assert _tell(revived, (0, "A", False)) is Verdict.REPEAT
    assert _tell(revived, (60, "B", True)) is Verdict.NEWS
    assert revived.down_links == frozenset()
