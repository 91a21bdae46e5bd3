"""Rates from the cumulative counters of devices that are read one by one, with readings that are
missing, reset, repeated, or seconds apart.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
import pytest

from tests.twin.tracking.square import (
    A_TO_B,
    A_TO_D,
    B_TO_A,
    B_TO_C,
    C_TO_D,
    START_S,
    Counters,
    topology,
    unread,
)
from twin.nouns.telemetry import InterfaceCounters
from twin.tracking.rates import RateMeter, RateRound
from twin.tracking.readings import LONGEST_WINDOW_S

SENT = np.array([3e9, 0, 1e9, 0, 2e9, 0, 0, 0])


@pytest.fixture
def meter() -> RateMeter:
    return RateMeter(topology())


def _take(meter: RateMeter, *records: InterfaceCounters) -> list[RateRound]:
    return [rates for record in records for rates in meter.take(record)]


def test_one_reading_of_every_device_is_no_rate(meter: RateMeter) -> None:
    assert _take(meter, *Counters().read()) == []


def test_rate_is_bits_over_the_seconds_between_two_readings_of_that_egress(
    meter: RateMeter,
) -> None:
    counters = Counters()
    _take(meter, *counters.read())
    (rates,) = _take(meter, *counters.after(SENT, seconds=40.0, dropped={A_TO_B: 0.25}))
    assert rates.sent_total_bps == pytest.approx(SENT)
    # A quarter of what was offered: 1 Gbit/s beside the 3 that went out.
    assert rates.dropped_bps.sum(axis=1)[A_TO_B] == pytest.approx(1e9)
    assert rates.drop_fraction[A_TO_B] == pytest.approx(0.25)
    assert rates.drop_fraction[B_TO_C] == 0.0


def test_round_ends_with_the_last_of_the_devices_whatever_their_order(meter: RateMeter) -> None:
    counters = Counters()
    _take(meter, *counters.read())
    *others, last = reversed(counters.after(SENT))
    assert _take(meter, *others) == []
    (rates,) = _take(meter, last)
    assert rates.sent_total_bps == pytest.approx(SENT)


def test_each_device_is_read_at_its_own_moment(meter: RateMeter) -> None:
    """B is read 4 s after the others, the first time only: its second window is shorter."""
    counters = Counters()
    first = counters.read()
    counters.after(SENT, seconds=4.0)
    late = counters.read_device("B")
    _take(meter, *(late if r.node == "B" else r for r in first))
    (rates,) = _take(meter, *counters.after(SENT, seconds=26.0))
    seconds = rates.until_s - rates.from_s
    assert (seconds[A_TO_B], seconds[B_TO_C]) == (30.0, 26.0)
    assert rates.sent_total_bps == pytest.approx(SENT)


def test_device_that_did_not_answer_is_unknown_then_and_measured_over_both_windows_after(
    meter: RateMeter,
) -> None:
    counters = Counters()
    _take(meter, *counters.read())
    (before,) = _take(meter, *_without("A", counters.after(SENT)))
    (after,) = _take(meter, *counters.after(SENT))
    assert np.isnan(before.sent_total_bps[A_TO_B])
    assert np.isnan(before.drop_fraction[A_TO_B])
    assert before.sent_total_bps[B_TO_C] == pytest.approx(1e9)
    assert after.sent_total_bps == pytest.approx(SENT)
    assert after.until_s[A_TO_B] - after.from_s[A_TO_B] == 60.0


def test_device_that_answers_every_other_time_has_a_rate_and_a_loss(meter: RateMeter) -> None:
    counters, found = Counters(), []
    for number in range(12):
        records = counters.after(SENT, lost={A_TO_B: 0.03})
        found += _take(meter, *(records if number % 2 else _without("B", records)))
    rates = [r.sent_total_bps[B_TO_C] for r in found if np.isfinite(r.sent_total_bps[B_TO_C])]
    losses = [r.loss[A_TO_B] for r in found if np.isfinite(r.loss[A_TO_B])]
    assert rates == [pytest.approx(1e9)] * 5
    assert losses == [pytest.approx(0.03)] * 4


def test_device_that_is_read_every_five_minutes_has_a_rate_over_five_minutes(
    meter: RateMeter,
) -> None:
    counters, found = Counters(), []
    for number in range(31):
        records = counters.after(SENT, lost={A_TO_B: 0.03, B_TO_C: 0.02})
        found += _take(meter, *(r for r in records if r.node != "B" or number % 10 == 0))
    seen = [r for r in found if np.isfinite(r.sent_total_bps[B_TO_C])]
    assert [r.until_s[B_TO_C] - r.from_s[B_TO_C] for r in seen] == [300.0] * 3
    for arc, lost in ((A_TO_B, 0.03), (B_TO_C, 0.02)):
        losses = [r.loss[arc] for r in found if np.isfinite(r.loss[arc])]
        assert losses == [pytest.approx(lost)] * 2


def test_window_that_is_too_long_is_none_and_the_next_begins_anew(meter: RateMeter) -> None:
    counters = Counters()
    _take(meter, *counters.read())
    (long,) = _take(meter, *counters.after(SENT, seconds=LONGEST_WINDOW_S + 1))
    (after,) = _take(meter, *counters.after(SENT))
    assert np.isnan(long.sent_total_bps).all()
    assert after.sent_total_bps == pytest.approx(SENT)


def test_device_that_falls_silent_holds_the_others_up_once(meter: RateMeter) -> None:
    counters = Counters()
    _take(meter, *counters.read())
    silent = [r for r in counters.after(SENT) if r.node != "B"]
    assert _take(meter, *silent) == [], "B may still come"
    rates, *more = _take(meter, *(r for r in counters.after(SENT) if r.node != "B"))
    assert len(more) == 1, "B is not waited for any more"
    for found in (rates, *more):
        assert found.sent_total_bps[C_TO_D] == pytest.approx(2e9)
        assert np.isnan(found.sent_total_bps[B_TO_C])
        assert np.isnan(found.from_s[B_TO_C])


def test_device_that_is_back_is_measured_over_the_time_it_was_silent(meter: RateMeter) -> None:
    counters = Counters()
    _take(meter, *counters.read())
    for _ in range(3):
        _take(meter, *(r for r in counters.after(SENT) if r.node != "B"))
    *_, last = _take(meter, *sorted(counters.after(SENT), key=lambda r: r.node != "B"))
    assert last.until_s[B_TO_C] - last.from_s[B_TO_C] == 120.0
    assert last.sent_total_bps == pytest.approx(SENT)


def test_reading_that_comes_again_or_late_is_known_to(meter: RateMeter) -> None:
    counters = Counters()
    first, second = counters.read_device("A"), counters.after(SENT)[0]
    assert not meter.is_late(first)
    _take(meter, second)
    assert meter.is_late(second)
    assert meter.is_late(first)
    assert not meter.is_late(counters.after(SENT)[0])
    assert not meter.is_late(counters.read_device("B"))


def test_interface_that_is_not_on_record_is_left_out(meter: RateMeter) -> None:
    counters = Counters()
    _take(meter, *counters.read())
    strange = [
        replace(r, links=("A-B", "Z-Z")) if r.node == "A" else r for r in counters.after(SENT)
    ]
    (rates,) = _take(meter, *strange)
    assert rates.sent_total_bps[A_TO_B] == pytest.approx(3e9)
    assert np.isnan(rates.sent_total_bps[A_TO_D])


def test_counter_that_went_backwards_was_reset_and_gives_no_rate_for_that_window(
    meter: RateMeter,
) -> None:
    counters = Counters()
    _take(meter, *counters.read())
    _take(meter, *counters.after(SENT))
    restarted = Counters(starts_s=counters.now_s)
    (over_reset,) = _take(meter, *restarted.after(0.5 * SENT))
    (later,) = _take(meter, *restarted.after(SENT))
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
    (one, far_one), (two, far_two) = rounds[1], rounds[2]
    received = far_two.received_bytes[0] - far_one.received_bytes[0]
    naive = 1 - received / (two.sent_bytes - one.sent_bytes)[0].sum()
    assert abs(naive) > 0.015, "the two windows differ by enough to mislead"
    assert abs(_loss(growth=0.2, apart_s=apart_s, lost=0.0)) < 0.003


@pytest.mark.parametrize("apart_s", [-9.0, 9.0])
def test_real_loss_is_seen_while_the_load_rises(apart_s: float) -> None:
    assert _loss(growth=0.2, apart_s=apart_s, lost=0.03) == pytest.approx(0.03, abs=0.003)


def test_loss_is_unknown_over_a_reset_and_right_over_a_reading_that_is_missing() -> None:
    rounds = _readings(growth=0.0, apart_s=5.0, lost=0.03)
    near, far = rounds[2]
    restarted = replace(near, sent_bytes=0.01 * near.sent_bytes)
    *_, rates = _measured([*rounds[:2], (restarted, far), rounds[3]])
    assert np.isnan(rates.loss[A_TO_B])
    for broken in ((unread(near), far), (near, unread(far))):
        *_, rates = _measured([*rounds[:2], broken, rounds[3]])
        assert np.isnan(rates.loss[A_TO_B]) or rates.loss[A_TO_B] == pytest.approx(0.03)


def test_loss_is_not_measured_twice_from_one_reading_of_the_far_end() -> None:
    rounds = _readings(growth=0.0, apart_s=5.0, lost=0.03)
    meter = RateMeter(topology(ENDS, nodes=("A", "B")))
    _take(meter, *(record for both in rounds for record in both))
    near, _ = rounds[3]
    again = [
        replace(near, time_s=near.time_s + 30.0 * i, sent_bytes=near.sent_bytes + 3e9 * i)
        for i in (1, 2, 3)
    ]
    found = _take(meter, *again)
    assert all(np.isfinite(rates.sent_total_bps[A_TO_B]) for rates in found)
    assert [bool(np.isfinite(rates.loss[A_TO_B])) for rates in found] == [True, False, False]


def test_loss_needs_a_window_of_the_far_end_that_the_near_end_has_seen_to_its_end() -> None:
    for apart_s, seen in ((0.0, [False, True, True]), (-9.0, [False, False, True])):
        rounds = _readings(growth=0.0, apart_s=apart_s, lost=0.0)
        known = [rates.loss[A_TO_B] for rates in _measured(rounds)]
        assert [bool(np.isfinite(x)) for x in known] == seen


ENDS = (("A", "B"),)


def _loss(*, growth: float, apart_s: float, lost: float) -> float:
    *_, rates = _measured(_readings(growth=growth, apart_s=apart_s, lost=lost))
    assert np.isnan(rates.loss[B_TO_A]), "nothing was sent back"
    return float(rates.loss[A_TO_B])


def _measured(rounds: Iterable[Sequence[InterfaceCounters]]) -> list[RateRound]:
    meter = RateMeter(topology(ENDS, nodes=("A", "B")))
    return _take(meter, *(record for both in rounds for record in both))


def _readings(
    *, growth: float, apart_s: float, lost: float
) -> list[tuple[InterfaceCounters, InterfaceCounters]]:
    """A sends to B alone; both are read every 30 s, B `apart_s` seconds after A.

    The load grows linearly, by `growth` of its start per round.
    """

    def sent_until(t: float) -> float:
        return 1e8 * (t + growth * t**2 / 60)

    def reading(t: float, node: str, sent: float, received: float) -> InterfaceCounters:
        return InterfaceCounters(
            received_s=START_S + t + 10,
            time_s=START_S + t,
            node=node,
            links=("A-B",),
            sent_bytes=np.array([[0.0, sent, 0.0]]),
            dropped_bytes=np.zeros((1, 3)),
            received_bytes=np.array([received]),
        )

    return [
        (
            reading(t, "A", sent_until(t), 0.0),
            reading(t + apart_s, "B", 0.0, (1 - lost) * sent_until(t + apart_s)),
        )
        for t in (60.0, 90.0, 120.0, 150.0)
    ]


def _without(node: str, records: Iterable[InterfaceCounters]) -> list[InterfaceCounters]:
    """`node` was asked, and did not answer."""
    return [unread(record) if record.node == node else record for record in records]
