"""Reading works where nothing can be written: a read-only mount, a full disk."""

import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, suppress
from pathlib import Path

import pytest

from channels.networks import open_network
from graphs.state_directory import StateDirectory
from tests.channels.conftest import INCIDENT, PLAN, noctua
from tools.journal.journal import Journal


@pytest.fixture
def sealed() -> Iterator[Callable[[Path], None]]:
    """Makes a folder one in which nothing can be written, until the test is over."""
    with ExitStack() as stack:

        def seal(folder: Path) -> None:
            if os.geteuid():
                for place in (folder, *(p for p in folder.rglob("*") if p.is_dir())):
                    place.chmod(0o555)
                    stack.callback(place.chmod, 0o755)
                return
            bind = ["mount", "--bind", str(folder), str(folder)]
            if subprocess.run(bind, capture_output=True).returncode:
                pytest.skip("root writes everywhere, and nothing can be mounted here")
            stack.callback(subprocess.run, ["umount", str(folder)], check=True)
            subprocess.run(["mount", "-o", "remount,ro,bind", str(folder)], check=True)

        yield seal


@pytest.fixture
def full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Path], Path]]:
    """Copies a folder to a disk of its own, and fills that to the last byte.

    Temporary files have no other place either.
    """
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(disk)]
    if subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("nothing can be mounted here")

    def fill(folder: Path) -> Path:
        copy = disk / folder.name
        subprocess.run(["cp", "-r", str(folder), str(copy)], check=True)
        with suppress(OSError), (disk / "filler").open("wb", buffering=0) as filler:
            while filler.write(bytes(4096)) == 4096:
                pass
        with pytest.raises(OSError, match="No space left"):
            (disk / "more").write_bytes(b"x" * 4096)
        (disk / "more").unlink(missing_ok=True)
        monkeypatch.setattr(tempfile, "tempdir", str(disk))
        return copy

    try:
        yield fill
    finally:
        subprocess.run(["umount", str(disk)], check=True)


READING = (("incidents",), ("show", INCIDENT), ("handover",), ("networks",))


def test_commands_read_a_state_directory_that_nobody_can_write(
    state: Path, sealed: Callable[[Path], None]
) -> None:
    sealed(state)
    for command in READING:
        code, output, error = noctua(state, *command)
        assert (code, error) == (0, "")
        assert INCIDENT in output
    code, output, _ = noctua(state, "report", INCIDENT, "--format", "md", "--out", "-")
    assert code == 0
    assert PLAN in output


@pytest.mark.slow
def test_a_report_that_cannot_lie_in_its_folder_says_where_else(
    state: Path, tmp_path: Path, sealed: Callable[[Path], None]
) -> None:
    sealed(state)
    code, output, error = noctua(state, "report", INCIDENT)
    assert (code, output) == (2, "")
    assert "--out" in error
    out = tmp_path / "report.html"
    assert noctua(state, "report", INCIDENT, "--out", str(out))[0] == 0
    assert out.stat().st_size > 10_000


@pytest.mark.parametrize("with_index", [True, False])
def test_what_a_killed_writer_left_in_the_log_is_read_without_writing(
    state: Path, tmp_path: Path, sealed: Callable[[Path], None], with_index: bool
) -> None:
    """`with_index`: whether the log's index survived, as it does on the same machine."""
    left = tmp_path / "left"
    with Journal.open(state / "journal.sqlite") as journal:
        journal.add_event(INCIDENT, 1e9, "symptom", "monitor", "written last")
        # As it lies on the disk while the writer lives, which is what a kill leaves.
        subprocess.run(["cp", "-r", str(state), str(left)], check=True)
    assert (left / "journal.sqlite-wal").stat().st_size
    if not with_index:
        (left / "journal.sqlite-shm").unlink()
    before = sorted(p.name for p in left.iterdir())
    sealed(left)
    assert "written last" in noctua(left, "show", INCIDENT)[1]
    assert sorted(p.name for p in left.iterdir()) == before


@pytest.mark.slow
def test_commands_read_a_state_directory_on_a_full_disk(
    state: Path, full_disk: Callable[[Path], Path]
) -> None:
    full = full_disk(state)
    before = sorted(p.name for p in full.iterdir())
    for command in (*READING, ("show", INCIDENT, "--json")):
        code, output, error = noctua(full, *command)
        assert (code, error) == (0, "")
        assert INCIDENT in output
    code, output, _ = noctua(full, "report", INCIDENT, "--format", "md", "--out", "-")
    assert code == 0
    assert PLAN in output
    code, output, error = noctua(full, "report", INCIDENT)
    assert (code, output) == (2, "")
    assert "No space left" in error
    assert "--out" in error
    assert sorted(p.name for p in full.iterdir()) == before


def test_what_a_killed_writer_left_is_read_on_a_full_disk(
    state: Path, full_disk: Callable[[Path], Path]
) -> None:
    with Journal.open(state / "journal.sqlite") as journal:
        journal.add_event(INCIDENT, 1e9, "symptom", "monitor", "written last")
        full = full_disk(state)
    (full / "journal.sqlite-shm").unlink()
    # What that set free is taken as well.
    with suppress(OSError), (full.parent / "more").open("wb", buffering=0) as more:
        while more.write(bytes(4096)) == 4096:
            pass
    assert (full / "journal.sqlite-wal").stat().st_size
    code, output, error = noctua(full, "show", INCIDENT)
    assert (code, error) == (0, "")
    assert "written last" in output


@pytest.mark.parametrize(
    "command", [("approve", INCIDENT), ("watch", "live"), ("resume", INCIDENT)]
)
def test_what_has_to_write_names_the_full_disk(
    state: Path, full_disk: Callable[[Path], Path], command: tuple[str, ...]
) -> None:
    full = full_disk(state)
    code, _, error = noctua(full, *command)
    assert code == 2
    assert str(full) in error
    assert "NOCTUA_STATE" in error
    assert error.count("\n") == 1, error


@pytest.mark.parametrize(
    "command", [("stage", "quiet-harbour"), ("watch", "live"), ("run", "quiet-harbour")]
)
def test_what_has_to_write_names_the_folder_that_nobody_can_write(
    state: Path, sealed: Callable[[Path], None], command: tuple[str, ...]
) -> None:
    sealed(state)
    code, _, error = noctua(state, *command)
    assert code == 2
    assert str(state) in error
    assert "NOCTUA_STATE" in error
    assert error.count("\n") == 1, error


def test_an_answer_names_what_cannot_be_written(
    state: Path, sealed: Callable[[Path], None]
) -> None:
    sealed(state)
    code, output, error = noctua(state, "approve", INCIDENT)
    assert (code, output) == (2, "")
    assert "journal.sqlite" in error
    assert error.count("\n") == 1


@pytest.mark.slow
def test_the_report_of_a_network_that_a_watch_holds_is_written(state: Path) -> None:
    with closing(open_network(StateDirectory(state), "live")[0]):
        assert noctua(state, "report", INCIDENT)[0] == 0
