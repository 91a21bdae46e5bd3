"""What came of each play: one JSON line in a file that one process at a time appends to."""

import fcntl
import os
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Generic, Self, TypeVar

from pydantic import ValidationError

from channels.report.wording import plain
from twin.errors import BadInput
from twin.nouns.base import Noun

P = TypeVar("P", bound=Noun)
R = TypeVar("R")

_MOST_ERRORS = 10
_LONGEST_ERROR = 300


class Record(Noun, Generic[P, R]):
    """One play. `outcome`: None if it raised `error`, whose traceback is `trace`.

    `commit`: the code that played it. `cpu_s`: processor seconds of the play and of the processes
    that it started and waited for; None if the worker process died.
    """

    campaign: str
    play: P
    commit: str
    cpu_s: float | None
    outcome: R | None = None
    error: str = ""
    trace: str = ""


class RecordFile(Generic[P, R]):
    """A file of records to append to, held by this process until `close`.

    `known`: what is recorded, by play. A last line that was not written to its end is cut off.
    """

    def __init__(self, campaign: str, form: type[Record[P, R]], path: Path) -> None:
        """Open or create it.

        Raises:
            BadInput: another process holds it, it has other records, or it cannot be written.
        """
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = path.open("ab+")
        except OSError as exc:
            raise BadInput(f"{path}: records cannot be written there ({exc})") from exc
        try:
            self._lock(path)
            self._file.seek(0)
            whole = _whole_lines(self._file.read())
            self._file.truncate(len(whole))
            self.known = {r.play: r for r in _parsed(campaign, form, path, whole)}
        except BaseException:
            self._file.close()
            raise

    def _lock(self, path: Path) -> None:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as exc:
            raise BadInput(
                f"{path}: another process writes its records there; wait for its end, or name "
                "another file"
            ) from exc

    def append(self, record: Record[P, R]) -> None:
        """Write one line; it is on disk when this returns."""
        without = {"outcome"} if record.error else {"error", "trace"}
        self._file.write(f"{record.model_dump_json(exclude=without)}\n".encode())
        self._file.flush()
        os.fsync(self._file.fileno())
        self.known[record.play] = record

    def close(self) -> None:
        """Let others write."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def read_records(
    campaign: str, form: type[Record[P, R]], paths: Iterable[Path]
) -> list[Record[P, R]]:
    """The records of all files, in an order that depends on the plays alone.

    A play that stands in several files counts once, as the first of them has it.

    Raises:
        BadInput: a file has something else, or two files have one play of different commits.
    """
    known: dict[P, Record[P, R]] = {}
    for path in paths:
        try:
            whole = _whole_lines(path.read_bytes())
        except OSError as exc:
            raise BadInput(f"{path}: cannot be read as records ({exc})") from exc
        for record in _parsed(campaign, form, path, whole):
            first = known.setdefault(record.play, record)
            if first.commit != record.commit:
                raise BadInput(
                    f"{path}: {record.play.model_dump_json()} was played by {record.commit}, and "
                    f"by {first.commit} in a file before; leave one of the files out"
                )
    return sorted(known.values(), key=lambda r: r.play.model_dump_json())


def _whole_lines(data: bytes) -> bytes:
    return data[: data.rfind(b"\n") + 1]


def _parsed(
    campaign: str, form: type[Record[P, R]], path: Path, data: bytes
) -> Iterable[Record[P, R]]:
    for number, line in enumerate(data.splitlines(), start=1):
        try:
            record = form.model_validate_json(line)
        except ValidationError as exc:
            raise BadInput(
                f"{path}:{number}: no record of the campaign {campaign} "
                f"({exc.errors()[0]['msg']}); name another file"
            ) from exc
        if record.campaign != campaign:
            raise BadInput(
                f"{path}:{number}: a record of the campaign {record.campaign}, not of {campaign}; "
                "name another file"
            )
        yield record


def code_text(records: Sequence[Record[P, R]]) -> str:
    """Which code played them: "code 1a2b3c", or that it was several, with the plays of each."""
    plays = Counter(record.commit for record in records)
    if len(plays) == 1:
        return f"code {next(iter(plays))}"
    told = ", ".join(f"{commit} ({count} plays)" for commit, count in sorted(plays.items()))
    return f"code of several commits mixed: {told}"


def raised_text(records: Sequence[Record[P, R]], counted: str) -> str:
    """How many plays raised, how they are `counted`, and the first of them; "" if none did."""
    raised = [record for record in records if record.error]
    if not raised:
        return ""
    told = [
        f"- {r.play.model_dump_json()}: {plain(r.error, _LONGEST_ERROR)}\n"
        for r in raised[:_MOST_ERRORS]
    ]
    if len(raised) > len(told):
        told.append(f"- and {len(raised) - len(told)} more\n")
    return f"{len(raised)} of {len(records)} plays raised an error, {counted}:\n\n{''.join(told)}"
