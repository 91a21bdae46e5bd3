"""What goes to a node is limited where it enters: what that lets in, whom it costs, and back."""

import pytest

from tests.twin.physics.test_assessment import assert_conserved, demand, network, service, state_of
from tests.twin.remedies.test_screening import BEST_EFFORT, CERTAIN, FLAT
from tests.twin.tracking.square import inventory, topology
from twin.errors import UnknownNode
from twin.events.actions.limit_target import LimitTarget
from twin.events.faults.web_dos_attack import WebDosAttack
from twin.nouns.state import NetworkState
from twin.nouns.traffic import TrafficClass
from twin.physics.assessment import assess
from twin.physics.twin import Twin
from twin.remedies.blast import blast_radius
from twin.remedies.screening import Screening

STAR = (("a", "b"), ("b", "d"), ("c", "b"))
LIMIT = LimitTarget(node="d", traffic_class=BEST_EFFORT, rate_bps=2e9)


def _limited(state: NetworkState) -> NetworkState:
    running = LIMIT.configured(state.running, state.running, state.topology)
    return state.configured(running)


def test_each_entry_lets_in_as_much_and_what_is_kept_out_does_not_arrive() -> None:
    """a and c send 4 and 1 Gbit/s to d; 2 and 1 are let in, and half of a's is lost."""
    state = state_of(network(STAR), demand("a", "d", 4), demand("c", "d", 1))
    found = assess(_limited(state))
    arcs = {str(found.topology.egress_of(i)): x for i, x in enumerate(found.offered_bps.sum(1))}
    assert arcs["b|bd#1"] == pytest.approx(3e9)
    assert found.delivered[2, 0, 3] == pytest.approx(0.5)
    assert found.delivered[2, 2, 3] == pytest.approx(1.0)
    assert found.lost_bps == pytest.approx(2e9)


def test_other_classes_and_other_targets_are_let_in_whole() -> None:
    state = state_of(network(STAR), demand("a", "d", 4, TrafficClass.BUSINESS), demand("a", "b", 4))
    assert assess(_limited(state)).lost_bps == pytest.approx(0.0, abs=1.0)
    assert_conserved(assess(_limited(state)))


def test_service_towards_the_target_pays_for_it() -> None:
    state = state_of(network(STAR), demand("a", "d", 5))
    services = (service(BEST_EFFORT, delay_s=None, loss=None),)
    assert assess(state, services).verdicts[0].in_breach is False
    assert assess(_limited(state), services).verdicts[0].in_breach is True


def test_limit_is_taken_back_by_its_inverse_and_put_back_to_the_one_before() -> None:
    running, built = inventory().intended, inventory().topology
    limit = LimitTarget(node="B", traffic_class=BEST_EFFORT, rate_bps=1e9)
    once = limit.configured(running, running, built)
    (back,) = limit.inverse(running, built)
    assert back.configured(once, running, built) == running
    tighter = limit.model_copy(update={"rate_bps": 5e8})
    (back,) = tighter.inverse(once, built)
    assert back == limit
    assert limit.inverse(once, built) == ()
    assert "flowspec police best_effort to self 1000000000" in once.device("B").text()
    with pytest.raises(UnknownNode):
        limit.model_copy(update={"node": "Z"}).check(built)


def test_limit_touches_one_device_and_the_services_that_it_costs() -> None:
    known = inventory()
    limit = LimitTarget(node="B", traffic_class=TrafficClass.BUSINESS, rate_bps=1e9)
    after = limit.configured(known.intended, known.intended, known.topology)
    found = blast_radius(known, known.intended, after, ())
    assert found.devices == ("B",)
    towards_b = {s.id for s in known.services for pair in s.pairs if pair[1] == "B"}
    assert set(found.services) == {
        s.id
        for s in known.services
        if s.id in towards_b and s.traffic_class == TrafficClass.BUSINESS
    }
    assert found.moved_bps == 0.0


def test_flood_that_overloads_is_limited_where_it_enters_if_its_target_is_named() -> None:
    """9 Gbit/s of business to C, and 8 of flood to B, cross A-B of 10 Gbit/s; B has another way."""
    ends = (("A", "B"), ("B", "C"))
    known = inventory(topology(ends, nodes=("A", "B", "C")), demands=(("A", "C", 7e9),))
    twin = Twin(known)
    flood = WebDosAttack(target="B", flows_per_s=1e6, flow_bytes=1000)
    state = twin.state()
    rates = state.traffic.rates_bps.copy()
    rates[2, 0, 1] = 1e8
    state = flood.after(
        NetworkState(state.topology, state.running, type(state.traffic)(("A", "B", "C"), rates))
    )
    named = Screening(twin, state, FLAT, uncertainty=CERTAIN, margin=1.0, limited_at=("B",))
    plain = Screening(twin, state, FLAT, uncertainty=CERTAIN, margin=1.0)
    limits = [a for s in named.best() for a in s.actions if isinstance(a, LimitTarget)]
    assert limits
    assert not any(isinstance(a, LimitTarget) for s in plain.best() for a in s.actions)
    (limited, *_) = [s for s in named.best() if s.actions == (limits[0],)]
    assert limited.max_utilisation <= 0.95
    assert limited.cost.total < named.nothing.cost.total
