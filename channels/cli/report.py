"""`report`: all about an incident, as a page, a text or data."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from channels import verbs
from channels.cli.output import AsJson, directory_of, print_json
from channels.report.writing import report_file, report_text, write_report


class Format(StrEnum):
    """How a report is written."""

    HTML = "html"
    MARKDOWN = "md"
    JSON = "json"


def report(
    context: typer.Context,
    incident: str,
    report_format: Annotated[Format, typer.Option("--format")] = Format.HTML,
    out: Annotated[Path | None, typer.Option("--out", help="A file; - is the terminal.")] = None,
    as_json: AsJson = False,
) -> None:
    """Write the report of an incident, by default to reports/ of the state directory."""
    directory = directory_of(context)
    facts = verbs.report(directory, incident)
    if out == Path("-"):
        typer.echo(report_text(facts, report_format.value), nl=False)
        return
    path = out or report_file(directory, incident, report_format.value)
    write_report(path, report_text(facts, report_format.value))
    if as_json:
        print_json(
            {
                "incident": incident,
                "path": str(path),
                "audit_head": facts.audit.report.head,
                "audit_length": facts.audit.report.length,
            }
        )
    else:
        typer.echo(str(path))
