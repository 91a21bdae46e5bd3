"""Who is hit and who is at risk, by hand on a few things."""

import pytest

from tests.tools.change.in_memory import inventory
from tests.twin.knowledge.affected import names_of
from twin.events.fault import Fault
from twin.events.faults.demand_surge import DemandSurge
from twin.events.faults.device_down import DeviceDown
from twin.events.faults.fiber_cut import FiberCut
from twin.events.faults.packet_loss import PacketLoss
from twin.knowledge.facts import Facts, Relation, Thing, ThingKey
from twin.knowledge.kinds import shipped_schema
from twin.knowledge.recorded import facts_of
from twin.knowledge.service_impact import Dependencies, Suspect
from twin.knowledge.snapshot import Snapshot
from twin.nouns.service_impact import (
    ServiceImpact,
    service_impact_lines,
    step_lines,
)

ONSET_S = 1_772_560_800.0
"""2026-03-03T18:00:00Z."""


def _known(*relations: tuple[str, str, str] | tuple[str, str, str, float]) -> Dependencies:
    """Relations as kind, source and target ("kind id" each), and a hold time."""
    made = []
    for kind, source, target, *hold_s in relations:
        ends = [_key(end) for end in (source, target)]
        properties = {"hold_s": hold_s[0]} if hold_s else {}
        made.append(Relation(kind, ends[0], ends[1], properties=properties))
    things = {Thing(*end).key: Thing(*end) for r in made for end in (r.source, r.target)}
    return Dependencies(Snapshot.of(Facts.of([*things.values()], made)), shipped_schema())


def _key(named: str) -> ThingKey:
    kind, _, name = named.partition(" ")
    return kind, name


def _joins(link: str) -> list[tuple[str, str, str]]:
    ports = [(f"device {end}", f"interface {end}|{link}") for end in link.split("-")]
    return [
        *(("has_interface", device, port) for device, port in ports),
        *(("terminates", port, f"link {link}") for _, port in ports),
    ]


RING = [
    *_joins("A-B"),
    *_joins("B-C"),
    *_joins("A-C"),
    *_joins("C-D"),
    ("ends_at", "path A<>B", "device A"),
    ("ends_at", "path A<>B", "device B"),
    ("ends_at", "path A<>D", "device A"),
    ("ends_at", "path A<>D", "device D"),
    ("needs", "service s", "path A<>B"),
    ("needs", "service stub", "path A<>D"),
    ("bought_by", "service s", "customer c"),
]
"""A, B and C in a ring, and D that hangs on C by one link in any case."""


def _impact(known: Dependencies, *things: str, probability: float = 1.0) -> ServiceImpact:
    suspect = Suspect(probability, tuple(map(_key, things)), cuts=True)
    return known.service_impact([suspect], {}, ONSET_S, ONSET_S + 600.0)


def test_path_that_is_left_one_way_is_at_risk_and_one_that_never_had_two_is_not() -> None:
    found = _impact(_known(*RING), "link A-B")
    assert names_of(found, "service", "at_risk") == ("s",)
    assert names_of(found, "customer", "at_risk") == ("c",)
    assert names_of(found, "service", "cut_off") == ()
    assert service_impact_lines(found)[0] == (
        "1 service is at risk since 18:00 UTC, with no alternative left: s"
    )
    assert list(step_lines(found, 1)) == [
        "link A-B weakens path A<>B (left: link A-C)", "and 2 more",
    ]  # fmt: skip


def test_both_ways_down_cut_off_the_service_and_hit_the_customer() -> None:
    found = _impact(_known(*RING), "link A-B", "link B-C")
    assert names_of(found, "service", "cut_off") == ("s",)
    assert service_impact_lines(found)[1] == "1 customer is hit, since 18:00 UTC: c"
    assert [step.effect for step in found.steps] == ["path A<>B", "path A<>B", "service s",
                                                    "customer c"]  # fmt: skip


def test_device_with_its_links_fails_as_one() -> None:
    found = _impact(_known(*RING), "device B", "link A-B", "link B-C")
    assert names_of(found, "service", "cut_off") == ("s",)


def test_last_feed_that_is_left_puts_what_stands_on_it_at_risk() -> None:
    power = [
        ("powered_by", "device A", "power_feed 1"),
        ("powered_by", "device A", "power_feed 2"),
        ("needs", "slice gold", "device A"),
    ]
    known = _known(*power)
    assert names_of(_impact(known, "power_feed 1"), "slice", "at_risk") == ("gold",)
    both = _impact(known, "power_feed 1", "power_feed 2")
    assert names_of(both, "slice", "cut_off") == ("gold",)


def test_battery_says_from_when_on_and_probability_is_of_all_hypotheses_together() -> None:
    known = _known(
        ("powered_by", "device A", "ups u"),
        ("fed_by", "ups u", "power_feed 1", 7200.0),
        ("needs", "service s", "device A"),
    )
    likely = {"power_feed 1": 0.5, "ups u": 0.25, "device A": 0.2}
    suspects = [Suspect(p, (_key(thing),), cuts=True) for thing, p in likely.items()]
    found = known.service_impact(suspects[:1], {}, ONSET_S, ONSET_S + 600.0)
    assert service_impact_lines(found) == ["1 service is cut off from 20:00 UTC on (50% sure): s"]
    found = known.service_impact(suspects, {}, ONSET_S, ONSET_S + 600.0)
    assert service_impact_lines(found) == ["1 service is cut off, since 18:00 UTC (95% sure): s"]


def test_what_probes_see_is_certain_and_comes_first() -> None:
    suspect = Suspect(0.9, (_key("link A-B"), _key("link B-C")), cuts=True)
    found = _known(*RING).service_impact([suspect], {"s": ONSET_S + 90}, ONSET_S, ONSET_S + 600)
    assert service_impact_lines(found) == [
        "1 service is outside its objective, since 18:01 UTC: s",
        "1 customer is hit by what probes see, since 18:01 UTC: c",
    ]


def test_unlikely_hypothesis_is_not_told() -> None:
    found = _impact(_known(*RING), "link A-B", "link B-C", probability=0.04)
    assert service_impact_lines(found) == []


@pytest.mark.parametrize(
    ("fault", "things", "cuts"),
    [
        (DeviceDown(node="A"), {"device A", "link A-B", "link A-C"}, True),
        (FiberCut(duct="duct-A", links=("A-B", "A-C")), {"duct duct-A", "link A-B", "link A-C"},
         True),
        (PacketLoss(node="A", link="A-B", fraction=0.1), {"link A-B"}, False),
        (DemandSurge(factor=2.0), set(), False),
    ],
)  # fmt: skip
def test_fault_strikes_what_is_on_record(fault: Fault, things: set[str], cuts: bool) -> None:
    known = Dependencies(Snapshot.of(facts_of(inventory())), shipped_schema())
    assert known.struck([fault], inventory().topology) == (
        tuple(sorted(map(_key, things))), cuts,
    )  # fmt: skip


def test_change_of_the_records_changes_who_is_hit() -> None:
    before = _impact(_known(*RING), "link A-B")
    after = _impact(_known(*RING, ("needs", "slice gold", "link A-B")), "link A-B")
    assert names_of(before, "slice", "cut_off") == ()
    assert names_of(after, "slice", "cut_off") == ("gold",)
    assert not after.same_as(before)
    assert after.same_as(after.model_copy(update={"as_of_s": 0.0}))


def test_parallel_link_that_is_left_is_the_only_way() -> None:
    pair = [
        *_joins("A-B"),
        ("has_interface", "device A", "interface A|2"),
        ("has_interface", "device B", "interface B|2"),
        ("terminates", "interface A|2", "link A-B#2"),
        ("terminates", "interface B|2", "link A-B#2"),
        ("ends_at", "path A<>B", "device A"),
        ("ends_at", "path A<>B", "device B"),
        ("needs", "service s", "path A<>B"),
    ]
    found = _impact(_known(*pair), "link A-B")
    assert names_of(found, "service", "at_risk") == ("s",)
    assert found.steps[0].mechanism == "left: link A-B#2"
