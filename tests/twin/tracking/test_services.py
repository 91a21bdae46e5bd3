"""Who misses the objective, and for how long."""

import pytest

from tests.twin.tracking.square import ROUND_S, START_S, inventory, probes
from twin.tracking.services import ServiceWatch


def _watched(*lost: float, delay_s: float = 0.002, every_s: float = ROUND_S) -> ServiceWatch:
    """Rounds of a hundred packets, of which the shares `lost` do not arrive."""
    known = inventory()
    watch = ServiceWatch(known)
    for number, share in enumerate(lost):
        at_s = START_S + every_s * number
        watch.update(probes(known, at_s, lost=share, delay_s=delay_s))
    return watch


@pytest.mark.parametrize(("lost", "is_in_breach"), [(0.02, False), (0.03, True)])
def test_loss_is_judged_over_the_last_three_rounds(lost: float, is_in_breach: bool) -> None:
    """The bound is half a percent, and a packet more: 2 of 300 are within it, 3 are not."""
    assert bool(_watched(0.0, 0.0, lost).in_breach_now) is is_in_breach
    assert not _watched(0.0, 0.0, lost, 0.0, 0.0, 0.0).in_breach_now


@pytest.mark.parametrize(("delay_s", "is_in_breach"), [(0.049, False), (0.051, True)])
def test_delay_is_judged_by_the_bound_itself(delay_s: float, is_in_breach: bool) -> None:
    assert bool(_watched(0.0, delay_s=delay_s).in_breach_now) is is_in_breach


def test_what_was_not_probed_is_not_counted_beyond_two_minutes() -> None:
    """Rounds ten minutes apart: in breach for half a minute, and two minutes before the second."""
    watch = _watched(0.1, 0.1, every_s=600.0)
    assert watch.minutes_lost(START_S - 600, START_S) == {"svc-AB": 0.5}
    assert watch.minutes_lost(START_S, START_S + 600) == {"svc-AB": 2.0}
