"""What a static route swallows goes nowhere, and taking it back is the remedy."""

from dataclasses import replace

import numpy as np
import pytest

from tests.twin.diagnosis.test_likelihood import observed
from tests.twin.tracking.square import (
    A_TO_B,
    A_TO_D,
    B_TO_C,
    C_TO_D,
    D_TO_A,
    D_TO_C,
    inventory,
)
from tools.change.rerouted import rerouted
from twin.errors import Ungrounded
from twin.events.actions.revert_to_intended import RevertToIntended
from twin.events.faults.blackhole_route import BlackholeRoute
from twin.events.faults.link_down import LinkDown
from twin.events.faults.traffic_spike import TrafficSpike
from twin.events.kinds import Clues
from twin.nouns.base import content_hash
from twin.nouns.configuration import DiscardRoute, default_configuration
from twin.nouns.state import NetworkState
from twin.physics.questions import links_used, offered_totals
from twin.physics.twin import Twin
from twin.remedies.blast import blast_radius
from twin.whatif.supposed import Supposed

# A sends D 4 Gbit/s over A-D, and C 2 Gbit/s, half over B and half over D.
KNOWN = inventory(
    demands=(("A", "D", 4e9), ("A", "C", 2e9), ("B", "C", 1e9)), services=(("A", "C"), ("B", "C"))
)
TWIN = Twin(KNOWN)
NORMAL = TWIN.state()
HOLE = BlackholeRoute(node="D", targets=("C",))


def test_what_reaches_the_node_and_goes_to_the_target_is_gone_behind_it() -> None:
    before, after = (offered_totals(TWIN, s) for s in (NORMAL, HOLE.after(NORMAL)))
    assert (before[A_TO_D], before[D_TO_C]) == (5e9, 1e9)
    assert (after[A_TO_D], after[D_TO_C]) == (5e9, 0.0)
    assert (after[A_TO_B], after[B_TO_C]) == (1e9, 2e9)
    assert after[[C_TO_D, D_TO_A]].sum() == 0.0


def test_pair_loses_what_took_that_way_and_other_targets_nothing() -> None:
    found = TWIN.assess(HOLE.after(NORMAL))
    loss = dict(zip([s.id for s in KNOWN.services], found.levels.loss[0], strict=True))
    assert loss["svc-AC"] == pytest.approx(0.5)
    assert loss["svc-BC"] == pytest.approx(0.0)


@pytest.mark.parametrize(
    "besides", [(), (TrafficSpike(target="C", factor=2.0),), (LinkDown(link="A-B"),)]
)
def test_differences_to_a_base_are_what_routing_from_nothing_gives(
    besides: tuple[TrafficSpike | LinkDown, ...],
) -> None:
    """Also where traffic grows, and where an event leaves the node that discards its next hops."""
    state: NetworkState = NORMAL
    for event in (HOLE, *besides):
        state = event.after(state)
    supposed = Supposed(TWIN, NORMAL)
    assert supposed.loads((HOLE, *besides)) == pytest.approx(offered_totals(TWIN, state))
    assert supposed.loads() == pytest.approx(offered_totals(TWIN, NORMAL))


def test_way_of_the_traffic_ends_at_the_node() -> None:
    assert links_used(TWIN, HOLE.after(NORMAL), "A", "C") == {"A-B", "B-C", "A-D"}


def test_both_counts_of_the_blast_have_what_comes_back() -> None:
    """All that A sends C is bounded to move, of which half really does; nothing is astray."""
    running = HOLE.after(NORMAL).running
    bound = blast_radius(KNOWN, running, KNOWN.intended, ())
    exact = rerouted(KNOWN, running, KNOWN.intended, ())
    assert (bound.devices, bound.services) == (("D",), ("svc-AC",))
    assert (exact.devices, exact.services) == (bound.devices, bound.services)
    assert (bound.moved_bps, exact.moved_bps) == (2e9, 1e9)
    assert (bound.returning_bps, exact.returning_bps) == (2e9, 1e9)
    assert blast_radius(KNOWN, KNOWN.intended, running, ()).moved_bps == 2e9


def test_new_static_routes_of_a_device_are_one_cause() -> None:
    running = NORMAL.running.with_device(
        NORMAL.running.device("D").with_discards(
            (DiscardRoute(target="B"), DiscardRoute(target="C"))
        )
    )
    old = NORMAL.running.with_device(
        NORMAL.running.device("D").with_discards((DiscardRoute(target="B"),))
    )

    clues = Clues(KNOWN.topology, old, replace(observed(), running=running))
    ((fault, reason),) = BlackholeRoute.propose(clues)
    assert (fault, reason) == (HOLE, "D discards what goes to C; it did not before")
    assert fault.taken_back(running, old) == old
    assert fault.remedies() == (RevertToIntended(node="D"),)


def test_route_that_makes_no_sense_is_refused() -> None:
    for targets in ((), ("C", "C"), ("D",)):
        with pytest.raises(Ungrounded):
            BlackholeRoute(node="D", targets=targets).check(KNOWN.topology, KNOWN.intended)
    HOLE.check(KNOWN.topology, KNOWN.intended)


def test_configuration_without_static_routes_is_written_as_it_was() -> None:
    """Hashes of plans and of states of earlier versions go on to hold."""
    device = default_configuration(KNOWN.topology).device("D")
    assert set(device.model_dump(mode="json")) == {"node", "interfaces"}
    with_one = device.with_discards((DiscardRoute(target="C"),))
    assert content_hash(with_one.model_dump(mode="json")) != content_hash(
        device.model_dump(mode="json")
    )
    assert with_one.text() == device.text() + "ip route C discard\n"
    interface = device.interfaces[0]
    assert with_one.with_interface(interface).discards == with_one.discards
    assert np.isfinite(TWIN.assess(NORMAL).levels.loss).all()
