"""Alerts on the emulated network: they decide what telemetry leaves open, and lose against it."""

import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.graphs.stagehand import EVENING_S, FIRST, LOSSY, Operation, case, operating
from tools.alerts.reading import Mapped, Received, content_of
from twin.events.faults.link_down import LinkDown
from twin.nouns.diagnosis import Diagnosis
from twin.nouns.incident import Severity
from twin.nouns.telemetry import AdjacencyEvent, Telemetry
from twin.nouns.untrusted import UntrustedText
from twin.tracking.detectors.alerted import ALONE_S

QUIET_LINK, SILENT_END = "DNVRng--SNVAng", "SNVAng"
"""A link that hardly carries anything at a fiftieth of the traffic, and the end whose report of its
adjacency is lost on the way: that it is down is claimed by the other alone.
"""

BEGINS_S = 600.0


def _one_report_is_lost(records: Sequence[Telemetry], _: float) -> Sequence[Telemetry]:
    return [
        record
        for record in records
        if not (
            isinstance(record, AdjacencyEvent)
            and (record.link, record.node) == (QUIET_LINK, SILENT_END)
        )
    ]


def _send(operation: Operation, *said: Mapped) -> None:
    """One post, received now, of alerts that began this moment."""
    wall_s, now_s = time.time(), operation.clock.now_s()
    pairs = []
    for mapped in said:
        labels = {"resource": UntrustedText(mapped.resource)}
        content = content_of(labels)
        pairs.append((Received(content, content, labels, starts_wall_s=wall_s), mapped))
    operation.journal.take_alerts("live", "prometheus", pairs, wall_s, now_s)


def _diagnosed(operation: Operation) -> Diagnosis:
    operation.run(
        lambda: operation.has_begun() and bool(operation.told("diagnosed")), most_s=2400.0
    )
    found = operation.journal.artefact(FIRST, "diagnosis", Diagnosis)
    assert found is not None
    return found


@pytest.mark.slow
@pytest.mark.parametrize("is_alerted", [False, True])
def test_alert_decides_what_one_device_alone_claims_and_no_load_shows(
    tmp_path: Path, is_alerted: bool
) -> None:
    """A claim of 5 nats and a prior of ln 0.3 are less than the 4 that convince; with the alert's
    ln 45 they are more.
    """
    scene = case((BEGINS_S, LinkDown(link=QUIET_LINK)), scale=0.02)
    with operating(tmp_path, scene, alter=_one_report_is_lost) as operation:
        operation.run(operation.has_begun, most_s=900.0)
        if is_alerted:
            _send(operation, Mapped("link-down", "adjacency_down", QUIET_LINK))
        diagnosis = _diagnosed(operation)
        symptoms = {s.id for s in operation.journal.incident(FIRST).incident.symptoms}
        assert [f.id for f in diagnosis.cause] == ([f"link_down@{QUIET_LINK}"] * is_alerted)
        assert (f"alert:{QUIET_LINK}" in symptoms) is is_alerted
        assert len(operation.journal.incidents()) == 1


@pytest.mark.slow
def test_alert_that_lies_loses_against_what_is_measured(tmp_path: Path) -> None:
    """A link loses packets; the alert says that another one is down, which carries its traffic."""
    with operating(tmp_path, case((BEGINS_S, LOSSY))) as operation:
        operation.run(lambda: operation.clock.now_s() >= EVENING_S + BEGINS_S)
        _send(operation, Mapped("link-down", "adjacency_down", "HSTNng--LOSAng"))
        diagnosis = _diagnosed(operation)
        assert [f.kind for f in diagnosis.cause] == ["silent_egress_packet_loss"]
        operation.run(lambda: operation.clock.now_s() >= EVENING_S + BEGINS_S + ALONE_S + 60.0)
        tracker = operation.workplace.desk.situation.tracker
        assert tracker.alerts.record("link-down").refuted == 1
        seen = [s.id for r in operation.journal.incidents() for s in r.incident.symptoms]
        assert not [name for name in seen if name.startswith("alert:")]
        assert len(operation.journal.incidents()) == 1


@pytest.mark.slow
def test_alert_alone_opens_an_incident_of_minor_severity_after_the_stated_time(
    tmp_path: Path,
) -> None:
    """Nothing that is measured could show what it says; and a restart in between loses nothing."""
    with operating(tmp_path, case()) as operation:
        operation.run(lambda: operation.clock.now_s() >= EVENING_S + BEGINS_S)
        _send(operation, Mapped("fan", "trouble", "HSTNng"))
        told_s = operation.clock.now_s()
        operation.run(lambda: operation.clock.now_s() >= told_s + ALONE_S - 60.0)
        assert not operation.has_begun()
    with operating(tmp_path, None) as operation:
        operation.run(operation.has_begun, most_s=300.0)
        (record,) = operation.journal.incidents()
        assert record.incident.title == "alert: HSTNng"
        assert record.incident.severity is Severity.MINOR
        assert operation.clock.now_s() >= told_s + ALONE_S


@pytest.mark.slow
def test_a_storm_of_alerts_about_one_trouble_is_one_incident(tmp_path: Path) -> None:
    """Every link, device and egress of the network is complained about by some rule."""
    with operating(tmp_path, case((BEGINS_S, LinkDown(link="ATLAng--HSTNng")))) as operation:
        operation.run(operation.has_begun, most_s=900.0)
        topology = operation.network.inventory().topology
        parts = [*(x.id for x in topology.links), *(n.id for n in topology.nodes)]
        _send(operation, *(Mapped("any", "trouble", part) for part in parts))
        operation.run(lambda: operation.clock.now_s() >= EVENING_S + BEGINS_S + 2 * ALONE_S)
        assert len(operation.journal.incidents()) == 1
