"""Time as the agents see it: the wall's, or a network's simulated one."""

import time
from collections.abc import Callable
from typing import Protocol

_SLICE_S = 0.5
"""How long a sleeper may be deaf."""


def never() -> bool:
    """Nothing ends the wait but time."""
    return False


class Clock(Protocol):
    """Unix seconds (UTC), and waiting. A simulated clock moves its network while it waits."""

    def now_s(self) -> float:
        """The time now."""
        ...

    def wait_until(self, time_s: float, stop: Callable[[], bool] = never) -> None:
        """Return when the time is `time_s` or later, at once if it is already.

        A clock that sleeps asks `stop` about twice a second, and returns early when it is true.
        """
        ...

    def stepped_s(self) -> float:
        """How far somebody has moved the clock since this object was made; 0 if simulated."""
        ...


class SystemClock:
    """The machine's clock, compared with the one since boot, which nobody can set."""

    def __init__(self) -> None:
        self._made_s = time.time() - since_boot_s()

    def now_s(self) -> float:
        """`time.time()`."""
        return time.time()

    def wait_until(self, time_s: float, stop: Callable[[], bool] = never) -> None:
        """Sleep."""
        # Counted without the time of day, so that stepping it does not make this wait for an hour.
        end_s = since_boot_s() + time_s - self.now_s()
        while (left_s := end_s - since_boot_s()) > 0 and not stop():
            time.sleep(min(left_s, _SLICE_S))

    def stepped_s(self) -> float:
        """Positive if the time of day was moved forward."""
        return time.time() - since_boot_s() - self._made_s


class SteadyClock:
    """Another clock, less what somebody has moved it by: what lasts a minute lasts a minute."""

    def __init__(self, clock: Clock) -> None:
        self.inside = clock

    def now_s(self) -> float:
        """As if nobody had moved the clock since it was made."""
        return self.inside.now_s() - self.inside.stepped_s()

    def wait_until(self, time_s: float, stop: Callable[[], bool] = never) -> None:
        """Wait as the clock inside does."""
        self.inside.wait_until(time_s + self.inside.stepped_s(), stop)

    def stepped_s(self) -> float:
        """How far the clock inside was moved, which is left out here."""
        return self.inside.stepped_s()


def since_boot_s() -> float:
    """Seconds since the machine was started, which nobody can set.

    Linux counts suspension in; where that is missing, suspended time is not counted.
    """
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))
