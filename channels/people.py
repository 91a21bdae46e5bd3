"""What people do with an incident: take it, note what they see, close it, and reopen it."""

import os
from collections.abc import Sequence
from contextlib import AbstractContextManager, closing
from typing import TYPE_CHECKING

from pydantic import JsonValue

from channels.networks import inventory_of, is_watched, network_time_s
from channels.report.wording import plain, quoted, utc
from channels.views import IncidentView, incident_view
from graphs.state_directory import StateDirectory
from tools.journal.anchors import Anchors
from tools.journal.records import IncidentRecord
from tools.journal.standing import (
    CLOSED,
    FOUND,
    NOTED,
    REOPENED,
    TAKEN,
    InForce,
    PersonsEvent,
    Standing,
    standing,
    temporary_in_force,
)
from twin.errors import BadInput, NetworkError
from twin.events.action import in_words
from twin.nouns.base import IfGiven, Noun
from twin.nouns.guidance import Understood
from twin.nouns.incident import TERMINAL_PHASES, Phase
from twin.nouns.principal import Principal, visible
from twin.nouns.untrusted import UntrustedText
from twin.nouns.way import Way

if TYPE_CHECKING:
    from twin.events.found_cause import FoundCause

_LONGEST = 4000
"""Characters of a note or a reason; more is a document, which a link can name."""


class Handled(Noun):
    """What came of it. `text`: what was done, in a sentence. `incident`: as it stands now.

    `changed`: False where it stood so already, and nothing was written. `understood`: what the
    shipped mind reads in a note; None where it was none, or what is on record cannot be read.
    """

    text: str
    changed: bool
    incident: IncidentView
    understood: IfGiven[Understood] = None


def take(state: StateDirectory, incident_id: str, by: Principal) -> Handled:
    """Say that `by` has the incident; whoever had it before has it no more.

    Raises:
        BadInput: there is no such incident, it has ended, or nobody can answer under that name.
    """
    with _AtIncident(state, incident_id, by) as here, here.journal.transaction():
        now = here.standing
        here.refuse_ended("taken")
        if now.taken_by and visible(now.taken_by) == by.person:
            return here.handled(
                f"{_who(by)} has it already, since {utc(now.taken_s)} UTC", changed=False
            )
        before = f", and {quoted(now.taken_by)} no more" if now.taken_by else ""
        here.tell(TAKEN, f"has it{before}", {"before": now.taken_by} if now.taken_by else {})
        # What is over ends as soon as somebody has it.
        ends = here.standing.ended_s is not None
        ended = "; nothing of it is seen any more, so that it has ended" * ends
        return here.handled(f"{_who(by)} has it{before}{ended}")


def note(state: StateDirectory, incident_id: str, by: Principal, text: str) -> Handled:
    """Put what `by` has seen or done into the incident's timeline.

    Raises:
        BadInput: there is no such incident, the note is empty or too long, or nobody can answer
            under that name.
    """
    said = written(text, "a note says something", Way("note", incident_id, text="TEXT"))
    with _AtIncident(state, incident_id, by) as here, here.journal.transaction():
        here.tell(NOTED, quoted(said), {"note": said})
        found = here.understood(said)
        told = f"; {found.describe()}" if found else ""
        return here.handled(f"noted by {_who(by)}{told}", understood=found)


def close(
    state: StateDirectory,
    incident_id: str,
    by: Principal,
    cause: str,
    reason: str = "",
    *,
    leave_in_force: bool = False,
) -> Handled:
    """Close an incident that people have, with the cause that they found.

    `cause`: as `twin.events.found_cause` reads it. `reason`: needed while something of it is seen.
    `leave_in_force`: temporary changes stay on the devices, and stand in the handover.

    Raises:
        BadInput: there is no such incident, it is in work or has ended, the cause cannot be read,
            a reason is missing, something temporary is in force that is not to be left so, or
            nobody can answer under that name.
    """
    from twin.events.found_cause import UNKNOWN
    from twin.nouns.diagnosis import Diagnosis
    from twin.nouns.finding import Finding

    said = written(
        cause, f'say what was found, like "link A-B down", or {UNKNOWN}', Way(cause="WHAT")
    )
    why = written(reason, "") if visible(reason) else ""
    with _AtIncident(state, incident_id, by) as here:
        found = here.cause(said)
        with here.journal.transaction():
            here.refuse_in_work()
            here.refuse_ended("closed")
            in_force = here.in_force()
            if in_force and not leave_in_force:
                raise BadInput(_left_in_force(incident_id, in_force), way=Way(leave_in_force=True))
            seen = here.view.still_seen
            if seen and not why:
                raise BadInput(
                    f"{incident_id} is not over: {'; '.join(seen)}; say why it is closed all the "
                    "same",
                    way=Way(reason="WHY"),
                )
            diagnosis = here.journal.artefact(incident_id, "diagnosis", Diagnosis)
            finding = Finding(
                by=by,
                found_s=here.now_s,
                said=said,
                faults=found.faults,
                resources=found.resources,
                verdict=diagnosis.verdict if diagnosis else "",
                diagnosed=tuple(f.id for f in diagnosis.cause) if diagnosis else (),
            )
            here.journal.put_artefact(incident_id, FOUND, finding)
            left = [*seen, *(f"{one.plan.id} stays in force" for one in in_force)]
            because = f": {quoted(why)}" if why else ""
            text = f"the cause is {quoted(said)}{because}"
            text += f"; left: {'; '.join(left)}" if left else ""
            here.tell(CLOSED, text, {"cause": said, "reason": why, "left": [*left]})
        here.remember()
        return here.handled(f"closed by {_who(by)}: {text}")


def reopen(state: StateDirectory, incident_id: str, by: Principal, reason: str) -> Handled:
    """Say that an incident that has ended, or is over, is not: it is with people, and `by` has it.

    Until something of it is seen anew, only a person ends it again.

    Raises:
        BadInput: there is no such incident, it goes on, no reason is given, or nobody can answer
            under that name.
    """
    why = written(reason, "say why it is not over; it stands in the report", Way(reason="WHY"))
    with _AtIncident(state, incident_id, by) as here, here.journal.transaction():
        now = here.standing
        if now.ended_s is None and now.over_s is None:
            raise BadInput(
                f"{incident_id} goes on, so there is nothing to reopen",
                way=Way("take" if now.with_people else "show", incident_id),
            )
        # What the machine had resolved is nobody's before: from here on people have it.
        here.journal.set_phase(incident_id, Phase.ESCALATED)
        here.tell(REOPENED, quoted(why), {"reason": why})
        return here.handled(f"reopened by {_who(by)}, who has it")


class _AtIncident(AbstractContextManager["_AtIncident"]):
    """The journal, open for one person at one incident; what is written is anchored at the end."""

    def __init__(self, state: StateDirectory, incident_id: str, by: Principal) -> None:
        if by.objection:
            raise BadInput(
                f"nobody can answer under that name: {by.objection}; name a person",
                way=Way(by="NAME"),
            )
        self._state, self._id, self._by = state, incident_id, by
        self.journal = state.journal()
        try:
            self._network = self.record.incident.network
            self.now_s = network_time_s(state, self.journal, self._network)
        except BaseException:
            self.journal.close()
            raise

    def __exit__(self, *_: object) -> None:
        try:
            Anchors(self.journal, self._state.anchor_file()).note(self.now_s)
        finally:
            self.journal.close()

    @property
    def record(self) -> IncidentRecord:
        return self.journal.incident(self._id)

    @property
    def standing(self) -> Standing:
        return standing(self.journal, self.record)

    def cause(self, said: str) -> "FoundCause":
        from twin.events.found_cause import read_cause

        return read_cause(said, inventory_of(self._state, self._network).topology)

    def refuse_ended(self, what: str) -> None:
        now = self.standing
        if now.ended_s is not None:
            raise BadInput(
                f"{self._id} ended at {utc(now.ended_s)} UTC ({now.ending}), so it cannot be "
                f"{what}; it can be opened again",
                way=Way("reopen", self._id, reason="WHY"),
            )

    def refuse_in_work(self) -> None:
        phase = self.record.phase
        if phase in TERMINAL_PHASES:
            return
        asked = self.journal.approval_requests(self.now_s, incident_id=self._id, state="waiting")
        helps = "it ends by itself or is handed over; say who has it"
        way = Way("take", self._id)
        if asked:
            helps = "hand it over by rejecting its plan, and close it then"
            way = Way("reject", plain(asked[-1].plan_id))
        raise BadInput(
            f"{self._id} is in work ({phase.value.replace('_', ' ')}), and people close what "
            f"they have: {helps}",
            way=way,
        )

    def in_force(self) -> list[InForce]:
        plans, changes = self.journal.plans(self._id), self.journal.changes(incident_id=self._id)
        return list(temporary_in_force(plans, changes))

    @property
    def view(self) -> IncidentView:
        return incident_view(self.journal, self.record, self.now_s)

    def tell(self, kind: PersonsEvent, text: str, data: dict[str, JsonValue]) -> None:
        self.journal.add_persons_event(self._id, self.now_s, kind, self._by, text, data)

    def remember(self) -> None:
        """Put what was found into the knowledge graph; a watch hears of it, and does so itself."""
        if is_watched(self._state, self.journal, self._network):
            return
        from graphs.findings import remember_finding
        from tools.graph_store.opening import open_graph

        file = self._state.knowledge_file(self._network)
        with closing(open_graph(file, self._network, os.environ)) as graph:
            remember_finding(graph, self.journal, self._id)

    def understood(self, said: str) -> Understood | None:
        from agents.roles.guide import Remark
        from graphs.guiding import understood

        try:
            inventory = inventory_of(self._state, self._network)
        except (BadInput, NetworkError):
            return None
        remark = Remark("a note", self._by.name, self.now_s, UntrustedText(said))
        return understood(remark, inventory, self._state.policy().guidance)

    def handled(
        self, text: str, *, changed: bool = True, understood: Understood | None = None
    ) -> Handled:
        return Handled(
            text=f"{self._id}: {text}",
            changed=changed,
            incident=self.view,
            understood=understood,
        )


def _who(by: Principal) -> str:
    return quoted(by.name)


def written(text: str, otherwise: str, way: Way | None = None) -> str:
    """`text` without blanks around it. Raises BadInput: it is blank, too long, or no text."""
    if not visible(text):
        raise BadInput(otherwise, way=way)
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise BadInput("the text has bytes that are no UTF-8; write it as text") from None
    if len(text) > _LONGEST:
        raise BadInput(f"the text has {len(text)} characters, more than {_LONGEST}")
    return text.strip()


def _left_in_force(incident_id: str, in_force: Sequence[InForce]) -> str:
    told = "; ".join(
        f"{one.plan.id} on {', '.join(c.node for c in one.changes)} (way back: "
        f"{'; '.join(in_words(one.plan.way_back))})"
        for one in in_force
    )
    return (
        f"something temporary of {incident_id} is in force: {told}; take it out first, or leave it "
        "in force"
    )
