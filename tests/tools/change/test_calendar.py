"""What stands against a change, at times that are worked out by hand."""

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tools.change.in_memory import inventory
from tools.change.calendar import (
    approvers_needed,
    freezes_on,
    is_open,
    touched_links,
    windows_missed,
    work_on,
)
from tools.change.policy import (
    DAYS,
    CalendarRules,
    ChangeWindow,
    Freeze,
    Purpose,
    SecondApprover,
)
from twin.events.action import Action
from twin.events.actions.drain_link import DrainLink
from twin.events.actions.revert_to_intended import RevertToIntended
from twin.events.actions.set_igp_weight import SetIgpWeight
from twin.nouns.plan import BlastRadius
from twin.nouns.planned_work import PlannedWork
from twin.remedies.steps import plan_steps

MONDAY_S = 1_767_571_200.0
"""2026-01-05T00:00:00Z."""

WORK = PlannedWork(id="PW-12", links=("A-C", "C-D"), starts_s=10_000.0, ends_s=20_000.0)


def _s(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def _window(**fields: object) -> ChangeWindow:
    given_fields = {"id": "nights", "from": "22:00", "to": "05:00", "timezone": "Europe/Berlin"}
    return ChangeWindow.model_validate(given_fields | fields)


def _freeze(**fields: object) -> Freeze:
    span = {"from": "2026-12-20T00:00:00+01:00", "until": "2027-01-07T06:00:00+01:00"}
    return Freeze.model_validate({"id": "year-end", "reason": "nobody is there"} | span | fields)


@pytest.mark.parametrize(
    ("moment", "is_inside"),
    [
        ("2026-01-05T21:59:59+01:00", False),
        ("2026-01-05T22:00:00+01:00", True),
        ("2026-01-06T04:59:59+01:00", True),
        ("2026-01-06T05:00:00+01:00", False),
        # The night that began on Sunday is not Monday's.
        ("2026-01-05T03:00:00+01:00", False),
        ("2026-01-06T22:30:00+01:00", False),
    ],
)
def test_window_over_midnight_belongs_to_the_day_on_which_it_starts(
    moment: str, is_inside: bool
) -> None:
    assert is_open(_window(days=["mon"]), _s(moment)) is is_inside


@pytest.mark.parametrize(
    ("moment", "is_inside"),
    [
        # 02:00 becomes 03:00 on 29 March 2026: four hours of wall clock last three.
        ("2026-03-28T23:59:00Z", True),  # 00:59 CET
        ("2026-03-29T00:59:00Z", True),  # 01:59 CET
        ("2026-03-29T01:59:00Z", True),  # 03:59 CEST
        ("2026-03-29T02:00:00Z", False),  # 04:00 CEST
        # 03:00 becomes 02:00 on 25 October 2026: they last five.
        ("2026-10-24T22:00:00Z", True),  # 00:00 CEST
        ("2026-10-25T00:30:00Z", True),  # 02:30 CEST
        ("2026-10-25T01:30:00Z", True),  # 02:30 CET
        ("2026-10-25T02:59:00Z", True),  # 03:59 CET
        ("2026-10-25T03:00:00Z", False),  # 04:00 CET
    ],
)
def test_window_follows_the_wall_clock_when_it_is_changed(moment: str, is_inside: bool) -> None:
    assert is_open(_window(**{"from": "00:00", "to": "04:00"}), _s(moment)) is is_inside


def test_window_from_a_time_that_is_skipped_opens_as_long_after_as_it_is_into_the_gap() -> None:
    window = _window(**{"from": "02:30", "to": "05:00"})
    assert not is_open(window, _s("2026-03-29T03:29:59+02:00"))
    assert is_open(window, _s("2026-03-29T03:30:00+02:00"))


def test_window_until_a_time_that_comes_twice_closes_the_first_time() -> None:
    window = _window(**{"from": "01:00", "to": "02:30"})
    assert is_open(window, _s("2026-10-25T02:29:59+02:00"))
    assert not is_open(window, _s("2026-10-25T02:30:00+02:00"))
    assert not is_open(window, _s("2026-10-25T02:15:00+01:00"))


def test_window_from_and_to_the_same_time_is_a_whole_day() -> None:
    window = _window(days=["sat"], **{"from": "06:00", "to": "06:00"}, timezone="UTC")
    assert not is_open(window, _s("2026-01-10T05:59:00Z"))
    assert is_open(window, _s("2026-01-11T05:59:00Z"))
    assert not is_open(window, _s("2026-01-11T06:00:00Z"))


@given(
    starts=st.integers(0, 1439),
    ends=st.integers(0, 1439),
    days=st.sets(st.sampled_from(DAYS), min_size=1),
    minute=st.integers(0, 7 * 1440 - 1),
)
def test_window_is_open_in_the_minutes_after_its_start(
    starts: int, ends: int, days: set[str], minute: int
) -> None:
    times = {"from": f"{starts // 60:02}:{starts % 60:02}", "to": f"{ends // 60:02}:{ends % 60:02}"}
    window = _window(days=sorted(days), timezone="UTC", **times)
    lasts = (ends - starts) % 1440 or 1440
    begun = [DAYS.index(day) * 1440 + starts for day in DAYS if day in days]
    expected = any((minute - start) % (7 * 1440) < lasts for start in begun)
    assert is_open(window, MONDAY_S + 60 * minute) is expected


def test_purpose_that_no_window_names_may_be_served_at_any_time() -> None:
    calendar = CalendarRules(windows=(_window(purposes=["return"]),))
    noon_s = _s("2026-01-05T12:00:00+01:00")
    assert windows_missed(calendar, "mitigate", noon_s) == ()
    assert windows_missed(calendar, "return", noon_s) == ("window:nights",)


def test_one_open_window_is_enough_and_outside_of_all_each_is_named() -> None:
    noon = _window(id="noon", timezone="UTC", **{"from": "12:00", "to": "13:00"})
    calendar = CalendarRules(windows=(_window(timezone="UTC"), noon))
    assert windows_missed(calendar, "mitigate", MONDAY_S + 12.5 * 3600) == ()
    assert windows_missed(calendar, "mitigate", MONDAY_S + 15 * 3600) == (
        "window:nights",
        "window:noon",
    )


@pytest.mark.parametrize(
    ("moment", "purpose", "network", "is_frozen"),
    [
        ("2026-12-19T22:59:59Z", "mitigate", "backbone", False),
        ("2026-12-19T23:00:00Z", "mitigate", "backbone", True),
        ("2027-01-07T04:59:59Z", "return", "backbone", True),
        ("2027-01-07T05:00:00Z", "return", "backbone", False),
    ],
)
def test_freeze_holds_from_its_first_second_until_just_before_its_end(
    moment: str, purpose: Purpose, network: str, is_frozen: bool
) -> None:
    calendar = CalendarRules(freezes=(_freeze(),))
    assert bool(freezes_on(calendar, purpose, network, _s(moment))) is is_frozen


def test_freeze_concerns_its_own_purposes_and_networks_alone() -> None:
    one = _freeze(purposes=["return"], networks=["backbone"])
    calendar, in_it = CalendarRules(freezes=(one,)), _s("2026-12-24T18:00:00Z")
    assert freezes_on(calendar, "return", "backbone", in_it) == (one,)
    assert freezes_on(calendar, "mitigate", "backbone", in_it) == ()
    assert freezes_on(calendar, "return", "metro", in_it) == ()


@pytest.mark.parametrize(
    ("links", "at_s", "stands"),
    [
        ({"A-C"}, 15_000.0, True),
        ({"A-B"}, 15_000.0, False),
        ({"A-B", "C-D"}, 9_400.0, True),
        ({"A-C"}, 9_399.0, False),
        ({"A-C"}, 20_000.0, True),
        ({"A-C"}, 20_001.0, False),
    ],
)
def test_planned_work_stands_on_its_links_from_a_return_timer_before_until_its_end(
    links: set[str], at_s: float, stands: bool
) -> None:
    found = work_on([WORK], frozenset(links), at_s, ahead_s=600.0)
    assert found == ((WORK,) if stands else ())


@pytest.mark.parametrize(
    ("actions", "links"),
    [
        ([DrainLink(link="A-C")], {"A-C"}),
        ([SetIgpWeight(node="A", link="A-B", weight=7)], {"A-B"}),
        ([DrainLink(link="A-C"), SetIgpWeight(node="C", link="C-D", weight=7)], {"A-C", "C-D"}),
        ([RevertToIntended(node="A")], {"A-B"}),
    ],
)
def test_links_touched_are_those_whose_configuration_changes(
    actions: list[Action], links: set[str]
) -> None:
    built = inventory()
    edited = built.intended.device("A").interface("A-B").model_copy(update={"igp_weight": 99})
    running = built.intended.with_interface("A", edited)
    steps = plan_steps(actions, running, built.intended, built.topology)
    assert touched_links(running, steps[-1].after) == links


@pytest.mark.parametrize(
    ("devices", "services", "moved_bps", "people"),
    [(2, 3, 3e9, 1), (3, 3, 3e9, 2), (2, 4, 3e9, 2), (2, 3, 3.1e9, 2)],
)
def test_any_bound_that_is_exceeded_asks_for_a_second_person(
    devices: int, services: int, moved_bps: float, people: int
) -> None:
    touched = BlastRadius(
        devices=tuple(f"r{i}" for i in range(devices)),
        services=tuple(f"s{i}" for i in range(services)),
        moved_bps=moved_bps,
    )
    second = SecondApprover(above_devices=2, above_services=3, above_moved_share=0.3)
    assert approvers_needed(touched, 10e9, second) == people
    assert approvers_needed(touched, 10e9, None) == 1
