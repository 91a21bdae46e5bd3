"""How much a search may spend."""

import math
import time
from collections.abc import Callable


class Budget:
    """CPU seconds of the thread that made it, what-ifs that are priced, or whichever ends first.

    With what-ifs alone a search ends at the same place on every machine.
    """

    def __init__(
        self,
        cpu_s: float = math.inf,
        what_ifs: float = math.inf,
        progress: Callable[[float], None] = lambda _share: None,
    ) -> None:
        """`progress`: is told the share that is spent, 0..1."""
        self.what_ifs = 0
        self._cpu_s, self._most, self._progress = cpu_s, what_ifs, progress
        self._began_s = time.thread_time()

    @property
    def spent_s(self) -> float:
        """CPU seconds since it was made."""
        return time.thread_time() - self._began_s

    @property
    def spent(self) -> float:
        """The share that is spent, of that which ends first."""
        return max(self.spent_s / self._cpu_s, self.what_ifs / self._most)

    def spend(self, what_ifs: int) -> None:
        """Count what was priced. Looking for something to price is one, so that it ends too."""
        self.what_ifs += max(1, what_ifs)
        self._progress(min(1.0, self.spent))
