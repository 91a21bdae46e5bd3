"""A model behind HTTP that judges as the playbook does makes the same run; one that does not,
another; one that goes away midway, one that a person has to approve.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import BaseMessage
from langchain_core.outputs import ChatResult
from pydantic import PrivateAttr

from agents.loop.budget import Limits
from agents.loop.role import Mind
from agents.playbook import PlaybookModel, Policy, TranscriptView, answer
from agents.playbook.policies import POLICIES
from agents.playbook.view import ToolChoice, read_view
from evals.arms.noctua import DelayedApprover
from evals.model_server.behaviours import CutStream, Drip, Good
from evals.model_server.recording import Recorder, Replay, load_recording
from evals.model_server.script import Script, load_script
from evals.model_server.server import ModelServer
from tests.graphs.model_stand import foreign, minds_for, spans_of, swaps_traced
from tests.graphs.stagehand import (
    FIRST,
    LOSSY,
    WRONG_WEIGHT,
    Operation,
    Person,
    case,
    operating,
)
from tools.trace import KeptSpan
from tools.trace import conventions as names
from twin.events.actions.drain_link import DrainLink
from twin.nouns.incident import Phase

INCIDENT = case((300.0, LOSSY))
GENEROUS = Limits(calls=200, tokens=10_000_000)

Tree = list[Any]
"""Name, attributes that say what was done, events, and the trees of the children in order."""


def tree_of(operation: Operation) -> Tree:
    """What was done in the incident, as spans under spans, whoever thought."""
    spans = spans_of(operation)
    children: dict[str, list[KeptSpan]] = {}
    for span in spans:
        children.setdefault(span.parent_id, []).append(span)
    known = {span.span_id for span in spans}
    roots = [span for span in spans if span.parent_id not in known]
    return [_branch(span, children) for span in roots]


_SAID = (names.OPERATION_NAME, names.AGENT_NAME, names.TOOL_NAME, names.TOOL_CALL_ARGUMENTS)


def _branch(span: KeptSpan, children: Mapping[str, list[KeptSpan]]) -> Tree:
    told = {name: span.attributes[name] for name in _SAID if name in span.attributes}
    is_chat = told[names.OPERATION_NAME] == names.CHAT
    events = [event.name for event in span.events]
    below = [_branch(child, children) for child in children.get(span.span_id, ())]
    return ["chat" if is_chat else span.name, told, events, below]


def _offered(server: ModelServer) -> dict[str, list[str]]:
    """By role, every set of tools that it was ever offered, as text."""
    found: dict[str, set[str]] = {}
    for served in server.requests:
        text = json.dumps(served.body["tools"], sort_keys=True)
        found.setdefault(served.role, set()).add(text)
    return {role: sorted(texts) for role, texts in found.items()}


class Witness(PlaybookModel):
    """The playbook, which keeps what it was offered."""

    _seen: list[tuple[str, str]] = PrivateAttr(default_factory=list)

    def _generate(self, messages: list[BaseMessage], *args: Any, **kwargs: Any) -> ChatResult:
        role = read_view(messages, kwargs["tools"]).role
        self._seen.append((role, json.dumps(kwargs["tools"], sort_keys=True)))
        return super()._generate(messages, *args, **kwargs)

    @property
    def offered(self) -> dict[str, list[str]]:
        """As `_offered` has it."""
        return {r: sorted({t for role, t in self._seen if role == r}) for r, _ in self._seen}


WITNESS = Witness(policies=POLICIES)


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operation]:
    """The incident as the playbook handles it."""
    folder = tmp_path_factory.mktemp("ours")
    with operating(
        folder, INCIDENT, minds=(Mind("playbook", WITNESS, foreign=False),), person=Person()
    ) as operation:
        operation.run()
        yield operation


class Played:
    """What is left of an incident after it: the folder is closed."""

    def __init__(self, operation: Operation) -> None:
        self.phase = operation.phase()
        self.nodes = list(operation.nodes())
        self.tree = tree_of(operation)
        self.actions = [p.actions for p in operation.plans()]
        self.needs_person = [p.needs_person for p in operation.plans()]
        self.finished_by = {(r.role, r.finished_by) for r in operation.journal.role_runs(FIRST)}


def _play(folder: Path, server: ModelServer) -> Played:
    minds = minds_for(foreign(server), limits=GENEROUS)
    with operating(folder, INCIDENT, minds=minds, person=Person()) as operation:
        operation.run()
        played = Played(operation)
    assert server.refused == []
    return played


@pytest.mark.slow
def test_model_that_chooses_as_the_playbook_does_makes_the_same_run(
    ours: Operation, tmp_path: Path
) -> None:
    with ModelServer(recorder=Recorder(tmp_path / "run.jsonl")) as server:
        theirs = _play(tmp_path / "theirs", server)
    assert theirs.phase is ours.phase() is Phase.RESOLVED
    assert theirs.nodes == list(ours.nodes())
    assert theirs.tree == tree_of(ours)
    assert theirs.actions == [p.actions for p in ours.plans()]
    assert _offered(server) == WITNESS.offered
    assert {mind for _, mind in theirs.finished_by} == {"openai:scripted"}
    assert {role for role, _ in theirs.finished_by} == {
        r.role for r in ours.journal.role_runs(FIRST)
    }
    with ModelServer(Replay(load_recording(tmp_path / "run.jsonl")), policies={}) as replay:
        again = _play(tmp_path / "again", replay)
    assert replay.requests
    assert {r.did for r in replay.requests} == {"completion"}
    assert vars(again) == vars(theirs)
    assert _offered(replay) == _offered(server)


@pytest.mark.slow
def test_model_with_another_legal_choice_makes_another_run_of_the_same_nodes(
    ours: Operation, tmp_path: Path
) -> None:
    drain = DrainLink(link="NYCMng--WASHng")

    def drains(view: TranscriptView) -> ToolChoice:
        mine = [
            t["remedy"]
            for t in view.task["trials"]
            if t["remedy"] in view.task["within_tie"] and t["actions"] == ["drain NYCMng--WASHng"]
        ]
        return answer({"remedy": mine[0], "reason": "the lossy link should carry nothing"})

    policies: dict[str, Policy] = {**POLICIES, "remediator_choice": drains}
    with ModelServer(policies=policies) as server:
        theirs = _play(tmp_path, server)
    assert theirs.phase is Phase.RESOLVED
    assert theirs.nodes == list(ours.nodes())
    assert theirs.actions[0] == (drain,)
    assert theirs.actions[0] != ours.plans()[0].actions


@pytest.mark.slow
def test_run_that_differs_from_the_recorded_one_says_so_and_ends_with_the_playbook(
    tmp_path: Path,
) -> None:
    file = tmp_path / "run.jsonl"
    with ModelServer(recorder=Recorder(file)) as server:
        _play(tmp_path / "recorded", server)
    replay = Replay(load_recording(file))
    other = case((300.0, WRONG_WEIGHT), scale=1.4)
    with ModelServer(replay) as server:
        minds = minds_for(foreign(server), limits=GENEROUS)
        with operating(tmp_path / "other", other, minds=minds, person=Person()) as operation:
            operation.run()
            assert operation.phase() is Phase.RESOLVED
            assert any("no answer is recorded" in s for s in swaps_traced(operation, "monitor"))
    assert "role monitor" in replay.missing[0]


# Gone midway


@pytest.mark.slow
@pytest.mark.parametrize(
    ("script", "limits", "cause"),
    [
        (Script(roles={"diagnoser": (Good(), CutStream())}), Limits(), "down"),
        (Script(roles={"diagnoser": (Good(), Drip())}), Limits(call_deadline_s=0.5), "deadline"),
        (load_script("gone-after-three"), Limits(), "down"),
    ],
    ids=["cut", "drips", "gone"],
)
def test_model_that_is_lost_midway_is_replaced_and_only_a_person_approves_the_rest(
    tmp_path: Path, script: Script, limits: Limits, cause: str
) -> None:
    incident = case((300.0, WRONG_WEIGHT), scale=1.4)
    approver = DelayedApprover(60.0)
    with ModelServer(script) as server:
        minds = minds_for(foreign(server), "diagnoser", limits)
        if script.gone_after is not None:
            minds = minds_for(foreign(server), limits=limits)
        with operating(tmp_path, incident, minds=minds) as operation:
            operation.workplace.watch._approver = approver
            approver.answer_through(operation.journal)
            operation.run(operation.is_waiting_for_approval)
            operation.run(most_s=600.0)
            assert operation.is_waiting_for_approval()
            assert operation.touched() == []
            (plan,) = operation.plans()
            assert "lost" in plan.needs_person
            assert _lost(operation)[0]["cause"] == cause
            operation.approve(plan)
            operation.run()
            assert operation.phase() is Phase.RESOLVED


def _lost(operation: Operation) -> list[Any]:
    runs = operation.journal.role_runs(FIRST)
    # What a role run keeps is JSON.
    return [swap for run in runs for swap in run.data["swaps"]]  # type: ignore[union-attr]
