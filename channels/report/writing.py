"""A report as a text in one of three formats, and as a file."""

from pathlib import Path
from typing import TYPE_CHECKING

from channels.whole_file import write_text
from graphs.state_directory import StateDirectory
from twin.errors import BadInput
from twin.nouns.way import Way

if TYPE_CHECKING:
    from channels.report.contents import ReportFacts


def report_text(facts: "ReportFacts", report_format: str) -> str:
    """The report as "html", "md" or "json"; the same facts give the same text.

    Raises:
        BadInput: another format.
    """
    # Each is imported when it is written: what draws takes a second of the processor.
    match report_format:
        case "html":
            from channels.report.html import to_html

            return to_html(facts)
        case "md":
            from channels.report.markdown import to_markdown

            return to_markdown(facts)
        case "json":
            return facts.model_dump_json(indent=2) + "\n"
        case _:
            raise BadInput(f'"{report_format}" is not a format; there are html, md and json')


def report_file(state: StateDirectory, incident_id: str, report_format: str) -> Path:
    """Where the report of an incident is kept in a state directory."""
    safe = "".join(c if c.isalnum() or c in "-_." else "_" for c in incident_id)
    return state.reports / f"{safe}.{report_format}"


def write_report(path: Path, text: str) -> None:
    """Write `text` whole or not at all.

    Raises:
        BadInput: the file cannot be written there.
    """
    try:
        write_text(path, text)
    except BadInput as error:
        raise BadInput(
            f"{error}; name another place, or - for the terminal", way=Way(out="FILE")
        ) from error
