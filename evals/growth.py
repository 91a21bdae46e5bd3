"""What a state directory, the memory and a step of the watch come to while nothing happens.

`python -m evals.growth [--days N] [--quiet-days N] [--ended N]` prints a line a day of two watches,
and what they come to against the floors:

- Abilene with so many ended incidents in the journal, and one that waits for a repair which does
  not come, with a service in breach all the time: what is added to the state, and what a step costs
  at the end against the second day. It is with people from the second day on.
- germany50 (50 nodes) with nothing wrong at all: what a year comes to, extrapolated.
"""

import argparse
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from evals.arms.noctua import DelayedApprover
from evals.soak import DAY_S, Day, watched
from evals.stage import Case, stage
from graphs.workplace import Workplace
from tools.journal.journal import Journal
from tools.journal.standing import CLOSED
from tools.network.emulated.case_truth import CaseTruth, Repair, TimedEvent
from tools.network.emulated.case_world import CaseWorld
from tools.network.emulated.clock import SimulatedClock
from tools.trace import incident_trace_id
from twin.events.faults.link_down import LinkDown
from twin.nouns.incident import Incident, Phase, Severity, Symptom
from twin.nouns.principal import OS_USER, Principal

_STARTS_S = 1_772_496_000.0
"""2026-03-03T00:00:00Z."""

_FAULT_S = 3600.0
_LINK = "DNVRng--KSCYng"
"""At the traffic of the scene, its failure leaves a service in breach whatever is done."""

WAITING_MIB = 5.0
YEAR_GIB = 1.0
STEP_RATIO = 1.2
"""The floors: of a week's wait, of a quiet year, of memory and a step at the end against day 2."""


def waiting(days: int, ended: int) -> Iterator[Day]:
    """Watch Abilene while an incident waits; days 1 to `days`, after `ended` incidents."""
    world = CaseWorld(
        id="waiting",
        topology="sndlib/abilene",
        mismatch=1,
        starts_s=_STARTS_S,
        duration_s=(days + 1) * DAY_S,
        traffic_scale=1.4,
    )
    never = Repair(travel_s=900.0, repair_s=2 * days * DAY_S)
    truth = CaseTruth(events=(TimedEvent(at_s=_FAULT_S, fault=LinkDown(link=_LINK), repair=never),))
    with _watching(Case(world, truth)) as (workplace, state):
        end_incidents(workplace.journal, workplace.network.name, ended, _STARTS_S)
        yield from watched(workplace, state, days, lambda: True)


def quiet(days: int) -> Iterator[Day]:
    """Watch germany50 with nothing wrong."""
    world = CaseWorld(
        id="quiet",
        topology="sndlib/germany50",
        mismatch=1,
        starts_s=_STARTS_S,
        duration_s=(days + 1) * DAY_S,
    )
    with _watching(Case(world, CaseTruth())) as (workplace, state):
        yield from watched(workplace, state, days, lambda: True)


@contextmanager
def _watching(case: Case) -> Iterator[tuple[Workplace, Path]]:
    with ExitStack() as opened:
        folder = Path(opened.enter_context(tempfile.TemporaryDirectory()))
        state = folder / "state"
        live = stage(case, 1, folder / "live.sqlite")
        opened.callback(live.close)
        approver = DelayedApprover(120.0)
        workplace = opened.enter_context(
            Workplace(state, live, SimulatedClock(live), approver=approver)
        )
        approver.answer_through(workplace.journal)
        yield workplace, state


def end_incidents(journal: Journal, network: str, count: int, before_s: float) -> None:
    """Write `count` incidents that ended in the days before: every other one closed by a person."""
    erin = Principal(name="erin", provider=OS_USER)
    for number in range(1, count + 1):
        began_s = before_s - (count - number + 2) * 3600.0
        seen = tuple(
            Symptom(
                kind="service_breach",
                resource=f"service-{place}",
                first_seen_s=began_s,
                last_seen_s=began_s + 600.0,
                magnitude=1.0,
                alarms=20,
                active=False,
            )
            for place in range(20)
        )
        incident = Incident(
            id=f"{network}-{number:04d}",
            network=network,
            title="20 services in breach",
            severity=Severity.MAJOR,
            onset_s=began_s,
            detected_s=began_s,
            symptoms=seen,
        )
        with journal.transaction():
            trace = f"{incident_trace_id(incident.id):032x}"
            journal.open_incident(incident, began_s, trace)
            for symptom in seen:
                text = f"joined: {symptom.id}"
                journal.add_event(incident.id, began_s, "symptom", "monitor", text)
            closed = number % 2 == 0
            kind = "escalated" if closed else "resolved"
            journal.add_event(incident.id, began_s + 900.0, kind, "supervisor", "it is over")
            journal.set_phase(incident.id, Phase.ESCALATED if closed else Phase.RESOLVED)
            if closed:
                journal.add_persons_event(incident.id, began_s + 960.0, CLOSED, erin, "seen to")


def _printed(title: str, days: Iterator[Day]) -> list[Day]:
    sys.stdout.write(f"{title}\nday  resident MiB  state MiB  grown MiB  step ms\n")
    known = []
    for day in days:
        known.append(day)
        sys.stdout.write(
            f"{day.day:3d}  {day.resident_mib:12.1f}  {day.state_mib:9.2f}  {day.grown_mib:9.3f}  "
            f"{day.step_ms:7.2f}\n"
        )
        sys.stdout.flush()
    return known


def _verdict(what: str, found: float, most: float, unit: str) -> bool:
    word = "met" if found <= most else "missed"
    sys.stdout.write(f"{what}: {found:.2f}{unit} (at most {most:g}{unit}: {word})\n")
    return found <= most


def main() -> int:
    """Print both watches; 1 if a floor is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, default=7, help="of the incident that waits")
    parser.add_argument("--quiet-days", type=int, default=14)
    parser.add_argument("--ended", type=int, default=500, help="incidents in the journal")
    given = parser.parse_args()
    kept = []
    if given.days:
        title = f"an incident waits, after {given.ended} that have ended"
        days = _printed(title, waiting(given.days, given.ended))
        added = sum(day.grown_mib for day in days)
        kept.append(_verdict(f"state of {given.days} days", added, WAITING_MIB, " MiB"))
        kept += _flat(days)
    if given.quiet_days:
        days = _printed("nothing is wrong with 50 nodes", quiet(given.quiet_days))
        later = days[1:] or days
        a_day = sum(day.grown_mib for day in later) / len(later)
        year_gib = (days[-1].state_mib + (365 - len(days)) * max(0.0, a_day)) / 1024.0
        kept.append(_verdict("state of a year", year_gib, YEAR_GIB, " GiB"))
        kept += _flat(days)
    return int(not all(kept))


def _flat(days: list[Day]) -> Iterator[bool]:
    """Whether memory and a step are at the end what they were on the second day."""
    if len(days) < 3:
        return
    second, last = days[1], days[-1]
    for what, ratio in (
        ("resident memory against day 2", last.resident_mib / second.resident_mib),
        ("a step against day 2", last.step_ms / second.step_ms),
    ):
        yield _verdict(what, ratio, STEP_RATIO, " times")


if __name__ == "__main__":
    sys.exit(main())
