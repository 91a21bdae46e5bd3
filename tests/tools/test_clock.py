"""Time that goes on as before when somebody sets the clock."""

from dataclasses import dataclass, field

import pytest

from tools.clock import SteadyClock, never


@dataclass
class Wall:
    """A clock that is set by `moved_s`; waiting is all that lets time pass."""

    time_s: float = 1000.0
    moved_s: float = 0.0
    waits: list[float] = field(default_factory=list)

    def now_s(self) -> float:
        """As it was set."""
        return self.time_s + self.moved_s

    def wait_until(self, time_s: float, *_: object) -> None:
        """It is then."""
        self.waits.append(time_s - self.now_s())
        self.time_s = time_s - self.moved_s

    def stepped_s(self) -> float:
        """Since it was made."""
        return self.moved_s


@pytest.mark.parametrize("moved_s", [3600.0, -3600.0])
def test_steady_clock_goes_on_while_another_is_set_and_set_right(moved_s: float) -> None:
    wall = Wall()
    clock = SteadyClock(wall)
    wall.moved_s = moved_s
    assert clock.now_s() == 1000.0
    clock.wait_until(1030.0, never)
    assert (clock.now_s(), wall.waits) == (1030.0, [30.0])
    assert clock.stepped_s() == moved_s
    wall.moved_s = 0.0
    assert (clock.now_s(), clock.stepped_s()) == (1030.0, 0.0)
