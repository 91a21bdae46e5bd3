"""What an event comes to as arcs, on four nodes."""

from dataclasses import replace

import pytest

from tests.twin.physics.networks import topology_of
from twin.errors import UnknownLink, UnknownNode
from twin.events.actions.set_igp_weight import SetIgpWeight
from twin.events.faults.device_down import DeviceDown
from twin.events.faults.fiber_cut import FiberCut
from twin.events.faults.link_down import LinkDown
from twin.events.link_repair import LinkRepair
from twin.events.what_if import Event
from twin.nouns.configuration import MAX_IGP_WEIGHT, default_configuration
from twin.nouns.state import NetworkState
from twin.nouns.topology import SharedRiskGroup
from twin.nouns.traffic import TrafficMatrix
from twin.whatif.arcs import arcs_changed, single_groups, single_links, single_nodes

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
        ((LinkDown(link="L2"),), {4: 0, 5: 0}),
        ((DeviceDown(node="1"),), {0: 0, 1: 0, 4: 0, 5: 0}),
        ((FiberCut(duct="duct", links=("L0", "L3")),), {0: 0, 1: 0, 6: 0, 7: 0}),
        ((SetIgpWeight(node="1", link="L0", weight=30),), {1: 30}),
        ((SetIgpWeight(node="1", link="L0", weight=30), LinkDown(link="L0")), {0: 0, 1: 0}),
        ((LinkDown(link="L0"), SetIgpWeight(node="1", link="L0", weight=30)), {0: 0, 1: 0}),
        (
            (
                SetIgpWeight(node="1", link="L0", weight=30),
                SetIgpWeight(node="1", link="L0", weight=40),
            ),
            {1: 40},
        ),
        ((), {}),
    ],
)
def test_event_changes_its_arcs(events: tuple[Event, ...], changed: dict[int, int]) -> None:
    assert arcs_changed(events, square()) == changed


def test_repair_brings_the_configured_weights_back() -> None:
    state = replace(configured(square(), "0", "L0", igp_weight=7), down_links=frozenset({"L0"}))
    assert arcs_changed((LinkRepair(link="L0"),), state) == {0: 7, 1: 10}


@pytest.mark.parametrize("down", [frozenset[str](), frozenset({"L1"})])
def test_repaired_link_has_its_new_weight_in_whatever_order_the_two_are_named(
    down: frozenset[str],
) -> None:
    state = replace(square(), down_links=down)
    heavier, repair = SetIgpWeight(node="0", link="L1", weight=7), LinkRepair(link="L1")
    expected = arcs_changed((repair,), state) | {2: 7}
    assert arcs_changed((heavier, repair), state) == expected
    assert arcs_changed((repair, heavier), state) == expected


def test_repair_does_not_open_a_link_that_is_shut_down() -> None:
    state = configured(square(), "0", "L0", shut_down=True)
    assert arcs_changed((LinkRepair(link="L0"),), state) == {}


def test_weight_of_an_unusable_link_changes_nothing() -> None:
    change = (SetIgpWeight(node="1", link="L0", weight=30),)
    assert arcs_changed(change, replace(square(), down_links=frozenset({"L0"}))) == {}
    assert arcs_changed(change, configured(square(), "0", "L0", shut_down=True)) == {}


def test_drained_interface_goes_on_advertising_the_highest_weight() -> None:
    state = configured(square(), "1", "L0", drained=True)
    assert arcs_changed((SetIgpWeight(node="1", link="L0", weight=30),), state) == {
        1: MAX_IGP_WEIGHT
    }


def test_everything_that_can_fail_alone_is_listed() -> None:
    topology = square().topology
    assert single_links(topology)[1] == (LinkDown(link="L1"),)
    assert [what_if[0] for what_if in single_nodes(topology)] == [
        DeviceDown(node=str(i)) for i in range(4)
    ]
    assert single_groups(topology) == ((FiberCut(duct="duct", links=("L0", "L3")),),)


def test_event_that_names_what_is_not_there_is_refused() -> None:
    for event, error in (
        (LinkDown(link="L9"), UnknownLink),
        (LinkRepair(link="L9"), UnknownLink),
        (DeviceDown(node="9"), UnknownNode),
        (FiberCut(duct="trench", links=("L8",)), UnknownLink),
        (SetIgpWeight(node="3", link="L0", weight=5), UnknownNode),
    ):
        with pytest.raises(error):
            arcs_changed((event,), square())
