"""What-ifs that build: against inventories that had it from the start, and worked by hand."""

from dataclasses import replace

import pytest

from tests.twin.whatif.test_survey import crowded, square
from twin.errors import BadInput
from twin.events.phrases import read_what_if
from twin.events.what_if import WhatIf
from twin.nouns.configuration import MAX_IGP_WEIGHT
from twin.nouns.topology import Topology
from twin.physics.twin import Twin
from twin.sources.world import inventory_from_text
from twin.whatif.arcs import arcs_changed
from twin.whatif.comparison import assess_after, build, compare
from twin.whatif.engine import WhatIfEngine


def asked(text: str, twin: Twin) -> WhatIf:
    return read_what_if(text, twin.inventory.topology)


def test_doubled_capacity_halves_utilisation_and_moves_no_load() -> None:
    twin = square((("A", "D", 12.0),))
    found = compare(twin.state(), asked("link A-B members 2", twin), twin)
    assert (found.after.offered_bps == found.before.offered_bps).all()
    assert [(str(c.egress), c.before_utilisation, c.after_utilisation) for c in found.egresses] == [
        ("A|A--B", pytest.approx(0.6), pytest.approx(0.3)),
        ("B|A--B", 0.0, 0.0),
    ]
    assert found.touched == {"A--B"}
    assert (found.failed, found.assumed) == (frozenset(), ())
    assert not found.without_effect


def test_capacity_that_stands_already_has_no_effect() -> None:
    twin = square((("A", "D", 12.0),))
    assert compare(twin.state(), asked("link A-B to 10G", twin), twin).without_effect


def test_service_in_breach_is_kept_once_the_link_is_large_enough() -> None:
    twin = square((("A", "D", 12.0),))
    down = replace(twin.state(), down_links=frozenset({"A--B"}))
    found = compare(down, asked("A-C members 2, C-D members 2", twin), twin)
    assert [(s.before_in_breach, s.after_in_breach) for s in found.services] == [(True, False)]


@pytest.mark.parametrize(
    "text",
    [
        "link {first} at 50 %",
        "add link {far} 400G weight 3",
        "node new at {ends}",
        "add link {far} 400G weight 3; link {first} down; drain node {node}",
    ],
)
def test_after_building_is_as_if_it_had_been_there(text: str) -> None:
    """Against a twin of the whole changed inventory, routed and assessed from nothing."""
    twin = crowded()
    topology = twin.inventory.topology
    a, b = _apart(topology)
    link = topology.links[0]
    names = {"first": link.id, "far": f"{a} to {b}", "ends": f"{a}, {b}", "node": link.b}
    what_if = asked(text.format(**names), twin)
    state = twin.state()
    for event in what_if:
        state = event.after(state)
    inventory = replace(
        twin.inventory,
        topology=Topology.model_validate(state.topology.model_dump()),
        intended=state.running,
        peak_traffic=state.traffic,
    )
    wanted = Twin(inventory).assess(
        replace(state, topology=inventory.topology, traffic=inventory.peak_traffic)
    )
    found = compare(twin.state(), what_if, twin)
    assert (found.after.offered_bps == wanted.offered_bps).all()
    assert (found.after.delivered == wanted.delivered).all()
    assert (found.after.levels.in_breach == wanted.levels.in_breach).all()
    assert found.touched or found.failed
    assert assess_after(twin.state(), what_if, twin).lost_bps == wanted.lost_bps


def test_new_link_is_offered_what_takes_it() -> None:
    twin = square((("A", "D", 12.0),))
    found = compare(twin.state(), asked("add link A-D 40G", twin), twin)
    loads = {str(c.egress): (c.before_bps / 1e9, c.after_bps / 1e9) for c in found.egresses}
    # One hop of weight 10 against two.
    assert loads["A|A--D"] == (0.0, 12.0)
    assert loads["A|A--B"] == (6.0, 0.0)
    assert found.assumed == (
        "A--D has weight 10, as most interfaces",
        "A--D has no length, as no distance is known, and is in no shared-risk group",
    )


def test_second_link_between_two_nodes_gets_a_name_of_its_own() -> None:
    twin = square((("A", "D", 12.0),))
    what_if = asked("add link B-A 10G; add link A-B 10G", twin)
    state = twin.state()
    for event in what_if:
        state = event.after(state)
    assert [link.id for link in state.topology.links[4:]] == ["A--B#2", "A--B#3"]


def test_new_node_stands_between_its_neighbours_and_sends_nothing() -> None:
    twin = square((("A", "D", 12.0),))
    (event,) = asked("node E at A, D", twin)
    state = event.after(twin.state())
    assert [(x.id, x.a, x.b, x.capacity_bps) for x in state.topology.links_at("E")] == [
        ("E--A", "E", "A", 10e9),
        ("E--D", "E", "D", 10e9),
    ]
    assert state.traffic.rates_bps.shape == (3, 5, 5)
    assert state.traffic.rates_bps[:, 4].sum() == state.traffic.rates_bps[:, :, 4].sum() == 0
    loads = compare(twin.state(), (event,), twin).after.offered_bps.sum(axis=1) / 1e9
    # Three equal ways from A to D.
    assert loads[[0, 4, 9, 10]] == pytest.approx([4.0, 4.0, 4.0, 4.0])


def test_drained_node_is_gone_around_and_still_reached() -> None:
    twin = square((("A", "D", 12.0), ("A", "B", 1.0)))
    changed = arcs_changed(asked("drain node B", twin), twin.state())
    assert changed == dict.fromkeys((0, 1, 2, 3), MAX_IGP_WEIGHT)
    found = compare(twin.state(), asked("drain node B", twin), twin)
    loads = {str(c.egress): c.after_bps / 1e9 for c in found.egresses}
    assert loads == {"A|A--B": 1.0, "B|B--D": 0.0, "A|A--C": 12.0, "C|C--D": 12.0}
    assert found.totals(limit=2.0)[1].no_path_bps == 0.0


def test_engine_with_other_capacities_keeps_its_routes_and_gives_other_verdicts() -> None:
    twin = crowded()
    engine = WhatIfEngine(twin.state(), twin.services, twin.parameters, twin.compiled)
    halved = asked("; ".join(f"{x.id} at 50 %" for x in twin.inventory.topology.links), twin)
    built = engine.built(halved)
    assert built._routing is engine._routing
    assert (built.loads([()]) == engine.loads([()])).all()
    assert built.sweep([()]).max_utilisation == pytest.approx(
        2 * engine.sweep([()]).max_utilisation
    )
    wanted = assess_after(twin.state(), halved, twin).levels.in_breach
    assert (built.verdicts([()]).levels.in_breach == wanted).all()
    assert wanted.sum() > engine.verdicts([()]).levels.in_breach.sum()


def test_engine_with_a_new_link_routes_anew() -> None:
    twin = square((("A", "D", 12.0),))
    engine = WhatIfEngine(twin.state(), compiled=twin.compiled)
    built = engine.built(asked("add link A-D 40G", twin))
    assert built.loads([()])[0] / 1e9 == pytest.approx([0, 0, 0, 0, 0, 0, 0, 0, 12, 0])


def test_what_builds_is_never_taken_for_a_change_of_weights() -> None:
    twin = square((("A", "D", 12.0),))
    engine = WhatIfEngine(twin.state(), compiled=twin.compiled)
    with pytest.raises(BadInput, match="changes what is built"):
        engine.sweep([asked("link A-B members 2", twin)])
    with pytest.raises(BadInput, match="builds nothing"):
        engine.built(asked("A-B down", twin))


def _apart(topology: Topology) -> tuple[str, str]:
    """Two nodes that no link joins."""
    first = topology.nodes[0].id
    near = {link.other_end(first) for link in topology.links_at(first)}
    return first, next(n.id for n in topology.nodes[1:] if n.id not in near)


def test_new_link_on_a_map_that_was_only_drawn_has_no_length() -> None:
    text = "source,target,capacity,length_km\nA,B,10G,120\nB,C,10G,120\n"
    twin = Twin(inventory_from_text(text, "line.csv"))
    topology = twin.inventory.topology
    built = build(twin.state(), read_what_if("add link A-C 10G", topology), twin)
    (new,) = built.state.topology.links[2:]
    assert (new.length_km, new.propagation_s) == (0.0, 0.0)
    assert "A--C has no length, as no distance is known" in built.assumed[-1]
    assert built.state.topology.sites == topology.sites
