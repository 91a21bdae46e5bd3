"""What the emulated field finds, how long it takes, and what it says of that. All rules are ours.

How long (log-normal; median hours, deviation of the logarithm): a crew travels 0.67 (0.5). Of the
jobs 0.25 find something loose, 0.33 (0.5); 0.5 damage, 2.5 (0.4); 0.25 a defect, 4 (0.5), of which
0.6 wait for a part, 5 (0.5) more.

What is said: a note comes up to LATE_S late. Once there, the crew says what it found, wrongly in
WRONG of all jobs; a quarter of an hour later that it waits for a part, where it does; and how long
it still takes, then and every SAYS_EVERY_S. That is HOPEFUL of what it takes, give or take
(log-normal, 0.5), in half hours; in STUBBORN of all jobs it is one hour, whatever happens. What is
to be said after the end is not said.
"""

from dataclasses import dataclass

import numpy as np

from tools.network.emulated.case_truth import Repair
from tools.network.emulated.randomness import stream
from twin.nouns.field_note import FieldNote, Found

LATE_S = 1200.0
SAYS_EVERY_S = 5400.0
WRONG, HOPEFUL, STUBBORN = 0.1, 0.7, 0.1

_HOUR_S, _QUARTER_S = 3600.0, 900.0
_SHORT_S, _LONG_S = 3600.0, 4.5 * 3600.0
"""A scripted job that is shorter has something loose, one that is longer a defect."""


@dataclass(frozen=True, slots=True)
class Job:
    """`found`: what there is to find. `parts_s`: of the repair, that it waits for parts."""

    repair: Repair
    found: Found
    parts_s: float = 0.0

    @property
    def lasts_s(self) -> float:
        """From the order to the end."""
        return self.repair.travel_s + self.repair.repair_s


def drawn_job(seed: int, number: int) -> Job:
    """One job of those that come up."""
    numbers = stream(seed, "job", number)

    def hours(median: float, sigma: float) -> float:
        return float(median * np.exp(sigma * numbers.standard_normal()))

    travel, which = hours(0.67, 0.5), numbers.random()
    found: Found = "loose" if which < 0.25 else "damage" if which < 0.75 else "defect"
    median, sigma = {"loose": (0.33, 0.5), "damage": (2.5, 0.4), "defect": (4.0, 0.5)}[found]
    work = hours(median, sigma)
    parts = hours(5.0, 0.5) if found == "defect" and numbers.random() < 0.6 else 0.0
    repair = Repair(travel_s=_HOUR_S * travel, repair_s=_HOUR_S * (work + parts))
    return Job(repair, found, _HOUR_S * parts)


def scripted_job(travel_s: float, lasts_s: float) -> Job:
    """The job of a case that says only how long it takes, from the order to the end."""
    travel_s = min(travel_s, 0.9 * lasts_s)
    repair = Repair(travel_s=travel_s, repair_s=lasts_s - travel_s)
    if repair.repair_s < _SHORT_S:
        return Job(repair, "loose")
    if repair.repair_s < _LONG_S:
        return Job(repair, "damage")
    return Job(repair, "defect", 0.5 * repair.repair_s)


def notes_of(job: Job, ordered_s: float, seed: int, order: str) -> tuple[FieldNote, ...]:
    """All that is said of `job`, which was ordered then, in order of time."""
    numbers = stream(seed, "field", order)
    end_s, there_s = ordered_s + job.lasts_s, ordered_s + job.repair.travel_s
    others: list[Found] = [f for f in ("loose", "damage", "defect") if f != job.found]
    is_wrong, is_stubborn = numbers.random() < WRONG, numbers.random() < STUBBORN
    said = others[int(numbers.integers(2))] if is_wrong else job.found
    notes = [FieldNote(time_s=there_s + LATE_S * numbers.random(), found=said)]
    if job.parts_s:
        waits_s = there_s + _QUARTER_S + LATE_S * numbers.random()
        notes.append(FieldNote(time_s=waits_s, waits=True))
    at_s = there_s + _QUARTER_S
    while at_s < end_s:
        remaining = (end_s - at_s) * HOPEFUL * np.exp(0.5 * numbers.standard_normal())
        halves = max(1.0, np.ceil(remaining / (2.0 * _QUARTER_S)))
        told_s = _HOUR_S if is_stubborn else float(halves * 2.0 * _QUARTER_S)
        notes.append(FieldNote(time_s=at_s + LATE_S * numbers.random(), remaining_s=told_s))
        at_s += SAYS_EVERY_S
    return tuple(sorted((n for n in notes if n.time_s < end_s), key=lambda note: note.time_s))
