"""Time as the agents see it: the wall's, or a network's simulated one."""

import time
from typing import Protocol


class Clock(Protocol):
    """Unix seconds (UTC), and waiting. A simulated clock moves its network while it waits."""

    def now_s(self) -> float:
        """The time now."""
        ...

    def wait_until(self, time_s: float) -> None:
        """Return when the time is `time_s` or later; at once if it is already."""
        ...


class SystemClock:
    """The machine's clock."""

    def now_s(self) -> float:
        """`time.time()`."""
        return time.time()

    def wait_until(self, time_s: float) -> None:
        """Sleep."""
        time.sleep(max(0.0, time_s - self.now_s()))
