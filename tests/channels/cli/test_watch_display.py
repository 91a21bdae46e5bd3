"""What a watch shows: one table in a terminal, lines of JSON for a program."""

import io
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console

from channels.cli.event_lines import EventLine, EventLines
from channels.cli.live_table import LiveTable
from tests.tools.journal.conftest import OPENED_S, incident
from tools.journal.journal import Journal
from tools.journal.standing import IMPACT
from twin.nouns.impact import Impact, ServiceHit
from twin.nouns.incident import Phase

FIRST, SECOND = incident("live-0001", "live"), incident("live-0002", "live")
OTHER = incident("other-0001", "other")

OPERATIONS = Path(__file__).parents[3] / "docs" / "operations.md"


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    """One incident that is open, one that people have, and one of a network not watched."""
    with Journal.open(tmp_path / "journal.sqlite") as opened:
        for one in (FIRST, SECOND, OTHER):
            opened.open_incident(one, OPENED_S, "a" * 32)
        hit = ServiceHit(service="gold-17", customer="Acme")
        impact = Impact(as_of_s=OPENED_S, hit_now=(hit,), minutes_lost={"gold-17": 40.6})
        opened.put_artefact(FIRST.id, IMPACT, impact)
        opened.set_phase(SECOND.id, Phase.ESCALATED)
        yield opened


def _tell(journal: Journal, incident_id: str, kind: str, text: str) -> None:
    journal.add_event(incident_id, OPENED_S, kind, "supervisor", text, {"plan": "p"})


def test_terminal_keeps_one_table_of_80_columns_in_its_place(journal: Journal) -> None:
    file = io.StringIO()
    console = Console(file=file, force_terminal=True, width=80, height=40, color_system=None)
    with LiveTable(journal, console, ("live",)) as table:
        table.catch_up()
        _tell(journal, FIRST.id, "diagnosed", "the duct at Mannheim is cut")
        table.catch_up()
    frames = re.split(r"\x1b\[\d*A|\x1b\[2K", file.getvalue())
    assert len(frames) > 2, "the cursor goes back over the table"
    # Without what moves the cursor, the last table is what stands there at the end.
    plain = re.sub(r"\x1b\[[0-9?;]*[A-Za-z]", "", file.getvalue())
    shown = plain[plain.rindex("the watch is about to start") :]
    for words in (
        "live-0001",
        "1 service in breach at 13:46 UTC: gold-17 (Acme, 41 min)",
        "41 service-minutes so far",
        "live-0002",
        "with people, not known to be over",
        "the duct at Mannheim is cut",
    ):
        assert words in " ".join(shown.split())
    assert "other-0001" not in plain
    assert max(len(line) for line in plain.replace("\r", "\n").splitlines()) <= 80


def test_program_gets_a_line_an_event_of_the_networks_that_are_watched(
    journal: Journal, capsys: pytest.CaptureFixture[str]
) -> None:
    with EventLines(journal, ("live",)) as lines:
        lines.catch_up()
        assert capsys.readouterr().out == ""
        _tell(journal, FIRST.id, "asked", "a\nline")
        _tell(journal, OTHER.id, "asked", "not ours")
        lines.catch_up()
        lines.catch_up()
    (line,) = capsys.readouterr().out.splitlines()
    assert json.loads(line) == {
        "type": "event",
        "seq": 1,
        "network": "live",
        "incident_id": FIRST.id,
        "time_s": OPENED_S,
        "time_utc": "1970-01-12 13:46:40 UTC",
        "kind": "asked",
        "actor": "supervisor",
        "text": "a\nline",
        "data": {"plan": "p"},
    }


def test_page_on_operations_names_every_field_of_a_line() -> None:
    section = OPERATIONS.read_text("utf-8").partition("## What happens, for other programs")[2]
    named = set(re.findall(r"^\| `(\w+)` \|", section.partition("\n## ")[0], re.MULTILINE))
    assert named == set(EventLine.model_fields)
