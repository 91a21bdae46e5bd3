"""A line of the risk register becomes a plan, passes the gate, and is played again."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest

from evals.stage import Case, stage
from graphs.foreseen import wanted
from graphs.state_directory import StateDirectory
from tests.channels.conftest import noctua
from tests.graphs.stagehand import (
    EVENING_S,
    FIRST,
    SECOND,
    Operation,
    Person,
    answer_to,
    operating,
)
from tools.journal.records import ApprovalRequest
from tools.network.emulated.case_truth import CaseTruth, Repair, TimedEvent
from tools.network.emulated.case_world import CaseWorld
from tools.network.emulated.truth_view import TruthView
from twin.events.fault import Fault
from twin.events.faults.fiber_cut import FiberCut
from twin.events.faults.link_down import LinkDown
from twin.nouns.incident import Phase
from twin.nouns.plan import Plan

LINE = "R-c8f6b304"
DUCT = FiberCut(duct="duct:Milan:1", links=("Milan--Munich", "Milan--Zurich"))
STRIKES_S = 3000.0


@dataclass
class Bold(Person):
    """Sets aside whatever stands in the way."""

    decision: Literal["approve", "reject"] = "approve"

    def consider(self, request: ApprovalRequest, plan: Plan, now_s: float) -> None:
        assert self.journal is not None
        self.answered.append(plan.id)
        for name in ("erin", "frank")[: request.approvers_needed]:
            answer = answer_to(plan, self.decision, now_s, name)
            named = answer.model_copy(update={"overrides": request.overrides_needed})
            if not self.journal.answer(named).still_needed:
                break


def _registered(state: Path, fault: Fault, at_s: float) -> Path:
    """A network of 28 devices that is not watched yet, with the start of its register."""
    world = CaseWorld(
        id="plain-name", topology="sndlib/nobel-eu", starts_s=EVENING_S, duration_s=7200.0
    )
    repair = Repair(travel_s=900.0, repair_s=900.0)
    truth = CaseTruth(events=(TimedEvent(at_s=at_s, fault=fault, repair=repair),))
    stage(Case(world, truth), 1, StateDirectory(state).network_file("live"), "live").close()
    StateDirectory(state).made_journal().close()
    assert noctua(state, "imagine", "live", "--lines", "12", "--by", "ann")[0] == 0
    return state


@pytest.fixture
def asked(tmp_path: Path) -> Path:
    """Somebody wants the line mitigated that a duct is, which is cut less than an hour later."""
    state = _registered(tmp_path, DUCT, STRIKES_S)
    code, output, error = noctua(state, "mitigate", LINE, "--by", "ann")
    assert (code, error) == (0, "")
    assert "`noctua watch` makes the plan" in output
    return state


def _hurt(network: Operation, running: str) -> set[str]:
    """Services that are in breach now, had the devices been configured so."""
    view, known = TruthView(network.network), network.network.inventory()
    configured = network.running() if running == "now" else known.intended
    return set(view.evaluate_steady(configured, network.clock.now_s()).breached)


def test_line_is_mitigated_and_holds_when_it_strikes(asked: Path) -> None:
    with operating(asked, None, person=Bold()) as operation:
        operation.run(most_s=STRIKES_S - 300.0)
        assert [n for n in operation.nodes() if n != "wait"] == [
            "acknowledge", "approval", "actuator", "verifier", "settle", "resolve",
        ]  # fmt: skip
        line = operation.journal.risk_record("live", LINE)
        assert line.state == "mitigated"
        assert f"{line.risk.slo_minutes:.3g} service-minutes a year" in line.reason
        (plan,) = operation.plans()
        assert plan.id in line.reason
        assert not plan.temporary
        assert plan.way_back, "whoever wants it can take it back"
        assert operation.phase() is Phase.RESOLVED
        assert operation.running() != operation.network.inventory().intended
        operation.run(lambda: operation.clock.now_s() > EVENING_S + STRIKES_S + 60.0)
        assert TruthView(operation.network).active_faults() == (DUCT,)
        with_it, without = _hurt(operation, "now"), _hurt(operation, "as intended")
        assert without - with_it, "services that the line names would suffer"
        assert not with_it - without
    assert noctua(asked, "audit", "verify")[0] == 0
    code, _, error = noctua(asked, "mitigate", LINE)
    assert (code, "is mitigated already" in error) == (2, True)


def test_plan_that_a_person_rejects_leaves_the_line_open(asked: Path) -> None:
    with operating(asked, None, person=Bold(decision="reject")) as operation:
        operation.run(most_s=STRIKES_S - 300.0)
        line = operation.journal.risk_record("live", LINE)
        assert line.state == "open"
        assert "erin rejected live-0001.mitigate1" in line.reason
        assert operation.phase() is Phase.RESOLVED
        assert operation.touched() == []
        assert not operation.told("page")


def test_what_has_happened_comes_before_what_is_foreseen(tmp_path: Path) -> None:
    state = _registered(tmp_path, LinkDown(link="Berlin--Munich"), 400.0)
    assert noctua(state, "mitigate", LINE, "--by", "ann")[0] == 0
    with operating(state, None, person=Bold()) as operation:
        # It waits until ten minutes are learned from, and the link fails meanwhile.
        operation.run(lambda: len(operation.journal.incidents()) > 1)
        assert operation.journal.incident(FIRST).incident.risk == LINE
        assert operation.journal.incident(SECOND).incident.symptoms, "none has joined the other"
        operation.run(lambda: operation.phase(SECOND) is Phase.RESOLVED)
        assert not operation.plans(FIRST)
        assert wanted(operation.workplace.desk) == []


def test_line_that_is_not_wanted_any_more_is_let_be(asked: Path) -> None:
    with operating(asked, None, person=Bold()) as operation:
        operation.run(operation.has_begun)
        reopened = noctua(asked, "risks", "reopen", LINE, "--by", "ann")
        assert reopened[0] == 0
        operation.run()
        assert operation.phase() is Phase.RESOLVED
        assert operation.journal.risk_record("live", LINE).state == "open"
        assert operation.touched() == []
