"""What the emulated field says of its jobs: by stated rules, and the same for the same seed."""

import numpy as np
import pytest

from tools.network.emulated.field import (
    LATE_S,
    SAYS_EVERY_S,
    STUBBORN,
    WRONG,
    Job,
    drawn_job,
    notes_of,
    scripted_job,
)

HOUR_S = 3600.0
JOBS = [drawn_job(7, number) for number in range(2000)]
NOTES = [notes_of(job, 0.0, 7, f"order-{i}") for i, job in enumerate(JOBS)]


def test_same_seed_and_order_say_the_same_and_others_something_else() -> None:
    assert notes_of(JOBS[0], 0.0, 7, "order-0") == NOTES[0]
    assert notes_of(JOBS[0], 0.0, 8, "order-0") != NOTES[0]
    assert drawn_job(7, 3) == JOBS[3]


def test_notes_come_in_order_once_somebody_is_there_and_before_the_end() -> None:
    for job, notes in zip(JOBS, NOTES, strict=True):
        times = [note.time_s for note in notes]
        assert times == sorted(times)
        assert all(job.repair.travel_s <= time_s < job.lasts_s for time_s in times)


def test_estimates_are_hopeful_and_some_crews_say_an_hour_whatever_happens() -> None:
    """In the median 0.7 of what it takes, up to half an hour more by rounding up."""
    said, stubborn, crews = [], 0, 0
    for job, notes in zip(JOBS, NOTES, strict=True):
        told = [(note.time_s, note.remaining_s) for note in notes if note.remaining_s]
        if len(told) < 3:
            continue
        crews += 1
        stubborn += all(remaining_s == HOUR_S for _, remaining_s in told)
        time_s, remaining_s = told[0]
        said.append(remaining_s / (job.lasts_s - time_s))
    assert float(np.median(said)) == pytest.approx(0.75, abs=0.1)
    assert stubborn / crews == pytest.approx(STUBBORN, abs=0.03)


def test_one_in_ten_says_that_something_else_was_found() -> None:
    told = [
        (job.found, note.found)
        for job, notes in zip(JOBS, NOTES, strict=True)
        for note in notes
        if note.found
    ]
    wrong = sum(found != said for found, said in told) / len(told)
    assert wrong == pytest.approx(WRONG, abs=0.02)


def test_who_waits_for_a_part_says_so_where_there_is_one_to_wait_for() -> None:
    for job, notes in zip(JOBS, NOTES, strict=True):
        says_so = any(note.waits for note in notes)
        assert not says_so or job.parts_s > 0.0
        if job.parts_s > 2 * LATE_S + SAYS_EVERY_S:
            assert says_so


def test_scripted_job_lasts_as_long_as_the_case_says() -> None:
    for lasts_h, found in ((0.75, "loose"), (2.0, "damage"), (9.0, "defect")):
        job = scripted_job(1800.0, lasts_h * HOUR_S)
        assert isinstance(job, Job)
        assert job.found == found
        assert job.lasts_s == pytest.approx(lasts_h * HOUR_S)
