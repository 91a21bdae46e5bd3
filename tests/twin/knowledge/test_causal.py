"""What goes down with what, by hand on a few things, and against brute force on real backbones."""

from collections.abc import Mapping, Sequence
from functools import cache

import networkx as nx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.tools.change.in_memory import inventory
from tests.twin.physics.networks import SNDLIB
from twin.knowledge.causal import NO_WAY_LEFT, CausalGraph, derive
from twin.knowledge.facts import (
    Facts,
    Properties,
    Provenance,
    Relation,
    Thing,
    ThingKey,
    UnknownThing,
)
from twin.knowledge.kinds import shipped_schema
from twin.knowledge.recorded import facts_of
from twin.knowledge.snapshot import Snapshot
from twin.sources.world import WorldSpec, build_inventory

SCHEMA = shipped_schema()


def _graph(
    *relations: Relation, more: Facts | None = None, at_s: float | None = None
) -> CausalGraph:
    known = more or Facts()
    ends = {end for r in relations for end in (r.source, r.target)}
    things = [*(Thing(*end) for end in ends), *known.things]
    facts = Facts.of(things, [*known.relations, *relations])
    return derive(Snapshot.of(facts), SCHEMA, at_s)


def _is(kind: str, source: str, target: str, **properties: float | str) -> Relation:
    one, other = ((key[0], key[2]) for key in (source.partition(" "), target.partition(" ")))
    return Relation(kind, one, other, properties=properties)


def test_redundant_feed_takes_nothing_down_and_both_take_the_service() -> None:
    graph = _graph(
        _is("powered_by", "device A", "power_feed 1"),
        _is("powered_by", "device A", "power_feed 2"),
        _is("needs", "service s", "device A"),
        _is("bought_by", "service s", "customer c"),
    )
    assert graph.impact([("power_feed", "1")]).falls == ()
    both = graph.impact([("power_feed", "1"), ("power_feed", "2")])
    assert [fall.thing for fall in both.falls] == [
        ("customer", "c"), ("device", "A"), ("service", "s"),
    ]  # fmt: skip
    assert both.of("service") == ("s",)
    assert [f.mechanism for f in both.why(("service", "s"))] == [
        "no supply has power", "what it needs is down",
    ]  # fmt: skip
    assert ("service", "s") in graph.could_touch(("power_feed", "1")), "descendants over-report"


def test_pool_is_up_while_k_of_its_instances_are() -> None:
    graph = _graph(
        *(_is("member_of", f"network_function amf{i}", "pool amf", k=2) for i in range(3)),
        _is("needs", "slice s", "pool amf"),
    )
    one, two = ([("network_function", f"amf{i}") for i in range(n)] for n in (1, 2))
    assert graph.impact(one).of("slice") == ()
    assert graph.impact(two).of("slice") == ("s",)


def test_groups_of_one_kind_are_each_needed() -> None:
    graph = _graph(
        _is("powered_by", "device A", "ups 1", group="left"),
        _is("powered_by", "device A", "ups 2", group="right"),
    )
    assert graph.impact([("ups", "1")]).of("device") == ("A",)


def test_battery_holds_and_what_stands_on_it_falls_later() -> None:
    graph = _graph(
        _is("fed_by", "ups u", "power_feed f", hold_s=7200.0),
        _is("powered_by", "device A", "ups u"),
        _is("powered_by", "cell c", "power_feed f"),
    )
    found = graph.impact([("power_feed", "f")])
    assert [(f.thing[1], f.at_s, f.because) for f in found.falls] == [
        ("c", 0.0, (("power_feed", "f"),)),
        ("A", 7200.0, (("ups", "u"),)),
        ("u", 7200.0, (("power_feed", "f"),)),
    ]


def test_path_falls_with_a_shared_duct_though_no_link_of_it_is_a_bridge() -> None:
    # A reaches D over B or C, and both ways out of A lie in one duct.
    facts = facts_of(inventory())
    graph = derive(Snapshot.of(facts), SCHEMA)
    cut = graph.impact([("duct", "duct-A")])
    assert cut.of("service") == ("vpn-1",)
    assert cut.of("customer") == ("Hof AG",)
    [why] = [f for f in cut.falls if f.thing == ("path", "A<>D")]
    assert (why.mechanism, why.because) == (NO_WAY_LEFT, (("link", "A-B"), ("link", "A-C")))
    assert graph.impact([("link", "A-B")]).of("service") == ()
    assert graph.impact([("site", "C")]).of("service") == ("vpn-1", "vpn-2")
    points = graph.single_points()
    assert points["duct", "duct-A"] == ("vpn-1",)
    assert points["link", "C-D"] == ("vpn-1",)
    assert ("link", "A-B") not in points
    assert graph.could_touch(("link", "A-B")) >= {("service", "vpn-1"), ("service", "vpn-2")}


def test_causes_of_symptoms_are_ranked_by_what_they_take_down_and_nothing_else() -> None:
    graph = derive(Snapshot.of(facts_of(inventory())), SCHEMA)
    first = graph.causes([("service", "vpn-1"), ("service", "vpn-2")], most=50)
    assert {c.thing for c in first if c.jaccard == 1.0} == {("device", "C"), ("site", "C")}
    alone = graph.causes([("service", "vpn-1")], most=50)
    assert {c.jaccard for c in alone if c.thing[1] in ("duct-A", "C-D")} == {1.0}
    assert [c.jaccard for c in alone if c.thing == ("device", "C")] == [0.5]
    with pytest.raises(UnknownThing, match='service "vpn-3"'):
        graph.causes([("service", "vpn-3")])


def test_facts_count_only_while_they_hold() -> None:
    ended = Provenance(valid_until_s=100.0)
    need = Relation("needs", ("service", "s"), ("device", "A"), provenance=ended)
    failed = [("device", "A")]
    assert _graph(need, at_s=99.0).impact(failed).of("service") == ("s",)
    assert _graph(need, at_s=100.0).impact(failed).of("service") == ()
    assert _graph(need).impact(failed).of("service") == ("s",)


def test_path_that_the_records_do_not_join_is_not_said_to_be_cut() -> None:
    graph = _graph(
        Relation("ends_at", ("path", "p"), ("device", "A")),
        Relation("ends_at", ("path", "p"), ("device", "B")),
    )
    assert graph.impact([("device", "A")]).of("path") == ()


def test_management_through_a_machine_takes_nothing_down_and_is_kept() -> None:
    graph = _graph(
        _is("managed_by", "device A", "virtual_machine controller"),
        _is("hosted_on", "virtual_machine controller", "host h"),
        _is("attached_to", "host h", "device A"),
    )
    assert graph.impact([("virtual_machine", "controller")]).falls == ()
    assert graph.operability == ((("virtual_machine", "controller"), ("device", "A")),)
    [broken] = graph.broken
    assert (broken.rule, broken.size, broken.is_timed) == ("operability", 3, False)
    assert graph.impact([("device", "A")]).of("virtual_machine") == ("controller",)


def test_cooling_that_its_own_supply_needs_is_broken_against_the_layers_and_stays_timed() -> None:
    graph = _graph(
        _is("cooled_by", "ups u", "cooling c", hold_s=600.0),
        _is("powered_by", "cooling c", "ups u"),
    )
    [broken] = graph.broken
    assert (broken.cause, broken.effect) == (("cooling", "c"), ("ups", "u"))
    assert (broken.rule, broken.hold_s, broken.is_timed) == ("against the layers", 600.0, True)
    assert graph.impact([("ups", "u")]).of("cooling") == ("c",)
    assert graph.impact([("cooling", "c")]).of("ups") == ()


def test_circle_on_one_layer_loses_its_weakest_edge() -> None:
    graph = _graph(
        _is("needs", "network_function smf", "network_function upf", strength=0.5),
        _is("needs", "network_function upf", "network_function smf"),
    )
    [broken] = graph.broken
    assert (broken.rule, broken.cause[1], broken.effect[1]) == ("weakest", "upf", "smf")
    assert graph.impact([("network_function", "smf")]).of("network_function") == ("upf",)
    equal = _graph(
        _is("needs", "network_function a", "network_function b"),
        _is("needs", "network_function b", "network_function a"),
    )
    assert [b.cause[1] for b in equal.broken] == ["a"], "ties by kind and ids"


def test_power_that_waits_for_a_path_of_the_network_it_feeds_is_found() -> None:
    # The circle runs through a gate: the device carries the path that its own supply needs.
    facts = facts_of(inventory())
    graph = _graph(
        _is("powered_by", "device B", "ups u"), _is("needs", "ups u", "path A<>D"), more=facts
    )
    [broken] = graph.broken
    assert (broken.cause, broken.rule) == (("path", "A<>D"), "against the layers")


EDGES = st.lists(st.tuples(st.integers(0, 11), st.integers(0, 11)), max_size=40)


@settings(max_examples=60, deadline=None)
@given(EDGES)
def test_no_circle_is_left_and_nothing_else_is_broken(edges: list[tuple[int, int]]) -> None:
    needs = [_is("needs", f"application {a}", f"application {b}") for a, b in edges]
    graph = _graph(*needs)
    left: nx.DiGraph[int] = nx.DiGraph()
    for group in graph.groups:
        left.add_edges_from((member, group.dependent) for member in group.members)
    assert nx.is_directed_acyclic_graph(left)
    whole: nx.DiGraph[ThingKey] = nx.DiGraph()
    whole.add_edges_from((r.target, r.source) for r in needs)
    part = {one: i for i, c in enumerate(nx.strongly_connected_components(whole)) for one in c}
    assert all(part[b.cause] == part[b.effect] for b in graph.broken)
    assert len(graph.broken) + left.number_of_edges() == whole.number_of_edges()


class _BruteForce:
    """Whether things are up, asked of the facts one by one, with networkx for the links."""

    def __init__(self, facts: Facts) -> None:
        self.needs: dict[ThingKey, dict[tuple[str, str], list[Relation]]] = {}
        self.ends: dict[ThingKey, list[ThingKey]] = {}
        self.devices: dict[ThingKey, list[ThingKey]] = {}
        port_of = {r.target: r.source for r in facts.relations if r.kind == "has_interface"}
        for r in facts.relations:
            if r.kind == "ends_at":
                self.ends.setdefault(r.source, []).append(r.target)
            if r.kind == "terminates":
                self.devices.setdefault(r.target, []).append(port_of[r.source])
            need = SCHEMA.relations[r.kind].need
            if need is None or need.operability:
                continue
            who = r.source if need.dependent == "source" else r.target
            name = (r.kind, str(r.properties.get("group", "")))
            self.needs.setdefault(who, {}).setdefault(name, []).append(r)

    def cut_off(self, removed: ThingKey, services: Sequence[ThingKey]) -> tuple[str, ...]:
        """The services that are down without `removed`."""
        up: dict[ThingKey, bool] = {removed: False}
        links: nx.MultiGraph[ThingKey] = nx.MultiGraph()
        for link, (a, b) in self.devices.items():
            links.add_nodes_from((a, b))
            if self._up(link, up):
                links.add_edge(a, b)
        links.remove_nodes_from([d for d in links if not self._up(d, up)])
        part = {d: n for n, of in enumerate(nx.connected_components(links)) for d in of}
        for path, (a, b) in self.ends.items():
            ends_up = self._up(a, up) and self._up(b, up)
            joined = ends_up and a in part and part[a] == part.get(b)
            up[path] = up.get(path, True) and joined
        return tuple(s[1] for s in services if s != removed and not self._up(s, up))

    def _up(self, thing: ThingKey, up: dict[ThingKey, bool]) -> bool:
        if thing not in up:
            up[thing] = all(
                self._enough(kind, of, up) for (kind, _), of in self.needs.get(thing, {}).items()
            )
        return up[thing]

    def _enough(self, kind: str, of: Sequence[Relation], up: dict[ThingKey, bool]) -> bool:
        need = SCHEMA.relations[kind].need
        assert need is not None
        members = {r.target if need.dependent == "source" else r.source for r in of}
        given = [int(str(r.properties["k"])) for r in of if "k" in r.properties]
        wanted = max(given, default=len(members) if need.enough is None else need.enough)
        return sum(self._up(member, up) for member in members) >= wanted


def _standing_on_power(known: Facts) -> Facts:
    """The same network with feeds, batteries, hosts and a pool, redundant here and not there."""
    things, relations = list(known.things), list(known.relations)

    def join(kind: str, source: ThingKey, target: ThingKey, **properties: int) -> None:
        given: Properties = properties
        relations.append(Relation(kind, source, target, properties=given))

    devices = [t.key for t in known.things if t.kind == "device"]
    for number, device in enumerate(devices):
        feeds = [("power_feed", f"{device[1]}-{i}") for i in range(1 + number % 2)]
        battery, host = ("ups", device[1]), ("host", device[1])
        function = ("network_function", f"upf-{device[1]}")
        things += [Thing(*key) for key in (*feeds, battery, host, function)]
        for feed in feeds:
            join("fed_by", battery, feed)
        join("powered_by", device, battery)
        if number % 3 == 0:
            join("powered_by", device, feeds[0])
        join("powered_by", host, battery)
        join("attached_to", host, device)
        join("hosted_on", function, host)
        pool, service = ("pool", f"upf-{number // 3}"), ("service", f"mobile-{number // 3}")
        things += [Thing(*pool), Thing(*service)]
        in_pool = min(3, len(devices) - number // 3 * 3)
        join("member_of", function, pool, k=min(in_pool, 1 + number // 3 % 2))
        join("needs", service, pool)
    return Facts.of(things, relations)


@cache
def _known(network: str) -> Facts:
    return _standing_on_power(facts_of(build_inventory(WorldSpec(topology=network))))


def _compare(network: str) -> int:
    facts = _known(network)
    graph = derive(Snapshot.of(facts), SCHEMA)
    brute = _BruteForce(facts)
    services = [t.key for t in facts.things if t.kind == "service"]
    found: Mapping[ThingKey, tuple[str, ...]] = graph.single_points()
    elements = [t.key for t in facts.things if t.kind not in ("service", "customer")]
    for element in elements:
        assert found.get(element, ()) == brute.cut_off(element, services), element
    return len(elements)


@pytest.mark.parametrize(
    "network",
    [
        pytest.param(name, marks=() if name == "sndlib/abilene" else pytest.mark.slow)
        for name in SNDLIB
    ],
)
def test_single_points_are_those_of_a_brute_force_removal(network: str) -> None:
    assert _compare(network) > 100
