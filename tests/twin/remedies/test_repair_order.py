"""Whom the field is sent to, and when nobody goes."""

from typing import Literal

import pytest

from tests.twin.tracking.square import START_S, topology
from twin.events.fault import Fault
from twin.events.faults.device_down import DeviceDown
from twin.events.faults.fiber_cut import FiberCut
from twin.events.faults.igp_weight_misconfig import IgpWeightMisconfig
from twin.events.faults.link_down import LinkDown
from twin.events.faults.silent_egress_packet_loss import SilentEgressPacketLoss as SilentLoss
from twin.events.faults.traffic_spike import TrafficSpike
from twin.nouns.diagnosis import Diagnosis, Hypothesis
from twin.nouns.incident import Incident, Severity
from twin.nouns.plan import Dispatch
from twin.remedies.repair_order import repair_order

INCIDENT = Incident(
    id="live-0001",
    network="live",
    onset_s=START_S,
    detected_s=START_S,
    severity=Severity.MAJOR,
    title="adjacency down: A-B",
    symptoms=(),
)
WEIGHT = IgpWeightMisconfig(node="A", link="A-B", weight=50)


def _order(
    *faults: Fault, verdict: Literal["found", "ambiguous", "unknown", "healthy"] = "found"
) -> Dispatch | None:
    hypothesis = Hypothesis(
        id="h",
        faults=faults,
        log_likelihood=9.0,
        probability=0.9,
        evidence_for=(),
        evidence_against=(),
    )
    diagnosis = Diagnosis(verdict=verdict, hypotheses=(hypothesis,), statement="the cause is so")
    return repair_order(INCIDENT, diagnosis, topology(), 2, START_S + 60)


def test_recorded_duct_is_where_to_start() -> None:
    order = _order(FiberCut(duct="duct-1", links=("A-D", "A-B")))
    assert order is not None
    assert (order.id, order.place, order.links) == ("live-0001.dispatch2", "duct-1", ("A-B", "A-D"))
    assert "the cause is so" in order.text
    assert "A-B, A-D" in order.text


def test_device_is_where_to_start_and_no_fibre_is_measured() -> None:
    order = _order(DeviceDown(node="B", links=("A-B", "B-C")))
    assert order is not None
    assert (order.place, order.links) == ("B", ("A-B", "B-C"))
    assert "the device B itself is down" in order.text
    assert "measure" not in order.text


def test_unrecorded_duct_is_looked_for_where_its_links_meet() -> None:
    order = _order(FiberCut(duct="", links=("A-B", "A-D")))
    assert order is not None
    assert order.place == "A"


@pytest.mark.parametrize(
    "fault", [LinkDown(link="B-C"), SilentLoss(node="C", link="B-C", fraction=0.05)]
)
def test_single_link_is_started_at_one_end(fault: Fault) -> None:
    order = _order(fault)
    assert order is not None
    assert (order.place, order.links) == ("B", ("B-C",))


def test_only_the_physical_part_of_a_cause_is_the_fields() -> None:
    order = _order(LinkDown(link="B-C"), WEIGHT)
    assert order is not None
    assert order.links == ("B-C",)


def test_nobody_is_sent_for_what_is_no_field_work_or_not_known() -> None:
    assert _order(WEIGHT) is None
    assert _order(TrafficSpike(target="B", factor=3.0)) is None
    assert _order(LinkDown(link="B-C"), verdict="unknown") is None
    assert _order(LinkDown(link="B-C"), verdict="ambiguous") is not None
