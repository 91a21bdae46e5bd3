"""How far off the clock of a device is, by when its counters come."""

from tests.twin.tracking.square import START_S
from twin.nouns.telemetry import AdjacencyEvent
from twin.tracking.clocks import Clocks, Stamped
from twin.tracking.telemetry_faults import TelemetryFaults


def _hear(clocks: Clocks, number: int, behind_s: float) -> set[str]:
    """One poll, all of which came at once, but that D is behind; whose clock was put right."""
    now_s = START_S + 30.0 * number
    clocks.hear(
        Stamped(node, now_s - 1.0 - (behind_s if node == "D" else 0.0), now_s, 1e6 * number)
        for node in "ABCD"
    )
    return clocks.put_right()


def test_clock_is_off_once_three_polls_in_a_row_say_so() -> None:
    clocks = Clocks("ABCD", TelemetryFaults())
    assert [_hear(clocks, n, s) for n, s in enumerate((0.0, 0.0, 25.0, 25.0))] == [set()] * 4
    assert _hear(clocks, 4, 25.0) == {"D"}
    assert clocks.dump()["D"]["behind_s"] == 25.0


def test_clock_is_off_at_once_where_counters_went_on_and_its_stamps_went_back() -> None:
    clocks = Clocks("ABCD", TelemetryFaults())
    assert [_hear(clocks, n, s) for n, s in enumerate((0.0, 0.0, 100.0))][-1] == {"D"}


def test_clock_that_is_off_by_less_than_twenty_seconds_is_left_as_it_is() -> None:
    clocks = Clocks("ABCD", TelemetryFaults())
    for number in range(8):
        assert _hear(clocks, number, 19.0) == set()
    assert [_hear(clocks, 8 + n, 21.0) for n in range(3)][-1] == {"D"}


def test_offset_that_is_known_is_corrected_only_by_more_than_five_seconds() -> None:
    clocks = Clocks("ABCD", TelemetryFaults())
    for number in range(6):
        _hear(clocks, number, 100.0)
    for behind_s, put_right in ((96.0, set()), (94.0, {"D"})):
        number += 1
        assert _hear(clocks, number, behind_s) == put_right
    assert clocks.dump()["D"]["behind_s"] == 94.0


def test_only_of_a_clock_that_is_known_to_be_off_is_it_believed_that_something_is_over() -> None:
    """Stamps are an hour behind: an old report that is sent again must not hide a new loss."""

    def happened_s(clocks: Clocks, after_s: float, *, up: bool) -> float:
        heard_s = START_S + after_s
        return clocks.of_event(AdjacencyEvent(heard_s, heard_s - 3600.0, "D", "C-D", up=up))

    first = Clocks("ABCD", TelemetryFaults())
    assert happened_s(first, 0.0, up=True) == START_S - 3600.0
    assert happened_s(first, 60.0, up=True) == START_S + 60.0
    other = Clocks("ABCD", TelemetryFaults())
    assert happened_s(other, 0.0, up=False) == START_S
