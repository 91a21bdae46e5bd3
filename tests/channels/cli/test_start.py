"""The process as a whole: its version, what an encoding lacks, and Ctrl-C."""

import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.channels.conftest import INCIDENT

MAIN = "from channels.cli.start import main; main()"

# What a shell starts in the background ignores Ctrl-C, and so do its children.
HEEDING = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"


def _noctua(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[bytes]":
    return subprocess.run(
        [sys.executable, "-c", MAIN, *arguments],
        capture_output=True,
        env={**os.environ, **environment},
    )


def test_version_is_told() -> None:
    ran = _noctua("--version")
    assert ran.returncode == 0
    assert re.fullmatch(rb"noctua \S.*\n", ran.stdout)


def test_what_an_encoding_lacks_is_escaped(state: Path) -> None:
    ran = _noctua("--state", str(state), "show", INCIDENT, PYTHONIOENCODING="ascii", LANG="C")
    assert (ran.returncode, ran.stderr) == (0, b"")
    assert rb"\xab" in ran.stdout
    assert ran.stdout.isascii()


@pytest.mark.parametrize("place", ["import typer", "def incidents("])
def test_ctrl_c_is_one_line_while_importing_and_while_working(
    place: str, state: Path, tmp_path: Path
) -> None:
    """A copy of the sources in which the process sends it to itself."""
    root = Path(__file__).resolve().parents[3]
    for package in ("twin", "tools", "agents", "graphs", "channels"):
        (tmp_path / package).symlink_to(root / package)
    (tmp_path / "channels").unlink()
    shutil.copytree(root / "channels", tmp_path / "channels")
    sent = "import os, signal; os.kill(os.getpid(), signal.SIGINT)"
    file = tmp_path / "channels" / ("verbs.py" if place.startswith("def") else "cli/app.py")
    text = file.read_text(encoding="utf-8")
    whole = next(line for line in text.splitlines() if line.startswith(place))
    put = f"{whole}\n    {sent}" if place.startswith("def") else f"{sent}\n{whole}"
    file.write_text(text.replace(whole, put, 1), encoding="utf-8")
    ran = subprocess.run(
        [sys.executable, "-c", f"{HEEDING}; {MAIN}", "--state", str(state), "incidents"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert (ran.returncode, ran.stdout) == (128 + signal.SIGINT, "")
    assert ran.stderr == "noctua: stopped\n"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no full device here")
@pytest.mark.parametrize("arguments", [("--help",), ("sweep", "sndlib/abilene"), ("--version",)])
def test_output_that_cannot_be_written_is_one_line(arguments: tuple[str, ...]) -> None:
    with Path("/dev/full").open("wb") as full:
        ran = subprocess.run(
            [sys.executable, "-c", MAIN, *arguments], stdout=full, stderr=subprocess.PIPE
        )
    assert ran.returncode == 1
    assert ran.stderr.endswith(b"standard output cannot be written: No space left on device\n")
    assert b"Traceback" not in ran.stderr
