"""Queues of an egress: who is served first, and when drops begin."""

import numpy as np
import pytest

from tools.network.emulated.queues import Egresses, Served, serve


def _one(
    load: list[float],
    police: float = np.inf,
    cv: float = 0.06,
    dead: bool = False,
    line_loss: float = 0.0,
    late_s: float = 0.0,
) -> Served:
    egresses = Egresses(
        capacity_bps=np.array([10e9]),
        burst_cv=np.array([cv]),
        buffer_s=np.array([0.02]),
        police_bps=np.array([[np.inf], [np.inf], [police]]),
        line_loss=np.array([line_loss]),
        silent_loss=np.zeros(1),
        late_s=np.array([late_s]),
        dead=np.array([dead]),
    )
    return serve(np.array(load)[:, None], egresses)


@pytest.mark.parametrize(("share", "low", "high"), [(0.6, 0.0, 1e-8), (0.95, 1e-4, 0.03)])
def test_drops_begin_below_full_average_load(share: float, low: float, high: float) -> None:
    served = _one([1e9, 4e9, share * 10e9 - 5e9])
    assert low <= served.dropped.sum() / (share * 10e9) <= high


def test_overload_drops_the_excess_and_spares_voice() -> None:
    served = _one([2e9, 6e9, 7e9])
    assert served.dropped[0, 0] == pytest.approx(0.0, abs=1.0)
    assert served.sent.sum() == pytest.approx(10e9, rel=0.01)
    assert served.dropped[1, 0] / 6e9 == pytest.approx(served.dropped[2, 0] / 7e9)


def test_delay_is_bounded_by_the_buffer_and_voice_does_not_wait() -> None:
    served = _one([2e9, 6e9, 7e9])
    assert served.wait_s[1, 0] == pytest.approx(0.02)
    assert served.wait_s[0, 0] < 1e-4


def test_policer_drops_its_class_before_the_queue() -> None:
    served = _one([1e9, 2e9, 3e9], police=1e9)
    assert served.dropped[:, 0] == pytest.approx([0.0, 0.0, 2e9])
    assert served.sent[2, 0] == pytest.approx(1e9)


def test_line_that_spoils_packets_hits_every_class_and_the_sender_counts_them() -> None:
    served = _one([1e9, 2e9, 3e9], line_loss=0.05)
    assert served.dropped[:, 0] == pytest.approx([0.05e9, 0.1e9, 0.15e9])
    assert served.keep[:, 0] == pytest.approx(0.95)
    assert _one([0.0, 0.0, 0.0], line_loss=0.05).keep[:, 0] == pytest.approx(0.95)


def test_line_that_is_late_is_so_for_every_class_and_drops_nothing() -> None:
    load = [1e9, 2e9, 3e9]
    served, before = _one(load, late_s=0.02), _one(load)
    assert served.wait_s == pytest.approx(before.wait_s + 0.02)
    assert (served.sent == before.sent).all()


def test_dead_interface_sends_nothing_and_counts_no_drop() -> None:
    served = _one([1e9, 2e9, 3e9], dead=True)
    assert served.sent.sum() == served.dropped.sum() == served.keep.sum() == 0.0


def test_nothing_is_created() -> None:
    rng = np.random.default_rng(1)
    for load in rng.uniform(0, 12e9, (50, 3)):
        served = _one(list(load), line_loss=0.1)
        assert (served.sent + served.dropped)[:, 0] == pytest.approx(load)
        assert (served.dropped >= 0).all()
