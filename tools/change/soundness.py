"""Whether the journal can be believed: asked before each commit and each confirmation."""

from collections.abc import Callable

from tools.journal.anchors import Anchors
from tools.journal.errors import JournalFailed
from tools.journal.journal import Journal

Check = Callable[[Journal, Anchors], str]
"""Says what is wrong, "" if nothing is."""


def undamaged(journal: Journal, _: Anchors) -> str:
    """SQLite finds nothing wrong with the file."""
    if damage := journal.damage():
        return f"cannot be trusted ({damage}). Put the file aside and take the last good copy"
    return ""


def chained(journal: Journal, _: Anchors) -> str:
    """Every line of the audit log follows the one before it."""
    audit = journal.verify_audit()
    if audit.first_broken is not None:
        return f"the audit log does not hold at line {audit.first_broken} ({audit.why})"
    return ""


def anchored(_: Journal, anchors: Anchors) -> str:
    """The audit log is the one whose heads were written elsewhere."""
    return anchors.contradiction()


def marked(journal: Journal, _: Anchors) -> str:
    """It was not put back to what it was earlier."""
    return journal.mark_trouble()


def sealed(journal: Journal, _: Anchors) -> str:
    """Every row is what was written."""
    report = journal.check_seals()
    if report.unchecked:
        return f"its rows cannot be compared with their seals: {report.unchecked}"
    if report.altered:
        first = report.altered[0]
        return f"it was altered: {f'{first.table}: ' if first.table else ''}{first.why}"
    return ""


CHECKS: tuple[Check, ...] = (undamaged, chained, anchored, marked, sealed)
"""All of them, in order."""


def require_sound(journal: Journal, anchors: Anchors, checks: tuple[Check, ...] = CHECKS) -> None:
    """Refuse to go by a journal that somebody may have altered.

    Raises:
        JournalFailed: one of `checks` finds something wrong.
    """
    for check in checks:
        if wrong := check(journal, anchors):
            raise JournalFailed(
                f"{journal.path}: {wrong}; nothing is committed or confirmed; see "
                "`noctua audit verify`"
            )
