"""The bad files: a sample in this process, and how one in a process of its own is judged."""

import hashlib
from pathlib import Path

import pytest

from evals.hostile.bad_files import KINDS, BadFile, bad_files
from evals.hostile.files import Outcome, read, read_apart

SHOWN = 24
"""How many of the small ones are read here; `python -m evals.hostile.files` reads all."""

LARGEST_BYTES = 100_000


QUICKLY_MADE = ("sndlib", "repetita", "scenario", "policy", "settings", "kept")


def small_sample() -> list[BadFile]:
    small = [bad for bad in bad_files(*QUICKLY_MADE) if len(bad[1]) < LARGEST_BYTES]
    return sorted(small, key=lambda bad: hashlib.sha256(bad[0].encode()).digest())[:SHOWN]


def test_every_small_file_of_a_sample_is_read_or_refused(tmp_path: Path) -> None:
    outcomes = set()
    for name, data, suffix in small_sample():
        file = tmp_path / f"file{suffix}"
        file.write_bytes(data)
        outcome, said = read(file)
        outcomes.add(outcome)
        # A refusal names the file, or the scenario's own that it is about.
        assert outcome == Outcome.READ or str(tmp_path) in said or "topolog" in said, (name, said)
    assert Outcome.REFUSED in outcomes


@pytest.mark.slow
def test_there_are_many_files_and_no_two_of_one_name() -> None:
    names = [name for name, _, _ in bad_files(*KINDS.keys() - {"bytes"})]
    assert len(names) >= 120
    assert len(set(names)) == len(names)


@pytest.mark.parametrize(
    ("content", "outcome"),
    [
        (b"{}", Outcome.REFUSED),
        (b'{"nodes": [{"id": 1}, {"id": 2}], "edges": []}', Outcome.REFUSED),
    ],
)
def test_file_is_read_in_a_process_of_its_own(
    content: bytes, outcome: Outcome, tmp_path: Path
) -> None:
    found = read_apart(("one", content, ".json"), tmp_path)
    assert found.outcome == outcome
    assert "file.json" in found.said
    assert found.peak_bytes > 0
