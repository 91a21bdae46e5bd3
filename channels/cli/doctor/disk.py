"""The state directory: is it there, whose is it, can it be written, is there room."""

import os
import stat
import uuid
from collections.abc import Callable, Iterable
from pathlib import Path

from channels.cli.doctor.check import Check, Installation, State
from channels.cli.principal import user_name

GIBIBYTE = 2**30
MEBIBYTE = 2**20

WARN_BELOW_BYTES = GIBIBYTE
FAIL_BELOW_BYTES = 100 * MEBIBYTE
WARN_BELOW_INODES = 10_000
FAIL_BELOW_INODES = 100

_PROBE_BYTES = 4096


def state_directory(installation: Installation) -> Iterable[Check]:
    """It is there, and a file can be written in it."""
    folder = installation.state.path
    if not folder.is_dir():
        yield Check(
            name="state directory",
            state="failed",
            found=f"{folder} is not a folder",
            remedy="name another with --state, or start with `noctua demo`",
        )
        return
    probe = folder / f".doctor-{uuid.uuid4().hex}"
    try:
        try:
            with probe.open("wb") as file:
                file.write(b"\0" * _PROBE_BYTES)
                file.flush()
                os.fsync(file.fileno())
        finally:
            probe.unlink(missing_ok=True)
    except OSError as error:
        yield Check(
            name="state directory",
            state="failed",
            found=f"{folder}: a file cannot be written there ({error.strerror})",
            remedy="make room, or give this user the right to write there",
        )
        return
    yield Check(
        name="state directory",
        state="ok",
        found=f"{folder.resolve()}: a file was written and removed",
    )


def permissions(installation: Installation) -> Iterable[Check]:
    """Nobody else may write what decides about changes, and this user may."""
    folders = (installation.state.path, *installation.state.folders)
    troubles = [
        check
        for path in (*folders, *installation.state.files)
        if path.exists()
        for check in _permission(path, is_folder=path in folders)
    ]
    yield from troubles or [
        Check(name="permissions", state="ok", found="only the owner and the group may write")
    ]


def _permission(path: Path, *, is_folder: bool) -> Iterable[Check]:
    found = path.stat()
    if is_folder and not path.is_dir():
        yield _refused(path, "is not a folder", f"move {path} away; it is made when needed")
        return
    if found.st_mode & stat.S_IWOTH and not (is_folder and found.st_mode & stat.S_ISVTX):
        yield _refused(path, "can be written by anybody", f"chmod o-w {path}")
    wanted = os.R_OK | os.W_OK | (os.X_OK if is_folder else 0)
    if not os.access(path, wanted):
        yield _refused(path, "cannot be read and written by this user", f"chmod u+rw {path}")
    if found.st_uid != os.geteuid():
        yield Check(
            name="permissions",
            state="warning",
            found=f"{path} belongs to {user_name(found.st_uid)}, "
            f"and this is {user_name(os.geteuid())}",
            remedy="run every command as the user whose directory it is",
        )


def _refused(path: Path, found: str, remedy: str) -> Check:
    return Check(name="permissions", state="failed", found=f"{path} {found}", remedy=remedy)


def space(installation: Installation) -> Iterable[Check]:
    """There is room for what is going to be written."""
    free = os.statvfs(installation.state.path)
    yield room(
        "free space",
        free.f_bavail * free.f_frsize,
        WARN_BELOW_BYTES,
        FAIL_BELOW_BYTES,
        lambda n: f"{n / MEBIBYTE:.0f} MiB",
    )
    if free.f_files:  # some file systems make inodes as they go
        yield room("inodes", free.f_favail, WARN_BELOW_INODES, FAIL_BELOW_INODES, str)


def room(
    name: str, free: int, warn_below: int, fail_below: int, text: Callable[[int], str]
) -> Check:
    """Whether `free` is enough."""
    state: State = "failed" if free < fail_below else "warning" if free < warn_below else "ok"
    remedy = "" if state == "ok" else "make room: traces/ and reports/ can be moved elsewhere"
    return Check(name=name, state=state, found=f"{text(free)} free", remedy=remedy)
