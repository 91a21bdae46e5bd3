"""Incidents from alarm to end on the emulated network, with the shipped mind."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.graphs.stagehand import (
    EVENING_S,
    FIRST,
    LOSSY,
    SECOND,
    STUB,
    WESTERN_LINK,
    WRONG_WEIGHT,
    Operation,
    Person,
    case,
    operating,
)
from tools.journal.records import ChangeState
from tools.trace import read_trace
from twin.events.actions.drain_link import DrainLink
from twin.events.actions.revert_to_intended import RevertToIntended
from twin.events.actions.undrain_link import UndrainLink
from twin.events.faults.igp_weight_misconfig import IgpWeightMisconfig
from twin.events.faults.link_down import LinkDown
from twin.nouns.diagnosis import Diagnosis
from twin.nouns.incident import Phase
from twin.nouns.plan import Outcome


@pytest.fixture(scope="module")
def mitigated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operation]:
    """A link fails, its traffic overloads another, a weight is changed until the repair.

    One service stays outside its objective, so that more relief is looked for, in vain.
    """
    scripted = case((600.0, WESTERN_LINK), scale=1.4)
    with operating(tmp_path_factory.mktemp("mitigated"), scripted, person=Person()) as operation:
        operation.run()
        yield operation


def test_incident_goes_from_alarm_to_resolved(mitigated: Operation) -> None:
    assert mitigated.phase() is Phase.RESOLVED
    order = [
        e.kind
        for e in mitigated.journal.timeline(FIRST)
        if e.kind not in ("symptom", "paged", "field", "foretold")
    ]
    assert order == [
        "detected",
        "acknowledged",
        "diagnosed",
        "routed",
        "dispatched",
        "proposed",
        "imagined",
        "simulated",
        "routed",
        "planned",
        "routed",
        "asked",
        "answered",
        "committed",
        "confirmed",
        "relief",
        "proposed",
        "imagined",
        "simulated",
        "routed",
        "no_relief",
        "repaired",
        "planned",
        "asked",
        "answered",
        "committed",
        "confirmed",
        "resolved",
    ]


def test_diagnosis_names_the_link_that_failed(mitigated: Operation) -> None:
    diagnosis = mitigated.journal.artefact(FIRST, "diagnosis", Diagnosis)
    assert diagnosis is not None
    assert diagnosis.verdict == "found"
    assert diagnosis.hypotheses[0].faults == (WESTERN_LINK,)


def test_temporary_change_is_taken_out_after_the_repair(mitigated: Operation) -> None:
    mitigate, back = mitigated.plans()
    assert (mitigate.purpose, mitigate.temporary) == ("mitigate", True)
    assert (back.purpose, back.actions) == ("return", mitigate.way_back)
    states = {c.state for c in mitigated.journal.changes(incident_id=FIRST)}
    assert states == {ChangeState.CONFIRMED}
    before = mitigated.journal.changes(plan_id=mitigate.id)
    for change in before:
        assert mitigated.network.running(change.node) == change.before
    assert mitigated.told("repaired")[0].time_s < mitigated.told("committed")[1].time_s


def test_every_plan_has_a_forecast_of_every_step_and_an_outcome(mitigated: Operation) -> None:
    carried_out = [plan for plan in mitigated.plans() if plan.actions]
    assert len(carried_out) == 2
    for plan in carried_out:
        assert plan.steps
        assert all(step.forecast.rollouts >= 50 for step in plan.steps)
        outcome = mitigated.journal.artefact(FIRST, f"outcome:{plan.id}", Outcome)
        assert outcome is not None
        assert outcome.kept
        assert set(outcome.observed_utilisation) <= set(plan.forecast.utilisation)


def test_state_is_plain_json_at_every_checkpoint(mitigated: Operation) -> None:
    steps = mitigated.steps()
    assert len(steps) > 20
    for step in steps:
        assert json.loads(json.dumps(step, allow_nan=False)) == step


def test_thread_takes_a_step_only_when_something_happens(mitigated: Operation) -> None:
    """It is looked every minute of the half hour that the field takes, and of the soak."""
    (sent,), (repaired,) = mitigated.told("dispatched"), mitigated.told("repaired")
    assert repaired.time_s - sent.time_s > 25 * 60.0
    assert mitigated.nodes().count("wait") < 12


def test_nothing_is_left_of_the_thread_of_what_has_ended(mitigated: Operation) -> None:
    with closing(sqlite3.connect(mitigated.folder / "checkpoints.sqlite")) as kept:
        for table in ("checkpoints", "writes"):
            assert kept.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,)
    assert mitigated.workplace.runs.pending(FIRST) is None


def test_one_incident_is_one_trace(mitigated: Operation) -> None:
    record = mitigated.journal.incident(FIRST)
    files = list((mitigated.folder / "traces").glob("*.jsonl"))
    assert [f.stem for f in files] == [record.trace_id]
    spans = read_trace(files[0])
    assert {s.trace_id for s in spans} == {record.trace_id}
    assert {s.name.split(" ")[0] for s in spans} >= {"invoke_workflow", "invoke_agent", "chat"}


def test_audit_chain_holds_and_tells_of_every_commit(mitigated: Operation) -> None:
    assert mitigated.journal.verify_audit().first_broken is None
    of_incident = [line.action for line in mitigated.journal.audit_lines(subject=FIRST)]
    assert of_incident == ["open", "resolve"]
    confirmed = [x.subject for x in mitigated.journal.audit_lines() if x.action == "confirmed"]
    assert sorted(confirmed) == sorted(c.change_id for c in mitigated.journal.changes())


def test_closed_incident_is_remembered_in_the_graph(mitigated: Operation) -> None:
    graph = mitigated.workplace.desk.situation.graph
    symptoms = [s.id for s in mitigated.journal.incident(FIRST).incident.symptoms]
    (found,) = graph.incidents_like(symptoms)
    assert (found.incident.id, found.incident.worked) == (FIRST, True)
    assert found.incident.cause == "link_down@DNVRng--KSCYng"


# What ends otherwise


@pytest.mark.slow
def test_healthy_network_opens_no_incident(tmp_path: Path) -> None:
    with operating(tmp_path, case()) as operation:
        operation.run(most_s=7200.0)
        assert operation.journal.incidents() == ()
        assert operation.workplace.tracker.usual_loads.rounds_learned > 100


@pytest.mark.slow
def test_wrong_weight_is_put_right_for_good_and_nobody_goes_out(tmp_path: Path) -> None:
    with operating(tmp_path, case((600.0, WRONG_WEIGHT), scale=1.4), person=Person()) as operation:
        operation.run()
        assert operation.phase() is Phase.RESOLVED
        (plan,) = operation.plans()
        assert plan.actions == (RevertToIntended(node="ATLAng"),)
        assert not plan.temporary
        assert operation.journal.dispatches(FIRST) == ()
        intended = operation.network.inventory().intended
        assert operation.network.running("ATLAng") == intended.device("ATLAng")


@pytest.mark.slow
def test_two_incidents_at_once_are_both_resolved_and_keep_their_symptoms(tmp_path: Path) -> None:
    """A silent loss in the east, and ten minutes later a link down on the west coast."""
    west = LinkDown(link="LOSAng--SNVAng")
    scripted = case((600.0, LOSSY), (1200.0, west))
    with operating(tmp_path, scripted, person=Person()) as operation:
        operation.run()
        assert [r.phase for r in operation.journal.incidents()] == [Phase.RESOLVED] * 2
        one, two = (r.incident for r in operation.journal.incidents())
        assert "silent_loss:NYCMng|NYCMng--WASHng" in {s.id for s in one.symptoms}
        assert "adjacency_down:LOSAng--SNVAng" in {s.id for s in two.symptoms}
        causes = [operation.journal.artefact(i, "diagnosis", Diagnosis) for i in (FIRST, SECOND)]
        assert [d.hypotheses[0].faults[0].kind for d in causes if d] == [
            "silent_egress_packet_loss",
            "link_down",
        ]
        seen = {s.id for s in operation.workplace.tracker.book.since(EVENING_S)}
        assert seen == {s.id for s in (*one.symptoms, *two.symptoms)}
        assert len(list((tmp_path / "traces").glob("*.jsonl"))) == 2


@pytest.mark.slow
def test_link_that_nobody_needs_comes_back_drained_and_carries_again_after_a_soak(
    tmp_path: Path,
) -> None:
    """At this load the other ways carry what the link carried."""
    coast = LinkDown(link="LOSAng--SNVAng")
    with operating(tmp_path, case((600.0, coast)), person=Person()) as operation:
        before = operation.running()
        operation.run()
        assert operation.phase() is Phase.RESOLVED
        hold, back = operation.plans()
        assert hold.actions == (DrainLink(link=coast.link),)
        assert hold.blast_radius.moved_bps == 0.0
        assert back.actions == (UndrainLink(link=coast.link),)
        assert operation.running() == before
        assert len(operation.journal.dispatches(FIRST)) == 1
        soak_s = operation.workplace.desk.policy.verification.soak_s
        (repaired,), (_, returned) = operation.told("repaired"), operation.told("committed")
        assert returned.time_s >= repaired.time_s + soak_s


@pytest.mark.slow
def test_link_comes_back_with_its_traffic_where_nobody_lets_it_be_drained(tmp_path: Path) -> None:
    coast = LinkDown(link="LOSAng--SNVAng")
    with operating(tmp_path, case((600.0, coast)), person=Person(["reject"])) as operation:
        operation.run()
        assert operation.phase() is Phase.RESOLVED
        assert len(operation.told("not_held")) == 1
        assert operation.touched() == []


@pytest.mark.slow
def test_what_nothing_helps_is_a_persons_to_know_while_the_field_is_out(tmp_path: Path) -> None:
    """The only link of a router is down: no action of ours reaches it."""
    with operating(tmp_path, case((600.0, STUB)), person=Person()) as operation:
        operation.run(lambda: operation.has_begun() and operation.told("paged") != [])
        assert operation.phase() is Phase.AWAITING_REPAIR
        (told,) = operation.told("paged")
        assert "ATLAM5--ATLAng" in str(told.data["location"])
        assert "link down of ATLAM5--ATLAng" in str(told.data["cause"])
        assert told.data["reason"]
        assert operation.touched() == []
        operation.run()
        assert operation.phase() is Phase.RESOLVED
        assert len(operation.journal.dispatches(FIRST)) == 1


# Approval


@pytest.mark.slow
def test_rejected_plan_changes_nothing_and_another_remedy_is_proposed(tmp_path: Path) -> None:
    scripted = case((600.0, LOSSY))
    with operating(tmp_path, scripted, person=Person(("reject", "approve"))) as operation:
        before = operation.running()
        operation.run(lambda: _opened(operation) and len(operation.told("answered")) == 1)
        assert operation.told("answered")[0].text == "reject: I looked at it"
        assert operation.running() == before
        assert operation.touched() == []
        operation.run()
        first, second = operation.plans()[:2]
        assert first.actions != second.actions
        assert operation.phase() is Phase.RESOLVED


@pytest.mark.slow
def test_everything_rejected_is_a_persons_and_the_network_is_as_it_was(tmp_path: Path) -> None:
    with operating(tmp_path, case((600.0, LOSSY)), person=Person(("reject",))) as operation:
        before = operation.running()
        operation.run()
        assert operation.running() == before
        assert operation.touched() == []
        asked = len(operation.journal.approval_requests(operation.clock.now_s()))
        assert 1 < asked <= 3
        if operation.phase() is Phase.ESCALATED:
            assert "erin rejected" in operation.told("escalated")[0].text


@pytest.mark.slow
def test_request_that_nobody_answers_expires_and_escalates(tmp_path: Path) -> None:
    with operating(tmp_path, case((600.0, WRONG_WEIGHT), scale=1.4)) as operation:
        before_fault = operation.network.inventory().intended
        operation.run()
        assert operation.phase() is Phase.ESCALATED
        (told,) = operation.told("escalated")
        assert "nobody answered" in told.text
        assert "ATLAng" in str(told.data["location"])
        (request,) = operation.journal.approval_requests(operation.clock.now_s())
        assert request.state == "expired"
        assert told.time_s >= request.expires_s
        (again,) = operation.told("unanswered")
        assert again.data["to"] == operation.workplace.desk.policy.approval.page_again_to
        assert request.requested_s + 900.0 <= again.time_s < request.expires_s
        assert "expire" in {x.action for x in operation.journal.audit_lines(request.plan_id)}
        assert "escalate" in {x.action for x in operation.journal.audit_lines(FIRST)}
        assert operation.touched() == []
        assert operation.running() != before_fault, "the wrong weight is still there"


@pytest.mark.slow
def test_resuming_without_an_answer_in_the_journal_approves_nothing(tmp_path: Path) -> None:
    with operating(tmp_path, case((600.0, WRONG_WEIGHT), scale=1.4)) as operation:
        operation.run(operation.is_waiting_for_approval)
        runs = operation.workplace.runs
        for _ in range(2):
            pending = runs.pending(FIRST)
            assert pending is not None
            assert pending.kind == "approval"
            runs.resume(pending)
        assert operation.phase() is Phase.AWAITING_APPROVAL
        assert operation.touched() == []
        assert operation.is_waiting_for_approval()
        plan = operation.plans()[0]
        operation.approve(plan)
        operation.run()
        assert operation.phase() is Phase.RESOLVED


@pytest.mark.slow
def test_resume_of_what_is_not_pending_any_more_does_nothing(tmp_path: Path) -> None:
    with operating(tmp_path, case((600.0, WRONG_WEIGHT), scale=1.4)) as operation:
        operation.run(operation.is_waiting_for_approval)
        pending = operation.workplace.runs.pending(FIRST)
        assert pending is not None
        plan = operation.plans()[0]
        operation.approve(plan)
        operation.run()
        timeline = operation.journal.timeline(FIRST)
        operation.workplace.runs.resume(pending)
        assert operation.journal.timeline(FIRST) == timeline


@pytest.mark.slow
def test_plan_for_another_state_is_refused_and_the_network_is_looked_at_again(
    tmp_path: Path,
) -> None:
    """While the plan waits, somebody changes a weight elsewhere, which moves nothing."""
    second = IgpWeightMisconfig(node="ATLAM5", link="ATLAM5--ATLAng", weight=12)
    scripted = case((600.0, WRONG_WEIGHT), (765.0, second), scale=1.4)
    with operating(tmp_path, scripted, person=Person()) as operation:
        operation.run(lambda: _opened(operation) and bool(operation.told("confirmed")))
        assert "state" in {
            x.data.get("rule") for x in operation.journal.audit_lines() if x.action == "refuse"
        }
        refused, *_, carried_out = operation.plans()
        assert operation.journal.changes(plan_id=refused.id) == ()
        assert len(operation.told("diagnosed")) >= 2
        assert carried_out.state_hash != refused.state_hash
        intended = operation.network.inventory().intended
        assert operation.network.running("ATLAng") == intended.device("ATLAng")


# Survival


@pytest.mark.slow
def test_incident_goes_on_after_the_process_ended_at_the_approval(tmp_path: Path) -> None:
    with operating(tmp_path, case((600.0, LOSSY))) as operation:
        operation.run(operation.is_waiting_for_approval)
        plan = operation.plans()[0]
        symptoms = operation.workplace.tracker.active_symptoms()
        asked_s = operation.clock.now_s()
    with operating(tmp_path, None, person=Person()) as operation:
        assert operation.clock.now_s() >= asked_s
        assert operation.phase() is Phase.AWAITING_APPROVAL
        assert operation.workplace.tracker.active_symptoms() == symptoms
        operation.approve(plan)
        operation.run()
        assert operation.phase() is Phase.RESOLVED
        assert len(operation.told("detected")) == 1
        assert len(operation.told("committed")) == 2
        record = operation.journal.incident(FIRST)
        (file,) = (tmp_path / "traces").glob("*.jsonl")
        assert file.stem == record.trace_id
        workflows = [s for s in read_trace(file) if s.name.startswith("invoke_workflow")]
        assert len(workflows) > 3
        assert {s.parent_id for s in workflows} == {workflows[0].parent_id}


def _opened(operation: Operation) -> bool:
    return bool(operation.journal.incidents())
