"""What an incident has cost is the same in every channel, wherever it stands."""

import json
from pathlib import Path

import pytest

from channels import verbs
from graphs.state_directory import StateDirectory
from tests.channels.cli.desk_of_paper import OPENED_S, SECOND, open_journal, write_incident
from tests.channels.conftest import noctua
from tools.journal.journal import Journal
from tools.journal.standing import IMPACT, OVER, SLO_MINUTES
from twin.nouns.impact import Impact, ServiceHit
from twin.nouns.incident import Phase
from twin.nouns.principal import OS_USER, Principal

ERIN = Principal(name="erin", provider=OS_USER)
HIT = ServiceHit(service="gold-17", customer="Acme")


def _hits(journal: Journal, minutes: float, at_s: float) -> None:
    impact = Impact(as_of_s=at_s, hit_now=(HIT,), minutes_lost={"gold-17": minutes})
    journal.put_artefact(SECOND, IMPACT, impact)


def _ends(journal: Journal, phase: Phase, minutes: float, at_s: float) -> None:
    journal.put_artefact(SECOND, SLO_MINUTES, {"gold-17": minutes})
    journal.add_event(SECOND, at_s, phase.value, "supervisor", "so")
    journal.set_phase(SECOND, phase)


def _open(state: StateDirectory) -> None:
    with open_journal(state.path) as journal:
        _hits(journal, 3.0, OPENED_S + 60.0)


def _resolved(state: StateDirectory) -> None:
    _open(state)
    with open_journal(state.path) as journal:
        _ends(journal, Phase.RESOLVED, 4.0, OPENED_S + 300.0)


def _escalated(state: StateDirectory) -> None:
    _open(state)
    with open_journal(state.path) as journal:
        _ends(journal, Phase.ESCALATED, 62.0, OPENED_S + 300.0)


def _going_on(state: StateDirectory) -> None:
    _escalated(state)
    with open_journal(state.path) as journal:
        _hits(journal, 276.0, OPENED_S + 900.0)


def _taken(state: StateDirectory) -> None:
    _going_on(state)
    verbs.take(state, SECOND, ERIN)


def _over(state: StateDirectory) -> None:
    _going_on(state)
    with open_journal(state.path) as journal:
        journal.add_event(SECOND, OPENED_S + 1800.0, OVER, "monitor", "so")


def _over_and_had(state: StateDirectory) -> None:
    _over(state)
    verbs.take(state, SECOND, ERIN)


def _closed(state: StateDirectory) -> None:
    _going_on(state)
    verbs.close(state, SECOND, ERIN, "unknown", "a ticket of the carrier's has it")


def _reopened(state: StateDirectory) -> None:
    _closed(state)
    verbs.reopen(state, SECOND, ERIN, "it is back")


STATES = [
    (_open, 3.0),
    (_resolved, 4.0),
    (_escalated, 62.0),
    (_going_on, 276.0),
    (_taken, 276.0),
    (_over, 276.0),
    (_over_and_had, 276.0),
    (_closed, 276.0),
    (_reopened, 276.0),
]


@pytest.mark.parametrize(("reach", "minutes"), STATES, ids=lambda x: getattr(x, "__name__", ""))
def test_every_channel_gives_the_minutes_that_were_counted_last(
    state: Path, reach: object, minutes: float
) -> None:
    assert callable(reach)
    (state / "networks" / "live.sqlite").unlink()
    with open_journal(state) as journal:
        write_incident(journal)
    directory = StateDirectory(state)
    reach(directory)
    text = f"{minutes:.0f} service-minutes"
    assert text in noctua(state, "show", SECOND)[1]
    assert text in _of_second(noctua(state, "handover")[1])
    said = noctua(state, "ask", f"how many minutes of service were lost in {SECOND}?")[1]
    assert f"lost {minutes:.1f} min in all" in said
    report = verbs.report(directory, SECOND).services
    assert (report.minutes_lost, report.measured) == (minutes, True)
    [row] = [r for r in json.loads(noctua(state, "incidents", "--json")[1]) if r["id"] == SECOND]
    assert row["minutes_lost"] == minutes
    impact = verbs.incident(directory, SECOND).impact
    assert impact is not None
    assert (impact.total_minutes, impact.as_of_s) == (minutes, report.as_of_s)
    ended = verbs.incident(directory, SECOND).ended_s is not None
    assert report.final == ended
    assert ("so far" in said) != ended


def _of_second(handover: str) -> str:
    """What the printed handover says from the second incident on, in whichever section."""
    _, found, after = handover.partition(f"  {SECOND}  ")
    assert found, "it stands in the handover"
    return after.split("\n\n")[0]
