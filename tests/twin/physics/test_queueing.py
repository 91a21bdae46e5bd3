"""One egress against queues whose answers are known."""

import math

import numpy as np
import pytest

from tests.twin.physics.packets import CONSTANT, EXPONENTIAL, TWO_SIZES, simulated
from twin.physics.compiled import FloatArray
from twin.physics.queueing import PhysicsParameters, serve_egresses

RATE_BPS = 10e6
PACKET_BITS = 5600.0
SERVICE_S = PACKET_BITS / RATE_BPS

TWO = ((0.3 * PACKET_BITS, 0.5), (1.7 * PACKET_BITS, 0.5))
"""Two packet sizes, half each: a squared coefficient of variation of 0.49."""


def served(
    voice: float, shared: float, *, packets: float = 1e6, scv: float = 1.0
) -> tuple[float, float, float, float]:
    """Loss and wait of voice and of the shared queue, at loads relative to the capacity."""
    room_s = packets * SERVICE_S
    return served_with(voice, shared, PhysicsParameters(PACKET_BITS, scv, room_s, room_s))


def served_with(
    voice: float, shared: float, parameters: PhysicsParameters
) -> tuple[float, float, float, float]:
    arriving = np.array([[[voice, 0.4 * shared, 0.6 * shared]]]) * RATE_BPS
    capacity: FloatArray = np.array([[RATE_BPS]])
    result = serve_egresses(arriving, capacity, np.full((1, 3), np.inf), parameters)
    loss = 1 - result.sent[0, 0]
    return (
        float(loss[0]),
        float(result.wait_s[0, 0, 0]),
        float(loss[1]),
        float(result.wait_s[0, 0, 1]),
    )


def test_known_sizes_set_mean_and_variation() -> None:
    parameters = PhysicsParameters.of_sizes(TWO, queue_packets=32)
    assert parameters.packet_bits == pytest.approx(PACKET_BITS, rel=1e-15)
    assert parameters.packet_size_scv == pytest.approx(0.49, rel=1e-14)


@pytest.mark.parametrize("load", [0.1, 0.5, 0.9, 0.99])
@pytest.mark.parametrize("scv", [0.0, 0.3, 1.0, 3.0])
def test_wait_without_bounds_is_that_of_pollaczek_and_khinchine(load: float, scv: float) -> None:
    _, _, loss, wait = served(0.0, load, scv=scv)
    assert wait == pytest.approx(load * SERVICE_S * (1 + scv) / (2 * (1 - load)), rel=1e-13)
    assert loss == 0.0


@pytest.mark.parametrize("scv", [0.0, 0.49, 1.0, 2.0])
@pytest.mark.parametrize(("voice", "shared"), [(0.3, 0.5), (0.05, 0.9), (0.7, 0.2), (0.0, 0.6)])
def test_priority_waits_are_those_of_cobham(voice: float, shared: float, scv: float) -> None:
    residual = (voice + shared) * SERVICE_S * (1 + scv) / 2
    _, first, _, second = served(voice, shared, scv=scv)
    assert first == pytest.approx(residual / (1 - voice), rel=1e-13)
    assert second == pytest.approx(residual / ((1 - voice) * (1 - voice - shared)), rel=1e-13)


@pytest.mark.parametrize("load", [0.5, 0.9, 0.999999, 1.0, 1.1, 2.0])
@pytest.mark.parametrize("packets", [5, 32, 1000])
def test_loss_and_wait_are_exact_for_m_m_1_k(load: float, packets: int) -> None:
    _, _, loss, wait = served(0.0, load, packets=packets)
    weights = load ** np.arange(packets + 1.0)
    chance = weights / weights.sum()
    # An accepted packet that finds i others waits for i services.
    exact = (np.arange(packets) * chance[:-1]).sum() / chance[:-1].sum() * SERVICE_S
    # At a load of 1 the answer lies on a line between two loads beside it.
    assert loss == pytest.approx(chance[-1], rel=1e-6, abs=1e-15)
    assert wait == pytest.approx(exact, rel=1e-6)


@pytest.mark.parametrize("load", [0.3, 0.7, 0.9, 0.97, 1.0, 1.05, 1.5, 3.0])
@pytest.mark.parametrize(("packets", "tolerance"), [(5, 1e-2), (10, 1e-5), (32, 1e-6)])
@pytest.mark.parametrize("sizes", [((1.0, 1.0),), ((0.3, 0.5), (1.7, 0.5))])
def test_bounded_queue_is_that_of_the_embedded_chain(
    sizes: tuple[tuple[float, float], ...], packets: int, tolerance: float, load: float
) -> None:
    parameters = PhysicsParameters.of_sizes(
        tuple((size * PACKET_BITS, share) for size, share in sizes), queue_packets=packets
    )
    loss, wait = embedded_chain(load, packets, sizes)
    _, _, found, waited = served_with(0.0, load, parameters)
    assert found == pytest.approx(loss, rel=tolerance, abs=1e-14)
    assert waited == pytest.approx(wait * SERVICE_S, rel=tolerance)


def test_constant_size_is_the_same_by_moments_and_by_name() -> None:
    named = PhysicsParameters.of_sizes(((PACKET_BITS, 1.0),), queue_packets=10)
    by_moments = served(0.3, 0.65, packets=10, scv=0.0)
    assert served_with(0.3, 0.65, named) == pytest.approx(by_moments, rel=1e-9)


def embedded_chain(
    load: float, packets: int, sizes: tuple[tuple[float, float], ...]
) -> tuple[float, float]:
    """Loss and wait (in services) from the chain at departures (Gross and Harris, 5.1.7)."""
    arrivals = np.zeros(packets + 1)
    for size, share in sizes:
        counts = np.arange(packets + 1.0)
        logs = counts * math.log(load * size) - load * size
        logs -= np.array([math.lgamma(count + 1) for count in counts])
        arrivals += share * np.exp(logs)
    # Across each cut as many go up as down; all terms are positive, so nothing cancels.
    above = 1.0 - np.cumsum(arrivals)
    left_behind = np.zeros(packets)
    left_behind[0] = 1.0
    for k in range(packets - 1):
        up = left_behind[0] * above[k]
        up += sum(left_behind[i] * above[k - i + 1] for i in range(1, k + 1))
        left_behind[k + 1] = up / arrivals[0]
    left_behind /= left_behind.sum()
    loss = 1 - 1 / (left_behind[0] + load)
    mean = (np.arange(packets) * left_behind).sum() * (1 - loss) + packets * loss
    return float(loss), float(mean / (load * (1 - loss)) - 1)


# (loads of voice and rest, places of each, tolerance of loss, of wait). Voice that is itself lost
# comes to the others with fewer long bursts than the formulas think.
EGRESSES = [
    ((0.2, 0.5), (30, 8), 0.10, 0.01),
    ((0.3, 0.6), (30, 32), 0.05, 0.01),
    ((0.4, 0.5), (30, 30), 0.08, 0.01),
    ((0.2, 1.2), (30, 16), 0.01, 0.01),
    ((0.5, 0.6), (30, 16), 0.02, 0.01),
    ((0.9, 0.3), (16, 30), 0.03, 0.02),
    ((0.9, 0.3), (8, 16), 0.05, 0.05),
    ((1.2, 0.5), (10, 16), 0.02, 0.04),
]


@pytest.mark.slow
@pytest.mark.parametrize("sizes", [CONSTANT, EXPONENTIAL, TWO_SIZES])
@pytest.mark.parametrize(("loads", "places", "loss", "wait"), EGRESSES)
def test_bounded_priority_queues_match_a_simulation_of_packets(
    loads: tuple[float, float], places: tuple[int, int], loss: float, wait: float, sizes: int
) -> None:
    known = ((PACKET_BITS, 1.0),) if sizes == CONSTANT else TWO if sizes == TWO_SIZES else ()
    scv = {CONSTANT: 0.0, EXPONENTIAL: 1.0, TWO_SIZES: 0.49}[sizes]
    parameters = PhysicsParameters(
        PACKET_BITS, scv, places[0] * SERVICE_S, places[1] * SERVICE_S, known
    )
    voice_loss, voice_wait, rest_loss, rest_wait = served_with(*loads, parameters)
    packets = simulated(loads, places, sizes)
    assert abs(voice_loss - packets.loss[0]) < 0.1 * packets.loss[0] + packets.loss_half[0] + 1e-6
    assert abs(rest_loss - packets.loss[1]) < loss * packets.loss[1] + packets.loss_half[1]
    waits = np.array([voice_wait, rest_wait]) / SERVICE_S
    assert (np.abs(waits - packets.wait) < wait * packets.wait + packets.wait_half).all()


@pytest.mark.slow
@pytest.mark.parametrize("sizes", [CONSTANT, EXPONENTIAL, TWO_SIZES])
def test_simulation_of_packets_itself_obeys_cobham(sizes: int) -> None:
    scv = {CONSTANT: 0.0, EXPONENTIAL: 1.0, TWO_SIZES: 0.49}[sizes]
    packets = simulated((0.3, 0.4), (10_000, 10_000), sizes)
    residual = 0.7 * (1 + scv) / 2
    assert abs(packets.wait[0] - residual / 0.7) < packets.wait_half[0]
    assert abs(packets.wait[1] - residual / (0.7 * 0.3)) < packets.wait_half[1]


def test_overload_loses_the_excess_and_fills_the_buffer() -> None:
    _, _, loss, wait = served(0.0, 2.0, packets=1000)
    assert loss == pytest.approx(0.5, rel=1e-9)
    # Arrivals find 999, 998, ... packets with chances 1/2, 1/4, ...: 998 on average.
    assert wait == pytest.approx(998 * SERVICE_S, rel=1e-9)


@pytest.mark.parametrize("scv", [0.0, 0.49, 1.0, 4.0])
@pytest.mark.parametrize("voice", [0.0, 0.3, 0.95])
def test_loss_and_wait_grow_with_the_load(voice: float, scv: float) -> None:
    loads = np.linspace(0.001, 1.5, 300)
    answers = np.array([served(voice, load, packets=1e5, scv=scv)[2:] for load in loads])
    assert (np.diff(answers, axis=0) > -1e-9).all()


def test_voice_overload_leaves_almost_nothing() -> None:
    voice_loss, _, shared_loss, _ = served(1.5, 0.5, packets=1000)
    assert voice_loss == pytest.approx(1 / 3, rel=1e-6)
    assert shared_loss > 0.99


def test_idle_egress_has_no_wait_and_no_loss() -> None:
    assert served(0.0, 0.0) == (0.0, 0.0, 0.0, 0.0)
