"""The clock of a network that lives beside ours."""

import time
from collections.abc import Callable

import pytest

from tools.network.emulated import EmulatedNetwork, PacedClock


@pytest.mark.slow
def test_a_paced_network_goes_no_faster_than_the_wall_while_people_are_asked(
    start: Callable[..., EmulatedNetwork],
) -> None:
    network = start()
    asked = [True, True, True]
    clock = PacedClock(network, speed=10_000.0)
    clock.slow_while(lambda: bool(asked))
    begun_s, wall_s = network.now_s(), time.monotonic()
    clock.wait_until(begun_s + 3600.0, lambda: not asked.pop() or not asked)
    assert 0.0 < network.now_s() - begun_s <= time.monotonic() - wall_s
    clock.wait_until(begun_s + 3600.0)
    assert network.now_s() == begun_s + 3600.0


def test_what_was_to_be_caught_up_with_is_not_taken_from_the_time_of_people(
    start: Callable[..., EmulatedNetwork],
) -> None:
    network = start()
    clock = PacedClock(network, speed=10_000.0)
    begun_s, wall_s = network.now_s(), time.monotonic()
    while time.monotonic() - wall_s < 0.05:
        pass
    clock.wait_until(begun_s + 1.0)
    clock.slow_while(lambda: True)
    clock.wait_until(begun_s + 3600.0, lambda: True)
    assert network.now_s() - begun_s - 1.0 <= time.monotonic() - wall_s
