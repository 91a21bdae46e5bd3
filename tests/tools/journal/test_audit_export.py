"""An exported chain verifies by itself, and whatever is done to the file shows."""

import csv
import io
from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tools.journal.audit_export import Export, ExportFormat, export_lines, verify_export
from tools.journal.journal import Journal
from twin.errors import BadInput

LINES = 5
FORMATS: Sequence[ExportFormat] = ("jsonl", "csv")


@pytest.fixture
def written(journal: Journal) -> Journal:
    for i in range(LINES):
        journal.append_audit(1_000.5 + i, "=cmd()", "say\nso", f"'plan-{i}", {"n": i, "t": 'ä,"'})
    return journal


def _exported(journal: Journal, form: ExportFormat, since: int | None = None) -> list[str]:
    text = "".join(export_lines(journal.audit_rows(since), form))
    return io.StringIO(text, newline="").readlines()


def _first_broken(lines: Sequence[str]) -> int | None:
    return verify_export(lines).check.report.first_broken


@pytest.mark.parametrize("form", FORMATS)
def test_export_verifies_with_the_head_of_the_journal(written: Journal, form: ExportFormat) -> None:
    found = verify_export(_exported(written, form))
    assert found.check.report == written.verify_audit()
    assert found.first == 1


@pytest.mark.parametrize("form", FORMATS)
def test_export_of_an_empty_chain_verifies(journal: Journal, form: ExportFormat) -> None:
    report = verify_export(_exported(journal, form)).check.report
    assert (report.length, report.first_broken) == (0, None)


@pytest.mark.parametrize("form", FORMATS)
def test_export_from_a_later_line_names_what_it_follows(
    written: Journal, form: ExportFormat
) -> None:
    lines = written.audit_lines()
    found = verify_export(_exported(written, form, 3))
    assert (found.first, found.previous) == (3, lines[1].hash)
    report = found.check.report
    assert (report.length, report.head, report.first_broken) == (3, lines[-1].hash, None)


def _break(lines: list[str], what: str) -> list[str]:
    match what:
        case "altered":
            return [line.replace("plan-2", "plan-9") for line in lines]
        case "removed":
            return [line for line in lines if "plan-2" not in line]
        case "cut":
            return [line for line in lines if "plan-4" not in line][:-1]
        case "cut, with its end":
            return [line for line in lines if "plan-4" not in line]
        case _:
            return [*lines, lines[1]]


@pytest.mark.parametrize(
    ("what", "seq"), [("altered", 3), ("removed", 3), ("cut", 5), ("cut, with its end", 5)]
)
def test_what_was_done_to_the_file_shows_at_its_line(written: Journal, what: str, seq: int) -> None:
    assert _first_broken(_break(_exported(written, "jsonl"), what)) == seq


@pytest.mark.parametrize("what", ["altered", "more"])
def test_what_was_done_to_a_csv_file_shows(written: Journal, what: str) -> None:
    assert _first_broken(_break(_exported(written, "csv"), what)) is not None


def test_lines_that_were_taken_away_all_together_show(written: Journal) -> None:
    assert _first_broken(_exported(written, "jsonl")[-1:]) == 1


def test_foreign_line_shows_where_it_stands(written: Journal) -> None:
    lines = _exported(written, "jsonl")
    assert _first_broken([*lines[:2], "hello\n", *lines[2:]]) == 3


@pytest.mark.parametrize("text", ["", "hello\n", "[1]\n"])
def test_file_that_is_no_export_is_refused(text: str) -> None:
    with pytest.raises(BadInput):
        verify_export(io.StringIO(text))


def test_spreadsheet_finds_no_formula(written: Journal) -> None:
    for cells in csv.reader(_exported(written, "csv")):
        assert not any(cell.startswith(("=", "+", "-", "@")) for cell in cells)


@pytest.mark.slow
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.text(),
    st.dictionaries(st.text(), st.none() | st.booleans() | st.floats(-1e9, 1e9) | st.text()),
    st.floats(-4e9, 4e9),
    st.sampled_from(FORMATS),
)
def test_any_content_that_is_json_survives_the_export(
    journal: Journal,
    text: str,
    data: dict[str, float | str | None],
    time_s: float,
    form: ExportFormat,
) -> None:
    journal.append_audit(time_s, text, text[::-1], "s", dict(data))
    found: Export = verify_export(_exported(journal, form))
    assert found.check.report == journal.verify_audit()
