"""A second fault that nobody knows of strikes after the commit: the change goes back on its own."""

from collections.abc import Iterator

import pytest

from agents.loop.role import Mind
from agents.playbook import PlaybookModel, TranscriptView, answer
from agents.playbook.policies import POLICIES
from agents.playbook.view import ToolChoice
from tests.graphs.stagehand import FIRST, LOSSY, Operation, Person, case, operating
from tools.journal.records import ChangeState
from tools.network.protocol import CommitState
from twin.events.actions.drain_link import DrainLink
from twin.events.faults.silent_egress_packet_loss import SilentEgressPacketLoss
from twin.nouns.configuration import NetworkConfiguration
from twin.nouns.incident import Phase
from twin.nouns.plan import Outcome

# The plan is committed 900 s after the start, and watched for 300 s.
HIDDEN = SilentEgressPacketLoss(node="WASHng", link="ATLAng--WASHng", fraction=0.3)
STRIKES_AT_S = 915.0


def _drains(view: TranscriptView) -> ToolChoice:
    """Among what ties with the best, a drain: two devices."""
    drains = [t["remedy"] for t in view.task["trials"] if t["actions"][:1] == [DRAIN_SAYS]]
    legal = [r for r in drains if r in view.task["within_tie"]]
    if not legal:
        return POLICIES["remediator_choice"](view)
    return answer({"remedy": legal[0], "reason": "the lossy link should carry nothing"})


DRAIN = DrainLink(link="NYCMng--WASHng")
DRAIN_SAYS = "drain NYCMng--WASHng"


@pytest.fixture(scope="module")
def diverged(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[Operation, NetworkConfiguration]]:
    """The operation just after the rollback, and what ran before the change."""
    mind = PlaybookModel(policies={**POLICIES, "remediator_choice": _drains})
    folder = tmp_path_factory.mktemp("diverged")
    scripted = case((600.0, LOSSY), (STRIKES_AT_S, HIDDEN))
    minds = (Mind("drainer", mind, foreign=False),)
    with operating(folder, scripted, minds=minds, person=Person()) as operation:
        before = operation.running()

        def is_committed() -> bool:
            return bool(operation.journal.incidents()) and bool(operation.told("committed"))

        operation.run(is_committed)
        assert operation.running() != before
        operation.run(lambda: operation.phase() is not Phase.VERIFYING and _verified(operation))
        yield operation, before


def _verified(operation: Operation) -> bool:
    return bool(operation.told("confirmed") or operation.told("rolled_back"))


Diverged = tuple[Operation, NetworkConfiguration]


@pytest.mark.slow
def test_diverged_change_is_taken_back_on_every_device(diverged: Diverged) -> None:
    operation, before = diverged
    plan = operation.plans()[0]
    assert plan.actions == (DRAIN,)
    assert {s.node for s in plan.steps} == {"NYCMng", "WASHng"}
    changes = operation.journal.changes(plan_id=plan.id)
    assert {c.state for c in changes} == {ChangeState.ROLLED_BACK}
    for change in changes:
        states = [
            r.state
            for r in operation.network.commit_log(change.node)
            if r.change_id == change.change_id
        ]
        assert states == [CommitState.STAGED, CommitState.COMMITTED, CommitState.ROLLED_BACK]
        assert operation.network.running(change.node) == before.device(change.node)
    assert operation.running() == before


@pytest.mark.slow
def test_timeline_and_outcome_say_what_diverged(diverged: Diverged) -> None:
    operation, _ = diverged
    (told,) = operation.told("rolled_back")
    plan = operation.plans()[0]
    outcome = operation.journal.artefact(FIRST, f"outcome:{plan.id}", Outcome)
    assert outcome is not None
    assert not outcome.kept
    assert outcome.worse_services
    assert outcome.reason == told.text
    assert all(f"{service} is worse than before" in told.text for service in outcome.worse_services)
    assert operation.told("confirmed") == []


@pytest.mark.slow
def test_audit_says_so_too(diverged: Diverged) -> None:
    operation, _ = diverged
    plan = operation.plans()[0]
    lines = operation.journal.audit_lines()
    (taken,) = [x for x in lines if x.action == "take_back" and x.subject == plan.id]
    assert "worse than before" in str(taken.data["reason"])
    assert {x.subject for x in lines if x.action == "rolled_back"} == {
        c.change_id for c in operation.journal.changes(plan_id=plan.id)
    }
    assert operation.journal.verify_audit().first_broken is None


@pytest.mark.slow
def test_remedy_that_diverged_is_not_proposed_again(diverged: Diverged) -> None:
    operation, _ = diverged
    first, *later = operation.plans()
    assert all(plan.actions != first.actions for plan in later)
    assert later or operation.phase() is Phase.ESCALATED
