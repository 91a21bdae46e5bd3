"""The head of the audit chain, written elsewhere: a cut tail or a rewritten chain shows against it.

One JSON object a line: {"time_s": ..., "length": ..., "head": ...}.
"""

import logging
import os
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from pydantic import ValidationError

from tools.journal.audit import GENESIS
from tools.journal.errors import JournalFailed
from tools.journal.journal import Journal
from tools.journal.records import Anchor, AuditReport
from twin.errors import BadInput

_log = logging.getLogger(__name__)


class Anchors:
    """Appends the head of a journal's chain to `file`; to nothing if None.

    Nothing that goes wrong here stops anybody's work: `trouble` says what did, "" if all is well.
    """

    def __init__(self, journal: Journal, file: Path | None) -> None:
        self._journal = journal
        self._file = file
        self._noted: str | None = None
        self.trouble = ""

    def note(self, now_s: float) -> None:
        """Write down where the chain ends, if it has grown; never call it inside a transaction."""
        if self._file is None:
            return
        try:
            head = self._journal.audit_head()
            if head is None:
                self._fail("a transaction was open, and what it wrote may yet be taken back")
                return
            if head.head != self._noted:
                append_anchor(self._file, Anchor(**head.model_dump(), time_s=now_s))
                self._noted = head.head
        except (OSError, JournalFailed) as error:
            self._fail(str(error))
        else:
            self.trouble = ""

    def contradiction(self) -> str:
        """What the anchors say against the chain, "" if nothing, or if there are none.

        Raises:
            JournalFailed: the journal cannot be read.
        """
        if self._file is None or not self._file.exists():
            return ""
        try:
            lines = read_anchors(self._file).anchors
        except BadInput as error:
            return str(error)
        found = self._journal.check_audit({anchor.head for anchor in lines})
        violated = (violation(anchor, found.report, found.places) for anchor in lines)
        return next((f"{self._file}: {why}" for why in violated if why), "")

    def _fail(self, reason: str) -> None:
        self.trouble = f"the audit head was not written to {self._file}: {reason}"
        _log.warning("%s", self.trouble)


def anchor_file(state: Path, configured: str | None) -> Path | None:
    """Where anchors go, as the policy's `audit.anchor_file` says; relative to the state directory.

    None if they go nowhere.
    """
    return state / Path(configured).expanduser() if configured else None


def append_anchor(file: Path, anchor: Anchor) -> None:
    """Add a line, and have it on disk before this returns. Raises OSError."""
    file.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(file, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o640)
    try:
        line = f"{anchor.model_dump_json()}\n".encode()
        if _is_torn(descriptor):
            line = b"\n" + line
        written = os.write(descriptor, line)
        if written != len(line):
            raise OSError(f"only {written} of {len(line)} bytes were written")
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _is_torn(descriptor: int) -> bool:
    """Whether the last line was cut off, by a full disk or a death."""
    size = os.fstat(descriptor).st_size
    return size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"


class AnchorLines(NamedTuple):
    """What a file of anchors holds. `unreadable`: numbers of lines that are no anchors."""

    anchors: tuple[Anchor, ...]
    unreadable: tuple[int, ...]


def read_anchors(file: Path) -> AnchorLines:
    """The anchors in `file`, in order of writing.

    Raises:
        BadInput: it cannot be read, or holds no anchor at all.
    """
    try:
        lines = file.read_text("utf-8", errors="replace").splitlines()
    except OSError as error:
        raise BadInput(f"{file}: cannot be read as a file of anchors ({error.strerror})") from error
    anchors, unreadable = [], []
    for number, line in enumerate(lines, 1):
        try:
            anchors.append(Anchor.model_validate_json(line))
        except ValidationError:
            if line.strip():
                unreadable.append(number)
    if not anchors:
        raise BadInput(f"{file}: holds no anchor, so that nothing can be compared with it")
    return AnchorLines(tuple(anchors), tuple(unreadable))


def violation(anchor: Anchor, report: AuditReport, places: Mapping[str, int]) -> str:
    """What the chain has done to `anchor`, "" if it stands there still.

    `places`: where hashes stand in the chain, as `Journal.check_audit` finds them.
    """
    if (anchor.length, anchor.head) == (0, GENESIS) or places.get(anchor.head) == anchor.length:
        return ""
    if anchor.length > report.length:
        return (
            f"the chain had {anchor.length} lines and has {report.length} now: its end was cut off"
        )
    return (
        f"line {anchor.length} is another one now: the chain was written anew from there or before"
    )
