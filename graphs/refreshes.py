"""The one place that invokes the foresight graph: leases, threads, what is kept and what is not."""

import os
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from typing import Any, cast

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.checkpoint.memory import InMemorySaver
from opentelemetry.trace import Tracer

from agents.loop.minds import Minds
from graphs.foresight import build_foresight_graph, remedied
from graphs.foresight_desk import ForesightDesk, ForesightState
from graphs.foresight_study import Start, Study
from graphs.refresh_records import KeptInJournal, RefreshRecords, Unkept
from graphs.state_directory import StateDirectory, make_folder
from graphs.ticket_reading import TicketsRead
from graphs.workplace import Stores
from tools.journal.holder import Holder
from tools.journal.journal import Journal
from tools.journal.records import RefreshRecord
from tools.journal.refresh_rows import refresh_subject
from tools.runners.selection import IN_PROCESS, RUNNER_SETTING, runners_from_setting
from tools.trace import NO_TRACE, TraceFiles, incident_context, incident_trace_id, workflow_span
from tools.trace.sending import sending_processors
from twin.imagination.beside import Proposal
from twin.nouns.principal import Principal
from twin.nouns.risk import Covered, Hardening, Risk, RiskChanges, Searched
from twin.nouns.state import NetworkState
from twin.nouns.ticket import Ticket
from twin.physics.twin import Twin

_RECURSION_LIMIT = 1000
"""Steps of one refresh: some dozens; the rest is the bound."""

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What a refresh came to.

    `start`: what it began with. `lines`: that were asked for. `searched`: the worst that was found
    beside them. `tickets`: what they came to, None where there were none. `proposals`: of
    `imagined_by`. `words`: of the first lines, by id, said by `worded_by`. `changes`: of the
    register, None where none is kept. `refresh`: its id, "" then.
    """

    start: Start
    lines: tuple[Risk, ...]
    covered: Covered
    hardening: tuple[Hardening, ...]
    searched: tuple[Searched, ...]
    tickets: TicketsRead | None
    proposals: tuple[Proposal, ...]
    imagined_by: str
    words: dict[str, str]
    worded_by: str
    changes: RiskChanges | None
    refresh: str


@dataclass(frozen=True, slots=True)
class Network:
    """What a refresh is asked about: `state` with the demand of its peak, in its `twin`. `tickets`:
    that may hint at what several things share.
    """

    start: Start
    twin: Twin
    state: NetworkState
    tickets: Sequence[Ticket] = ()


def foresee(asked: Network, minds: Minds, progress: Progress) -> Foreseen:
    """What will break next; nothing of it is kept."""
    return _run(asked, minds, progress, Unkept(), InMemorySaver(), NO_TRACE)


def refresh(
    directory: StateDirectory,
    asked: Network,
    minds: Minds,
    by: Principal,
    publish: Callable[[Journal], None],
    progress: Progress,
    stores: Stores | None = None,
) -> Foreseen:
    """Refresh the register of a network of `directory`. What was cut off goes on where it stood,
    if the same is asked of the same network.

    `publish`: puts the lines that stand where the knowledge graph is, as often as it is called.

    Raises:
        LeaseHeld: another process refreshes it.
    """
    stores = stores or Stores()
    network = asked.start.network
    make_folder(directory.traces)
    with ExitStack() as opened:
        journal = opened.enter_context(
            stores.journal(directory.journal_file, directory.signing_key_file)
        )
        checkpoints = stores.checkpoints(directory.checkpoints_file, journal)
        opened.callback(checkpoints.close)
        traces = TraceFiles(directory.traces, sending_processors(os.environ))
        opened.enter_context(traces)
        holder = opened.enter_context(Holder(journal, directory.locks))
        lease = holder.take(refresh_subject(network))
        opened.enter_context(journal.holding(lease))
        record = journal.begin_refresh(_record(journal, asked, by))
        checkpoints.drop_ended()
        records = KeptInJournal(journal, record, lambda: publish(journal))
        came_to = _run(asked, minds, progress, records, checkpoints, traces.tracer)
        journal.end_refresh(record.id, asked.start.at_s)
        checkpoints.delete_thread(record.id)
        return came_to


def _record(journal: Journal, asked: Network, by: Principal) -> RefreshRecord:
    network = asked.start.network
    name = journal.next_refresh(network)
    return RefreshRecord(
        id=name,
        network=network,
        asked=asked.start.asked(asked.state, asked.tickets),
        by=by,
        trace_id=f"{incident_trace_id(name):032x}",
        begun_s=asked.start.at_s,
    )


def _run(
    asked: Network,
    minds: Minds,
    progress: Progress,
    records: RefreshRecords,
    checkpoints: BaseCheckpointSaver[Any],
    tracer: Tracer,
) -> Foreseen:
    config: RunnableConfig = {
        "configurable": {"thread_id": records.refresh or "unkept"},
        "recursion_limit": _RECURSION_LIMIT,
    }
    start, given = _begun(asked.start, checkpoints, config)
    study = Study.of(start, asked.twin, asked.state)
    with runners_from_setting(os.environ.get(RUNNER_SETTING) or IN_PROCESS) as runners:
        runner = runners.on(study.twin)
        desk = ForesightDesk(study, asked.tickets, minds, runner, records, tracer, progress)
        graph = build_foresight_graph(desk, checkpoints)
        # A thread that has ended has nothing to go on with: its process died before it said so.
        if given is not None or graph.get_state(config).tasks:
            with _span(records, tracer, start):
                graph.invoke(given, config, durability="sync")
        state = cast("ForesightState", graph.get_state(config).values)
    return _foreseen(start, state, records.refresh)


def _begun(
    start: Start, checkpoints: BaseCheckpointSaver[Any], config: RunnableConfig
) -> tuple[Start, ForesightState | None]:
    """What the thread began with, and what to give to the graph; a thread that there is goes on."""
    known = checkpoints.get_tuple(config)
    if known is None:
        return start, {"start": start.model_dump(mode="json")}
    channels = known.checkpoint["channel_values"]
    # Input would start the thread over.
    given = channels.get("start") or channels["__start__"]["start"]
    return Start.model_validate(given), None


def _span(records: RefreshRecords, tracer: Tracer, start: Start) -> AbstractContextManager[Any]:
    context = incident_context(incident_trace_id(records.refresh))
    return workflow_span(tracer, "foresight", context=context, time_s=start.at_s)


def _foreseen(start: Start, state: ForesightState, refresh_id: str) -> Foreseen:
    changes = state["changes"]
    return Foreseen(
        start=start,
        lines=tuple(remedied(state)[: state["asked"]]),
        covered=Covered.model_validate(state["covered"]),
        hardening=tuple(map(Hardening.model_validate, state["hardening"])),
        searched=tuple(map(Searched.model_validate, state["searched"])),
        tickets=None if state["tickets"] is None else TicketsRead.model_validate(state["tickets"]),
        proposals=tuple(map(Proposal.model_validate, state["proposals"])),
        imagined_by=state["imagined_by"],
        words=state["words"],
        worded_by=state["worded_by"],
        changes=None if changes is None else RiskChanges.model_validate(changes),
        refresh=refresh_id,
    )
