"""One egress against queues whose answers are known."""

import numpy as np
import pytest

from twin.physics.compiled import FloatArray
from twin.physics.queueing import PhysicsParameters, serve_egresses

RATE_BPS = 10e6
PACKET_BITS = 5600.0
SERVICE_S = PACKET_BITS / RATE_BPS


def served(
    voice: float, shared: float, *, packets: float = 1e6, scv: float = 1.0
) -> tuple[float, float, float, float]:
    """Loss and wait of voice and of the shared queue, at loads relative to the capacity."""
    arriving = np.array([[[voice, 0.4 * shared, 0.6 * shared]]]) * RATE_BPS
    room_s = packets * SERVICE_S
    parameters = PhysicsParameters(PACKET_BITS, scv, room_s, room_s)
    capacity: FloatArray = np.array([[RATE_BPS]])
    result = serve_egresses(arriving, capacity, np.full((1, 3), np.inf), parameters)
    loss = 1 - result.sent[0, 0]
    return (
        float(loss[0]),
        float(result.wait_s[0, 0, 0]),
        float(loss[1]),
        float(result.wait_s[0, 0, 1]),
    )


@pytest.mark.parametrize("load", [0.1, 0.5, 0.9, 0.99])
@pytest.mark.parametrize("scv", [0.0, 1.0, 3.0])
def test_wait_without_bounds_is_that_of_pollaczek_and_khinchine(load: float, scv: float) -> None:
    _, _, loss, wait = served(0.0, load, scv=scv)
    assert wait == pytest.approx(load * SERVICE_S * (1 + scv) / (2 * (1 - load)), rel=1e-6)
    assert loss == 0.0


def test_priority_waits_are_those_of_cobham() -> None:
    _, voice, _, shared = served(0.3, 0.5, scv=2.0)
    residual = 0.8 * SERVICE_S * 3.0 / 2
    assert voice == pytest.approx(residual / 0.7, rel=1e-6)
    assert shared == pytest.approx(residual / (0.7 * 0.2), rel=1e-6)


@pytest.mark.parametrize("load", [0.5, 0.9, 1.0, 1.1, 2.0])
@pytest.mark.parametrize("packets", [5, 32])
def test_loss_is_exact_for_m_m_1_k(load: float, packets: int) -> None:
    _, _, loss, _ = served(0.0, load, packets=packets)
    weights = load ** np.arange(packets + 1.0)
    assert loss == pytest.approx(weights[-1] / weights.sum(), rel=1e-9)


@pytest.mark.parametrize(
    ("load", "tolerance"), [(0.7, 0.02), (0.9, 0.03), (1.0, 0.06), (1.2, 0.02)]
)
def test_wait_is_close_to_m_m_1_k(load: float, tolerance: float) -> None:
    packets = 64
    _, _, _, wait = served(0.0, load, packets=packets)
    weights = load ** np.arange(packets + 1.0)
    chance = weights / weights.sum()
    # An accepted packet that finds i others waits for i services.
    exact = (np.arange(packets) * chance[:-1]).sum() / chance[:-1].sum() * SERVICE_S
    assert wait == pytest.approx(exact, rel=tolerance)


# Two moments do not hold the tail: rare loss of constant packets is overstated by half.
@pytest.mark.parametrize(("load", "tolerance"), [(0.7, 0.6), (0.9, 0.1), (1.0, 0.1), (1.2, 0.1)])
def test_loss_is_close_to_m_d_1_k(load: float, tolerance: float) -> None:
    packets = 10
    assert served(0.0, load, packets=packets, scv=0.0)[2] == pytest.approx(
        loss_of_m_d_1_k(load, packets), rel=tolerance
    )


def loss_of_m_d_1_k(load: float, packets: int) -> float:
    """From the chain embedded at departures (Gross and Harris, section 5.1.7)."""
    arrivals = np.empty(packets + 1)
    arrivals[0] = np.exp(-load)
    for i in range(1, packets + 1):
        arrivals[i] = arrivals[i - 1] * load / i
    chain = np.zeros((packets, packets))
    for i in range(packets):
        start = max(i - 1, 0)
        chain[i, start : packets - 1] = arrivals[: packets - 1 - start]
        chain[i, packets - 1] = 1 - chain[i, : packets - 1].sum()
    system = np.vstack([chain.T - np.eye(packets), np.ones(packets)])
    left_behind = np.linalg.lstsq(system, np.append(np.zeros(packets), 1.0), rcond=None)[0]
    return float(1 - 1 / (left_behind[0] + load))


def test_overload_loses_the_excess_and_fills_the_buffer() -> None:
    _, _, loss, wait = served(0.0, 2.0, packets=1000)
    assert loss == pytest.approx(0.5, rel=1e-9)
    assert wait == pytest.approx(1000 * SERVICE_S, rel=2e-3)


def test_voice_overload_leaves_almost_nothing() -> None:
    voice_loss, _, shared_loss, _ = served(1.5, 0.5, packets=1000)
    assert voice_loss == pytest.approx(1 / 3, rel=1e-6)
    assert shared_loss > 0.99


def test_idle_egress_has_no_wait_and_no_loss() -> None:
    assert served(0.0, 0.0) == (0.0, 0.0, 0.0, 0.0)
