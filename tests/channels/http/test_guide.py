"""The lines of docs/serve.md that ask a server are run as they stand there."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from channels.http.app import create_app
from channels.http.server import serving
from channels.http.settings import ServeSettings
from graphs.state_directory import StateDirectory
from tests.channels.conftest import INCIDENT, PLAN
from tests.channels.http.conftest import PASSWORD
from tools.journal.records import AuditLine

GUIDE = Path(__file__).parents[3] / "docs" / "serve.md"
PROGRAMS = ("bash", "curl", "jq")

ENDLESS = "curl -sSfN"
"""What reads a stream, which a person ends."""


def _lines(address: str) -> str:
    [found] = re.findall(r"```bash\n(.*?)```", GUIDE.read_text("utf-8"), re.DOTALL)
    assert f'"{PASSWORD}"' in found
    stated = re.sub(r"^NOCTUA=.*$", f"NOCTUA={address}", found, flags=re.MULTILINE)
    ended = re.sub(
        rf"^{ENDLESS}(.*)$", rf"{ENDLESS} -m 8\1 || test $? = 28", stated, flags=re.MULTILINE
    )
    return f"set -euo pipefail\n{ended}\necho $PLAN\n"


def _require_programs() -> None:
    if missing := [name for name in PROGRAMS if shutil.which(name) is None]:
        told = f"{', '.join(missing)} not here; apt-get install curl jq"
        # Continuous integration installs them, and without them would check nothing here.
        pytest.fail(told) if os.environ.get("CI") else pytest.skip(told)


def _audited(directory: StateDirectory, action: str) -> list[AuditLine]:
    with directory.read_only_journal() as journal:
        return [line for line in journal.audit_lines() if line.action == action]


@pytest.mark.slow  # a stream is read for seconds
def test_lines_of_the_page_sign_in_answer_and_read_the_timeline(
    directory: StateDirectory, tmp_path: Path
) -> None:
    _require_programs()
    settings = ServeSettings(port=0)
    with serving(create_app(directory, settings=settings), settings) as address:
        done = subprocess.run(
            ["bash", "-c", _lines(address)], cwd=tmp_path, capture_output=True, text=True
        )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == PLAN
    assert f'"incident_id":"{INCIDENT}"' in done.stdout
    assert "event: planned" in done.stdout
    [answer] = _audited(directory, "answer")
    assert (answer.subject, answer.data["by"]["account"]) == (PLAN, "ann")  # type: ignore[index,call-overload]
    assert not _audited(directory, "request_refused")
