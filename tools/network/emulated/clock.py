"""The network's own time as a `Clock`: waiting moves the network."""

import time
from collections.abc import Callable

from tools.clock import never
from tools.network.emulated.network import EmulatedNetwork

_SLICE_S = 0.5
"""Wall seconds between two moves of a paced network."""


class SimulatedClock:
    """Time is what the network says, and waiting lets it pass at once."""

    def __init__(self, network: EmulatedNetwork) -> None:
        self._network = network

    def now_s(self) -> float:
        """The network's clock."""
        return self._network.now_s()

    def wait_until(self, time_s: float, stop: Callable[[], bool] = never) -> None:
        """Advance the network to `time_s`; at once if it is there already."""
        self._network.advance(time_s)

    def stepped_s(self) -> float:
        """Nobody moves a simulated clock."""
        return 0.0


class PacedClock(SimulatedClock):
    """The network lives beside the wall clock, `speed` of its seconds to one of ours.

    It does not stand still while somebody thinks: what passed meanwhile is caught up with in the
    next wait. While people are asked, it goes no faster than the wall clock.
    """

    def __init__(self, network: EmulatedNetwork, speed: float) -> None:
        super().__init__(network)
        self._speed = speed
        self._people_are_asked = never
        self._due_s = network.now_s()
        self._looked_s = time.monotonic()

    def slow_while(self, people_are_asked: Callable[[], bool]) -> None:
        """Whether people are asked is looked up twice a second, in a wait."""
        self._people_are_asked = people_are_asked

    def wait_until(self, time_s: float, stop: Callable[[], bool] = never) -> None:
        """Let the network live until `time_s`, or until `stop`, about which it asks in between."""
        while True:
            pace, now_s = self._speed, time.monotonic()
            if self._people_are_asked():
                pace = min(pace, 1.0)
                # What is still to be caught up with is not to cost people their time.
                self._due_s = min(self._due_s, self._network.now_s())
            self._due_s += (now_s - self._looked_s) * pace
            self._looked_s = now_s
            self._network.advance(min(self._due_s, time_s))
            if self._network.now_s() >= time_s or stop():
                return
            time.sleep(min(_SLICE_S, (time_s - self._due_s) / pace))
