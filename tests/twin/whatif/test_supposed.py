"""Loads after faults are those of routing everything again, and the base is routed once."""

from collections.abc import Sequence

import numpy as np
import pytest

from tests.twin.tracking.square import inventory, topology
from twin.events.fault import Fault
from twin.events.faults.fiber_cut import FiberCut
from twin.events.faults.igp_weight_misconfig import IgpWeightMisconfig
from twin.events.faults.link_down import LinkDown
from twin.events.faults.silent_egress_packet_loss import SilentEgressPacketLoss
from twin.events.faults.traffic_spike import TrafficSpike
from twin.physics.questions import offered_totals
from twin.physics.twin import Twin
from twin.whatif.supposed import Supposed

KNOWN = inventory(topology(), demands=(("A", "B", 3e9), ("A", "C", 2e9), ("D", "B", 1e9)))

CUT = LinkDown(link="A-B")
SURGE = TrafficSpike(target="B", factor=1.5)
WEIGHT = IgpWeightMisconfig(node="A", link="A-B", weight=40)
LOSS = SilentEgressPacketLoss(node="A", link="A-B", fraction=0.1)
DUCT = FiberCut(duct="", links=("A-B", "B-C"))


@pytest.mark.parametrize(
    "faults", [(), (CUT,), (SURGE,), (WEIGHT,), (LOSS,), (DUCT,), (CUT, SURGE), (SURGE, WEIGHT)]
)
def test_loads_are_those_of_the_state_after_the_faults(faults: Sequence[Fault]) -> None:
    twin = Twin(KNOWN)
    state = twin.state()
    for fault in faults:
        state = fault.after(state)
    found = Supposed(twin, twin.state()).loads(faults)
    np.testing.assert_allclose(found, offered_totals(twin, state), rtol=1e-12, atol=1e-3)


def test_what_has_no_path_is_not_served() -> None:
    twin = Twin(KNOWN)
    supposed = Supposed(twin, twin.state())
    assert supposed.after(())[1] == 0.0
    assert supposed.after((DUCT,))[1] == 4e9
    assert supposed.after((DUCT, SURGE))[1] == 6e9


def test_base_is_routed_once_whatever_is_supposed_of_it() -> None:
    twin = Twin(KNOWN)
    supposed = Supposed(twin, twin.state())
    for faults in ((), (CUT,), (DUCT,), (CUT, SURGE), (WEIGHT, SURGE)):
        supposed.loads(faults)
    assert twin.routed == 1
