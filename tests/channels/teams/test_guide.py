"""docs/teams.md, followed as it stands, as far as a tenant on loopback goes."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from channels.chat.thread import card_key
from evals.chat.stub import Person
from evals.chat.teams_tenant import TeamsTenant, buttons_of
from tests.channels.conftest import INCIDENT, PLAN, noctua
from tools.journal.journal import Journal

GUIDE = Path(__file__).parents[3] / "docs" / "teams.md"
NOCTUA = "from channels.cli.start import main; main()"


def _blocks(language: str) -> list[str]:
    found = re.findall(rf"```{language}\n(.*?)```", GUIDE.read_text("utf-8"), re.DOTALL)
    return [re.sub(r"^   ", "", block, flags=re.MULTILINE) for block in found]


def _commands() -> list[list[str]]:
    lines = [line for block in _blocks("console") for line in block.splitlines()]
    return [shlex.split(line) for line in lines if line]


@pytest.mark.slow  # a process of its own is started
def test_guide_leads_from_nothing_to_an_answer(played: Path, tmp_path: Path) -> None:
    state = Path(shutil.copytree(played, tmp_path / "state"))
    [settings] = _blocks("yaml")
    named = yaml.safe_load(settings)
    install, export, print_manifest, root, erin, omar, start = _commands()
    assert install == ["pip", "install", "noctua-netops[teams]"]
    (state / "teams.yaml").write_text(settings, encoding="utf-8")
    manifest = json.loads(noctua(state, *print_manifest[1:])[1])
    permissions = manifest["authorization"]["permissions"]["resourceSpecific"]
    subject = erin[-1].partition("=")[2]
    person = Person(subject, "erin", named["tenant"])
    with TeamsTenant(
        **named,
        permissions=frozenset(one["name"] for one in permissions),
        members=(person,),
    ).serving() as tenant:
        assert manifest["bots"][0]["botId"] == tenant.app
        (state / "teams.yaml").write_text(settings + tenant.settings, encoding="utf-8")
        for command in (root, erin, omar):
            assert noctua(state, *command[1:])[0] == 0
        secret = {export[1].partition("=")[0]: tenant.secret}
        run = [sys.executable, "-c", NOCTUA, "--state", str(state), *start[1:], "--port", "0"]
        process = subprocess.Popen(
            run, env={**os.environ, **secret}, stdout=subprocess.PIPE, text=True
        )
        with process:
            try:
                assert process.stdout
                said = re.search(r"http://\S+/api/messages", process.stdout.readline())
                assert said
                tenant.endpoint = said[0]
                key = card_key(INCIDENT, PLAN)
                _wait_until(lambda: bool(tenant.marked(key)))
                click = tenant.click(person, tenant.marked(key)[0]["id"], "approve")
                assert tenant.deliver(click) == 200
                _wait_until(lambda: not buttons_of(tenant.marked(key)[0]))
            finally:
                process.terminate()
                assert process.wait() == 0
    assert tenant.refusals == []
    with Journal.open(state / "journal.sqlite") as journal:
        [answer] = journal.approval_request(PLAN, 0.0).answers
    assert (answer.by.account, answer.by.channel) == ("erin", "teams")


def test_manifest_asks_for_no_more_than_is_used(played: Path, tmp_path: Path) -> None:
    (tmp_path / "teams.yaml").write_text(_blocks("yaml")[0], encoding="utf-8")
    manifest = json.loads(noctua(tmp_path, "teams", "--manifest")[1])
    asked = manifest["authorization"]["permissions"]["resourceSpecific"]
    assert {one["name"] for one in asked} == TeamsTenant().permissions
    assert manifest["bots"][0]["scopes"] == ["team"]


def _wait_until(so: Callable[[], bool]) -> None:
    until_s = time.monotonic() + 60.0
    while not so():
        assert time.monotonic() < until_s
        time.sleep(0.05)
