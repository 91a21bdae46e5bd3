"""What an event comes to as arcs, on four nodes."""

from dataclasses import replace

import pytest

from tests.twin.physics.networks import topology_of
from twin.errors import UnknownLink, UnknownNode, UnknownSharedRiskGroup
from twin.nouns.configuration import MAX_IGP_WEIGHT, default_configuration
from twin.nouns.state import NetworkState
from twin.nouns.topology import SharedRiskGroup
from twin.nouns.traffic import TrafficMatrix
from twin.whatif.events import (
    Event,
    GroupFailure,
    LinkFailure,
    LinkRepair,
    NodeFailure,
    WeightChange,
    arcs_changed,
    single_groups,
    single_links,
    single_nodes,
)

SQUARE = [(0, 1), (0, 2), (1, 3), (2, 3)]


def square() -> NetworkState:
    """Links L0 0-1, L1 0-2, L2 1-3, L3 2-3; L0 and L3 share a duct."""
    duct = SharedRiskGroup(id="duct", kind="duct", place="0", links=("L0", "L3"), shared_km=1.0)
    topology = topology_of(4, SQUARE).model_copy(update={"shared_risk_groups": (duct,)})
    nodes = tuple(node.id for node in topology.nodes)
    return NetworkState(
        topology, default_configuration(topology), TrafficMatrix.from_demands(nodes, ())
    )


def configured(state: NetworkState, node: str, link: str, **changes: object) -> NetworkState:
    """`state` with one interface changed."""
    interface = state.running.device(node).interface(link).model_copy(update=changes)
    return replace(state, running=state.running.with_interface(node, interface))


@pytest.mark.parametrize(
    ("events", "changed"),
    [
        ((LinkFailure("L2"),), {4: 0, 5: 0}),
        ((NodeFailure("1"),), {0: 0, 1: 0, 4: 0, 5: 0}),
        ((GroupFailure("duct"),), {0: 0, 1: 0, 6: 0, 7: 0}),
        ((WeightChange("1", "L0", 30),), {1: 30}),
        ((WeightChange("1", "L0", 30), LinkFailure("L0")), {0: 0, 1: 0}),
        ((LinkFailure("L0"), WeightChange("1", "L0", 30)), {0: 0, 1: 0}),
        ((WeightChange("1", "L0", 30), WeightChange("1", "L0", 40)), {1: 40}),
        ((), {}),
    ],
)
def test_event_changes_its_arcs(events: tuple[Event, ...], changed: dict[int, int]) -> None:
    assert arcs_changed(events, square()) == changed


def test_repair_brings_the_configured_weights_back() -> None:
    state = replace(configured(square(), "0", "L0", igp_weight=7), down_links=frozenset({"L0"}))
    assert arcs_changed((LinkRepair("L0"),), state) == {0: 7, 1: 10}


@pytest.mark.parametrize("down", [frozenset[str](), frozenset({"L1"})])
def test_repaired_link_has_its_new_weight_in_whatever_order_the_two_are_named(
    down: frozenset[str],
) -> None:
    state = replace(square(), down_links=down)
    heavier, repair = WeightChange("0", "L1", 7), LinkRepair("L1")
    expected = arcs_changed((repair,), state) | {2: 7}
    assert arcs_changed((heavier, repair), state) == expected
    assert arcs_changed((repair, heavier), state) == expected


def test_repair_does_not_open_a_link_that_is_shut_down() -> None:
    state = configured(square(), "0", "L0", shut_down=True)
    assert arcs_changed((LinkRepair("L0"),), state) == {}


def test_weight_of_an_unusable_link_changes_nothing() -> None:
    change = (WeightChange("1", "L0", 30),)
    assert arcs_changed(change, replace(square(), down_links=frozenset({"L0"}))) == {}
    assert arcs_changed(change, configured(square(), "0", "L0", shut_down=True)) == {}


def test_drained_interface_goes_on_advertising_the_highest_weight() -> None:
    state = configured(square(), "1", "L0", drained=True)
    assert arcs_changed((WeightChange("1", "L0", 30),), state) == {1: MAX_IGP_WEIGHT}


def test_everything_that_can_fail_alone_is_listed() -> None:
    topology = square().topology
    assert single_links(topology)[1] == (LinkFailure("L1"),)
    assert [what_if[0] for what_if in single_nodes(topology)] == [
        NodeFailure(str(i)) for i in range(4)
    ]
    assert single_groups(topology) == ((GroupFailure("duct"),),)


def test_event_that_names_what_is_not_there_is_refused() -> None:
    for event, error in (
        (LinkFailure("L9"), UnknownLink),
        (LinkRepair("L9"), UnknownLink),
        (NodeFailure("9"), UnknownNode),
        (GroupFailure("trench"), UnknownSharedRiskGroup),
        (WeightChange("3", "L0", 5), UnknownNode),
    ):
        with pytest.raises(error):
            arcs_changed((event,), square())
