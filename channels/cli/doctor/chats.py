"""What `doctor` checks of chats: that they answer, and that nothing waits that people did there."""

import os
from collections.abc import Iterator

from channels.cli.doctor.check import Check, Installation
from channels.slack.settings import load_slack, secret

NAME = "Slack"

_LATE_S = 60.0
"""What people do is done within a second or two, unless nobody does it."""


def slack(installation: Installation) -> Iterator[Check]:
    """Whether the workspace of `slack.yaml` answers, for the token that this environment has."""
    file = installation.state.slack_file
    if not file.exists():
        yield Check(name=NAME, state="ok", found=f"nobody is spoken with: no {file.name}")
        return
    settings = load_slack(file)
    yield from _waiting(installation)
    name = settings.bot_token_env
    if not os.environ.get(name):
        found = f"{settings.team}; not asked, since the environment has no {name} here"
        yield Check(name=NAME, state="ok", found=found)
        return
    token = secret(os.environ, name, "xoxb-", "the bot token")
    try:
        from channels.slack.client import SlackService, web_client
    except ImportError as error:
        remedy = "pip install 'noctua-netops[slack]'"
        yield Check(name=NAME, state="failed", found=f"{error}", remedy=remedy)
        return
    team = SlackService(settings, web_client(settings, token)).workspace()
    if team == settings.team:
        yield Check(name=NAME, state="ok", found=f"{team} answers")
    else:
        found = f"the token is for {team}, and {file.name} names {settings.team}"
        yield Check(name=NAME, state="failed", found=found, remedy="put one of them right")


def _waiting(installation: Installation) -> Iterator[Check]:
    """A warning where what people did in Slack is not done."""
    if installation.journal is None:
        return
    events = installation.journal.unanswered_chat_events("slack")
    late = [e for e in events if installation.now_s - e.received_wall_s > _LATE_S]
    if late:
        found = f"{len(late)} things that people did there are not done yet"
        remedy = "see that `noctua slack` runs, and what it logs"
        yield Check(name=NAME, state="warning", found=found, remedy=remedy)
