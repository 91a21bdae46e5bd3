"""What `doctor` checks of chats: that they answer, and that nothing waits that people did there."""

import os
from collections.abc import Iterator

from channels.cli.doctor.check import Check, Installation
from channels.slack.settings import load_slack, secret
from channels.teams.settings import UNCHECKED, app_secret, load_teams
from twin.errors import installing
from twin.nouns.counted import counted

NAME, TEAMS = "Slack", "Teams"

_LATE_S = 60.0
"""What people do is done within a second or two, unless nobody does it."""


def slack(installation: Installation) -> Iterator[Check]:
    """Whether the workspace of `slack.yaml` answers, for the token that this environment has."""
    file = installation.state.slack_file
    if not file.exists():
        yield Check(name=NAME, state="ok", found=f"nobody is spoken with: no {file.name}")
        return
    settings = load_slack(file)
    yield from _waiting(installation, NAME)
    name = settings.bot_token_env
    if not os.environ.get(name):
        found = f"{settings.team}; not asked, since the environment has no {name} here"
        yield Check(name=NAME, state="ok", found=found)
        return
    token = secret(os.environ, name, "xoxb-", "the bot token")
    try:
        from channels.slack.client import SlackService, web_client
    except ImportError as error:
        remedy = installing("slack")
        yield Check(name=NAME, state="failed", found=f"{error}", remedy=remedy)
        return
    team = SlackService(settings, web_client(settings, token)).workspace()
    if team == settings.team:
        yield Check(name=NAME, state="ok", found=f"{team} answers")
    else:
        found = f"the token is for {team}, and {file.name} names {settings.team}"
        yield Check(name=NAME, state="failed", found=found, remedy="put one of them right")


def teams(installation: Installation) -> Iterator[Check]:
    """Whether the team of `teams.yaml` has the bot, for the secret that this environment has."""
    file = installation.state.teams_file
    if not file.exists():
        yield Check(name=TEAMS, state="ok", found=f"nobody is spoken with: no {file.name}")
        return
    settings = load_teams(file)
    yield from _waiting(installation, TEAMS)
    name = settings.app_secret_env
    if not os.environ.get(name) and not os.environ.get(UNCHECKED):
        found = f"{settings.tenant}; not asked, since the environment has no {name} here"
        yield Check(name=TEAMS, state="ok", found=found)
        return
    secret_of_app = app_secret(settings, os.environ)
    try:
        from channels.teams.client import TeamsService
    except ImportError as error:
        remedy = installing("teams")
        yield Check(name=TEAMS, state="failed", found=f"{error}", remedy=remedy)
        return
    TeamsService(settings, secret_of_app).require_member()
    yield Check(name=TEAMS, state="ok", found=f"{settings.tenant} answers")


def _waiting(installation: Installation, name: str) -> Iterator[Check]:
    """A warning where what people did in a chat is not done."""
    if installation.journal is None:
        return
    events = installation.journal.unanswered_chat_events(name.lower())
    late = [e for e in events if installation.now_s - e.received_wall_s > _LATE_S]
    if late:
        found = f"{counted(len(late), 'thing')} that people did there and that we have not done yet"
        remedy = f"see that `noctua {name.lower()}` runs, and what it logs"
        yield Check(name=name, state="warning", found=found, remedy=remedy)
