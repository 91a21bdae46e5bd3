"""Opening a Teams tenant at a state directory, and taking what people do there."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from channels.chat.connection import Connected
from channels.chat.room import Room
from channels.teams.client import TeamsService
from channels.teams.http import Door, requests_to, serving
from channels.teams.settings import TeamsSettings, app_secret, load_teams
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
    with (
        _open_room(state, environ) as (room, settings),
        serving(room, settings, host, port) as address,
        room.working(),
    ):
        yield address


@contextmanager
def connected(state: StateDirectory, environ: Mapping[str, str]) -> Iterator[Connected]:
    """The tenant beside something else. Raises as `open_teams` does."""
    with _open_room(state, environ) as (room, settings), room.working():
        yield Connected(room, requests_to(Door(room, settings)))


@contextmanager
def _open_room(
    state: StateDirectory, environ: Mapping[str, str]
) -> Iterator[tuple[Room, TeamsSettings]]:
    settings = load_teams(state.teams_file)
    service = TeamsService(settings, app_secret(settings, environ))
    service.require_member()
    with Room(state, service, settings.tenant) as room:
        yield room, settings
