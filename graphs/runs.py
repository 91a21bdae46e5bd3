"""The one place that invokes the incident graph: threads, interrupts, limits, leases."""

from dataclasses import dataclass
from typing import Any, cast

from langchain_core.runnables import RunnableConfig
from langgraph.types import Command

from graphs.checkpoints import FencedSaver
from graphs.desk import Desk
from graphs.incident import POLLS, build_incident_graph, is_news, look
from graphs.state import IncidentState
from tools.journal.holder import Holder
from tools.journal.lease_rows import incident_subject
from tools.trace import incident_context, workflow_span

_RECURSION_LIMIT = 400
"""Steps of one invoke. An incident takes about 20 between two interrupts; the rest is the bound."""


@dataclass(frozen=True, slots=True)
class Pending:
    """An incident that stands at an interrupt.

    `kind`: "wait", "approval", or "well" (until nothing is wrong with the watch itself). `until_s`:
    when waiting ends at the earliest or it is looked again, or the request for approval expires or
    is made again. `state`: what its thread remembers.
    """

    incident_id: str
    interrupt_id: str
    kind: str
    until_s: float
    plan_id: str
    state: IncidentState


class IncidentRuns:
    """Starts and resumes incidents; one thread per incident id, kept in `checkpoints`.

    A thread is kept as long as it goes on: one that has ended begins anew, should its incident be
    thought through again.
    """

    def __init__(self, desk: Desk, checkpoints: FencedSaver, holder: Holder) -> None:
        self._desk = desk
        self._checkpoints = checkpoints
        self._holder = holder
        self._graph = build_incident_graph(desk, checkpoints)
        self._looks_again_s: dict[str, float] = {}

    def start(self, incident_id: str) -> None:
        """Run an incident to its first interrupt; one that was cut off goes on where it stood.

        One whose thread has ended, since it was handed over, is thought through again.

        Raises:
            LeaseHeld: another process works on it.
        """
        # Input would start a thread over that has not ended.
        has_ended = self._has_ended(incident_id)
        self._invoke(incident_id, {"incident_id": incident_id} if has_ended else None)

    def pending(self, incident_id: str) -> Pending | None:
        """Where the incident waits; None if it has ended or was cut off between two steps."""
        snapshot = self._graph.get_state(self._config(incident_id))
        for item in snapshot.interrupts:
            value: dict[str, Any] = item.value
            return Pending(
                incident_id=incident_id,
                interrupt_id=item.id,
                kind=value["kind"],
                until_s=self._looks_again_s.get(item.id, value["until_s"]),
                plan_id=value.get("plan_id", ""),
                state=cast("IncidentState", snapshot.values),
            )
        return None

    def resume(self, pending: Pending) -> None:
        """Go on from an interrupt; what is not pending any more is left alone.

        Where it waits for something to happen, it is looked whether it has: as long as it has not,
        the thread stays as it is.

        Raises:
            LeaseHeld: another process works on it.
        """
        # The lease first: until then, another process may end the wait as well.
        lease = self._holder.take(incident_subject(pending.incident_id))
        now = self.pending(pending.incident_id)
        if now is None or now.interrupt_id != pending.interrupt_id:
            return  # LangGraph would ignore an unknown id without a word.
        answer: Any = True
        if now.kind == "wait" and now.state["wait_then"] in POLLS:
            with self._desk.journal.holding(lease):
                seen = look(self._desk, now.state)
            told = dict(seen.update or {})
            if not is_news(seen.goto, told, now.state):
                self._looks_again_s[now.interrupt_id] = told["wait_until_s"]
                return
            self._looks_again_s.pop(now.interrupt_id, None)
            answer = {"goto": seen.goto, "update": told}
        self._invoke(pending.incident_id, Command(resume={pending.interrupt_id: answer}))

    def drop_ended(self) -> None:
        """Drop the threads that a death has left of incidents which are not in work any more."""
        self._checkpoints.drop_ended()

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
            if self._has_ended(incident_id):
                self._checkpoints.delete_thread(incident_id)

    def _has_ended(self, incident_id: str) -> bool:
        """Whether there is nothing to go on with, or no thread.

        A step of which the results were kept, and not the step itself, is no `next` any more: it is
        a task still.
        """
        return not self._graph.get_state(self._config(incident_id)).tasks

    def _config(self, incident_id: str) -> RunnableConfig:
        return {
            "configurable": {"thread_id": incident_id},
            "recursion_limit": _RECURSION_LIMIT,
        }
