"""The second graph: what will break next, without an incident.

    imaginer -> simulator -> remediator -> register

The imaginer says what is looked at beside what is enumerated. The simulator enumerates exactly, and
then searches, one part a step. The remediator looks for remedies, a portion of lines a step. The
register keeps what came of it. Each has one way on, so that no supervisor is asked.

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
from twin.imagination.beside import AT_ONCE, Find, SearchPart, parts_of, worst_of_all
from twin.imagination.counterfactuals import MitigationTask
from twin.imagination.enumeration import enumerated
from twin.imagination.hardening import hardened
from twin.imagination.reckoning import Reckoning
from twin.imagination.register import register_of
from twin.nouns.risk import Mitigation, Reckoned, Risk, Searched
from twin.runner import InProcessRunner, TaskFailure

_PORTION, _MOST_PORTIONS = 8, 16
"""Remedies are looked for in portions of so many, or in so many portions where there are many: a
death loses one."""


def imagine(desk: ForesightDesk, _: ForesightState) -> Command[str]:
    """Have minds say what tickets hint at, under which conditions is searched, and by whom."""
    start, study = desk.study.start, desk.study
    read = None
    if desk.tickets:
        read = read_with(desk.play, desk.tickets, study.twin.inventory, desk.progress)
    request = start.request
    imaginer = ForesightImaginer(
        start.network,
        study.state.topology,
        len(study.twin.inventory.services),
        start.told,
        request.simulations,
        AT_ONCE,
    )
    answer, mind = desk.play(imaginer.role(), imaginer.task())
    conditions = [added.condition for added in answer.conditions]
    parts = parts_of(answer.shares, conditions, request.simulations)
    update = {
        "tickets": None if read is None else read.model_dump(mode="json"),
        "conditions": conditions,
        "imagined_by": mind,
        "parts": [part.model_dump(mode="json") for part in parts],
        "finds": [],
        "remedies": [],
    }
    return Command(goto="simulator", update=update)


def simulate(desk: ForesightDesk, state: ForesightState) -> Command[str]:
    """Enumerate what can be; then, one part a step, search what cannot."""
    if "lines" not in state:
        return Command(goto="simulator", update=_enumerated(desk))
    if not state["parts"]:
        return Command(goto="remediator")
    part = SearchPart.model_validate(state["parts"][0])
    found = [find.model_dump(mode="json") for find in desk.study.beside.found(part, desk.progress)]
    update = {"parts": state["parts"][1:], "finds": [*state["finds"], *found]}
    return Command(goto="simulator", update=update)


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
    """Look for the remedies of the next portion."""
    tasks = _tasks(desk, state)
    done, total = len(state["remedies"]), len(tasks)
    size = max(_PORTION, ceil(total / _MOST_PORTIONS))
    portion = tasks[done : done + size]
    if not portion:
        return Command(goto="register")
    found = desk.runner.run(portion, lambda count: desk.progress(done + count, total))
    remedies = [
        _here(desk, task) if isinstance(answer, TaskFailure) else answer
        for task, answer in zip(portion, found, strict=True)
    ]
    dumped = [remedy.model_dump(mode="json") for remedy in remedies]
    return Command(goto="remediator", update={"remedies": [*state["remedies"], *dumped]})


def _tasks(desk: ForesightDesk, state: ForesightState) -> list[MitigationTask]:
    """Of the lines, then of the worst finds."""
    study = desk.study
    place = {element.name: element for element in study.elements}
    regimes, seed = tuple(study.regimes), study.start.request.seed
    of_lines = [
        MitigationTask(
            study.state, sum((place[name].event for name in line.elements), ()), regimes, seed
        )
        for line in map(Risk.model_validate, state["lines"])
    ]
    return [*of_lines, *(study.beside.remedy_task(find) for find in _worst(state))]


def _worst(state: ForesightState) -> Sequence[Find]:
    return worst_of_all([Find.model_validate(find) for find in state["finds"]])


def _here(desk: ForesightDesk, task: MitigationTask) -> Mitigation:
    """What workers could not answer, by this process: a line whose remedy nobody looked for would
    read like one that nothing helps.
    """
    (answer,) = InProcessRunner(desk.study.twin).run([task])
    if isinstance(answer, TaskFailure):
        raise BadInput(f"no remedy can be looked for where {answer.task}: {answer.reason}")
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
        "searched": [found.model_dump(mode="json") for found in _searched(desk, state)],
        "words": words,
        "worded_by": mind,
        "changes": None if changes is None else changes.model_dump(mode="json"),
    }
    return Command(goto=END, update=update)


def remedied(state: ForesightState) -> list[Risk]:
    """All lines, each with the best remedy that was found."""
    return [
        Risk.model_validate({**line, "remedy": remedy})
        for line, remedy in zip(state["lines"], state["remedies"], strict=False)
    ]


def _searched(desk: ForesightDesk, state: ForesightState) -> list[Searched]:
    remedies = map(Mitigation.model_validate, state["remedies"][len(state["lines"]) :])
    found = zip(_worst(state), remedies, strict=True)
    return [desk.study.beside.told(i, find, best) for i, (find, best) in enumerate(found, start=1)]


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
