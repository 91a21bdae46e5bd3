"""The networks of a state directory: which are known, what time it is there, and how they open.

Drivers for real ones plug in here.
"""

from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Protocol

from graphs.state_directory import StateDirectory
from tools.clock import Clock
from tools.journal.holder import has_died
from tools.journal.journal import Journal
from tools.journal.lease_rows import network_subject
from tools.journal.reading import last_entry_s
from tools.network.emulated import EmulatedNetwork, PacedClock, SimulatedClock
from tools.network.emulated.network_file import NetworkFile
from tools.network.protocol import Network
from twin.errors import BadInput, NetworkError


class OpenNetwork(Network, Protocol):
    """A network whose file or sessions somebody has to let go of."""

    def close(self) -> None:
        """Let go of it; opening it again goes on from here."""
        ...


def network_names(state: StateDirectory) -> tuple[str, ...]:
    """The networks that the state directory has, in order of name."""
    return tuple(sorted(path.stem for path in state.networks.glob("*.sqlite")))


def open_network(
    state: StateDirectory, name: str, *, speed: float | None = None
) -> tuple[OpenNetwork, Clock]:
    """The network `name` of `state`, and the clock that it lives by; the caller closes the network.

    An emulated network's time passes when somebody waits: at once, or at `speed` seconds to one of
    the wall's.

    Raises:
        BadInput: the state directory has no such network.
        NetworkHeld: another process holds it.
        NetworkError: its file cannot be read.
    """
    network = EmulatedNetwork.open(_file_of(state, name))
    return network, SimulatedClock(network) if speed is None else PacedClock(network, speed)


def known_networks(state: StateDirectory, journal: Journal) -> tuple[str, ...]:
    """Networks that the state directory has, or that something was ever journalled about."""
    incidents = {record.incident.network for record in journal.incidents()}
    watched = {watch.network for watch in journal.watches()}
    return tuple(sorted(incidents | watched | set(network_names(state))))


def require_known(name: str, known: Sequence[str]) -> None:
    """Raise BadInput, which names what is near, unless `name` is among `known`."""
    if name not in known:
        near = get_close_matches(name, known, n=1)
        hint = f'did you mean "{near[0]}"?' if near else f"known are {', '.join(known) or 'none'}"
        raise BadInput(f'no network "{name}" is known here ({hint})')


def is_watched(state: StateDirectory, journal: Journal, name: str) -> bool:
    """Whether a living process watches the network `name`."""
    lease = journal.lease(network_subject(name))
    return bool(lease and lease.holder and not has_died(state.locks, lease.holder))


def network_time_s(state: StateDirectory, journal: Journal, name: str) -> float:
    """The clock of the network `name`; while another process holds it, the journal's last entry."""
    try:
        file = NetworkFile(_file_of(state, name), create=False)
    except (BadInput, NetworkError):
        return last_entry_s(journal, name)
    try:
        return file.clock()[0]
    except NetworkError:
        return last_entry_s(journal, name)
    finally:
        file.close()


def _file_of(state: StateDirectory, name: str) -> Path:
    known = network_names(state)
    if name not in known:
        near = get_close_matches(name, known, n=1)
        listed = f"it has {', '.join(known)}" if known else "it has none"
        hint = f'did you mean "{near[0]}"?' if near else listed
        raise BadInput(f'network "{name}" is not in {state.networks} ({hint})')
    return state.network_file(name)
