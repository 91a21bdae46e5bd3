"""What the audit chain is worth: recomputed, and compared with what was written elsewhere."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from graphs.state_directory import StateDirectory
from tools.journal.anchors import AnchorLines, read_anchors, violation
from tools.journal.audit import GENESIS
from tools.journal.audit_export import Export, ExportFormat, export_lines, verify_export
from tools.journal.reading import NOT_SEALED
from tools.journal.records import Anchor, AuditReport, SealReport
from twin.errors import BadInput
from twin.nouns.base import Noun


class ViolatedAnchor(Anchor):
    """An anchor that no longer stands in the chain, and what was done to it."""

    why: str


class CheckedAnchors(Noun):
    """How many anchors stand in the chain, and which do not.

    `file`: which they are in, "" for none. `uncovered`: of which an exported file holds neither the
    line nor the one before. `unreadable_lines`: of the file of anchors, by number.
    """

    file: str
    held: int
    uncovered: int
    unreadable_lines: tuple[int, ...]
    violated: tuple[ViolatedAnchor, ...]


class AuditVerdict(AuditReport):
    """A chain from line `first` on, which follows the hash `previous`.

    `head_at`: the line at which a head that was sought stands, None if nowhere. `seals`: what came
    of comparing every row with its seal, None for an exported file. `mark`: what the mark beside
    the signing key says against the journal, "" if nothing. `damage`: what SQLite finds wrong.
    `sound`: nothing is broken, altered, violated or missed. A journal of before rows were sealed
    is sound if its chain is.
    """

    first: int
    previous: str
    sound: bool
    anchors: CheckedAnchors
    head_at: int | None
    seals: SealReport | None
    mark: str
    damage: str

    @property
    def last(self) -> int:
        """The number of the last line."""
        return self.first + self.length - 1


def verify_audit(
    state: StateDirectory,
    against: Path | None = None,
    head: str | None = None,
    export: Path | None = None,
) -> AuditVerdict:
    """Recompute the chain of the journal, or that of an exported file.

    `against`: a file of anchors; of the journal, the one that the policy names where None. `head`:
    64 hexadecimal digits, as a report or an export names it.

    Raises:
        BadInput: a file cannot be read, or `head` is none.
    """
    if against is None and export is None:
        against = _named_by_policy(state)
    rows = _Rows(None, "", "") if export is not None else _rows(state)
    sought = _hash(head) if head is not None else None
    lines = read_anchors(against) if against is not None else AnchorLines((), ())
    seeking = {anchor.head for anchor in lines.anchors} | ({sought} if sought else set())
    found = _of_file(export, seeking) if export is not None else _of_journal(state, seeking)
    report, places = found.check.report, {**found.check.places, found.previous: found.first - 1}
    last = found.first + report.length - 1
    whole = report.model_copy(update={"length": last})
    covered = [a for a in lines.anchors if export is None or found.first - 1 <= a.length <= last]
    violated = tuple(
        ViolatedAnchor(**anchor.model_dump(), why=why)
        for anchor in covered
        if (why := violation(anchor, whole, places))
    )
    head_at = places.get(sought) if sought else None
    return AuditVerdict(
        **report.model_dump(),
        first=found.first,
        previous=found.previous,
        sound=report.first_broken is None
        and not violated
        and (sought is None or head_at is not None)
        and rows.sound,
        seals=rows.seals,
        mark=rows.mark,
        damage=rows.damage,
        anchors=CheckedAnchors(
            file=str(against or ""),
            held=len(covered) - len(violated),
            uncovered=len(lines.anchors) - len(covered),
            unreadable_lines=lines.unreadable,
            violated=violated,
        ),
        head_at=head_at,
    )


def export_audit(state: StateDirectory, since: int, form: ExportFormat) -> Iterator[str]:
    """The chain from line `since` on as the lines of a file, which verifies without the journal.

    Raises:
        BadInput: the chain has no line of that number.
    """
    with state.read_only_journal() as journal:
        head = journal.audit_head()
        if since > 1 and head is not None and since > head.length:
            raise BadInput(f"the chain has {head.length} lines; there is no line {since}")
        yield from export_lines(journal.audit_rows(since), form)


class _Rows(NamedTuple):
    """What is found of the journal besides its chain."""

    seals: SealReport | None
    mark: str
    damage: str

    @property
    def sound(self) -> bool:
        compared = self.seals is None or self.seals.sound or self.seals.unchecked == NOT_SEALED
        return compared and not self.mark and not self.damage


def _rows(state: StateDirectory) -> _Rows:
    with state.read_only_journal() as journal:
        return _Rows(journal.check_seals(), journal.mark_trouble(), journal.damage())


def _named_by_policy(state: StateDirectory) -> Path | None:
    file = state.anchor_file()
    return file if file is not None and file.exists() else None


def _of_journal(state: StateDirectory, seeking: set[str]) -> Export:
    with state.read_only_journal() as journal:
        return Export(1, GENESIS, journal.check_audit(seeking))


def _of_file(file: Path, seeking: set[str]) -> Export:
    try:
        with file.open(encoding="utf-8", errors="surrogateescape", newline="") as lines:
            return verify_export(lines, seeking)
    except OSError as error:
        raise BadInput(f"{file}: cannot be read ({error.strerror})") from error


def _hash(text: str) -> str:
    given = text.strip().lower()
    if not re.fullmatch("[0-9a-f]{64}", given):
        raise BadInput(
            f'"{text}" is not a head; it has 64 hexadecimal digits, as a report names it'
        )
    return given
