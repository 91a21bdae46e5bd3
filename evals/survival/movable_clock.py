"""A network's clock that somebody sets, on a machine that can tell that it was set."""

from collections.abc import Callable

from tools.clock import never
from tools.network.emulated import SimulatedClock


class MovableClock(SimulatedClock):
    """`moved_s`: how far it is set forward; the network lives on, whatever it says."""

    moved_s = 0.0

    def now_s(self) -> float:
        """As it was set."""
        return super().now_s() + self.moved_s

    def wait_until(self, time_s: float, stop: Callable[[], bool] = never) -> None:
        """As long as it takes."""
        super().wait_until(time_s - self.moved_s, stop)

    def stepped_s(self) -> float:
        """Positive if it was set forward."""
        return self.moved_s
