"""A breach is named where a change is nobody's and log-ins or scans bear it out, and only there."""

from collections.abc import Sequence

import numpy as np
import pytest

from tests.twin.tracking.square import START_S, flows, inventory, tracker_of
from twin.diagnosis.causes import Causes
from twin.errors import Ungrounded
from twin.events.actions.revert_to_intended import RevertToIntended
from twin.events.faults.access_breach import AccessBreach
from twin.events.faults.igp_weight_misconfig import IgpWeightMisconfig
from twin.events.faults.unannounced_drain import UnannouncedDrain
from twin.nouns.incident import Incident, Severity
from twin.nouns.telemetry import ConfigurationEvent, LogInEvent
from twin.nouns.untrusted import UntrustedText
from twin.tracking.belief import Belief
from twin.tracking.tracker import Tracker

KNOWN = inventory()
NODES = tuple(node.id for node in KNOWN.topology.nodes)
CHANGED_S = START_S + 1800.0
WEIGHT = IgpWeightMisconfig(node="A", link="A-B", weight=50)
USUAL = 300.0


def _log_in(time_s: float, node: str, address: str, *, ok: bool = True) -> LogInEvent:
    return LogInEvent(time_s, time_s, node, UntrustedText("ops"), UntrustedText(address), ok)


def _names(
    *signs: LogInEvent, scan: float = 1.0, watched: Sequence[LogInEvent] | None = None
) -> list[str]:
    """What is named after a weight was changed on A under no work, half an hour into a watch."""
    tracker = _changed(*signs, scan=scan, watched=watched)
    incident = Incident(
        id="square-0001",
        network="square",
        onset_s=CHANGED_S,
        detected_s=tracker.now_s,
        severity=Severity.MINOR,
        title="a change",
        symptoms=tracker.active_symptoms(),
    )
    causes = Causes(Belief(tracker=tracker, seed=1), incident, lambda _: [])
    causes.take(WEIGHT.after(tracker.normal_state()).running.device("A"))
    for candidate in causes.propose():
        causes.test([candidate.id])
    causes.grow()
    return causes.leading()


def _changed(
    *signs: LogInEvent, scan: float = 1.0, watched: Sequence[LogInEvent] | None = None
) -> Tracker:
    tracker = tracker_of(KNOWN)
    usual = [_log_in(START_S + 60 * i, NODES[i % 4], "192.0.2.10") for i in range(20)]
    tracker.ingest(usual if watched is None else watched)
    rates = KNOWN.peak_traffic.rates_bps
    fan_out = np.full(len(NODES), USUAL)
    for i in range(1, 5):
        tracker.ingest([flows(rates, START_S + 300 * i, fan_out=fan_out)])
    tracker.ingest([*signs])
    fan_out = np.where(np.array(NODES) == "A", scan * USUAL, USUAL)
    tracker.ingest([flows(rates, START_S + 1500, fan_out=fan_out)])
    commit = ConfigurationEvent(
        CHANGED_S, CHANGED_S, "A", UntrustedText("TCK-1"), UntrustedText("ops4")
    )
    device = WEIGHT.after(tracker.normal_state()).running.device("A")
    tracker.ingest([commit], running={"A": device})
    return tracker


FAILED = tuple(_log_in(START_S + 1300 + i, "A", "203.0.113.9", ok=False) for i in range(3))
INSIDE = tuple(_log_in(START_S + 1300 + i, "A", "192.0.2.10", ok=False) for i in range(3))
STRANGER = _log_in(START_S + 1400, "A", "203.0.113.9")
PLAIN, BROKEN = "igp_weight_misconfig@A|A-B", "access_breach@A"


def test_change_that_nothing_else_is_odd_about_is_the_change_that_it_is() -> None:
    assert _names() == [PLAIN]


def test_stranger_alone_may_be_somebody_who_travels() -> None:
    assert _names(STRANGER) == [PLAIN]


def test_failed_log_ins_and_a_stranger_before_a_change_are_a_breach() -> None:
    assert _names(*FAILED, STRANGER) == [BROKEN]


def test_stranger_and_a_scan_are_a_breach_though_no_log_in_failed() -> None:
    assert _names(STRANGER, scan=6.0) == [BROKEN]


def test_failed_log_ins_and_a_scan_are_a_breach_though_nobody_is_strange() -> None:
    assert _names(*INSIDE, scan=6.0) == [BROKEN]


@pytest.mark.parametrize(("scan", "named"), [(4.9, [PLAIN]), (5.1, [BROKEN])])
def test_five_times_as_many_others_as_usual_are_a_scan(scan: float, named: list[str]) -> None:
    assert _names(STRANGER, scan=scan) == named


def test_two_failed_log_ins_are_a_mistyped_password() -> None:
    assert _names(*FAILED[:2], STRANGER) == [PLAIN]


def test_failures_at_another_device_say_nothing_of_this_one() -> None:
    elsewhere = [_log_in(START_S + 1300 + i, "C", "203.0.113.9", ok=False) for i in range(9)]
    assert _names(*elsewhere) == [PLAIN]


def test_nobody_is_a_stranger_before_it_is_known_who_comes() -> None:
    tracker = _changed(STRANGER, watched=())
    assert tracker.access_signs(START_S)["A"].strange == ()
    assert _changed(STRANGER).access_signs(START_S)["A"].strange == ("203.0.113.0/24",)


def test_what_is_known_of_who_comes_outlives_the_process() -> None:
    tracker = _changed(STRANGER)
    again = Tracker.load(tracker.dump(), KNOWN, lambda _: np.zeros(tracker.topology.n_arcs))
    again.ingest([_log_in(CHANGED_S + 10, "B", "192.0.2.77")])
    again.ingest([_log_in(CHANGED_S + 20, "C", "198.51.100.7")])
    signs = again.access_signs(CHANGED_S)
    assert signs["B"].strange == ()
    assert signs["C"].strange == ("198.51.100.0/24",)


def test_breach_is_put_right_by_a_revert_that_only_a_person_may_approve() -> None:
    breach = AccessBreach(node="A", change=WEIGHT)
    assert breach.remedies() == (RevertToIntended(node="A"),)
    assert "security" in breach.needs_person()
    assert WEIGHT.needs_person() == ""
    assert breach.excludes(WEIGHT)
    assert not breach.excludes(IgpWeightMisconfig(node="B", link="A-B", weight=50))


def test_breach_of_a_device_changes_that_device_alone() -> None:
    both = UnannouncedDrain(link="A-B", nodes=("A", "B"))
    with pytest.raises(Ungrounded, match="changes what A runs"):
        AccessBreach(node="A", change=both).check(KNOWN.topology, KNOWN.intended)
