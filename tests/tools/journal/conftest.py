"""A journal on disk with one incident."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tools.journal.journal import Journal
from twin.nouns.incident import Incident, Severity

OPENED_S = 1_000_000.0


def incident(incident_id: str = "inc-2026-0001", network: str = "germany50") -> Incident:
    return Incident(
        id=incident_id,
        network=network,
        onset_s=OPENED_S - 60,
        detected_s=OPENED_S,
        severity=Severity.CRITICAL,
        title="duct cut at Mannheim",
        symptoms=(),
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "journal.sqlite"


@pytest.fixture
def journal(path: Path) -> Iterator[Journal]:
    with Journal.open(path) as opened:
        opened.open_incident(incident(), OPENED_S, "a" * 32)
        yield opened
