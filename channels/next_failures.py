"""What may be next in an incident if nothing is done, as every channel tells it."""

from channels.report.wording import plain
from tools.journal.journal import Journal
from twin.nouns.next_failures import NEXT_FAILURES, NextFailures


def feared(journal: Journal, incident_id: str) -> NextFailures | None:
    """What was foretold last, None where nothing was or nothing is to be feared."""
    found = journal.artefact(incident_id, NEXT_FAILURES, NextFailures)
    return found if found is not None and found.likeliest else None


def next_lines(found: NextFailures | None) -> list[str]:
    """The heading, then a line for each of the likeliest; nothing where nothing is feared."""
    return [] if found is None else [plain(line, 400) for line in (found.heading, *found.lines())]
