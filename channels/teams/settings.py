"""Which tenant is spoken with, and where: `teams.yaml` of the state directory.

tenant: 8f1c1f0e-2f4b-4d0a-9c57-0d6d1a3c5e11
app: 3b1f6c52-6a0d-4a6e-8f77-5d1c2b9a4e10
team: 5f0d7a3c-91be-4c2f-8d64-2a7e9b1c6d33
channel: 19:noc@thread.tacv2
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from pydantic import Field

from channels.chat.settings import Address, ChatSettings, Variable, read_settings
from twin.errors import BadInput

FILE = "teams.yaml"

UNCHECKED = "DANGEROUSLY_ALLOW_UNAUTHENTICATED_REQUESTS"
"""With this, Microsoft's SDK takes requests that nobody has signed."""

Guid = Annotated[str, Field(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")]
ChannelId = Annotated[str, Field(pattern=r"^19:[^\s;/]{1,200}$")]


class TeamsSettings(ChatSettings[ChannelId]):
    """`tenant`: whose people are heard. `app`: the bot, by its application id. `team`: of the
    channels. `service_urls`: the Bot Connectors that are believed; to the first of them is posted.

    `login`, `keys`, `issuer`, `graph`: Microsoft's own, which differ in its other clouds.
    """

    tenant: Guid
    app: Guid
    team: Guid
    service_urls: Annotated[tuple[Address, ...], Field(min_length=1)] = (
        "https://smba.trafficmanager.net/teams/",
    )
    app_secret_env: Variable = "TEAMS_APP_SECRET"
    login: Address = "https://login.microsoftonline.com/"
    keys: Address = "https://login.botframework.com/v1/.well-known/keys"
    issuer: str = "https://api.botframework.com"
    bot_scope: str = "https://api.botframework.com/.default"
    graph: Address = "https://graph.microsoft.com/"

    def is_known_service(self, url: str) -> bool:
        """Whether a request that has come from there is believed: an address that is listed, or
        the same with the tenant behind it, as Teams writes it.
        """
        said = f"{url.rstrip('/')}/"
        return any(said in (one, f"{one}{self.tenant}/") for one in self.service_urls)


def load_teams(path: Path) -> TeamsSettings:
    """What the file at `path` says. Raises BadInput, which names file, key and remedy."""
    example = "the ids `tenant`, `app`, `team` and `channel` there"
    return read_settings(path, TeamsSettings, "the setting of Teams", example, "docs/teams.md")


def app_secret(settings: TeamsSettings, environ: Mapping[str, str]) -> str:
    """The secret of the bot.

    Raises:
        BadInput: it is missing, or the environment says that requests need no token.
    """
    if environ.get(UNCHECKED):
        raise BadInput(
            f"the environment has {UNCHECKED}, which this does not do: unset it (docs/teams.md)"
        )
    value = environ.get(settings.app_secret_env, "").strip()
    if not value:
        raise BadInput(
            f"{FILE}: set {settings.app_secret_env} to the client secret of the app (docs/teams.md)"
        )
    return value
