"""Which symptoms belong together, and what the shipped mind makes of it."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agents.loop.budget import Budget
from agents.loop.role import Mind, run_role
from agents.playbook.policies import playbook
from agents.roles.monitor import (
    Grouping,
    Monitor,
    Relation,
    Standing,
    SymptomGroup,
    incident_from,
    spanning,
)
from agents.roles.situation import Situation
from tests.agents.bench import incident_of
from tests.agents.conftest import Place
from tests.twin.tracking.square import START_S, inventory, topology
from tools.clock import SystemClock
from twin.errors import Ungrounded
from twin.events.faults.silent_egress_packet_loss import SilentEgressPacketLoss
from twin.nouns.incident import Severity, SymptomKind
from twin.nouns.planned_work import PlannedWork
from twin.tracking.alarms import Alarm, SymptomBook

# Two squares joined by one link: what happens at A is far from what happens at H.
NODES = ("A", "B", "C", "D", "E", "F", "G", "H")
ENDS = (
    ("A", "B"),
    ("B", "C"),
    ("C", "D"),
    ("A", "D"),
    ("C", "E"),
    ("E", "F"),
    ("F", "G"),
    ("G", "H"),
    ("E", "H"),
)
DEMANDS = (("A", "B", 6e9), ("A", "D", 3e9), ("G", "H", 1e9), ("A", "C", 1e9))
WORK = PlannedWork(id="CHG-1", links=("A-B",), starts_s=START_S - 600.0, ends_s=START_S + 3600.0)


@pytest.fixture
def situation(place: Place) -> Situation:
    built = topology(ENDS, {"duct-1": ("C-D", "C-E")}, NODES)
    services = (("A", "B"), ("A", "C"), ("G", "H"))
    return place(inventory(built, demands=DEMANDS, services=services))


def _raise(
    situation: Situation, kind: SymptomKind, resource: str, after_s: float = 0.0, size: float = 1.0
) -> None:
    situation.tracker.now_s = START_S + 600.0
    situation.tracker.book.raise_alarm(Alarm(kind, resource, START_S + after_s, size))


def _monitor(situation: Situation) -> Monitor:
    return Monitor(situation, situation.tracker.active_symptoms(), ())


def _pairs(monitor: Monitor) -> set[frozenset[str]]:
    return {frozenset((r.one, r.other)) for r in monitor.relations()}


def _grouped(monitor: Monitor) -> Grouping:
    """As the shipped mind does it."""
    minds = (Mind("playbook", playbook(), foreign=False),)
    return run_role(monitor.role(), monitor.task(), minds, Budget(), SystemClock()).answer


def test_symptoms_on_one_link_belong_together(situation: Situation) -> None:
    _raise(situation, "adjacency_down", "A-B")
    _raise(situation, "silent_loss", "A|A-B", after_s=900.0)
    (relation,) = _monitor(situation).relations()
    assert relation.reason == "both are on A-B"


def test_links_of_one_duct_belong_together(situation: Situation) -> None:
    _raise(situation, "adjacency_down", "C-D")
    _raise(situation, "adjacency_down", "C-E", after_s=5.0)
    (relation,) = _monitor(situation).relations()
    assert relation.reason == "they share a cause in the graph"


def test_drops_where_the_twin_says_the_traffic_of_a_failed_link_goes_belong_to_it(
    situation: Situation,
) -> None:
    """Without A-B its 6 Gbit/s go A-D-C-B, beside the three that A sends D."""
    _raise(situation, "adjacency_down", "A-B")
    _raise(situation, "queue_drops", "D|C-D", after_s=900.0, size=0.05)
    (relation,) = _monitor(situation).relations()
    assert relation.reason == "adjacency_down:A-B moves traffic onto D|C-D"


def test_symptoms_far_apart_are_two_incidents(situation: Situation) -> None:
    _raise(situation, "adjacency_down", "A-B")
    _raise(situation, "silent_loss", "G|G-H", after_s=10.0, size=0.05)
    monitor = _monitor(situation)
    assert monitor.relations() == []
    grouping = _grouped(monitor)
    assert {g.symptoms for g in grouping.groups} == {
        ("adjacency_down:A-B",),
        ("silent_loss:G|G-H",),
    }


def test_probe_belongs_to_the_failure_that_it_crosses_and_not_to_another(
    situation: Situation,
) -> None:
    _raise(situation, "adjacency_down", "A-B")
    _raise(situation, "silent_loss", "G|G-H", after_s=10.0, size=0.05)
    _raise(situation, "probe_loss", "A>B/business", after_s=20.0, size=0.1)
    _raise(situation, "probe_loss", "G>H/business", after_s=300.0, size=0.1)
    pairs = _pairs(_monitor(situation))
    assert frozenset({"adjacency_down:A-B", "probe_loss:A>B/business"}) in pairs
    assert frozenset({"silent_loss:G|G-H", "probe_loss:A>B/business"}) not in pairs


def test_probe_to_a_node_with_a_slash_in_its_name_is_read(place: Place) -> None:
    built = topology((("A", "B/C"), ("B/C", "D"), ("A", "D")), {}, ("A", "B/C", "D"))
    demands, services = (("A", "B/C", 1e9), ("A", "D", 1e9)), (("A", "B/C"),)
    situation = place(inventory(built, demands=demands, services=services))
    _raise(situation, "adjacency_down", "A-B/C")
    _raise(situation, "probe_loss", "A>B/C/business", after_s=20.0, size=0.1)
    expected = {frozenset({"adjacency_down:A-B/C", "probe_loss:A>B/C/business"})}
    assert _pairs(_monitor(situation)) == expected


# Just before and just after what is near in time.


@pytest.mark.parametrize(("after_s", "belongs"), [(170.0, True), (190.0, False)])
def test_symptoms_at_one_node_belong_together_within_three_minutes(
    situation: Situation, after_s: float, belongs: bool
) -> None:
    _raise(situation, "adjacency_down", "A-B")
    _raise(situation, "silent_loss", "A|A-D", after_s=after_s, size=0.05)
    assert [r.reason for r in _monitor(situation).relations()] == (
        ["both are at A"] if belongs else []
    )


@pytest.mark.parametrize(("after_s", "belongs"), [(590.0, True), (610.0, False)])
def test_silent_loss_is_found_up_to_ten_minutes_after_the_probe_that_it_hurt(
    situation: Situation, after_s: float, belongs: bool
) -> None:
    _raise(situation, "probe_loss", "A>B/business", size=0.1)
    opened = incident_of(situation)
    _raise(situation, "silent_loss", "A|A-B", after_s=after_s, size=0.05)
    fresh = [s for s in situation.tracker.active_symptoms() if s.kind == "silent_loss"]
    assert bool(Monitor(situation, fresh, (opened,)).relations()) is belongs


@pytest.mark.parametrize(
    ("kind", "resource", "drops_after_s", "belongs"),
    [
        ("configuration_change", "H", 350.0, True),
        ("configuration_change", "H", 370.0, False),
        ("traffic_surge", "H", 3600.0, True),
        # Flow records come late: drops may be seen before the surge that brings them.
        ("traffic_surge", "H", -530.0, True),
        ("traffic_surge", "H", -550.0, False),
    ],
)
def test_drops_elsewhere_belong_to_a_change_near_in_time_and_to_a_surge_that_goes_on(
    situation: Situation, kind: SymptomKind, resource: str, drops_after_s: float, belongs: bool
) -> None:
    _raise(situation, kind, resource)
    _raise(situation, "queue_drops", "A|A-B", after_s=drops_after_s, size=0.05)
    cause = f"{kind}:{resource}"
    reasons = [r.reason for r in _monitor(situation).relations()]
    assert (f"{cause} moves traffic onto A|A-B" in reasons) is belongs


@pytest.mark.parametrize(("moved_bps", "belongs"), [(0.19e9, False), (0.21e9, True)])
def test_failure_pulls_a_load_of_more_than_two_percent_of_the_link(
    place: Place, moved_bps: float, belongs: bool
) -> None:
    """Without A-B what A sends B goes A-D-C-B; every link has 10 Gbit/s."""
    demands = (("A", "B", moved_bps), ("D", "C", 5e9))
    situation = place(inventory(topology(ENDS, None, NODES), demands=demands))
    _raise(situation, "adjacency_down", "A-B")
    _raise(situation, "queue_drops", "D|C-D", after_s=900.0, size=0.05)
    reasons = [r.reason for r in _monitor(situation).relations()]
    assert ("adjacency_down:A-B moves traffic onto D|C-D" in reasons) is belongs


@pytest.mark.parametrize(("drops", "may_be_ignored"), [(0.009, True), (0.011, False)])
def test_drops_below_one_percent_are_a_busy_hour_even_while_a_service_is_in_breach(
    situation: Situation, drops: float, may_be_ignored: bool
) -> None:
    _raise(situation, "queue_drops", "G|G-H", size=drops)
    situation.tracker.services.in_breach_now = frozenset({"svc-1"})
    ignored = Grouping(groups=(), ignored=("queue_drops:G|G-H",))
    if may_be_ignored:
        _monitor(situation).ground(ignored)
    else:
        with pytest.raises(Ungrounded, match="is ignored"):
            _monitor(situation).ground(ignored)


def test_two_failures_at_once_stay_two_incidents_though_both_have_effects(
    situation: Situation,
) -> None:
    _raise(situation, "adjacency_down", "A-B")
    _raise(situation, "probe_loss", "A>B/business", after_s=20.0, size=0.1)
    _raise(situation, "silent_loss", "G|G-H", after_s=400.0, size=0.05)
    _raise(situation, "probe_loss", "G>H/business", after_s=420.0, size=0.1)
    assert {g.symptoms for g in _grouped(_monitor(situation)).groups} == {
        ("adjacency_down:A-B", "probe_loss:A>B/business"),
        ("probe_loss:G>H/business", "silent_loss:G|G-H"),
    }


def test_effect_that_nothing_accounts_for_is_of_what_is_newly_wrong(situation: Situation) -> None:
    _raise(situation, "silent_loss", "G|G-H", size=0.05)
    _raise(situation, "probe_loss", "A>B/business", after_s=400.0, size=0.1)
    (relation,) = _monitor(situation).relations()
    assert relation.reason == "it is an effect, and nothing else is known to be wrong"
    assert relation.other == "silent_loss:G|G-H"


def test_effect_that_two_troubles_have_in_common_does_not_make_one_of_them(
    situation: Situation,
) -> None:
    """What began with an effect of the open incident may be put down to what is new as well."""
    _raise(situation, "silent_loss", "A|A-B", size=0.05)
    opened = incident_of(situation)
    _raise(situation, "probe_loss", "A>B/business", after_s=300.0, size=0.1)
    _raise(situation, "probe_loss", "C>E/business", after_s=300.0, size=0.1)
    _raise(situation, "silent_loss", "G|G-H", after_s=500.0, size=0.05)
    fresh = [s for s in situation.tracker.active_symptoms() if s.id not in
             {known.id for known in opened.symptoms}]  # fmt: skip
    cause = SilentEgressPacketLoss(node="A", link="A-B", fraction=0.05)
    standing = {opened.id: Standing(cause=(cause,), sought=False, takes_effects=False)}
    groups = _grouped(Monitor(situation, fresh, (opened,), standing)).groups
    assert {g.symptoms: g.joins for g in groups} == {
        ("probe_loss:A>B/business", "probe_loss:C>E/business"): opened.id,
        ("silent_loss:G|G-H",): "",
    }


def test_effects_of_two_open_incidents_stay_with_their_own(situation: Situation) -> None:
    """The cause of one is known, that of the other is looked for; their effects began together."""
    _raise(situation, "silent_loss", "A|A-B", size=0.05)
    first = incident_of(situation)
    _raise(situation, "queue_drops", "G|G-H", after_s=100.0, size=0.05)
    second = incident_of(situation).model_copy(
        update={
            "id": "square-0002",
            "symptoms": tuple(
                s for s in situation.tracker.active_symptoms() if s.kind == "queue_drops"
            ),
        }
    )
    _raise(situation, "probe_loss", "A>B/business", after_s=300.0, size=0.1)
    _raise(situation, "probe_loss", "G>H/business", after_s=300.0, size=0.1)
    _raise(situation, "silent_loss", "G|G-H", after_s=320.0, size=0.05)
    told = {s.id for one in (first, second) for s in one.symptoms}
    fresh = [s for s in situation.tracker.active_symptoms() if s.id not in told]
    cause = SilentEgressPacketLoss(node="A", link="A-B", fraction=0.05)
    standing = {first.id: Standing(cause=(cause,), sought=False)}
    groups = _grouped(Monitor(situation, fresh, (first, second), standing)).groups
    assert {g.symptoms: g.joins for g in groups} == {
        ("probe_loss:A>B/business",): first.id,
        ("probe_loss:G>H/business", "silent_loss:G|G-H"): second.id,
    }


def test_symptom_joins_the_open_incident_that_explains_it(situation: Situation) -> None:
    _raise(situation, "adjacency_down", "A-B")
    opened = incident_of(situation)
    _raise(situation, "queue_drops", "D|C-D", after_s=60.0, size=0.05)
    fresh = [s for s in situation.tracker.active_symptoms() if s.kind == "queue_drops"]
    grouping = _grouped(Monitor(situation, fresh, (opened,)))
    (group,) = grouping.groups
    assert group.joins == opened.id


def test_silent_loss_that_is_found_late_joins_the_incident_of_its_effects(
    situation: Situation,
) -> None:
    """Its counter rounds begin anew after a restart; a probe shows the loss long before."""
    _raise(situation, "probe_loss", "A>B/business", size=0.1)
    opened = incident_of(situation)
    _raise(situation, "silent_loss", "A|A-B", after_s=400.0, size=0.05)
    _raise(situation, "silent_loss", "G|G-H", after_s=400.0, size=0.05)
    fresh = [s for s in situation.tracker.active_symptoms() if s.kind == "silent_loss"]
    groups = _grouped(Monitor(situation, fresh, (opened,))).groups
    assert {g.symptoms: g.joins for g in groups} == {
        ("silent_loss:A|A-B",): opened.id,
        ("silent_loss:G|G-H",): "",
    }


def test_symptom_on_the_known_cause_of_an_open_incident_joins_it_after_the_traffic_was_moved(
    situation: Situation,
) -> None:
    _raise(situation, "probe_loss", "A>B/business", size=0.1)
    opened = incident_of(situation)
    _raise(situation, "silent_loss", "G|G-H", after_s=400.0, size=0.05)
    fresh = [s for s in situation.tracker.active_symptoms() if s.kind == "silent_loss"]
    for link, joins in (("G-H", opened.id), ("E-F", "")):
        cause = SilentEgressPacketLoss(node=link[0], link=link, fraction=0.05)
        standing = {opened.id: Standing(cause=(cause,), sought=False)}
        (group,) = _grouped(Monitor(situation, fresh, (opened,), standing)).groups
        assert group.joins == joins


def test_far_symptom_does_not_join_the_open_incident(situation: Situation) -> None:
    _raise(situation, "adjacency_down", "A-B")
    opened = incident_of(situation)
    _raise(situation, "silent_loss", "G|G-H", after_s=60.0, size=0.05)
    fresh = [s for s in situation.tracker.active_symptoms() if s.kind == "silent_loss"]
    (group,) = _grouped(Monitor(situation, fresh, (opened,))).groups
    assert group.joins == ""


def test_congestion_that_planned_work_brings_is_no_incident(place: Place) -> None:
    built = topology(ENDS, None, NODES)
    situation = place(inventory(built, demands=DEMANDS, planned_work=(WORK,)))
    _raise(situation, "queue_drops", "D|C-D", size=0.05)
    monitor = _monitor(situation)
    (relation,) = monitor.relations()
    assert relation.other == "planned:CHG-1"
    grouping = _grouped(monitor)
    assert grouping.groups == ()
    assert grouping.ignored == ("queue_drops:D|C-D",)


def test_surge_alone_and_small_drops_are_no_incident(situation: Situation) -> None:
    _raise(situation, "traffic_surge", "B", size=1.6)
    _raise(situation, "queue_drops", "G|G-H", after_s=400.0, size=0.004)
    grouping = _grouped(_monitor(situation))
    assert grouping.groups == ()
    assert len(grouping.ignored) == 2


def test_severity_and_title_are_of_the_root(situation: Situation) -> None:
    _raise(situation, "queue_drops", "D|C-D", size=0.05)
    _raise(situation, "adjacency_down", "A-B")
    (group,) = _grouped(_monitor(situation)).groups
    assert (group.severity, group.title) == (Severity.CRITICAL, "adjacency down: A-B")


MEASURED: tuple[tuple[SymptomKind, str], ...] = (
    ("adjacency_down", "A-B"),
    ("adjacency_down", "C-D"),
    ("silent_loss", "A|A-D"),
    ("queue_drops", "C|C-E"),
    ("late_link", "E-F"),
    ("traffic_surge", "H"),
    ("probe_loss", "G>H/business"),
)
_WORST_FIRST = tuple(Severity)


@pytest.mark.slow
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
@given(
    measured=st.sets(st.sampled_from(MEASURED), min_size=1),
    alerted=st.sets(st.sampled_from(["A-B", "A|A-D", "C", "H", "G-H"]), min_size=1),
)
def test_alerts_never_lower_a_severity(
    situation: Situation, measured: set[tuple[SymptomKind, str]], alerted: set[str]
) -> None:
    """Each group with alerts is at least as bad as the worst that its measured symptoms made."""
    situation.tracker.book = SymptomBook()
    for kind, resource in sorted(measured):
        _raise(situation, kind, resource, size=0.05)
    alone = {s: g.severity for g in _grouped(_monitor(situation)).groups for s in g.symptoms}
    for resource in sorted(alerted):
        _raise(situation, "alert", resource, after_s=30.0)
    for group in _grouped(_monitor(situation)).groups:
        ranks = [_WORST_FIRST.index(alone[s]) for s in group.symptoms if s in alone]
        assert _WORST_FIRST.index(group.severity) <= min(ranks, default=len(_WORST_FIRST))


def test_alerts_join_what_is_measured_at_their_place(situation: Situation) -> None:
    _raise(situation, "adjacency_down", "A-B")
    for after_s, resource in ((10.0, "A-B"), (20.0, "B"), (30.0, "B|A-B")):
        _raise(situation, "alert", resource, after_s=after_s)
    (group,) = _grouped(_monitor(situation)).groups
    assert len(group.symptoms) == 4
    assert group.severity is Severity.MAJOR


def test_alerts_alone_are_an_incident_of_minor_severity(situation: Situation) -> None:
    _raise(situation, "alert", "A-B")
    (group,) = _grouped(_monitor(situation)).groups
    assert group.severity is Severity.MINOR


def _group(*symptoms: str, joins: str = "") -> SymptomGroup:
    return SymptomGroup(symptoms=symptoms, severity=Severity.MAJOR, title="trouble", joins=joins)


@pytest.mark.parametrize(
    ("groups", "ignored", "message"),
    [
        ((_group("adjacency_down:A-C"),), (), "is not on the list"),
        ((_group("adjacency_down:A-B"),), ("adjacency_down:A-B",), "stands in two places"),
        ((), (), "nothing is said of adjacency_down:A-B"),
        ((_group("adjacency_down:A-B", joins="live-0009"),), (), "is not an open incident"),
    ],
)
def test_grouping_that_invents_repeats_or_forgets_is_refused(
    situation: Situation, groups: tuple[SymptomGroup, ...], ignored: tuple[str, ...], message: str
) -> None:
    _raise(situation, "adjacency_down", "A-B")
    with pytest.raises(Ungrounded, match=message):
        _monitor(situation).ground(Grouping(groups=groups, ignored=ignored))


_HURTING: tuple[tuple[SymptomKind, str, float], ...] = (
    ("adjacency_down", "A-B", 1.0),
    ("silent_loss", "G|G-H", 0.05),
    ("queue_drops", "D|C-D", 0.05),
    ("probe_loss", "A>B/business", 0.1),
    ("configuration_change", "A", 1.0),
)
_HARMLESS: tuple[tuple[SymptomKind, str, float], ...] = (
    ("traffic_surge", "B", 1.6),
    ("probe_delay", "A>B/business", 0.01),
    ("queue_drops", "G|G-H", 0.004),
)


@pytest.mark.parametrize(("kind", "resource", "size"), [*_HURTING, *_HARMLESS])
def test_nothing_that_may_hurt_a_service_is_ignored_while_one_is_in_breach(
    situation: Situation, kind: SymptomKind, resource: str, size: float
) -> None:
    _raise(situation, kind, resource, size=size)
    ignored = Grouping(groups=(), ignored=(f"{kind}:{resource}",))
    _monitor(situation).ground(ignored)
    situation.tracker.services.in_breach_now = frozenset({"svc-1"})
    if (kind, resource, size) in _HARMLESS:
        _monitor(situation).ground(ignored)
    else:
        with pytest.raises(Ungrounded, match=r"1 service is in breach, and .* is ignored"):
            _monitor(situation).ground(ignored)
    # Whatever is wrong, what the shipped mind makes of it is taken.
    _monitor(situation).ground(_grouped(_monitor(situation)))


def test_drops_that_planned_work_brings_are_an_incident_once_they_hurt(place: Place) -> None:
    built = topology(ENDS, None, NODES)
    situation = place(inventory(built, demands=DEMANDS, planned_work=(WORK,)))
    _raise(situation, "queue_drops", "D|C-D", size=0.05)
    situation.tracker.services.in_breach_now = frozenset({"svc-1"})
    monitor = _monitor(situation)
    with pytest.raises(Ungrounded, match="is ignored"):
        monitor.ground(Grouping(groups=(), ignored=("queue_drops:D|C-D",)))
    assert len(_grouped(monitor).groups) == 1


def test_incident_begins_with_the_earliest_sign(situation: Situation) -> None:
    _raise(situation, "adjacency_down", "A-B", after_s=40.0)
    _raise(situation, "silent_loss", "A|A-B", after_s=10.0)
    symptoms = situation.tracker.active_symptoms()
    group = _group(*(s.id for s in symptoms))
    incident = incident_from(group, symptoms, "live-0007", "live", START_S + 100)
    assert incident.id == "live-0007"
    assert (incident.onset_s, incident.detected_s) == (START_S + 10, START_S + 100)
    assert incident.symptoms == symptoms


# What needs no mind


def _joining(situation: Situation, *effects: tuple[SymptomKind, str]) -> tuple[Monitor, str]:
    """A-B is down, an incident is open of it, and `effects` have come since."""
    _raise(situation, "adjacency_down", "A-B")
    opened = incident_of(situation)
    for kind, resource in effects:
        _raise(situation, kind, resource, after_s=60.0, size=0.05)
    known = {s.id for s in opened.symptoms}
    fresh = [s for s in situation.tracker.active_symptoms() if s.id not in known]
    return Monitor(situation, fresh, (opened,)), opened.id


def test_effects_of_the_one_open_incident_join_it_and_no_mind_is_asked(
    situation: Situation,
) -> None:
    monitor, opened = _joining(situation, ("queue_drops", "D|C-D"), ("probe_loss", "A>B/business"))
    foregone = monitor.foregone()
    assert foregone is not None
    monitor.ground(foregone)
    (group,) = foregone.groups
    assert (group.joins, set(group.symptoms)) == (
        opened,
        {"queue_drops:D|C-D", "probe_loss:A>B/business"},
    )
    (asked,) = _grouped(monitor).groups
    assert (asked.joins, set(asked.symptoms)) == (opened, set(group.symptoms))


def test_what_may_be_a_cause_is_always_judged_by_a_mind(situation: Situation) -> None:
    causes: list[tuple[SymptomKind, str]] = [
        ("adjacency_down", "A-D"),
        ("silent_loss", "A|A-D"),
    ]
    for kind, resource in causes:
        monitor, _ = _joining(situation, ("queue_drops", "D|C-D"), (kind, resource))
        assert monitor.foregone() is None


def test_effect_with_two_open_incidents_or_with_none_is_judged_by_a_mind(
    situation: Situation,
) -> None:
    monitor, _ = _joining(situation, ("probe_loss", "A>B/business"))
    assert monitor.foregone() is not None
    alone = Monitor(situation, situation.tracker.active_symptoms()[1:], ())
    assert alone.foregone() is None
    _raise(situation, "silent_loss", "G|G-H", size=0.05)
    _raise(situation, "probe_loss", "G>H/business", after_s=400.0, size=0.1)
    by_kind = {s.id: s for s in situation.tracker.active_symptoms()}
    first = incident_of(situation).model_copy(
        update={"id": "one", "symptoms": (by_kind["adjacency_down:A-B"],)}
    )
    second = first.model_copy(update={"id": "two", "symptoms": (by_kind["silent_loss:G|G-H"],)})
    both = [by_kind["probe_loss:A>B/business"], by_kind["probe_loss:G>H/business"]]
    assert Monitor(situation, both, (first, second)).foregone() is None
    assert Monitor(situation, both[:1], (first, second)).foregone() is not None


def test_few_relations_connect_what_many_do() -> None:
    every = [Relation(one=a, other=b, reason="near") for a in "abcd" for b in "abcd" if a < b] + [
        Relation(one="x", other="y", reason="near")
    ]
    kept = spanning(every)
    assert len(kept) == 4
    assert {r.one for r in kept} | {r.other for r in kept} == set("abcdxy")


def test_connection_is_not_through_planned_work_where_there_is_another() -> None:
    """What is planned may be left out of the groups, and then connects nothing."""
    relations = [
        Relation(one="a", other="b", reason="near"),
        Relation(one="a", other="c", reason="near"),
        Relation(one="b", other="c", reason="near"),
        Relation(one="a", other="planned:CHG-1", reason="work"),
    ]
    kept = [(r.one, r.other) for r in spanning(relations)]
    assert kept[0] == ("b", "c")
    assert ("a", "planned:CHG-1") in kept
    assert len(kept) == 3


def test_what_may_hurt_and_is_taken_for_nothing_is_dismissed(situation: Situation) -> None:
    _raise(situation, "adjacency_down", "A-B")
    _raise(situation, "traffic_surge", "H")
    monitor = _monitor(situation)
    ignoring = Grouping(groups=(), ignored=("adjacency_down:A-B", "traffic_surge:H"))
    assert monitor.dismissed(ignoring) == ("adjacency_down:A-B",)


def test_incident_is_called_what_was_measured_whatever_a_mind_calls_it(
    situation: Situation,
) -> None:
    _raise(situation, "queue_drops", "A|A-D")
    _raise(situation, "adjacency_down", "A-B", after_s=30.0)
    symptoms = situation.tracker.active_symptoms()
    group = SymptomGroup(
        symptoms=tuple(s.id for s in symptoms), severity=Severity.MAJOR, title="all well", joins=""
    )
    incident = incident_from(group, symptoms, "live-0001", "live", START_S + 60.0)
    assert incident.title == "adjacency down: A-B"
