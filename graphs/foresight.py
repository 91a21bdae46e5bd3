"""The second graph: what will break next, without an incident.

    imaginer -> simulator -> remediator -> register

The imaginer says what is looked at beside what is enumerated. The simulator enumerates exactly, and
then searches, a portion of days a step. The remediator looks for remedies, a portion of lines a
step, and then for what could be built. The register keeps what came of it. Each has one way on, so
that no supervisor is asked.

Every node is a thin adapter, and may be run again after a death: what a mind said and what the
register changed stand in the journal, and are read there before anything is done.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from math import ceil
from typing import Any

from langchain_core.runnables import RunnableLambda
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.types import Command

from agents.roles.foresight_imaginer import ForesightImaginer
from agents.roles.foresight_wording import WORDED, ForesightWording, names_of
from graphs.foresight_desk import ForesightDesk, ForesightState
from graphs.nodes import require_nodes, step
from graphs.ticket_reading import TicketsRead, read_with
from twin.errors import BadInput
from twin.events.what_if import WhatIf
from twin.imagination.beside import Find, Proposal, SearchPart, split
from twin.imagination.counterfactuals import MitigationTask
from twin.imagination.enumeration import enumerated
from twin.imagination.hardening import hardened
from twin.imagination.hardening_effects import HardeningTask, Known, effects, options_for
from twin.imagination.reckoning import Reckoning
from twin.imagination.register import register_of
from twin.nouns.risk import Reckoned, Risk, Searched
from twin.runner import InProcessRunner, Progress, R, Task, TaskFailure, unwatched

_PORTION, _MOST_PORTIONS = 8, 16
"""Remedies are looked for in portions of so many, or in so many portions where there are many: a
death loses one."""


def imagine(desk: ForesightDesk, _: ForesightState) -> Command[str]:
    """Have minds say what tickets hint at, and which days are searched by whom."""
    start, study = desk.study.start, desk.study
    read = None
    if desk.tickets:
        read = read_with(desk.play, desk.tickets, study.twin.inventory, desk.progress)
    simulations = start.request.simulations
    imaginer = ForesightImaginer(start.network, study.beside, start.told, simulations)
    answer, mind = desk.play(imaginer.role(), imaginer.task())
    asked_for = start.request.generators
    shares = dict.fromkeys(asked_for, 1.0) if asked_for else answer.shares
    parts = split(shares, simulations)
    update = {
        "tickets": None if read is None else read.model_dump(mode="json"),
        "proposals": [one.proposal.model_dump(mode="json") for one in answer.proposals],
        "imagined_by": mind,
        "parts": [part.model_dump(mode="json") for part in parts],
        "finds": [],
        "remedies": [],
    }
    return Command(goto="simulator", update=update)


def simulate(desk: ForesightDesk, state: ForesightState) -> Command[str]:
    """Enumerate what can be; then, a portion a step, search what cannot."""
    if "lines" not in state:
        return Command(goto="simulator", update=_enumerated(desk))
    if not state["parts"]:
        return Command(goto="remediator")
    return Command(goto="simulator", update=_searched(desk, state))


def _searched(desk: ForesightDesk, state: ForesightState) -> dict[str, Any]:
    """With a portion more of the first part."""
    part = SearchPart.model_validate(state["parts"][0])
    finds = [Find.model_validate(find) for find in state["finds"]]
    known = {find.point: find.cost for find in finds if find.generator == part.generator}
    looked = desk.study.beside.looked_at(
        part,
        [Proposal.model_validate(proposal) for proposal in state["proposals"]],
        known,
        partial(_played, desk),
        desk.progress,
    )
    fresh = [
        Find(generator=part.generator, point=point, cost=cost).model_dump(mode="json")
        for point, cost in looked.items()
        if point not in known
    ]
    # A generator may run out before its simulations do.
    is_done = len(fresh) < part.portion or len(looked) == part.simulations
    return {"parts": state["parts"][is_done:], "finds": [*state["finds"], *fresh]}


def _enumerated(desk: ForesightDesk) -> dict[str, Any]:
    study, start = desk.study, desk.study.start
    request = start.request
    found = enumerated(
        study.twin,
        study.state,
        study.elements,
        study.regimes,
        lines=request.lines,
        most=request.most,
        progress=desk.progress,
    )
    services = study.twin.services.services
    register = register_of(found, services, request.lines, request.seed)
    changes = hardened(
        study.twin,
        study.state,
        found,
        request.rates,
        request.harden,
        request.costs,
        start.history,
        desk.progress,
        start.causes,
    )
    lines = [*register.lines, *_still(desk, register.lines)]
    return {
        "lines": [line.model_dump(mode="json") for line in lines],
        "asked": len(register.lines),
        "covered": register.covered.model_dump(mode="json"),
        "hardening": [change.model_dump(mode="json") for change in changes],
    }


def _still(desk: ForesightDesk, lines: Sequence[Risk]) -> list[Risk]:
    """Those that were kept before and cost something still, ranked behind `lines`; they are gone
    where what they name is not built.
    """
    study, named = desk.study, {line.id for line in lines}
    request = study.start.request
    reckoning = Reckoning(
        study.twin,
        study.state,
        request.rates,
        study.start.history,
        request.seed,
        study.start.causes,
    )
    again = []
    for before in desk.records.lines_before():
        if before.id not in named:
            with suppress(BadInput):
                again.append(reckoning.cost(before))
    costly = sorted((x for x in again if x.slo_minutes > 0.0), key=lambda x: -x.slo_minutes)
    ranked = enumerate(costly, start=len(lines) + 1)
    return [line.model_copy(update={"rank": rank}) for rank, line in ranked]


def remedy(desk: ForesightDesk, state: ForesightState) -> Command[str]:
    """Look for the remedies of the next portion of lines; then for what could be built."""
    done, total = len(state["remedies"]), len(state["lines"])
    size = max(_PORTION, ceil(total / _MOST_PORTIONS))
    portion = [Risk.model_validate(line) for line in state["lines"][done : done + size]]
    if not portion:
        return Command(goto="register", update={"hardened": _hardened(desk, state)})
    tasks = [_task(desk, line) for line in portion]
    found = _played(desk, tasks, lambda count: desk.progress(done + count, total))
    dumped = [remedy.model_dump(mode="json") for remedy in found]
    return Command(goto="remediator", update={"remedies": [*state["remedies"], *dumped]})


def _hardened(desk: ForesightDesk, state: ForesightState) -> list[list[dict[str, Any]]]:
    """Of each line, what changes of what is built save."""
    study, start = desk.study, desk.study.start
    known = Known(start.request.rates, start.history, start.causes, tuple(study.regimes))
    lines = tuple(tuple(line["elements"]) for line in state["lines"])
    options = options_for(study.twin, study.state, known, lines)
    tasks = [HardeningTask(study.state, option, known, lines) for option in options]
    found = _played(desk, tasks, lambda count: desk.progress(count, len(tasks)))
    return [[one.model_dump(mode="json") for one in some] for some in effects(options, found)]


def _task(desk: ForesightDesk, line: Risk) -> MitigationTask:
    study = desk.study
    place = {element.name: element for element in study.elements}
    what_if: WhatIf = sum((place[name].event for name in line.elements), ())
    return MitigationTask(study.state, what_if, tuple(study.regimes), study.start.request.seed)


def _played(
    desk: ForesightDesk, tasks: Sequence[Task[R]], on_progress: Progress = unwatched
) -> list[R]:
    """What came of `tasks`. What workers could not answer is played here: a line whose remedy
    nobody has looked for would read like one that nothing helps.
    """
    answers = desk.runner.run(tasks, on_progress)
    return [
        _here(desk, task) if isinstance(answer, TaskFailure) else answer
        for task, answer in zip(tasks, answers, strict=True)
    ]


def _here(desk: ForesightDesk, task: Task[R]) -> R:
    (answer,) = InProcessRunner(desk.study.twin).run([task])
    if isinstance(answer, TaskFailure):
        raise BadInput(f"{answer.task} cannot be simulated: {answer.reason}")
    return answer


def register(desk: ForesightDesk, state: ForesightState) -> Command[str]:
    """Have a mind word the first lines, and keep them all."""
    lines, start = remedied(state), desk.study.start
    first = lines[: min(WORDED, state["asked"])]
    words, mind = dict[str, str](), ""
    if first:
        wording = ForesightWording(first, names_of(desk.study.twin.inventory))
        answer, mind = desk.play(wording.role(), wording.task())
        words = {sentence.line: sentence.text for sentence in answer.sentences}
    reckoned = Reckoned(
        rates=start.request.rates,
        history=start.history,
        seed=start.request.seed,
        at_s=start.at_s,
        code=start.code,
        causes=start.causes,
        refresh=desk.records.refresh,
    )
    read = None if state["tickets"] is None else TicketsRead.model_validate(state["tickets"])
    changes = desk.records.keep(lines, reckoned, read)
    update = {
        "searched": [found.model_dump(mode="json") for found in _told(desk, state)],
        "words": words,
        "worded_by": mind,
        "changes": None if changes is None else changes.model_dump(mode="json"),
    }
    return Command(goto=END, update=update)


def remedied(state: ForesightState) -> list[Risk]:
    """All lines, each with the best remedy, and the changes, that were found."""
    every = zip(state["lines"], state["remedies"], state["hardened"], strict=True)
    return [
        Risk.model_validate({**line, "remedy": remedy, "hardened": hardened})
        for line, remedy, hardened in every
    ]


def _told(desk: ForesightDesk, state: ForesightState) -> list[Searched]:
    """The worst that was found beside the lines."""
    beside = desk.study.beside
    worst = beside.worst([Find.model_validate(find) for find in state["finds"]])
    verdicts = _played(desk, [beside.task(find.point) for find in worst])
    both = zip(worst, verdicts, strict=True)
    return [beside.told(rank, find, verdict) for rank, (find, verdict) in enumerate(both, start=1)]


Node = Callable[[ForesightDesk, ForesightState], Command[str]]

NODES: dict[str, tuple[Node, tuple[str, ...]]] = {
    "imaginer": (imagine, ("simulator",)),
    "simulator": (simulate, ("simulator", "remediator")),
    "remediator": (remedy, ("remediator", "register")),
    "register": (register, (END,)),
}
"""Every node, and where it may go."""


def build_foresight_graph(
    desk: ForesightDesk, checkpointer: BaseCheckpointSaver[Any]
) -> CompiledStateGraph[ForesightState, None, ForesightState, ForesightState]:
    """The graph over `desk`. One thread per refresh."""
    require_nodes({name: targets for name, (_, targets) in NODES.items()})
    graph = StateGraph(ForesightState)
    for name, (node, targets) in NODES.items():
        run = partial(step, node, desk, targets)
        graph.add_node(name, RunnableLambda(run), destinations=targets)
    graph.add_edge(START, "imaginer")
    return graph.compile(checkpointer=checkpointer)
