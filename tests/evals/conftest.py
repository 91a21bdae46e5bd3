"""Short cases on a small network."""

import pytest

from evals.stage import Case
from tools.network.emulated.case_truth import CaseTruth, Repair, TimedEvent
from tools.network.emulated.case_world import CaseWorld
from twin.events.faults.igp_weight_misconfig import IgpWeightMisconfig
from twin.events.faults.link_down import LinkDown

EVENING_S = 1_772_560_800.0
"""2026-03-03T18:00:00Z."""


def _world(name: str, scale: float = 1.0) -> CaseWorld:
    return CaseWorld(
        id=name,
        topology="sndlib/abilene",
        starts_s=EVENING_S,
        duration_s=5400.0,
        traffic_scale=scale,
    )


@pytest.fixture
def stub_case() -> Case:
    """The only link of a node is down ten minutes after the start: nothing but the field helps."""
    fault = LinkDown(link="ATLAM5--ATLAng")
    repair = Repair(travel_s=900.0, repair_s=900.0)
    return Case(
        _world("stub-case"),
        CaseTruth(events=(TimedEvent(at_s=600.0, fault=fault, repair=repair),)),
    )


@pytest.fixture
def weight_case() -> Case:
    """Somebody makes a link so dear that its traffic overloads others; only a commit ends it."""
    fault = IgpWeightMisconfig(node="ATLAng", link="ATLAng--HSTNng", weight=60)
    return Case(
        _world("weight-case", 1.4),
        CaseTruth(events=(TimedEvent(at_s=600.0, fault=fault),)),
    )


@pytest.fixture
def healthy_case() -> Case:
    """Nothing is wrong."""
    return Case(_world("healthy-case"), CaseTruth())
