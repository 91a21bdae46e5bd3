"""A device whose clock runs wrongly is told from a link that loses."""

import numpy as np
import pytest

from tests.twin.tracking.square import A_TO_B, A_TO_D, B_TO_A, D_TO_A, START_S, topology
from twin.tracking.far_ends import FarEnds
from twin.tracking.telemetry_faults import TelemetryFaults

OF_A = [A_TO_B, B_TO_A, A_TO_D, D_TO_A]


def _judged(change: dict[int, float], rounds: int = 2) -> tuple[list[int], tuple[str, ...]]:
    """The arcs of whose loss nothing is known once so many rounds are off, and who is noted."""
    faults = TelemetryFaults()
    ends = FarEnds(topology(), faults)
    balance = np.ones(8)
    for number in range(4):
        held, _ = ends.judge(balance, START_S + 30.0 * number)
        assert not held.any()
    for arc, factor in change.items():
        balance[arc] = factor
    for number in range(rounds):
        held, _ = ends.judge(balance, START_S + 200.0 + 30.0 * number)
    return np.flatnonzero(held).tolist(), tuple(one.source for one in faults.now())


@pytest.mark.parametrize("drift", [-0.016, 0.016])
def test_clock_that_runs_wrongly_looks_like_loss_one_way_and_gain_the_other(drift: float) -> None:
    """What A sends in a minute of its own is less, or more, than what arrives in one of others."""
    out, into = 1.0 + drift, 1.0 / (1.0 + drift)
    held, noted = _judged({A_TO_B: out, A_TO_D: out, B_TO_A: into, D_TO_A: into})
    assert held == sorted(OF_A)
    assert noted == ("A",)


@pytest.mark.parametrize("lossy", [[A_TO_B], [A_TO_B, A_TO_D], OF_A])
def test_device_that_loses_is_believed_however_much_of_it_does(lossy: list[int]) -> None:
    assert _judged(dict.fromkeys(lossy, 0.98), rounds=5) == ([], ())


@pytest.mark.parametrize(("every_s", "lasts_s"), [(30.0, 300.0), (200.0, 600.0)])
def test_link_that_carries_nothing_any_more_is_not_misread_for_ever(
    every_s: float, lasts_s: float
) -> None:
    """Its last windows gained by far: after a restart, or while a counter was wrong."""
    ends, balance, now_s = FarEnds(topology(), TelemetryFaults()), np.ones(8), START_S
    for gain in (1.0, 1.0, 1.0, 1.0, 1.6):
        balance[A_TO_B] = gain
        now_s += every_s
        held, far_off = ends.judge(balance, now_s)
    assert held[[A_TO_B, A_TO_D]].all()
    assert far_off[A_TO_B]
    balance[[A_TO_B, B_TO_A]] = np.nan
    for after_s, is_held in ((lasts_s, True), (lasts_s + 1.0, False)):
        held, far_off = ends.judge(balance, now_s + after_s)
        assert bool(held[A_TO_B]) is bool(far_off[A_TO_B]) is is_held
    assert not held.any()


def test_link_that_gains_is_believed_again_five_minutes_after_it_did() -> None:
    """Two in a hundred more arrive than A sends; three of the last five windows have to show it."""
    ends, balance, now_s = FarEnds(topology(), TelemetryFaults()), np.ones(8), START_S
    for gain in (1.0, 1.0, 1.0, 1.0, 1.02, 1.02, 1.02, 1.02, 1.02, 1.0, 1.0):
        balance[A_TO_B] = gain
        now_s += 30.0
        held, _ = ends.judge(balance, now_s)
    # Any loss between A and B, or next to them, may be one of their counters.
    assert held[[A_TO_B, B_TO_A]].all()
    for _ in range(9):
        now_s += 30.0
        held, _ = ends.judge(balance, now_s)
    held, _ = ends.judge(balance, now_s + 29.0)
    assert held[A_TO_B]
    held, _ = ends.judge(balance, now_s + 31.0)
    assert not held.any()
