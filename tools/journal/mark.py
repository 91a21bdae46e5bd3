"""Where the journal last stood, beside the signing key: a journal that was put back shows.

The mark is signed, and written after every transaction that lengthens the audit log. A journal that
does not have the marked line is an older copy, or another journal. A death of the process between
the two leaves the mark behind the journal, which is as good.
"""

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from pydantic import ValidationError

from tools.journal.records import AuditHead
from tools.journal.signing_key import SigningKey
from twin.nouns.base import Noun


class Mark(Noun):
    """The journal `journal_id` had `length` lines in its audit log, of which `head` is the last."""

    journal_id: str
    length: int
    head: str
    signature: str

    def is_signed_with(self, key: SigningKey) -> bool:
        """Whether it was written with `key`."""
        return key.holds(self.signature, "mark", self.journal_id, self.length, self.head)


class Standing(NamedTuple):
    """A journal to compare with its mark. `hash_at`: the hash of a line, None where it lacks it."""

    journal_id: str
    end: AuditHead
    hash_at: Callable[[int], str | None]


def mark_file(key_file: Path) -> Path:
    """Beside the key, so that whoever can put the journal back need not be able to put it back."""
    return key_file.with_name(f"{key_file.name}.mark")


def read_mark(file: Path) -> Mark | None:
    """The mark, None if there is none. One that cannot be read as a mark says nothing signed.

    Raises:
        OSError: it cannot be read.
    """
    try:
        text = file.read_text("utf-8", errors="replace")
    except FileNotFoundError:
        return None
    try:
        return Mark.model_validate_json(text)
    except ValidationError:
        return Mark(journal_id="", length=0, head="", signature="")


def contradiction(mark: Mark | None, key: SigningKey, journal: Standing) -> str:
    """What the mark says against the journal, "" if nothing."""
    if mark is None:
        return "the mark beside the signing key has gone"
    if not mark.is_signed_with(key):
        return "the mark beside the signing key is not one that the key signed"
    if mark.journal_id != journal.journal_id:
        return f"it is another journal than the one that the key signs for ({mark.journal_id})"
    if mark.length > journal.end.length:
        return (
            f"its audit log had {mark.length} lines and has {journal.end.length} now: it was put "
            "back to what it was earlier"
        )
    if mark.length and journal.hash_at(mark.length) != mark.head:
        return (
            f"line {mark.length} of its audit log is another one than was marked: it was put back "
            "to what it was earlier, and went on from there"
        )
    return ""


def advance(file: Path, key: SigningKey, journal: Standing) -> None:
    """Move the mark on to where `journal` ends; one that contradicts the journal stays.

    A mark is first made for a journal whose log is empty or was just sealed, by `replace`.

    Raises:
        OSError: it cannot be written.
    """
    with _locked(file):
        mark = read_mark(file)
        if contradiction(mark, key, journal):
            return
        if mark is None or mark.length < journal.end.length:
            _write(file, key, journal)


def replace(file: Path, key: SigningKey, journal: Standing) -> None:
    """Put a mark of `journal` there, whatever the one that is there says. Raises OSError."""
    with _locked(file):
        _write(file, key, journal)


def _write(file: Path, key: SigningKey, journal: Standing) -> None:
    named = (journal.journal_id, journal.end.length, journal.end.head)
    mark = Mark(
        journal_id=named[0],
        length=named[1],
        head=named[2],
        signature=key.sign("mark", *named),
    )
    draft = file.with_name(f"{file.name}.part")
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
    with os.fdopen(os.open(draft, flags, 0o600), "w", encoding="utf-8") as opened:
        opened.write(f"{mark.model_dump_json()}\n")
        opened.flush()
        os.fsync(opened.fileno())
    draft.replace(file)


@contextmanager
def _locked(file: Path) -> Iterator[None]:
    """Of two processes, the one with the longer log writes last."""
    descriptor = os.open(file.parent, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
