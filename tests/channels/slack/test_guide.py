"""docs/slack.md, followed as it stands, as far as a workspace on loopback goes."""

import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from channels.chat.thread import card_key
from evals.chat.slack_workspace import SlackWorkspace, buttons_of
from evals.chat.stub import Person
from tests.channels.conftest import INCIDENT, PLAN, noctua
from tools.journal.journal import Journal

GUIDE = Path(__file__).parents[3] / "docs" / "slack.md"
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
    install, print_manifest, *exports, root, erin, omar, start = _commands()
    assert install == ["pip", "install", "noctua-netops[slack]"]
    manifest = yaml.safe_load(noctua(state, *print_manifest[1:])[1])
    with SlackWorkspace(
        team=named["team"],
        channel=named["channel"],
        scopes=frozenset(manifest["oauth_config"]["scopes"]["bot"]),
        paced=False,
    ).serving() as workspace:
        (state / "slack.yaml").write_text(f"{settings}api: {workspace.api}\n", encoding="utf-8")
        for command in (root, erin, omar):
            assert noctua(state, *command[1:])[0] == 0
        variables = [words[1].partition("=")[0] for words in exports]
        secrets = dict(zip(variables, (workspace.bot_token, workspace.app_token), strict=True))
        run = [sys.executable, "-c", NOCTUA, "--state", str(state), *start[1:]]
        process = subprocess.Popen(run, env={**os.environ, **secrets}, stdout=subprocess.DEVNULL)
        try:
            workspace.wait_for_socket()
            card = _card(workspace)
            subject = erin[-1].partition("=")[2]
            click = workspace.click(Person(subject, "erin", named["team"]), card, "approve")
            assert manifest["settings"]["interactivity"]["is_enabled"]
            assert workspace.deliver(click) == 200
            _wait_until_answered(workspace)
        finally:
            process.terminate()
            assert process.wait() == 0
    assert workspace.refusals == []
    with Journal.open(state / "journal.sqlite") as journal:
        [answer] = journal.approval_request(PLAN, 0.0).answers
    assert (answer.by.account, answer.by.channel) == ("erin", "slack")


def test_manifest_asks_for_no_more_than_is_used(played: Path) -> None:
    manifest = yaml.safe_load(noctua(played, "slack", "--manifest")[1])
    used = SlackWorkspace().scopes | {"app_mentions:read", "groups:history"}
    assert set(manifest["oauth_config"]["scopes"]["bot"]) == used
    assert manifest["settings"]["event_subscriptions"]["bot_events"] == ["app_mention"]


def _card(workspace: SlackWorkspace) -> str:
    until_s = time.monotonic() + 60.0
    while not (cards := workspace.marked(card_key(INCIDENT, PLAN))):
        assert time.monotonic() < until_s
        time.sleep(0.05)
    return str(cards[0]["ts"])


def _wait_until_answered(workspace: SlackWorkspace) -> None:
    until_s = time.monotonic() + 60.0
    while buttons_of(workspace.marked(card_key(INCIDENT, PLAN))[0]):
        assert time.monotonic() < until_s
        time.sleep(0.05)
