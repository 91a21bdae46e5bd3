"""Which workspace is spoken with, and where: `slack.yaml` of the state directory.

    team: T0123ABCD
    channel: C0123NOC

Secrets never stand in the file: it names the environment variables that hold them.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from pydantic import Field

from channels.chat.settings import Address, ChatSettings, Variable, read_settings
from twin.errors import BadInput

FILE = "slack.yaml"

ChannelId = Annotated[str, Field(pattern=r"^[CG][A-Z0-9]{2,}$")]


class SlackSettings(ChatSettings[ChannelId]):
    """`team`: the workspace whose people are heard. `*_env`: variables that hold the secrets."""

    team: Annotated[str, Field(pattern=r"^T[A-Z0-9]{2,}$")]
    bot_token_env: Variable = "SLACK_BOT_TOKEN"
    app_token_env: Variable = "SLACK_APP_TOKEN"
    signing_secret_env: Variable = "SLACK_SIGNING_SECRET"
    api: Address = "https://slack.com/api/"


def load_slack(path: Path) -> SlackSettings:
    """What the file at `path` says. Raises BadInput, which names file, key and remedy."""
    example = (
        "the ids of the workspace and of the channel there, like `team: T0123ABCD` and "
        "`channel: C0123NOC`"
    )
    return read_settings(path, SlackSettings, "the setting of Slack", example, "docs/slack.md")


def secret(environ: Mapping[str, str], name: str, prefix: str, where: str) -> str:
    """The secret that the variable `name` holds; `where` it is found in Slack's pages.

    Raises:
        BadInput: it is missing or of another kind; it is never repeated.
    """
    value = environ.get(name, "").strip()
    if not value or not value.startswith(prefix):
        kind = f", which begins with {prefix}" if prefix else ""
        raise BadInput(f"{FILE}: set {name} to {where}{kind} (docs/slack.md)")
    return value
