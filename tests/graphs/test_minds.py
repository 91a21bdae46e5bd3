"""Another mind makes another run, of the same nodes and schemas; a broken one loses the role."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agents.loop.minds import Minds
from agents.loop.role import Mind
from agents.playbook import PlaybookModel, Policy, TranscriptView, answer
from agents.playbook.policies import POLICIES, playbook
from agents.playbook.scripted import ScriptedModel, ScriptedReply
from agents.playbook.view import ToolChoice
from tests.graphs.stagehand import (
    FIRST,
    LOSSY,
    WRONG_WEIGHT,
    Operation,
    Person,
    case,
    operating,
)
from tools.change.swaps import SWAP
from twin.events.actions.drain_link import DrainLink
from twin.events.actions.set_igp_weight import SetIgpWeight
from twin.nouns.incident import Phase

DRAIN = DrainLink(link="NYCMng--WASHng")


def _mind(**other: Policy) -> Mind:
    return Mind("other", PlaybookModel(policies={**POLICIES, **other}), foreign=False)


def _prefers_drains(view: TranscriptView) -> ToolChoice:
    drains = [
        t["remedy"]
        for t in view.task["trials"]
        if t["remedy"] in view.task["within_tie"] and t["actions"][:1] == ["drain NYCMng--WASHng"]
    ]
    return answer({"remedy": drains[0], "reason": "the lossy link should carry nothing"})


def _spans_of(operation: Operation) -> dict[str, set[str]]:
    """Role name -> the tools that were called, over the whole incident."""
    found: dict[str, set[str]] = {}
    for run in operation.journal.role_runs(FIRST):
        entries: Any = run.data["transcript"]
        called = {call["name"] for entry in entries for call in entry.get("calls", [])}
        found.setdefault(run.role, set()).update(called)
    return found


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operation]:
    """The case as the playbook handles it."""
    folder = tmp_path_factory.mktemp("ours")
    with operating(folder, case((600.0, LOSSY)), person=Person()) as operation:
        operation.run()
        yield operation


@pytest.mark.slow
def test_mind_with_another_taste_chooses_another_remedy_by_the_same_nodes(
    ours: Operation, tmp_path: Path
) -> None:
    minds = (_mind(remediator_choice=_prefers_drains),)
    with operating(tmp_path, case((600.0, LOSSY)), minds=minds, person=Person()) as theirs:
        theirs.run()
        (weight,) = ours.plans()[0].actions
        assert isinstance(weight, SetIgpWeight)
        assert (weight.node, weight.link) == ("NYCMng", "NYCMng--WASHng")
        assert theirs.plans()[0].actions == (DRAIN,)
        assert len(theirs.plans()[0].steps) == 2
        assert theirs.nodes() == ours.nodes()
        assert _spans_of(theirs) == _spans_of(ours)
        assert theirs.phase() is ours.phase() is Phase.RESOLVED
        assert {r.finished_by for r in theirs.journal.role_runs(FIRST)} == {"other"}


@pytest.mark.slow
def test_supervisor_that_sends_back_takes_another_route_and_is_bounded(
    ours: Operation, tmp_path: Path
) -> None:
    def sends_back(view: TranscriptView) -> ToolChoice:
        choice = view.offered["answer"]["properties"]["next"]
        legal = choice.get("enum", [choice.get("const")])
        for target in ("diagnoser", "remediator"):
            if target in legal and view.task["phase"] != "diagnosing":
                return answer({"next": target, "reason": "I want to see it again"})
            if target in legal and target == "diagnoser":
                return answer({"next": target, "reason": "I want to see it again"})
        return POLICIES["supervisor"](view)

    minds = (_mind(supervisor=sends_back),)
    with operating(tmp_path, case((600.0, LOSSY)), minds=minds, person=Person()) as theirs:
        theirs.run()
        assert theirs.phase() is Phase.RESOLVED
        assert theirs.nodes() != ours.nodes()
        assert list(ours.nodes()).count("diagnoser") == 1
        assert list(theirs.nodes()).count("diagnoser") == 3
        assert set(theirs.nodes()) == set(ours.nodes())


def test_supervisor_that_gives_up_hands_over_before_anything_is_touched(tmp_path: Path) -> None:
    def gives_up(view: TranscriptView) -> ToolChoice:
        return answer({"next": "escalate", "reason": "this is beyond me"})

    minds = (_mind(supervisor=gives_up),)
    with operating(tmp_path, case((600.0, LOSSY)), minds=minds, person=Person()) as theirs:
        theirs.run()
        assert theirs.phase() is Phase.ESCALATED
        assert "this is beyond me" in theirs.told("escalated")[0].text
        assert theirs.touched() == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("replies", "cause"),
    [
        ([], "down"),
        (["I would drain something."] * 400, "bad_replies"),
        ([ToolChoice("answer", {"next": "actuator", "reason": "now"})] * 400, "bad_replies"),
        ([ToolChoice("commit", {"device": "ATLAng"})] * 400, "bad_replies"),
    ],
    ids=["raises", "talks", "names what is not legal", "calls what it was not given"],
)
def test_foreign_mind_that_fails_loses_the_role_to_the_playbook(
    tmp_path: Path, replies: list[ScriptedReply], cause: str
) -> None:
    minds = (
        Mind("acme:broken", ScriptedModel(replies), foreign=True),
        Mind("playbook", playbook(), foreign=False),
    )
    scripted = case((600.0, WRONG_WEIGHT), scale=1.4)
    with operating(tmp_path, scripted, minds=minds, person=Person()) as operation:
        operation.run()
        assert operation.phase() is Phase.RESOLVED
        runs = operation.journal.role_runs(FIRST)
        assert {r.finished_by for r in runs} == {"playbook"}
        for run in runs:
            swaps: Any = run.data["swaps"]
            assert [(s["mind"], s["to"]) for s in swaps] == [("acme:broken", "playbook")]
        # Once the incident's budget is used up, or shortly after it was down, it is not even asked.
        # What a role run keeps is JSON.
        causes: list[Any] = [s["cause"] for r in runs for s in r.data["swaps"]]  # type: ignore[union-attr, index, call-overload]
        assert causes[0] == cause
        assert set(causes) <= {cause, "budget", "resting"}
        assert operation.journal.charged(FIRST).calls >= causes.count(cause)
        assert len(operation.told(SWAP)) == len(causes)
        assert operation.plans()[0].needs_person


@pytest.mark.slow
def test_state_says_who_finished_and_the_timeline_that_a_mind_was_lost(tmp_path: Path) -> None:
    minds = (
        Mind("acme:broken", ScriptedModel([]), foreign=True),
        Mind("playbook", playbook(), foreign=False),
    )
    scripted = case((600.0, WRONG_WEIGHT), scale=1.4)
    with operating(tmp_path, scripted, minds=minds, person=Person()) as operation:
        operation.run(operation.is_waiting_for_approval)
        runs = operation.workplace.runs
        values = runs._graph.get_state(runs._config(FIRST)).values
        assert values["finished_by"] == "playbook"
        assert operation.told(SWAP)
        assert operation.plans()[0].finished_by == "playbook"


@pytest.mark.slow
def test_no_mind_left_is_escalated_and_nothing_is_touched(tmp_path: Path) -> None:
    far = Mind("acme:talks", ScriptedModel(["It is the weather."] * 9), foreign=True)
    ours = Mind("ours", ScriptedModel(["It is the weather."] * 9), foreign=False)
    minds = Minds((Mind("playbook", playbook(), foreign=False),), {"diagnoser": (far, ours)})
    scripted = case((600.0, WRONG_WEIGHT), scale=1.4)
    with operating(tmp_path, scripted, minds=minds, person=Person()) as operation:
        operation.run()
        assert operation.phase() is Phase.ESCALATED
        told = operation.told("escalated")[0].text
        assert "no mind could finish the role diagnoser" in told
        assert operation.touched() == []
