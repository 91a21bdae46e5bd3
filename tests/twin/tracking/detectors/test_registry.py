"""Detectors behind one Protocol: those that ship, and one that somebody else brings."""

import importlib
import json
import pkgutil
from collections.abc import Mapping
from functools import partial
from typing import Any, ClassVar, get_args

import pytest

from tests.twin.tracking.square import START_S, Counters, adjacency, flows, inventory, probes
from twin.errors import BadInput
from twin.nouns.configuration import NetworkConfiguration
from twin.nouns.inventory import Inventory
from twin.nouns.telemetry import ConfigurationEvent, LogInEvent, SyslogLine, Telemetry
from twin.nouns.untrusted import UntrustedText
from twin.physics.questions import offered_totals
from twin.physics.twin import Twin
from twin.tracking import detectors
from twin.tracking.alarms import Alarm
from twin.tracking.detectors import SHIPPED
from twin.tracking.detectors.detector import Belief, Detector, DetectorClass, Evidence
from twin.tracking.detectors.streaks import Streaks
from twin.tracking.rates import RateRound
from twin.tracking.tracker import Tracker


@pytest.fixture
def known() -> Inventory:
    return inventory()


class BusyEgress:
    """An egress sends more than 5 Gbit/s; `rounds` are counted over restarts."""

    name = "busy_egress"
    watches: ClassVar[tuple[type, ...]] = (RateRound,)

    def __init__(self, belief: Belief, kept: Mapping[str, Any]) -> None:
        self._belief = belief
        self.rounds = int(kept.get("rounds", 0))

    def look(self, evidence: RateRound) -> None:
        self.rounds += 1
        for arc in (evidence.sent_total_bps > 5e9).nonzero()[0].tolist():
            egress = self._belief.topology.egress_of(arc)
            name = str(egress)
            alarm = Alarm("queue_drops", name, float(evidence.until_s[arc]), 1.0)
            self._belief.book.raise_alarm(alarm)

    def dump(self) -> dict[str, Any]:
        return {"rounds": self.rounds}


def _tracker(known: Inventory, *more: DetectorClass) -> Tracker:
    load_model = partial(offered_totals, Twin(known))
    return Tracker(known, known.intended, load_model, detectors=(*SHIPPED, *more))


def _revived(kept: dict[str, Any], known: Inventory, *more: DetectorClass) -> Tracker:
    return Tracker.load(kept, known, partial(offered_totals, Twin(known)), (*SHIPPED, *more))


def test_every_detector_has_a_file_of_its_name_and_is_shipped() -> None:
    found: set[tuple[str, object]] = set()
    for module in pkgutil.iter_modules(detectors.__path__):
        name = f"{detectors.__name__}.{module.name}"
        for value in vars(importlib.import_module(name)).values():
            if isinstance(value, type) and value.__module__ == name and hasattr(value, "dump"):
                found.add((module.name, value))
    helpers = {("streaks", Streaks), ("detector", Detector)}
    shipped: set[tuple[str, object]] = {(kind.name, kind) for kind in SHIPPED}
    assert found == shipped | helpers


def test_everything_that_is_shown_is_watched() -> None:
    watched = {kind for detector in SHIPPED for kind in detector.watches}
    assert watched == set(get_args(Evidence))


def test_record_of_every_kind_is_taken(known: Inventory) -> None:
    records: list[Telemetry] = [
        *Counters().read(),
        probes(known, START_S),
        flows(known.peak_traffic.rates_bps, START_S),
        adjacency(START_S, "A", "A-B", up=True),
        ConfigurationEvent(START_S, START_S, "A", UntrustedText("1"), UntrustedText("admin")),
        LogInEvent(
            START_S, START_S, "A", UntrustedText("admin"), UntrustedText("192.0.2.1"), ok=True
        ),
        SyslogLine(START_S, START_S, "A", UntrustedText("hello")),
    ]
    assert {type(record) for record in records} == set(get_args(Telemetry))
    _tracker(known).ingest(records)


def test_detector_that_somebody_brings_raises_alarms_beside_the_others(known: Inventory) -> None:
    tracker, counters = _tracker(known, BusyEgress), Counters()
    tracker.ingest(counters.read())
    sent = offered_totals(Twin(known), Twin(known).state())
    tracker.ingest(counters.after(2 * sent))
    assert [s.id for s in tracker.active_symptoms()] == ["queue_drops:A|A-B"]


def test_state_of_a_detector_outlives_the_process(known: Inventory) -> None:
    tracker, counters = _tracker(known, BusyEgress), Counters()
    tracker.ingest(counters.read())
    sent = offered_totals(Twin(known), Twin(known).state())
    for _ in range(3):
        tracker.ingest(counters.after(sent))
    kept = json.loads(json.dumps(tracker.dump()))
    assert kept["detectors"]["busy_egress"] == {"rounds": 3}
    revived = _revived(kept, known, BusyEgress)
    assert revived.dump()["detectors"]["busy_egress"] == {"rounds": 3}
    # Whoever has no such detector any more goes on without it.
    assert "busy_egress" not in _revived(kept, known).dump()["detectors"]


def test_two_detectors_of_one_name_are_refused(known: Inventory) -> None:
    with pytest.raises(BadInput, match='"busy_egress"'):
        _tracker(known, BusyEgress, BusyEgress)


def test_detector_of_what_is_never_shown_is_refused(known: Inventory) -> None:
    class Reader(BusyEgress):
        name = "reader"
        watches = (SyslogLine,)

    with pytest.raises(BadInput, match=r'"reader" watches SyslogLine.*RateRound'):
        _tracker(known, Reader)


def test_detectors_are_shown_what_was_read_of_the_devices(known: Inventory) -> None:
    class Auditor(BusyEgress):
        name = "auditor"
        watches = (NetworkConfiguration,)

        def look(self, evidence: Any) -> None:
            assert self._belief.running is evidence, "the belief is up to date"
            self.rounds += 1

    tracker = _tracker(known, Auditor)
    tracker.set_running(known.intended)
    assert tracker.dump()["detectors"]["auditor"] == {"rounds": 1}
