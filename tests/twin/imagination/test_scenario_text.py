"""Scenarios in words: what is read is what was meant, and what is printed is read back."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twin.errors import BadInput
from twin.events.fault import BY_KIND, FAULT, FAULT_KINDS, AnyFault
from twin.events.faults.device_down import DeviceDown
from twin.events.faults.fiber_cut import FiberCut
from twin.events.faults.link_down import LinkDown
from twin.events.faults.traffic_spike import TrafficSpike
from twin.imagination.scenario_check import check_scenario
from twin.imagination.scenario_text import is_scenario, read_said, read_scenario, scenario_text
from twin.nouns.configuration import default_configuration
from twin.nouns.risk_scenario import (
    Conditions,
    InitialEvent,
    RiskScenario,
    SurgeUnderWay,
    WorkUnderWay,
)
from twin.nouns.topology import Link, Node, SharedRiskGroup, Site, Topology

NODES = ("Köln", "Bonn", "Washington, DC", "Baden-Baden", "Essen to Go")
LINKS = (
    ("Köln--Bonn", "Köln", "Bonn"),
    ("L17", "Bonn", "Washington, DC"),
    ("Baden-Baden--Köln", "Baden-Baden", "Köln"),
    ("L4", "Essen to Go", "Bonn"),
    ("L5", "Washington, DC", "Köln"),
)
TOWNS = Topology(
    name="towns",
    sites=(*(Site(id=n, longitude=0.0, latitude=0.0) for n in NODES),),
    nodes=tuple(Node(id=n, site="Köln" if n == "Bonn" else n) for n in NODES),
    links=tuple(
        Link(id=i, a=a, b=b, capacity_bps=4e10, members=4, length_km=1.0, propagation_s=1e-5)
        for i, a, b in LINKS
    ),
    shared_risk_groups=(
        SharedRiskGroup(
            id="duct:Köln:1", kind="duct", place="Köln", links=("Köln--Bonn", "L17"), shared_km=1.0
        ),
    ),
)
RUNNING = default_configuration(TOWNS)

_LINK = st.sampled_from([link for link, _, _ in LINKS])
_NODE = st.sampled_from(NODES)
_SHARE = st.floats(1e-6, 1.0)
_FACTOR = st.floats(1.0, 100.0, exclude_min=True)
_CHANGES = ("igp_weight_misconfig", "unannounced_drain", "policer_misconfig", "blackhole_route")


@st.composite
def faults(draw: st.DrawFn, kinds: tuple[str, ...] = tuple(BY_KIND)) -> AnyFault:
    """One of any kind, as can be in the towns."""
    kind = draw(st.sampled_from(kinds))
    link, node = draw(_LINK), draw(_NODE)
    built = TOWNS.link(link)
    end = draw(st.sampled_from((built.a, built.b)))
    at_node = tuple(x.id for x in TOWNS.links_at(node))
    others = [n for n in NODES if n != node]
    values: dict[str, Any] = {
        "link": link,
        "node": end if "link" in BY_KIND[kind].model_fields else node,
        "nodes": draw(st.sampled_from(((end,), (built.a, built.b)))),
        "links": at_node,
        "duct": "duct:Köln:1",
        "target": node,
        "site": TOWNS.node(node).site,
        "targets": tuple(draw(st.lists(st.sampled_from(others), min_size=1, unique=True))),
        "factor": draw(_FACTOR),
        "fraction": draw(_SHARE),
        "weight": draw(st.integers(1, 65534)),
        "period_s": draw(st.floats(20.0, 3600.0)),
        "added_s": draw(st.floats(1e-6, 1.0)),
        "members": draw(st.integers(1, 3)),
        "traffic_class": draw(st.sampled_from(("voice", "business", "best_effort"))),
        "rate_bps": draw(st.floats(4e7, 4e13)),
        "flows_per_s": draw(st.floats(1e-3, 1e9)),
        "flow_bytes": draw(st.floats(500.0, 20_000.0)),
    }
    if kind == "fiber_cut":
        values["links"] = ("Köln--Bonn", "L17")
        if draw(st.booleans()):
            own = draw(st.lists(_LINK, min_size=1, unique=True))
            values |= {"duct": "", "links": tuple(own)}
    if kind == "power_feed_loss":
        values["nodes"] = TOWNS.nodes_at(values["site"])
        values["links"] = tuple({x.id for n in values["nodes"] for x in TOWNS.links_at(n)})
    if kind == "access_breach":
        change = draw(faults(_CHANGES).filter(lambda f: len(f.configured_nodes) == 1))
        values |= {"node": change.configured_nodes[0], "change": change}
    fields = BY_KIND[kind].model_fields
    said = {name: value for name, value in values.items() if name in fields}
    return FAULT.validate_python({"kind": kind, **said})


@st.composite
def scenarios(draw: st.DrawFn) -> RiskScenario:
    """Any; what strikes may be in force already."""
    surges = ("demand_surge", "traffic_spike", "tcp_syn_flood_attack", "web_dos_attack")
    works = ("link_down", "device_down", "fiber_cut", "power_feed_loss")
    later = draw(st.lists(st.integers(0, 86_399), max_size=3))
    lasts = st.none() | st.integers(1, 86_399)

    def under_way(kinds: tuple[str, ...]) -> dict[str, object]:
        return {"fault": draw(faults(kinds)), "lasts_s": draw(lasts)}

    conditions = {
        "minute": draw(st.integers(0, 1439)),
        "demand": draw(st.floats(0.01, 100.0)),
        "surge": under_way(surges) if draw(st.booleans()) else None,
        "in_work": [under_way(works) for _ in range(draw(st.integers(0, 2)))],
    }
    return RiskScenario(
        conditions=Conditions.model_validate(conditions),
        events=tuple(
            InitialEvent(after_s=after_s, fault=draw(faults()), lasts_s=draw(lasts))
            for after_s in sorted((0, *later))
        ),
        adversary=draw(st.none() | st.sampled_from(("elements", "account", "flood"))),
    )


@given(scenarios())
@settings(max_examples=150, deadline=None)
def test_scenario_of_any_kinds_is_read_back_as_it_was_printed(scenario: RiskScenario) -> None:
    assert read_scenario(scenario_text(scenario), TOWNS) == scenario


@given(faults())
@settings(max_examples=100, deadline=None)
def test_fault_that_can_be_is_not_refused(fault: AnyFault) -> None:
    scenario = RiskScenario(conditions=Conditions(minute=0), events=(InitialEvent(fault=fault),))
    check_scenario(scenario, TOWNS, RUNNING)


def test_each_work_lasts_as_long_as_is_said_of_it_and_a_list_as_long_as_is_said_of_all() -> None:
    def lasting(text: str) -> list[int | None]:
        scenario = read_scenario(f"at 20:00, {text}: node Bonn down", TOWNS)
        return [work.lasts_s for work in scenario.conditions.in_work]

    assert lasting("link L17 in work, link L4 in work for 1 h") == [None, 3600]
    assert lasting("links L17, L4 in work for 1 h") == [3600, 3600]


def test_every_kind_of_fault_says_how_it_is_written() -> None:
    assert all(kind.forms for kind in FAULT_KINDS)


def test_scenario_is_what_its_words_say() -> None:
    text = (
        "at 20:00, demand x1.2, link Bonn-Köln in work for 3 h, traffic to bonn x1.5: "
        "L17 down for 4h; after 30 min node Washington, DC down; after 1 h 5 min links L4, L5 "
        "down together for 90 s"
    )
    assert read_scenario(text, TOWNS) == RiskScenario(
        conditions=Conditions(
            minute=1200,
            demand=1.2,
            surge=SurgeUnderWay(fault=TrafficSpike(target="Bonn", factor=1.5)),
            in_work=(WorkUnderWay(fault=LinkDown(link="Köln--Bonn"), lasts_s=10_800),),
        ),
        events=(
            InitialEvent(fault=LinkDown(link="L17"), lasts_s=14_400),
            InitialEvent(after_s=1800, fault=DeviceDown(node="Washington, DC")),
            InitialEvent(after_s=3900, fault=FiberCut(duct="", links=("L4", "L5")), lasts_s=90),
        ),
    )


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("link L17 down", 'no ":" with a blank behind it, between conditions and events'),
        ("at 20:00:link L17 down", 'as in "at 20:00, demand x1.2: link Köln--Bonn down for 4 h;'),
        ("demand x1.2: link L17 down", '"demand x1.2: " names no hour'),
        ("at 24:10: link L17 down", "no time of day"),
        ("at 20:00, at 21:00: link L17 down", "two times the hour"),
        ("at 20:00, demand x0: link L17 down", '"demand x0": "x0" is no factor'),
        ("at 20:00, demand x101: link L17 down", "at most 100"),
        ("at 20:00, rain: link L17 down", '"rain" cannot be read as a condition'),
        ("at 20:00, link Bon-Köln in work: L17 down", 'did you mean "Bonn"'),
        ("at 20:00: node Bon down", 'did you mean "Bonn"'),
        ("at 20:00, traffic to Bon x2: L17 down", 'did you mean "Bonn"'),
        ("at 20:00: Bonn exploded", 'what can be asked: "node Bonn down"'),
        ("at 20:00:  after 2 h  link L17 down", '"after 2 h link L17 down" counts from the first'),
        ("at 20:00: ;", '"at 20:00: ;" has no event behind ": "'),
        ("at 20:00: L17 down; after L4 down", '"after L4 down": when it strikes is said as in'),
        ("at 20:00: L17 down; 5 min later L4 down", '"5 min later L4 down": when it strikes is'),
        (
            "at 20:00: L17 down for 4 h, L4 down for 2 h",
            'by ";", as in "L17 down for 4 h; L4 down for 2 h"',
        ),
        (
            "at 20:00: after 5 min L17 down for 4 h and  L4 down; L5 down",
            '"after 5 min L17 down for 4 h; L4 down"',
        ),
        ("at 20:00: link L17 down for 2 days", "out of the day"),
        (
            "at 20:00: L17 down; L4 down; L5 down; Köln-Bonn down; Bonn down",
            "is 5 events; a day has 4",
        ),
        ("at 20:00, by an adversary with luck: L17 down", "not known"),
        ("at 20:00: breach with drain L17", "at both ends"),
        ("at 20:00: L17 loses 5 members", "1 to 3 are left"),
        ("at 20:00: L17 loses 2 %", "does not say in which direction"),
    ],
)
def test_what_cannot_be_read_is_named(text: str, says: str) -> None:
    with pytest.raises(BadInput) as refused:
        read_scenario(text, TOWNS)
    assert says in str(refused.value)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            "at 20:00: L17 down; after 300 s bonn-Washington, DC fails",
            '"after 300 s bonn-Washington, DC fails": that is so already',
        ),
        ("at 20:00, link L17 in work: L17 down", '"L17 down": that is so already'),
        ("at 20:00: traffic to Bonn 101 times", '"traffic to Bonn 101 times": a surge has a'),
        ("at 20:00, traffic to Bonn x101: L4 down", '"at 20:00, traffic to Bonn x101": a surge'),
        ("at 20:00: Bonn discards Bonn", "delivered there"),
        ("at 20:00: L17 loses 200 % from Bonn", '"L17 loses 200 % from Bonn": what an egress'),
        ("at 20:00, by an adversary with one flood: l17 down", '"l17 down": an adversary with one'),
        (
            "at 20:00, by an adversary with one flood: syn flood on Bonn of 1M/s; "
            "after 5 min syn flood on Köln of 1M/s",
            "does one thing",
        ),
    ],
)
def test_what_cannot_be_is_refused_in_the_words_that_were_typed(text: str, says: str) -> None:
    said = read_said(text, TOWNS)
    with pytest.raises(BadInput) as refused:
        check_scenario(said.scenario, TOWNS, RUNNING, said.words)
    assert says in str(refused.value)


@pytest.mark.parametrize(
    ("text", "is_day"),
    [
        ("at 20:00: L17 down", True),
        ("At 8:15, demand x1.2: L17 down", True),
        ("at 20:00 L17 fails", False),
        ("L17 down", False),
        ("group duct:Köln:1 down", False),
    ],
)
def test_day_is_told_from_a_what_if_by_its_hour(text: str, is_day: bool) -> None:
    assert is_scenario(text) == is_day


def test_thing_may_fail_again_once_it_is_back() -> None:
    text = "at 20:00: link L17 down for 5 min; after 5 min link L17 down"
    check_scenario(read_scenario(text, TOWNS), TOWNS, RUNNING)


def test_events_are_in_order_of_time() -> None:
    one = InitialEvent(fault=LinkDown(link="L17"))
    with pytest.raises(ValueError, match="in order of time"):
        RiskScenario(
            conditions=Conditions(minute=0),
            events=(one, one.model_copy(update={"after_s": 60}), one),
        )


def test_rollout_of_a_scenario_has_its_faults_when_they_hold() -> None:
    text = "at 01:00, link L5 in work: link L17 down for 1 h; after 30 min link L4 down for 1 day"
    with pytest.raises(BadInput, match="out of the day"):
        read_scenario(text, TOWNS)
    played = read_scenario(text.replace("1 day", "23 h 30 min"), TOWNS).played_with()
    assert (played.starts_s, played.duration_s) == (3600.0, 86_400.0)
    held = [(timed.fault.resources, timed.at_s, timed.until_s) for timed in played.faults]
    assert held == [(("L5",), 0.0, None), (("L17",), 0.0, 3600.0), (("L4",), 1800.0, None)]
