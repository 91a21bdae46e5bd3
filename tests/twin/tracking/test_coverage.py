"""Said to be unread is what is unread, with its age, and nothing else."""

import json
from dataclasses import replace

import numpy as np
import pytest

from tests.twin.tracking.square import (
    ROUND_S,
    START_S,
    Counters,
    flows,
    inventory,
    loads_of,
    probes,
    tracker_of,
    unread,
)
from twin.nouns.coverage import Coverage, CoveredPart
from twin.nouns.telemetry import InterfaceCounters, Telemetry
from twin.physics.questions import offered_totals
from twin.physics.twin import Twin
from twin.tracking.tracker import Tracker

KNOWN = inventory(services=(("A", "B"), ("C", "D")))
LOADS = loads_of(KNOWN) + 1e8
"""Something is sent everywhere, so that loss can be measured."""
_FLOWS_S = 300.0


class Reading:
    """A tracker that is fed round by round, of which some sources may be left out."""

    def __init__(self) -> None:
        self.tracker = tracker_of(KNOWN)
        self.counters = Counters()

    @property
    def now_s(self) -> float:
        return self.counters.now_s

    def go_on(
        self,
        rounds: int,
        *,
        without: str = "",
        link: str = "",
        probe: int | None = None,
        kinds: frozenset[CoveredPart] = frozenset(),
        seconds: float = ROUND_S,
    ) -> None:
        """Feed so many rounds, without the device, its `link`, the probe, or kinds of record."""
        for _ in range(rounds):
            records = self.counters.after(LOADS, seconds=seconds)
            given: list[Telemetry] = []
            if "devices" not in kinds:
                given += [_cut(r, link) if r.node == without else r for r in records]
            if "probes" not in kinds:
                result = probes(KNOWN, self.now_s)
                sent = np.array(result.sent)
                if probe is not None:
                    sent[probe] = np.nan
                given.append(replace(result, sent=sent))
            if "flows" not in kinds and (self.now_s - START_S) % _FLOWS_S == 0:
                given.append(flows(KNOWN.peak_traffic.rates_bps, self.now_s))
            self.tracker.ingest(given, until_s=self.now_s)

    def covered(self) -> Coverage:
        return self.tracker.coverage.at(self.now_s)


def _cut(record: InterfaceCounters, link: str) -> InterfaceCounters:
    """Without all of its interfaces, or without the one of `link`."""
    if not link:
        return unread(record)
    row = record.links.index(link)
    sent, received = record.sent_bytes.copy(), record.received_bytes.copy()
    sent[row], received[row] = np.nan, np.nan
    return replace(record, sent_bytes=sent, dropped_bytes=sent, received_bytes=received)


def _unread(coverage: Coverage, part: CoveredPart) -> dict[str, float | None]:
    return {one.source: one.last_s for one in coverage.part(part).unread}


def test_all_is_read_once_every_source_has_come_and_nothing_before() -> None:
    reading = Reading()
    assert reading.covered().is_blind
    reading.go_on(12)
    covered = reading.covered()
    assert covered.is_whole
    assert not covered.gaps()
    assert [part.read for part in covered.parts] == [4, 8, 8, 2, 4]


def test_device_that_falls_silent_is_named_with_its_last_reading_and_its_egresses_are_counted() -> (
    None
):
    reading = Reading()
    reading.go_on(12)
    fell_s = reading.now_s
    reading.go_on(12, without="A")
    covered = reading.covered()
    assert _unread(covered, "devices") == {"A": fell_s}
    # Its two egresses, and what is lost on their way and on the way to it.
    assert covered.part("egresses").read == 6
    assert not covered.part("egresses").unread
    assert covered.part("loss").read == 4
    assert set(_unread(covered, "loss")) == {"B|A-B", "D|A-D"}
    assert not covered.is_whole
    reading.go_on(6)
    assert reading.covered().is_whole


def test_interface_that_falls_silent_is_told_apart_from_its_device() -> None:
    reading = Reading()
    reading.go_on(12)
    fell_s = reading.now_s
    reading.go_on(12, without="A", link="A-B")
    covered = reading.covered()
    assert not covered.part("devices").unread
    assert set(_unread(covered, "egresses")) == {"A|A-B"}
    assert _unread(covered, "egresses")["A|A-B"] == pytest.approx(fell_s, abs=ROUND_S)
    assert set(_unread(covered, "loss")) == {"B|A-B"}


def test_probe_that_falls_silent_is_named() -> None:
    reading = Reading()
    reading.go_on(12)
    fell_s = reading.now_s
    reading.go_on(6, probe=1)
    assert _unread(reading.covered(), "probes") == {"C>D/business": fell_s}


@pytest.mark.parametrize(("kind", "rounds"), [("probes", 6), ("devices", 6), ("flows", 40)])
def test_kind_of_record_that_falls_silent_is_unread_as_a_whole(
    kind: CoveredPart, rounds: int
) -> None:
    reading = Reading()
    reading.go_on(20)
    reading.go_on(rounds, kinds=frozenset({kind}))
    covered = reading.covered()
    assert covered.part(kind).read == 0
    others = {"devices", "egresses", "loss"} if kind == "devices" else {kind}
    assert {part.part for part in covered.parts if part.unread} <= others
    assert not covered.is_whole
    assert not covered.is_blind


def test_network_without_any_flow_records_is_read_as_a_whole() -> None:
    reading = Reading()
    reading.go_on(60, kinds=frozenset({"flows"}))
    covered = reading.covered()
    assert covered.is_whole
    assert covered.part("flows").was_never_given


def test_devices_that_are_read_every_five_minutes_are_read() -> None:
    reading = Reading()
    reading.go_on(6, seconds=300.0)
    for later_s in (0.0, 290.0, 600.0):
        assert not reading.tracker.coverage.at(reading.now_s + later_s).part("devices").unread
    assert reading.tracker.coverage.at(reading.now_s + 901.0).is_blind


def test_long_silence_does_not_make_the_next_one_usual() -> None:
    reading = Reading()
    reading.go_on(12)
    reading.go_on(1, seconds=3600.0)
    reading.go_on(2)
    assert reading.tracker.coverage.at(reading.now_s + 121.0).is_blind


def test_age_counts_from_the_clock_of_who_watches_though_nothing_comes() -> None:
    reading = Reading()
    reading.go_on(12)
    reading.tracker.ingest((), until_s=reading.now_s + 600.0)
    covered = reading.tracker.coverage.at(reading.now_s + 600.0)
    assert covered.is_blind
    assert covered.silent_since_s == reading.now_s


def test_what_was_read_survives_a_restart() -> None:
    reading = Reading()
    reading.go_on(12)
    fell_s = reading.now_s
    reading.go_on(6, without="A")
    kept = json.loads(json.dumps(reading.tracker.dump()))
    again = Tracker.load(kept, KNOWN, lambda state: offered_totals(Twin(KNOWN), state))
    covered = again.coverage.at(reading.now_s)
    assert _unread(covered, "devices") == {"A": fell_s}
    assert covered.gaps() == reading.covered().gaps()


def test_service_of_which_no_probe_reports_stays_as_it_was_seen_last() -> None:
    reading = Reading()
    reading.go_on(12)
    services = reading.tracker.services
    for _ in range(4):
        reading.counters.now_s += ROUND_S
        reading.tracker.ingest([probes(KNOWN, reading.now_s, lost=0.5)], until_s=reading.now_s)
    breached = services.in_breach_now
    assert breached
    lost = services.minutes_lost(START_S, reading.now_s)
    for _ in range(6):
        reading.counters.now_s += ROUND_S
        silent = probes(KNOWN, reading.now_s)
        silent = replace(silent, sent=np.full_like(silent.sent, np.nan))
        reading.tracker.ingest([silent], until_s=reading.now_s)
    assert services.in_breach_now == breached
    # What nobody measured is not counted either, but for the rounds that are still looked back on.
    more = services.minutes_lost(START_S, reading.now_s)
    assert all(more[name] <= lost[name] + 1.5 for name in breached)
