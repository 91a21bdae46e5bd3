"""Rates from cumulative counters, with readings that are missing, reset or seconds apart."""

from dataclasses import replace

import numpy as np
import pytest

from tests.twin.tracking.square import A_TO_B, B_TO_C, START_S, Counters
from twin.nouns.telemetry import CounterRound
from twin.tracking.rates import RateMeter

SENT = np.array([3e9, 0, 1e9, 0, 2e9, 0, 0, 0])


def test_one_reading_is_no_rate() -> None:
    assert RateMeter().update(Counters().read()) is None


def test_rate_is_bits_over_the_seconds_between_two_readings_of_that_egress() -> None:
    meter, counters = RateMeter(), Counters()
    meter.update(counters.read())
    rates = meter.update(counters.after(SENT, seconds=40.0, dropped={A_TO_B: 0.25}))
    assert rates is not None
    assert rates.sent_total_bps == pytest.approx(SENT)
    # A quarter of what was offered: 1 Gbit/s beside the 3 that went out.
    assert rates.dropped_bps.sum(axis=1)[A_TO_B] == pytest.approx(1e9)
    assert rates.drop_fraction[A_TO_B] == pytest.approx(0.25)
    assert rates.drop_fraction[B_TO_C] == 0.0


def test_missing_reading_is_unknown_in_both_windows_and_never_zero() -> None:
    meter, counters = RateMeter(), Counters()
    meter.update(counters.read())
    gap = _without(counters.after(SENT), A_TO_B)
    before = meter.update(gap)
    after = meter.update(counters.after(SENT))
    again = meter.update(counters.after(SENT))
    assert before is not None
    assert after is not None
    assert again is not None
    for rates in (before, after):
        assert np.isnan(rates.sent_total_bps[A_TO_B])
        assert np.isnan(rates.drop_fraction[A_TO_B])
        assert rates.sent_total_bps[B_TO_C] == pytest.approx(1e9)
    assert again.sent_total_bps[A_TO_B] == pytest.approx(3e9)


def test_counter_that_went_backwards_was_reset_and_gives_no_rate_for_that_window() -> None:
    meter, counters = RateMeter(), Counters()
    meter.update(counters.read())
    meter.update(counters.after(SENT))
    restarted = Counters(starts_s=counters.now_s)
    over_reset = meter.update(restarted.after(0.5 * SENT))
    later = meter.update(restarted.after(SENT))
    assert over_reset is not None
    assert later is not None
    assert np.isnan(over_reset.sent_total_bps[A_TO_B])
    assert later.sent_total_bps[A_TO_B] == pytest.approx(3e9)


def test_loss_is_the_share_of_what_was_sent_that_did_not_arrive() -> None:
    assert _loss(growth=0.0, apart_s=0.0, lost=0.03) == pytest.approx(0.03, abs=1e-9)


@pytest.mark.parametrize("apart_s", [-9.0, -4.0, 4.0, 9.0])
def test_steady_rise_of_the_load_is_no_loss_though_both_ends_are_read_seconds_apart(
    apart_s: float,
) -> None:
    """The load grows by a fifth of its start with every round."""
    rounds = _readings(growth=0.2, apart_s=apart_s, lost=0.0)
    received = rounds[2].received_bytes[0] - rounds[1].received_bytes[0]
    sent = (rounds[2].sent_bytes - rounds[1].sent_bytes)[0].sum()
    naive = 1 - received / sent
    assert abs(naive) > 0.015, "the two windows differ by enough to mislead"
    assert abs(_loss(growth=0.2, apart_s=apart_s, lost=0.0)) < 0.003


@pytest.mark.parametrize("apart_s", [-9.0, 9.0])
def test_real_loss_is_seen_while_the_load_rises(apart_s: float) -> None:
    assert _loss(growth=0.2, apart_s=apart_s, lost=0.03) == pytest.approx(0.03, abs=0.003)


def test_loss_is_unknown_where_a_reading_is_missing_or_reset() -> None:
    rounds = _readings(growth=0.0, apart_s=5.0, lost=0.03)
    for broken in (_without(rounds[2], 0), _restarted(rounds[2])):
        meter = RateMeter()
        for round_ in (rounds[0], rounds[1], broken):
            meter.update(round_)
        rates = meter.update(rounds[3])
        assert rates is not None
        assert np.isnan(rates.loss[0])


def test_loss_needs_four_rounds() -> None:
    meter = RateMeter()
    rounds = _readings(growth=0.0, apart_s=0.0, lost=0.03)
    known = [rates.loss[0] for r in rounds if (rates := meter.update(r)) is not None]
    assert [bool(np.isfinite(x)) for x in known] == [False, False, True]


def _loss(*, growth: float, apart_s: float, lost: float) -> float:
    meter = RateMeter()
    found = [meter.update(r) for r in _readings(growth=growth, apart_s=apart_s, lost=lost)]
    assert found[-1] is not None
    return float(found[-1].loss[0])


def _readings(*, growth: float, apart_s: float, lost: float) -> list[CounterRound]:
    """One arc, read every 30 s; the load grows linearly, by `growth` of its start per round.

    The far end is read `apart_s` seconds after the egress.
    """

    def sent_until(t: float) -> float:
        return 1e8 * (t + growth * t**2 / 60)

    return [
        CounterRound(
            received_s=START_S + t + 10,
            sent_at_s=np.array([START_S + t]),
            received_at_s=np.array([START_S + t + apart_s]),
            sent_bytes=np.array([[0.0, sent_until(t), 0.0]]),
            dropped_bytes=np.zeros((1, 3)),
            received_bytes=np.array([(1 - lost) * sent_until(t + apart_s)]),
        )
        for t in (60.0, 90.0, 120.0, 150.0)
    ]


def _without(record: CounterRound, arc: int) -> CounterRound:
    """`record` with nothing read of `arc`."""
    fields = ("sent_at_s", "received_at_s", "sent_bytes", "dropped_bytes", "received_bytes")
    changed = {name: getattr(record, name).copy() for name in fields}
    for values in changed.values():
        values[arc] = np.nan
    return replace(record, **changed)


def _restarted(record: CounterRound) -> CounterRound:
    return replace(record, sent_bytes=0.01 * record.sent_bytes)
