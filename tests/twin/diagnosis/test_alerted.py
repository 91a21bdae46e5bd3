"""What an alert weighs: an observation that may be false, or missing."""

import math

import pytest

from tests.twin.tracking.alerting import alert
from tests.twin.tracking.square import START_S, inventory, tracker_of
from twin.diagnosis.alerted import alerted
from twin.events.fault import Fault
from twin.events.faults.link_down import LinkDown
from twin.events.faults.silent_egress_packet_loss import SilentEgressPacketLoss
from twin.nouns.alert import Alert
from twin.nouns.evidence import CLAIM_NATS
from twin.tracking.belief import Belief
from twin.whatif.supposed import Supposed

A_B_DOWN = LinkDown(link="A-B")
LOSSY = SilentEgressPacketLoss(node="A", link="A-B", fraction=0.05)


def _nats(faults: list[Fault], *alerts: Alert) -> list[float]:
    belief = Belief(tracker=tracker_of(inventory()), seed=1)
    normal = Supposed(belief.twin, belief.tracker.normal_state())
    return [e.log_likelihood_ratio for e in alerted(belief, normal, faults, alerts)]


def test_alert_that_a_cause_brings_about_weighs_the_log_of_sent_over_false() -> None:
    """ln(0.9 / 0.02) = 3.81: above ln 20, by which two causes are told apart."""
    assert _nats([A_B_DOWN], alert("adjacency_down", "A-B")) == pytest.approx([math.log(45)])


def test_alert_that_a_cause_does_not_bring_about_weighs_nothing() -> None:
    assert _nats([A_B_DOWN], alert("adjacency_down", "C-D")) == []
    assert _nats([LOSSY], alert("adjacency_down", "A-B")) == []
    assert _nats([], alert("adjacency_down", "A-B"), alert("trouble", "A-B")) == []


def test_trouble_speaks_for_whatever_sits_at_the_place() -> None:
    for place in ("A|A-B", "A-B", "A", "B"):
        assert _nats([LOSSY], alert("trouble", place)) == pytest.approx([math.log(45)])
    assert _nats([LOSSY], alert("trouble", "C")) == []


def test_alerts_that_say_the_same_count_once_and_the_best_rule_counts() -> None:
    worse = alert("adjacency_down", "A-B", rule="worse", false_rate=0.09)
    assert _nats([A_B_DOWN], worse, alert("adjacency_down", "A-B")) == pytest.approx([math.log(45)])


def test_all_alerts_together_weigh_no_more_than_what_one_device_claims() -> None:
    """Ten thousand of them are one storm of one monitoring system."""
    storm = [alert("trouble", place) for place in ("A", "B", "A-B", "A|A-B", "B|A-B")]
    assert sum(_nats([A_B_DOWN], *storm)) == pytest.approx(CLAIM_NATS)


def test_rule_that_is_wrong_as_often_as_right_weighs_nothing() -> None:
    assert _nats([A_B_DOWN], alert("adjacency_down", "A-B", false_rate=0.95)) == []


def test_that_a_service_suffers_tells_no_cause_from_another() -> None:
    assert _nats([A_B_DOWN], alert("service_breach", "svc-AB", START_S)) == []
