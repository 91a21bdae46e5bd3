"""The one place that invokes the incident graph: threads, interrupts, limits, leases."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph.types import Command

from graphs.checkpoints import FencedSaver
from graphs.desk import Desk
from graphs.incident import build_incident_graph
from tools.journal.holder import Holder
from tools.journal.lease_rows import incident_subject
from tools.trace import incident_context, workflow_span

_RECURSION_LIMIT = 400
"""Steps of one invoke. An incident takes about 20 between two interrupts; the rest is the bound."""


@dataclass(frozen=True, slots=True)
class Pending:
    """An incident that stands at an interrupt.

    `kind`: "wait", "approval", or "well" (until nothing is wrong with the watch itself). `until_s`:
    when waiting ends at the earliest, or the request for approval expires or is made again.
    """

    incident_id: str
    interrupt_id: str
    kind: str
    until_s: float
    plan_id: str


class IncidentRuns:
    """Starts and resumes incidents; one thread per incident id, kept in `checkpoints`."""

    def __init__(self, desk: Desk, checkpoints: FencedSaver, holder: Holder) -> None:
        self._desk = desk
        self._checkpoints = checkpoints
        self._holder = holder
        self._graph = build_incident_graph(desk, checkpoints)

    def start(self, incident_id: str) -> None:
        """Run an incident to its first interrupt; one that was cut off goes on where it stood.

        One whose thread has ended, since it was handed over, is thought through again.

        Raises:
            LeaseHeld: another process works on it.
        """
        under_way = self._graph.get_state(self._config(incident_id)).next
        # Input would start a thread over that has not ended.
        self._invoke(incident_id, None if under_way else {"incident_id": incident_id})

    def pending(self, incident_id: str) -> Pending | None:
        """Where the incident waits; None if it has ended or was cut off between two steps."""
        snapshot = self._graph.get_state(self._config(incident_id))
        for item in snapshot.interrupts:
            value: dict[str, Any] = item.value
            return Pending(
                incident_id=incident_id,
                interrupt_id=item.id,
                kind=value["kind"],
                until_s=value["until_s"],
                plan_id=value.get("plan_id", ""),
            )
        return None

    def resume(self, pending: Pending) -> None:
        """Go on from an interrupt; what is not pending any more is left alone.

        Raises:
            LeaseHeld: another process works on it.
        """
        # The lease first: until then, another process may end the wait as well.
        self._holder.take(incident_subject(pending.incident_id))
        now = self.pending(pending.incident_id)
        if now is None or now.interrupt_id != pending.interrupt_id:
            return  # LangGraph would ignore an unknown id without a word.
        self._invoke(pending.incident_id, Command(resume={pending.interrupt_id: True}))

    def nodes_passed(self, incident_id: str) -> Sequence[str]:
        """The nodes that have run, in order."""
        history = self._graph.get_state_history(self._config(incident_id))
        passed = [task.name for snapshot in history for task in snapshot.tasks]
        return list(reversed(passed))

    def _invoke(self, incident_id: str, given: Any) -> None:
        journal = self._desk.journal
        lease = self._holder.take(incident_subject(incident_id))
        context = incident_context(int(journal.incident(incident_id).trace_id, 16))
        now = self._desk.clock.now_s()
        with (
            journal.holding(lease),
            workflow_span(self._desk.tracer, "incident", context=context, time_s=now),
        ):
            # An interrupt returns from invoke without raising, so the span ends well before the
            # wait.
            self._graph.invoke(given, self._config(incident_id), durability="sync")

    def _config(self, incident_id: str) -> RunnableConfig:
        return {
            "configurable": {"thread_id": incident_id},
            "recursion_limit": _RECURSION_LIMIT,
        }
