"""Loss, delay and verdicts: by hand on four nodes, and conservation everywhere."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twin.errors import UnknownNode
from twin.nouns.configuration import Policer, default_configuration
from twin.nouns.service import Service, ServiceLevelObjective
from twin.nouns.state import NetworkState
from twin.nouns.topology import Interface, Link, Node, Site, Topology
from twin.nouns.traffic import Demand, TrafficClass, TrafficMatrix
from twin.physics.assessment import Assessment, assess
from twin.physics.queueing import PhysicsParameters

G = 1e9
NODES = ("a", "b", "c", "d")
SQUARE = (("a", "b"), ("a", "c"), ("b", "d"), ("c", "d"))
LINE = (("a", "b"), ("b", "c"), ("c", "d"))


def network(ends: tuple[tuple[str, str], ...], gbps: tuple[float, ...] | None = None) -> Topology:
    """Four nodes; 10 Gbit/s and 1 ms unless said otherwise."""
    rates = gbps or (10.0,) * len(ends)
    return Topology(
        name="by hand",
        sites=tuple(Site(id=n, longitude=0, latitude=0) for n in NODES),
        nodes=tuple(Node(id=n, site=n) for n in NODES),
        links=tuple(
            Link(
                id=f"{a}{b}#{i}",
                a=a,
                b=b,
                capacity_bps=rate * G,
                members=1,
                length_km=200,
                propagation_s=0.001,
            )
            for i, ((a, b), rate) in enumerate(zip(ends, rates, strict=True))
        ),
    )


def demand(source: str, target: str, gbps: float, cls: TrafficClass | None = None) -> Demand:
    return Demand(
        source=source,
        target=target,
        traffic_class=cls or TrafficClass.BEST_EFFORT,
        rate_bps=gbps * G,
    )


def state_of(topology: Topology, *demands: Demand) -> NetworkState:
    matrix = TrafficMatrix.from_demands(NODES, demands)
    return NetworkState(topology, default_configuration(topology), matrix)


def service(cls: TrafficClass, delay_s: float | None = 0.010, loss: float | None = 0.01) -> Service:
    objective = ServiceLevelObjective(loss=loss, delay_s=delay_s, availability=0.999)
    return Service(
        id="svc", customer="c", traffic_class=cls, pairs=(("a", "d"),), objective=objective
    )


def assert_conserved(result: Assessment) -> None:
    """Per class: what enters = what arrives + what egresses drop + what has no way."""
    enters = result.traffic_bps.sum(axis=(1, 2))
    arrives = (result.traffic_bps * result.delivered).sum(axis=(1, 2))
    dropped = (result.arriving_bps - result.received_bps).sum(axis=0)
    stranded = (result.traffic_bps * ~result.reachable).sum(axis=(1, 2))
    assert arrives + dropped + stranded == pytest.approx(enters, rel=1e-9, abs=1.0)


def test_light_load_arrives_whole_after_propagation() -> None:
    result = assess(state_of(network(LINE), demand("a", "d", 1)))
    assert result.delivered[2, 0, 3] == 1.0
    # Three hops of 1 ms and of 0.56 us per packet; the queues are nearly empty.
    assert result.delay_s[2, 0, 3] == pytest.approx(0.003 + 3 * 0.56e-6, abs=0.5e-6)
    assert result.utilisation.tolist() == [0.1, 0, 0.1, 0, 0.1, 0]
    assert result.lost_bps == 0.0


def test_overload_loses_what_exceeds_the_capacity() -> None:
    result = assess(state_of(network(LINE), demand("a", "d", 12.5)))
    assert result.delivered[2, 0, 3] == pytest.approx(10 / 12.5, rel=1e-4)
    assert result.utilisation[0] == pytest.approx(1.25)
    assert result.carried_utilisation[0] == pytest.approx(1.0, rel=1e-4)
    # The full buffer of 50 ms is what the survivors wait for.
    assert result.queue_delay_s[0, 2] == pytest.approx(0.050, rel=1e-3)
    assert_conserved(result)


def test_drops_upstream_thin_the_load_downstream() -> None:
    # b-c carries what a-b lets through, 10 of 20, and is then not overloaded itself.
    result = assess(state_of(network(LINE, (10, 12, 12)), demand("a", "d", 20)))
    assert result.offered_bps[2, 2] == pytest.approx(20 * G)
    assert result.arriving_bps[2, 2] == pytest.approx(10 * G, rel=1e-3)
    assert result.dropped[2, 2] == pytest.approx(0.0, abs=1e-6)
    assert_conserved(result)


def test_voice_keeps_its_quality_while_the_rest_is_overloaded() -> None:
    voice, rest = TrafficClass.VOICE, TrafficClass.BUSINESS
    result = assess(
        state_of(network(LINE), demand("a", "d", 4, voice), demand("a", "d", 12, rest)),
        [service(voice)],
    )
    assert result.delivered[0, 0, 3] == 1.0
    assert result.delivered[1, 0, 3] == pytest.approx(6 / 12, rel=1e-3)
    assert not result.verdicts[0].in_breach


def test_business_and_best_effort_share_one_fate() -> None:
    classes = (TrafficClass.BUSINESS, TrafficClass.BEST_EFFORT)
    result = assess(state_of(network(LINE), *(demand("a", "d", 8, c) for c in classes)))
    assert (
        result.delivered[1, 0, 3] == result.delivered[2, 0, 3] == pytest.approx(10 / 16, rel=1e-3)
    )


def test_policer_drops_its_class_and_spares_the_others() -> None:
    topology = network(LINE)
    state = state_of(
        topology,
        demand("a", "d", 6, TrafficClass.BUSINESS),
        demand("a", "d", 8, TrafficClass.BEST_EFFORT),
    )
    policer = Policer(traffic_class=TrafficClass.BEST_EFFORT, rate_bps=2 * G)
    interface = state.running.device("a").interface("ab#0")
    running = state.running.with_interface(
        "a", interface.model_copy(update={"policers": (policer,)})
    )
    result = assess(NetworkState(topology, running, state.traffic))
    assert result.delivered[:, 0, 3].tolist() == pytest.approx([1.0, 1.0, 0.25])
    assert_conserved(result)


def test_silent_loss_is_sent_but_not_received() -> None:
    topology = network(LINE)
    state = state_of(topology, demand("a", "d", 1))
    lossy = {Interface(node="b", link="bc#1"): 0.2}
    result = assess(NetworkState(topology, state.running, state.traffic, egress_loss=lossy))
    assert result.dropped[2, 2] == 0.0
    assert result.carried_bps[2, 2] == pytest.approx(1.0 * G)
    assert result.received_bps[2, 2] == pytest.approx(0.8 * G)
    assert result.carried_bps[4, 2] == pytest.approx(0.8 * G)
    assert result.delivered[2, 0, 3] == pytest.approx(0.8)
    assert_conserved(result)


def test_loss_on_one_of_two_equal_paths_takes_half_of_it() -> None:
    topology = network(SQUARE)
    state = state_of(topology, demand("a", "d", 1))
    lossy = {Interface(node="a", link="ab#0"): 0.5}
    result = assess(NetworkState(topology, state.running, state.traffic, egress_loss=lossy))
    assert result.delivered[2, 0, 3] == pytest.approx(0.75)


def test_partitioned_pair_is_unavailable() -> None:
    topology = network(LINE)
    state = state_of(topology, demand("a", "d", 1))
    down = NetworkState(topology, state.running, state.traffic, down_links=frozenset({"bc#1"}))
    result = assess(down, [service(TrafficClass.BUSINESS)])
    verdict = result.verdicts[0]
    assert verdict.unavailable
    assert verdict.in_breach
    assert verdict.loss == 1.0
    assert verdict.delay_s == np.inf
    assert verdict.reasons == ("unavailable: of a pair nothing arrives",)
    assert not result.reachable[0, 3]
    assert result.reachable[0, 1]
    assert result.lost_bps == pytest.approx(1 * G)
    assert_conserved(result)


def test_verdict_names_each_broken_promise() -> None:
    state = state_of(network(LINE), demand("a", "d", 12.5))
    verdict = assess(state, [service(TrafficClass.BEST_EFFORT)]).verdicts[0]
    assert verdict.in_breach
    assert not verdict.unavailable
    assert len(verdict.reasons) == 2
    assert "exceeds 1.00%" in verdict.reasons[0]
    assert "exceeds 10.0 ms" in verdict.reasons[1]


def test_service_without_bounds_breaks_only_when_unavailable() -> None:
    promised = service(TrafficClass.BEST_EFFORT, delay_s=None, loss=None)
    topology = network(LINE)
    slow = assess(state_of(topology, demand("a", "d", 12.5)), [promised])
    dead = assess(state_of(topology, demand("a", "d", 25.0)), [promised])
    assert not slow.verdicts[0].in_breach
    assert dead.verdicts[0].in_breach


@pytest.mark.parametrize(
    "pairs", [(("a", "b"), ("c", "d")), (("c", "d"), ("a", "b"))], ids=["last", "first"]
)
def test_service_fares_as_its_worst_pair_wherever_that_stands(
    pairs: tuple[tuple[str, str], ...],
) -> None:
    """Of 12.5 Gbit/s from c to d a fifth is lost; between a and b there is room."""
    state = state_of(network(LINE), demand("a", "b", 1), demand("c", "d", 12.5))
    both = service(TrafficClass.BEST_EFFORT, delay_s=None).model_copy(update={"pairs": pairs})
    (verdict,) = assess(state, [both]).verdicts
    assert verdict.in_breach
    assert verdict.loss == pytest.approx(0.2)


def test_next_service_is_judged_by_its_own_pairs_alone() -> None:
    state = state_of(network(LINE), demand("a", "b", 1), demand("c", "d", 12.5))
    calm = service(TrafficClass.BEST_EFFORT).model_copy(update={"pairs": (("a", "b"),)})
    hurt = service(TrafficClass.BEST_EFFORT).model_copy(update={"pairs": (("c", "d"),)})
    assert [v.in_breach for v in assess(state, [calm, hurt, calm]).verdicts] == [False, True, False]


@pytest.mark.parametrize(
    ("loss", "delay_s", "gbps", "in_breach"),
    [
        # Of 12.5 Gbit/s over 10 a fifth is lost.
        (0.21, None, 12.5, False),
        (0.19, None, 12.5, True),
        # Three links of one millisecond, and little more where there is no queue.
        (None, 0.0031, 1, False),
        (None, 0.0029, 1, True),
        # More than half lost is unavailable, whatever was promised: 19.8 and 20.2 over 10.
        (None, None, 19.8, False),
        (None, None, 20.2, True),
        (0.9, None, 20.2, True),
    ],
)
def test_each_promise_is_broken_just_beyond_its_bound(
    loss: float | None, delay_s: float | None, gbps: float, in_breach: bool
) -> None:
    state = state_of(network(LINE), demand("a", "d", gbps))
    promised = service(TrafficClass.BEST_EFFORT, delay_s=delay_s, loss=loss)
    (verdict,) = assess(state, [promised]).verdicts
    assert verdict.in_breach is in_breach
    assert bool(verdict.reasons) is in_breach


def test_service_between_unknown_nodes_is_refused() -> None:
    stray = service(TrafficClass.VOICE).model_copy(update={"pairs": (("a", "e"),)})
    with pytest.raises(UnknownNode, match='"e" is not in by hand'):
        assess(state_of(network(LINE), demand("a", "d", 1)), [stray])


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_traffic_is_conserved_in_every_class(data: st.DataObject) -> None:
    topology = network((*SQUARE, ("b", "c"), ("a", "d")), (10, 5, 10, 2, 1, 3))
    rates = data.draw(
        st.lists(st.floats(0, 8), min_size=36, max_size=36).map(lambda r: np.array(r) * G)
    )
    matrix = np.zeros((3, 4, 4))
    matrix[:, ~np.eye(4, dtype=bool)] = rates.reshape(3, 12)
    down = data.draw(st.sets(st.sampled_from([link.id for link in topology.links]), max_size=4))
    lossy = {topology.egress_of(data.draw(st.integers(0, 11))): data.draw(st.floats(0, 1))}
    state = NetworkState(
        topology,
        default_configuration(topology),
        TrafficMatrix(NODES, matrix),
        frozenset(down),
        lossy,
    )
    result = assess(state)
    assert_conserved(result)
    assert ((result.delivered >= 0) & (result.delivered <= 1)).all()
    assert (result.carried_utilisation <= 1 + 1e-5).all()
    assert (result.arriving_bps <= result.offered_bps * (1 + 1e-9) + 1).all()


def test_other_parameters_give_other_waits() -> None:
    state = state_of(network(LINE), demand("a", "d", 12.5))
    shallow = assess(state, (), PhysicsParameters(shared_buffer_s=0.010))
    assert shallow.queue_delay_s[0, 2] == pytest.approx(0.010, rel=1e-2)
