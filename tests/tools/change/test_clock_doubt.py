"""Which clocks are believed: just below and just above each bound."""

from dataclasses import dataclass

import pytest

from tests.tools.change.conftest import Bench
from tools.change.clock_doubt import clock_doubt


@dataclass
class Clocks:
    """Ours, moved by `moved_s` while the process ran, `ahead_s` from the network's."""

    bench: Bench
    ahead_s: float = 0.0
    moved_s: float = 0.0

    def now_s(self) -> float:
        """Ours."""
        return self.bench.clock.now_s() + self.ahead_s

    def wait_until(self, time_s: float, *_: object) -> None:
        """The network's time passes with ours."""
        self.bench.clock.wait_until(time_s - self.ahead_s)

    def stepped_s(self) -> float:
        """As somebody set it."""
        return self.moved_s


def _doubt(bench: Bench, ahead_s: float = 0.0, moved_s: float = 0.0) -> str:
    return clock_doubt(Clocks(bench, ahead_s, moved_s), bench.network, bench.journal)


@pytest.mark.parametrize("sign", [1, -1])
def test_clock_that_was_set_by_more_than_five_seconds_is_in_doubt(bench: Bench, sign: int) -> None:
    assert _doubt(bench, moved_s=sign * 4.9) == ""
    assert "the clock was moved by" in _doubt(bench, moved_s=sign * 5.1)


@pytest.mark.parametrize("sign", [1, -1])
def test_clock_over_thirty_seconds_from_the_networks_is_in_doubt(bench: Bench, sign: int) -> None:
    assert _doubt(bench, ahead_s=sign * 29.0) == ""
    assert "from the network's" in _doubt(bench, ahead_s=sign * 31.0)


@pytest.mark.parametrize(("ahead_s", "is_in_doubt"), [(29.0, False), (31.0, True)])
def test_clock_over_thirty_seconds_behind_what_was_written_is_in_doubt(
    bench: Bench, ahead_s: float, is_in_doubt: bool
) -> None:
    bench.journal.add_event("inc-1", bench.clock.now_s() + ahead_s, "note", "us", "written ahead")
    assert ("the journal has entries that are" in _doubt(bench)) is is_in_doubt
