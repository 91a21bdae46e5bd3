"""This process, as the holder of leases: it takes them, renews them in time, and lets them go.

A heartbeat is of the machine's clock since boot, so that nobody who sets the time of day ends or
prolongs a lease. A holder also keeps a lock on a file of its own for as long as it lives; the
kernel lets go of it at any death, so that a restart need not wait for the heartbeat to grow old.
"""

import fcntl
import logging
import os
import socket
import threading
import uuid
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from tools.clock import since_boot_s
from tools.journal.errors import JournalFailed, LeaseHeld
from tools.journal.journal import Journal
from tools.journal.lease_rows import Since
from tools.journal.records import Lease
from tools.said_once import SaidOnce
from twin.errors import BadInput

LOCKS = "locks"
"""The folder of a state directory in which holders keep their locks."""

ROOM_BYTES = 8192
"""What a holder can say of itself, on a disk that is full as well."""

TTL_S = 30.0
"""A holder that has been silent for so long, stopped or starved, is held to be gone."""

_log = logging.getLogger(__name__)


class Holder:
    """Holds leases for one process. Close it, or use it in a `with`.

    `locks`: a folder that all processes share. `id`: shown to people, unique for ever.
    """

    def __init__(self, journal: Journal, locks: Path, *, ttl_s: float = TTL_S) -> None:
        self._journal = journal
        self._locks = locks
        self._ttl_s = ttl_s
        self._said = SaidOnce(_log)
        self.id = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
        self._lock = _locked(locks, self.id)
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._keep_renewing, name="leases", daemon=True)
        self._thread.start()

    def take(self, subject: str) -> Lease:
        """Hold `subject` from now on; what is held already stays held.

        Raises:
            LeaseHeld: another process has it, and lives.
        """
        return self._journal.take_lease(subject, self.id, _now(), self._ttl_s, self._is_dead)

    def holds(self, subject: str) -> bool:
        """Take `subject` if that is possible, and say whether it is ours now."""
        try:
            self.take(subject)
        except LeaseHeld:
            return False
        return True

    def release(self, subject: str) -> None:
        """Let others take `subject`."""
        self._journal.release_leases(self.id, subject)

    def say(self, text: str) -> None:
        """Put `text` where others read it for as long as this process lives (`living`).

        The room for it was taken when the lock was made, so that a full disk has it still. What is
        longer than that is not said.
        """
        data = text.encode().ljust(ROOM_BYTES)
        try:
            if len(data) == ROOM_BYTES:
                os.pwrite(self._lock.fileno(), data, 0)
        except OSError as error:
            _log.warning("%s cannot be written: %s", self._lock.name, error.strerror)

    def close(self) -> None:
        """Let go of everything."""
        self._closing.set()
        self._thread.join()
        try:
            self._journal.release_leases(self.id)
        except JournalFailed as error:
            # The lock below goes all the same, and with it every lease.
            _log.warning("leases were not released: %s", error)
        path = Path(self._lock.name)
        path.unlink(missing_ok=True)
        self._lock.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _keep_renewing(self) -> None:
        while not self._closing.wait(self._ttl_s / 3):
            try:
                self._journal.renew_leases(self.id, _now())
            except JournalFailed as error:
                # Somebody else may take over meanwhile; then every write of ours is refused.
                self._said.warning(f"leases were not renewed: {error}")

    def _is_dead(self, holder: str) -> bool:
        return is_dead(self._locks, holder)


def is_dead(locks: Path, holder: str) -> bool:
    """As `has_died`; what is left of a dead one is cleared away."""
    dead = has_died(locks, holder)
    if dead:
        _lock_path(locks, holder).unlink(missing_ok=True)
    return dead


def has_died(locks: Path, holder: str) -> bool:
    """Whether `holder` has died for certain: its lock is free, or gone with a clean end."""
    path = _lock_path(locks, holder)
    try:
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        # A holder makes its lock before it takes anything, so that no file means a clean end, but
        # a folder that cannot be read means nothing.
        return locks.is_dir() and not path.exists()
    return True


def living(locks: Path) -> Iterator[str]:
    """What each holder that lives says of itself, "" for one that says nothing."""
    for path in sorted(locks.glob("*.lock")):
        try:
            with path.open("rb") as file:
                if not _is_free(file):
                    yield file.read(ROOM_BYTES).decode("utf-8", "replace").strip()
        except OSError:
            continue  # It has just ended.


def _is_free(file: IO[bytes]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _locked(locks: Path, holder: str) -> IO[bytes]:
    try:
        locks.mkdir(parents=True, exist_ok=True)
        file = _lock_path(locks, holder).open("wb", buffering=0)
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        with suppress(OSError):  # Without the room, it only says nothing.
            file.write(b" " * ROOM_BYTES)
    except OSError as error:
        raise BadInput(
            f"{locks}: no lock can be made there ({error.strerror}); check free space and "
            "permissions of the state directory"
        ) from error
    return file


def _lock_path(locks: Path, holder: str) -> Path:
    return locks / f"{holder.replace(':', '_')}.lock"


def _now() -> Since:
    return Since(_boot(), since_boot_s())


def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return socket.gethostname()
