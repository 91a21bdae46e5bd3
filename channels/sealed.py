"""What is said of the journal's seals, in every channel."""

from channels.report.wording import printable
from tools.journal.records import AlteredRows, SealReport


def sealed_text(report: SealReport) -> str:
    """What came of comparing the journal with its seals: one or more sentences."""
    if report.unchecked:
        return f"The rows of the journal were not compared with their seals: {report.unchecked}."
    if not report.altered:
        return f"All {report.sealed} rows of the journal are what was written, by their seals."
    return " ".join(f"{altered_text(rows)}." for rows in report.altered)


def altered_text(rows: AlteredRows) -> str:
    """Which rows are not what was written."""
    where = f"The table {rows.table} is not what was written" if rows.table else "The journal"
    return printable(f"{where}: {rows.why}")
