"""The posts that docs/alerts.md shows, run as they stand there, against a server on loopback."""

import json
import re
import secrets
import shutil
import subprocess
from pathlib import Path
from textwrap import dedent

import pytest

from channels import verbs
from channels.http.app import create_app
from channels.http.server import serving
from channels.http.settings import ServeSettings
from graphs.state_directory import StateDirectory

PAGE = Path(__file__).resolve().parents[3] / "docs" / "alerts.md"
WHERE = "http://127.0.0.1:8473"

pytestmark = pytest.mark.skipif(
    not (shutil.which("curl") and shutil.which("openssl")), reason="needs curl and openssl"
)


def _blocks() -> list[str]:
    """What stands set in under "A post by hand": alerts.yaml first, then the commands."""
    _, _, rest = PAGE.read_text(encoding="utf-8").partition("## A post by hand\n")
    section, _, _ = rest.partition("\n## ")
    return [dedent(block) for block in re.findall(r"(?:^ {4}.*\n)+", section, re.MULTILINE)]


def test_every_post_of_the_page_is_taken_in_and_mapped(
    state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory, (settings, *posts) = StateDirectory(state), _blocks()
    directory.alerts_file.write_text(settings, encoding="utf-8")
    for name in re.findall(r"_env: (\w+)", settings):
        monkeypatch.setenv(name, secrets.token_hex(24))
    own = ServeSettings(port=0)
    with serving(create_app(directory, settings=own), own) as address:
        for again, told in ((0, {"begun": 1, "unmapped": 0}), (1, {"repeats": 1, "unmapped": 0})):
            for post in posts:
                said = _run(post.replace(WHERE, address))
                assert said == {**dict.fromkeys(said, 0), **told}, (again, post)
    listed = {(one.door, one.claims, one.resource) for one in verbs.alerts(directory).alerts}
    assert listed == {
        ("prometheus", "adjacency_down", "Fulda--Kassel"),
        ("grafana", "adjacency_down", "Frankfurt--Fulda"),
        ("vmalert", "adjacency_down", "Erfurt--Kassel"),
        ("nms", "trouble", "Fulda|Fulda--Kassel"),
    }


def _run(script: str) -> dict[str, int]:
    ran = subprocess.run(["bash", "-euc", script], capture_output=True, text=True, timeout=60)
    assert ran.returncode == 0, ran.stderr
    answered: dict[str, int] = json.loads(ran.stdout)
    return answered
