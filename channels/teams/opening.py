"""Opening a Teams tenant at a state directory, and taking what people do there."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from channels.chat.room import Room
from channels.teams.client import TeamsService
from channels.teams.http import serving
from channels.teams.settings import app_secret, load_teams
from graphs.state_directory import StateDirectory


@contextmanager
def open_teams(
    state: StateDirectory, environ: Mapping[str, str], host: str, port: int
) -> Iterator[str]:
    """The tenant that `teams.yaml` names, with its threads and cards kept up to date; yields the
    address that the Bot Connector posts to.

    Raises:
        BadInput: the file, the secret or the journal is missing or wrong, or nothing can listen.
        ChatUnavailable: Teams does not answer, or the bot is not in the team.
    """
    settings = load_teams(state.teams_file)
    service = TeamsService(settings, app_secret(settings, environ))
    service.require_member()
    with (
        Room(state, service, settings.tenant) as room,
        serving(room, settings, host, port) as address,
        room.working(),
    ):
        yield address
