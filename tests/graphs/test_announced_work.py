"""Incidents around announced work, from the first alarm to the end, on Abilene."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from evals.stage import Case, stage
from graphs.state_directory import StateDirectory
from graphs.workplace import Workplace
from tests.graphs.stagehand import (
    EVENING_S,
    FIRST,
    Operation,
    Person,
    answer_to,
    case,
    operating,
)
from tools.journal.records import ApprovalRequest
from tools.network.emulated import EmulatedNetwork, SimulatedClock
from tools.network.emulated.case_truth import PlannedAction
from tools.network.emulated.network_file import NetworkFile
from twin.events.actions.revert_interface import RevertInterface
from twin.events.fault import Fault
from twin.events.faults.link_down import LinkDown
from twin.nouns.diagnosis import Diagnosis
from twin.nouns.incident import Phase
from twin.nouns.plan import Plan
from twin.nouns.planned_work import PlannedWork
from twin.nouns.telemetry import ConfigurationEvent, Telemetry

POLICY = Path(__file__).parents[2] / "tools" / "change" / "policy.yaml"

SOUTH, WEST, STUB = "HSTNng--LOSAng", "DNVRng--KSCYng", "ATLAM5--ATLAng"


class Overriding(Person):
    """Names what has to be overridden, and keeps what that was."""

    overridden: tuple[str, ...] = ()

    def consider(self, request: ApprovalRequest, plan: Plan, now_s: float) -> None:
        """See Person."""
        if self.journal is None or now_s < request.requested_s + 60.0:
            return
        for name in ("erin", "frank")[len(request.answers) : request.approvers_needed]:
            named = {"overrides": request.overrides_needed}
            answer = answer_to(plan, "approve", now_s, name)
            self.journal.answer(answer.model_copy(update=named))
        self.overridden += request.overrides_needed


def _case(link: str, *faults: tuple[float, Fault], until_s: float, shut_until_s: float) -> Case:
    """CHG-1 on `link` from the tenth minute to `until_s`; it is shut until `shut_until_s`."""
    plain = case(*faults)
    work = PlannedWork(
        id="CHG-1", links=(link,), starts_s=EVENING_S + 600.0, ends_s=EVENING_S + until_s
    )
    shut = PlannedAction(
        at_s=900.0, until_s=shut_until_s, link=link, what="link_down", change_id="CHG-1"
    )
    return Case(
        plain.world.model_copy(update={"planned_work": (work,)}),
        plain.truth.model_copy(update={"planned_actions": (shut,)}),
    )


def _without_bound(folder: Path) -> None:
    """How much a plan may move is not what is tried here."""
    text = POLICY.read_text(encoding="utf-8").replace(
        "max_moved_share: 0.4", "max_moved_share: 1.0"
    )
    StateDirectory(folder).policy_file.write_text(text, encoding="utf-8")


@pytest.mark.slow
def test_failure_on_the_protecting_path_is_diagnosed_alone_and_the_work_is_stopped(
    tmp_path: Path,
) -> None:
    _without_bound(tmp_path)
    scripted = _case(SOUTH, (1500.0, LinkDown(link=WEST)), until_s=6000.0, shut_until_s=5900.0)
    person = Overriding()
    with operating(tmp_path, scripted, person=person) as operation:
        operation.run(lambda: bool(operation.journal.incidents() and operation.told("confirmed")))
        diagnosis = operation.journal.artefact(FIRST, "diagnosis", Diagnosis)
        assert diagnosis is not None
        assert diagnosis.cause == (LinkDown(link=WEST),)
        assert "made worse by CHG-1" in diagnosis.statement
        (order,) = operation.journal.dispatches(FIRST)
        assert order.dispatch.links == (WEST,)
        (called,) = operation.told("work")
        assert called.data["work"] == "CHG-1"
        plan = next(p for p in operation.plans() if p.actions)
        ends = {RevertInterface(node=node, link=SOUTH) for node in SOUTH.split("--")}
        assert set(plan.actions) == ends
        assert person.overridden == ("planned_work:CHG-1",)
        assert not any(
            operation.network.running(node).interface(SOUTH).shut_down for node in SOUTH.split("--")
        )


@pytest.mark.slow
def test_link_that_is_left_shut_is_an_incident_in_minutes_and_put_back(tmp_path: Path) -> None:
    _without_bound(tmp_path)
    with operating(
        tmp_path, _case(WEST, until_s=2400.0, shut_until_s=7100.0), person=Person()
    ) as operation:
        operation.run()
        incident = operation.journal.incident(FIRST).incident
        assert incident.title.startswith("CHG-1 is over since 18:40 UTC, DNVRng--KSCYng")
        assert 2400.0 < incident.detected_s - EVENING_S < 2400.0 + 600.0
        assert operation.journal.dispatches(FIRST) == ()
        assert operation.phase() is Phase.RESOLVED
        operation.run(lambda: False, most_s=600.0)
        assert len(operation.journal.incidents()) == 1


@pytest.mark.slow
def test_services_that_work_was_known_to_hit_open_no_incident(tmp_path: Path) -> None:
    with operating(tmp_path, _case(STUB, until_s=3600.0, shut_until_s=3500.0)) as operation:
        hit = _hit_after(operation, 2400.0)
        assert hit
        assert hit <= operation.workplace.tracker.foretold(EVENING_S + 2400.0)
        (known,) = operation.journal.foretold("live")
        assert set(known.in_breach) >= hit
        operation.run(lambda: False, most_s=2400.0)
        assert operation.journal.incidents() == ()


def _hit_after(operation: Operation, seconds: float) -> frozenset[str]:
    operation.run(lambda: operation.clock.now_s() >= EVENING_S + seconds)
    return frozenset(operation.workplace.tracker.services.in_breach_now)


class Forgetful(EmulatedNetwork):
    """Reports of commits in `forgets` (Unix seconds) get lost."""

    forgets: tuple[float, float] = (0.0, 0.0)

    def poll(self, after_s: float | None = None) -> Sequence[Telemetry]:
        """See Network."""
        first_s, last_s = self.forgets
        return [
            record
            for record in super().poll(after_s)
            if not (isinstance(record, ConfigurationEvent) and first_s < record.time_s < last_s)
        ]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("forgotten", "left", "incidents"),
    [("the undoing", False, 0), ("the drain", True, 1)],
)
def test_ends_of_work_that_is_over_are_read_whatever_was_reported(
    tmp_path: Path, forgotten: str, left: bool, incidents: int
) -> None:
    undone_s = 6000.0 if left else 2000.0
    scripted = _case(WEST, until_s=2400.0, shut_until_s=undone_s)
    drained = scripted.truth.planned_actions[0].model_copy(update={"what": "drain"})
    truth = scripted.truth.model_copy(update={"planned_actions": (drained,)})
    file = StateDirectory(tmp_path).network_file("live")
    stage(Case(scripted.world, truth), 1, file).close()
    network = Forgetful(NetworkFile(file, create=False))
    begins_s = 1900.0 if forgotten == "the undoing" else 800.0
    network.forgets = (EVENING_S + begins_s, EVENING_S + begins_s + 300.0)
    try:
        with Workplace(tmp_path, network, SimulatedClock(network)) as workplace:
            workplace.watch.run(EVENING_S + 2400.0 + 600.0)
            titles = [r.incident.title for r in workplace.journal.incidents()]
            assert len(titles) == incidents
            assert all(title.startswith("CHG-1 is over since") for title in titles)
    finally:
        network.close()
