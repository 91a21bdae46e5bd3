"""A faulty device of which nothing comes any more: what its neighbours and probes still tell."""

import math
from dataclasses import replace

import numpy as np
import pytest

from tests.twin.diagnosis.test_likelihood import BUILT, KNOWN, likelihood, observed
from tests.twin.tracking.square import (
    A_TO_B,
    START_S,
    Counters,
    adjacency,
    inventory,
    loads_of,
    tracker_of,
)
from twin.diagnosis.candidates import propose_candidates
from twin.diagnosis.channels import Channels
from twin.diagnosis.observation import observe
from twin.events.fault import Fault
from twin.events.faults.blackhole_route import BlackholeRoute
from twin.events.faults.link_capacity_bottleneck import LinkCapacityBottleneck
from twin.events.faults.packet_loss import PacketLoss
from twin.events.faults.router_overload import RouterOverload
from twin.events.faults.silent_egress_packet_loss import SilentEgressPacketLoss
from twin.events.kinds import Clues
from twin.nouns.observation import SILENT_AFTER, Observation
from twin.nouns.topology import Interface

AT_A = ("A-B", "A-D", "A-E")
OWN = [BUILT.arc_of(Interface(node="A", link=link)) for link in AT_A]
TOWARDS = [BUILT.arc_of(Interface(node=link[-1], link=link)) for link in AT_A]


def _silent(*lossy: int, share: float = 0.2) -> Observation:
    """Nothing comes from A; probes over the egresses `lossy` lose `share`."""
    seen, unread = observed(), np.isin(np.arange(BUILT.n_arcs), OWN)
    loss = np.where(unread | np.isin(np.arange(BUILT.n_arcs), TOWARDS), np.nan, seen.loss)
    lost = np.where(np.isin(np.arange(BUILT.n_arcs), lossy), share * 300.0, 0.0)
    assert seen.probes is not None
    return replace(
        seen,
        sent_bps=np.where(unread, np.nan, seen.sent_bps),
        drop_fraction=np.where(unread, np.nan, seen.drop_fraction),
        loss=loss,
        probes=replace(seen.probes, lost=lost),
        missed={"A": SILENT_AFTER},
    )


def _odds(seen: Observation, *faults: Fault) -> float:
    channels = Channels(likelihood(seen))
    evidence = [*channels.likelihood.evidence(faults), *channels.by_probes_alone(faults)]
    total = sum(e.log_likelihood_ratio for e in evidence)
    return total + channels.likelihood.log_prior(faults)


def _proposed(seen: Observation) -> set[str]:
    return {c.id for c in propose_candidates(Clues(BUILT, KNOWN.intended, seen))}


def test_loss_at_an_egress_that_nobody_reads_is_proposed_from_probes() -> None:
    """Whether its sender counts it, nobody can tell: both kinds are."""
    found = _proposed(_silent(OWN[0]))
    assert {"silent_egress_packet_loss@A|A-B", "packet_loss@A|A-B"} <= found
    assert not {name for name in found if name.endswith(("A|A-D", "B|A-B"))}
    assert _proposed(_silent()) == set()


def test_what_the_neighbour_sends_and_counts_is_no_error_that_nobody_counted() -> None:
    found = _proposed(_silent(TOWARDS[0]))
    assert "silent_egress_packet_loss@B|A-B" in found
    assert "packet_loss@B|A-B" not in found


def test_what_probes_lost_is_counted_once_however_many_causes_would_explain_it() -> None:
    seen = _silent(OWN[0])
    cause = SilentEgressPacketLoss(node="A", link="A-B", fraction=0.2)
    also = PacketLoss(node="A", link="A-B", fraction=0.2)
    assert _odds(seen, cause) > 0.0
    assert _odds(seen, cause, also) < _odds(seen, cause) - 3.0


def test_silent_router_of_which_all_egresses_lose_is_overloaded() -> None:
    everywhere, one = _silent(*OWN), _silent(OWN[0])
    busy = RouterOverload(node="A", links=AT_A, fraction=0.2)
    single = SilentEgressPacketLoss(node="A", link="A-B", fraction=0.2)
    assert busy.id in _proposed(everywhere)
    assert _odds(everywhere, busy) > _odds(everywhere, single) + 5.0
    assert _odds(one, single) > _odds(one, busy) + 5.0


def test_silent_router_behind_which_nothing_arrives_at_one_node_swallows_it() -> None:
    """Its configuration cannot be read, so nothing there speaks against a route."""
    swallows = BlackholeRoute(node="A", targets=("B",))
    seen = _silent(OWN[0], share=1.0)
    assert swallows.id in _proposed(seen)
    assert _odds(seen, swallows) > 0.0
    assert _odds(replace(seen, missed={}), swallows) < 0.0
    assert swallows.id not in _proposed(replace(seen, missed={}))


def test_full_egress_that_nobody_reads_is_expected_to_lose_the_rest() -> None:
    """A-B is left 5 of 10 Gbit/s, and is offered 8."""
    short = LinkCapacityBottleneck(link="A-B", members=1)
    bias = np.zeros(BUILT.n_arcs)
    bias[OWN[0]] = math.log(8 / 3)
    felt, unfelt = (
        replace(seen, load_bias=bias) for seen in (_silent(OWN[0], share=3 / 8), _silent())
    )
    weights = [
        sum(e.log_likelihood_ratio for e in Channels(likelihood(seen)).by_probes_alone((short,)))
        for seen in (felt, unfelt)
    ]
    assert weights[0] > 3.0 > -3.0 > weights[1]


@pytest.mark.parametrize(("read", "told"), [(True, 0.0), (False, np.nan)])
def test_loss_that_nobody_has_read_since_the_onset_is_not_known(read: bool, told: float) -> None:
    known = inventory()
    tracker, counters = tracker_of(known), Counters()
    for _ in range(10):
        tracker.ingest(counters.after(loads_of(known)))
    onset_s = counters.now_s
    for _ in range(6):
        records = counters.after(loads_of(known))
        tracker.ingest(records if read else [r for r in records if r.node != "A"])
    loss = observe(tracker, known.intended, onset_s).loss[A_TO_B]
    assert loss == pytest.approx(told, abs=1e-3, nan_ok=True)


def test_returns_that_a_silent_far_end_cannot_tell_of_are_no_claim() -> None:
    known = inventory()
    tracker, counters = tracker_of(known), Counters()
    for _ in range(10):
        tracker.ingest(counters.after(loads_of(known)))
    for i in range(8):
        tracker.ingest([r for r in counters.after(loads_of(known)) if r.node != "A"])
        tracker.ingest([adjacency(counters.now_s, "B", "A-B", up=i % 2 == 1)])
    seen = observe(tracker, known.intended, START_S)
    assert len(seen.returns["A-B"]) > 2
    assert seen.returns_by == {}
