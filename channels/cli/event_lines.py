"""What happens, for other programs: one JSON object a line, as it happens."""

import json
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Literal

import typer

from channels.report.wording import utc
from tools.journal.journal import Journal
from tools.journal.records import TimelineEvent, WatchRecord
from twin.nouns.base import Noun
from twin.nouns.condition import Condition
from twin.nouns.incident import Symptom


class EventLine(TimelineEvent):
    """An event of an incident's timeline. docs/operations.md says what each field means."""

    type: Literal["event"] = "event"
    network: str
    time_utc: str


class ConditionLine(Condition):
    """Something is wrong with the watch itself (`state` "begun"), or no longer ("over")."""

    type: Literal["condition"] = "condition"
    state: Literal["begun", "over"]


class UnrecordedLine(Noun):
    """What is seen while no incident can be opened about it; nothing, once that has been."""

    type: Literal["unrecorded"] = "unrecorded"
    network: str
    symptoms: tuple[Symptom, ...]


class EndLine(Noun):
    """The last line: how each watch was, what was wrong with them themselves, what is still open,
    and what is with people.
    """

    type: Literal["end"] = "end"
    watches: tuple[WatchRecord, ...]
    conditions: tuple[Condition, ...]
    open_incidents: tuple[str, ...]
    with_people: tuple[str, ...]


class EventLines(AbstractContextManager["EventLines"]):
    """Prints every event that the journal gets, of all incidents of the networks `names`."""

    def __init__(self, journal: Journal, names: tuple[str, ...]) -> None:
        self._journal = journal
        self._names = names
        self._last_seq = journal.last_event_seq()
        self._networks: dict[str, str] = {}

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Nothing is left to be done."""

    def catch_up(self) -> None:
        """Print the events that were not printed yet, in order of writing."""
        for event in self._journal.events(self._last_seq):
            self._last_seq = event.seq
            network = self._network_of(event.incident_id)
            if network in self._names:
                print_line(
                    EventLine(**dict(event), network=network, time_utc=f"{utc(event.time_s)} UTC")
                )

    def _network_of(self, incident_id: str) -> str:
        if incident_id not in self._networks:
            record = self._journal.incident(incident_id)
            self._networks[incident_id] = record.incident.network
        return self._networks[incident_id]


def print_line(line: EventLine | ConditionLine | UnrecordedLine | EndLine) -> None:
    """One line, written out at once."""
    document = line.model_dump(mode="json")
    typer.echo(json.dumps(document, ensure_ascii=True, allow_nan=False))
