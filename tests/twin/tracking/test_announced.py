"""Announced work explains what was announced, and nothing else."""

from collections.abc import Sequence

import pytest

from tests.twin.tracking.square import START_S, Counters, adjacency, inventory, loads_of, tracker_of
from twin.nouns.configuration import DeviceConfiguration, Policer
from twin.nouns.planned_work import PlannedWork
from twin.nouns.telemetry import ConfigurationEvent
from twin.nouns.traffic import TrafficClass
from twin.nouns.untrusted import UntrustedText
from twin.tracking.announced import (
    LATE_S,
    SLACK_S,
    departure,
    explains_loss,
    shows_at,
    under_way,
)
from twin.tracking.tracker import Tracker

STARTS_S, ENDS_S = START_S + 1000.0, START_S + 2000.0
WORK = PlannedWork(id="CHG-1", links=("A-B",), starts_s=STARTS_S, ends_s=ENDS_S)
DURING_S, AFTER_S = START_S + 1500.0, ENDS_S + LATE_S + 60.0


def _tracker(*work: PlannedWork) -> Tracker:
    return tracker_of(inventory(planned_work=work or (WORK,)))


def _device(tracker: Tracker, node: str, link: str, **fields: object) -> DeviceConfiguration:
    """What `node` runs with `fields` changed on `link`, beside all it has reported so far."""
    before = tracker.reported(node) or tracker.running.device(node)
    return before.with_interface(before.interface(link).model_copy(update=fields))


def _commit(tracker: Tracker, device: DeviceConfiguration, change_id: str, at_s: float) -> None:
    event = ConfigurationEvent(
        received_s=at_s,
        time_s=at_s,
        node=device.node,
        change_id=UntrustedText(change_id),
        user=UntrustedText("crew"),
    )
    tracker.ingest([event], running={device.node: device})


def _edit(
    tracker: Tracker, nodes: Sequence[str], link: str, change_id: str, at_s: float, **fields: object
) -> None:
    for node in nodes:
        _commit(tracker, _device(tracker, node, link, **fields), change_id, at_s)


def _pass_to(tracker: Tracker, time_s: float) -> None:
    """Counter rounds around `time_s`, by which time is seen to pass."""
    counters = Counters(starts_s=time_s - 60.0)
    tracker.ingest(counters.read())
    for _ in range(2):
        tracker.ingest(counters.after(loads_of(tracker.inventory)))


def _symptoms(tracker: Tracker) -> list[str]:
    return sorted(s.id for s in tracker.active_symptoms())


def test_drain_and_shutdown_of_the_announced_link_are_normal_while_work_lasts() -> None:
    tracker = _tracker()
    _edit(tracker, "AB", "A-B", "CHG-1", DURING_S, drained=True)
    _edit(tracker, "AB", "A-B", "CHG-1", DURING_S + 60, shut_down=True)
    tracker.ingest([adjacency(DURING_S + 60, "A", "A-B", up=False)])
    assert _symptoms(tracker) == []
    assert not tracker.normal_state().is_usable("A-B")
    assert tracker.baseline == tracker.inventory.intended


@pytest.mark.parametrize(
    ("at_s", "is_explained"),
    [
        (STARTS_S - 301.0, False),
        (STARTS_S - 299.0, True),
        (ENDS_S + 119.0, True),
        (ENDS_S + 121.0, False),
    ],
)
def test_work_explains_a_loss_from_five_minutes_before_it_starts_to_two_after_it_ends(
    at_s: float, is_explained: bool
) -> None:
    assert explains_loss((WORK,), "A-B", at_s) is is_explained
    assert bool(under_way((WORK,), at_s)) is is_explained
    assert not explains_loss((WORK,), "B-C", at_s)


@pytest.mark.parametrize(("after_s", "is_felt"), [(419.0, True), (421.0, False)])
def test_work_is_felt_for_five_minutes_after_it_may_have_ended(
    after_s: float, is_felt: bool
) -> None:
    assert shows_at(WORK, ENDS_S + after_s) is is_felt


@pytest.mark.parametrize(("early_s", "has_to_do"), [(7199.0, True), (7201.0, False)])
def test_what_happens_up_to_two_hours_before_work_may_be_its_crew(
    early_s: float, has_to_do: bool
) -> None:
    since_s = STARTS_S - early_s
    assert bool(departure((WORK,), "A-B", "shut", "", since_s, since_s)) is has_to_do


@pytest.mark.parametrize(
    "fields",
    [
        {"igp_weight": 500},
        {"drained": True},
        {"shut_down": True},
        {"policers": (Policer(traffic_class=TrafficClass.BUSINESS, rate_bps=1e9),)},
    ],
    ids=["weight", "drain", "shutdown", "policer"],
)
@pytest.mark.parametrize("change_id", ["TCK-7", "CHG-1"])
def test_edit_of_another_link_of_the_router_is_a_symptom_under_whatever_id(
    fields: dict[str, object], change_id: str
) -> None:
    tracker = _tracker()
    _edit(tracker, "AB", "A-B", "CHG-1", DURING_S, drained=True)
    _edit(tracker, "A", "A-D", change_id, DURING_S + 60, **fields)
    assert _symptoms(tracker) == ["configuration_change:A"]
    # What the crew has done stays normal beside it, so that what is wrong is told apart.
    assert tracker.normal.device("A").interface("A-B").drained
    assert not tracker.normal.device("A").interface("A-D").drained


def test_announced_link_is_weighted_otherwise_only_under_its_own_id() -> None:
    tracker = _tracker()
    _edit(tracker, "A", "A-B", "CHG-1", DURING_S, igp_weight=500)
    assert _symptoms(tracker) == []
    _edit(tracker, "B", "A-B", "TCK-7", DURING_S, igp_weight=500)
    assert _symptoms(tracker) == ["configuration_change:B"]


@pytest.mark.parametrize("early_s", [SLACK_S + 60.0, 1000.0])
def test_work_that_starts_early_is_a_symptom_that_names_it(early_s: float) -> None:
    tracker = _tracker()
    _edit(tracker, "AB", "A-B", "CHG-1", STARTS_S - early_s, shut_down=True)
    tracker.ingest([adjacency(STARTS_S - early_s, "A", "A-B", up=False)])
    found = tracker.active_symptoms()
    assert sorted(s.kind for s in found) == ["adjacency_down", *["configuration_change"] * 2]
    assert all("CHG-1 starts only at" in tracker.departure(s) for s in found)


@pytest.mark.parametrize("field", ["shut_down", "drained"])
def test_what_is_left_when_work_is_over_becomes_symptoms(field: str) -> None:
    tracker = _tracker()
    _edit(tracker, "AB", "A-B", "CHG-1", DURING_S, **{field: True})
    if field == "shut_down":
        tracker.ingest([adjacency(DURING_S, end, "A-B", up=False) for end in "AB"])
    _pass_to(tracker, ENDS_S + LATE_S - 60.0)
    assert _symptoms(tracker) == []
    _pass_to(tracker, AFTER_S)
    down = ["adjacency_down:A-B"] if field == "shut_down" else []
    assert _symptoms(tracker) == [*down, "configuration_change:A", "configuration_change:B"]
    word = {"shut_down": "shut", "drained": "drained"}[field]
    for symptom in tracker.active_symptoms():
        told = tracker.departure(symptom)
        assert told.startswith("CHG-1 is over since")
        assert told.endswith(f"A-B is still {word}")


def test_crew_that_undoes_it_late_ends_the_symptoms_and_opens_none() -> None:
    tracker = _tracker()
    _edit(tracker, "AB", "A-B", "CHG-1", DURING_S, shut_down=True)
    tracker.ingest([adjacency(DURING_S, "A", "A-B", up=False)])
    _pass_to(tracker, AFTER_S)
    assert len(_symptoms(tracker)) == 3
    _edit(tracker, "AB", "A-B", "CHG-1", AFTER_S + 600, shut_down=False)
    tracker.ingest([adjacency(AFTER_S + 640, "A", "A-B", up=True)])
    assert _symptoms(tracker) == []
    assert tracker.running == tracker.baseline


def test_crew_that_undoes_it_late_ends_it_after_a_plan_of_ours_on_the_router_too() -> None:
    tracker = _tracker()
    _edit(tracker, "AB", "A-B", "CHG-1", DURING_S, shut_down=True)
    _pass_to(tracker, AFTER_S)
    read = tracker.running
    for node in "AB":
        read = read.with_device(_device(tracker, node, "A-B"))
    tracker.set_running(read)
    ours = read.device("A").interface("A-D").model_copy(update={"igp_weight": 20})
    tracker.set_running(read.with_interface("A", ours), accepted=["A"])
    assert not tracker.baseline.device("A").interface("A-B").shut_down
    assert tracker.baseline.device("A").interface("A-D").igp_weight == 20
    device = tracker.running.device("A")
    back = device.with_interface(device.interface("A-B").model_copy(update={"shut_down": False}))
    _commit(tracker, back, "CHG-1", AFTER_S + 600)
    assert _symptoms(tracker) == ["configuration_change:B"]


def test_link_under_the_id_of_work_on_another_link_is_a_symptom_that_names_both() -> None:
    tracker = _tracker()
    _edit(tracker, "BC", "B-C", "CHG-1", DURING_S, shut_down=True)
    assert _symptoms(tracker) == ["configuration_change:B", "configuration_change:C"]
    told = {tracker.departure(s) for s in tracker.active_symptoms()}
    assert told == {"CHG-1 is announced for A-B, B-C is shut under it"}


def test_two_pieces_of_work_on_one_router_explain_each_their_own_link() -> None:
    other = PlannedWork(id="CHG-2", links=("A-D",), starts_s=STARTS_S, ends_s=ENDS_S + 3600.0)
    tracker = _tracker(WORK, other)
    _edit(tracker, "AB", "A-B", "CHG-1", DURING_S, drained=True)
    _edit(tracker, "AD", "A-D", "CHG-2", DURING_S, drained=True)
    assert _symptoms(tracker) == []
    _pass_to(tracker, AFTER_S)
    assert _symptoms(tracker) == ["configuration_change:A", "configuration_change:B"]
    assert tracker.normal.device("A").interface("A-D").drained


def test_links_that_are_swapped_between_two_pieces_of_work_are_symptoms() -> None:
    other = PlannedWork(id="CHG-2", links=("A-D",), starts_s=STARTS_S, ends_s=ENDS_S)
    tracker = _tracker(WORK, other)
    _edit(tracker, "D", "A-D", "CHG-1", DURING_S, drained=True)
    assert _symptoms(tracker) == ["configuration_change:D"]


def test_what_work_explains_outlives_the_process() -> None:
    known = inventory(planned_work=(WORK,))
    tracker = tracker_of(known)
    _edit(tracker, "AB", "A-B", "CHG-1", DURING_S, drained=True)
    again = Tracker.load(tracker.dump(), known, lambda _: loads_of(known))
    assert _symptoms(again) == []
    _pass_to(again, AFTER_S)
    assert _symptoms(again) == ["configuration_change:A", "configuration_change:B"]
    assert again.departure(again.active_symptoms()[0]).startswith("CHG-1 is over")


def test_work_that_is_cancelled_explains_nothing_any_more() -> None:
    tracker = _tracker()
    _edit(tracker, "AB", "A-B", "CHG-1", DURING_S, drained=True)
    tracker.announce(())
    _pass_to(tracker, DURING_S + 120.0)
    assert _symptoms(tracker) == ["configuration_change:A", "configuration_change:B"]


def test_commit_of_a_device_that_cannot_be_read_is_explained_by_its_id_alone() -> None:
    tracker = _tracker()
    for change_id, node in (("CHG-1", "A"), ("TCK-7", "B"), ("CHG-1", "C")):
        event = ConfigurationEvent(
            received_s=DURING_S,
            time_s=DURING_S,
            node=node,
            change_id=UntrustedText(change_id),
            user=UntrustedText("crew"),
        )
        tracker.ingest([event])
    assert _symptoms(tracker) == ["configuration_change:B", "configuration_change:C"]


def test_failure_long_after_work_has_nothing_to_do_with_it() -> None:
    assert departure((WORK,), "A-B", "down", "", ENDS_S + 7200.0, ENDS_S + 7260.0) == ""
    assert departure((WORK,), "A-B", "down", "", DURING_S, AFTER_S).startswith("CHG-1 is over")
    assert departure((WORK,), "B-C", "down", "", DURING_S, AFTER_S) == ""


@pytest.mark.parametrize("read", [False, True], ids=["by its report", "by whoever diagnosed it"])
@pytest.mark.parametrize("field", ["shut_down", "drained"])
def test_what_was_switched_off_early_is_normal_once_its_work_begins(field: str, read: bool) -> None:
    tracker = _tracker()
    _edit(tracker, "AB", "A-B", "CHG-1", STARTS_S - 700.0, **{field: True})
    if field == "shut_down":
        tracker.ingest([adjacency(STARTS_S - 700.0, end, "A-B", up=False) for end in "AB"])
    if read:
        running = tracker.running
        for node in "AB":
            running = running.with_device(_device(tracker, node, "A-B"))
        tracker.set_running(running)
    assert len(_symptoms(tracker)) >= 2
    _pass_to(tracker, STARTS_S - SLACK_S + 60.0)
    assert _symptoms(tracker) == []
    assert all(getattr(tracker.normal.device(n).interface("A-B"), field) for n in "AB")
    assert tracker.baseline == tracker.inventory.intended
    _pass_to(tracker, AFTER_S)
    down = ["adjacency_down:A-B"] if field == "shut_down" else []
    assert _symptoms(tracker) == [*down, "configuration_change:A", "configuration_change:B"]


def test_link_that_failed_before_work_on_it_begins_stays_a_symptom() -> None:
    tracker = _tracker()
    tracker.ingest([adjacency(STARTS_S - 700.0, end, "A-B", up=False) for end in "AB"])
    _pass_to(tracker, DURING_S)
    assert _symptoms(tracker) == ["adjacency_down:A-B"]


def test_early_commit_beside_the_announced_link_stays_a_symptom_when_work_begins() -> None:
    tracker = _tracker()
    _edit(tracker, "A", "A-B", "CHG-1", STARTS_S - 700.0, drained=True)
    _edit(tracker, "A", "A-D", "CHG-1", STARTS_S - 690.0, igp_weight=500)
    _pass_to(tracker, DURING_S)
    assert _symptoms(tracker) == ["configuration_change:A"]
    assert tracker.normal.device("A").interface("A-B").drained
