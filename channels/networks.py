"""The networks of a state directory: which are known, what time it is there, and how they open.

Each opens with the driver that its file names.
"""

from collections.abc import Sequence
from contextlib import closing
from difflib import get_close_matches
from typing import TYPE_CHECKING

from graphs.state_directory import StateDirectory
from tools.clock import Clock
from tools.journal.holder import has_died
from tools.journal.journal import Journal
from tools.journal.lease_rows import network_subject
from tools.journal.reading import last_entry_s
from tools.network import driver
from tools.network.driver import OpenNetwork, network_entry
from twin.errors import BadInput, NetworkError
from twin.nouns.way import Way

if TYPE_CHECKING:
    from twin.nouns.inventory import Inventory


def network_names(state: StateDirectory) -> tuple[str, ...]:
    """The networks that the state directory has, in order of name."""
    return driver.network_names(state.networks)


def open_network(
    state: StateDirectory, name: str, *, speed: float | None = None
) -> tuple[OpenNetwork, Clock]:
    """The network `name` of `state`, and the clock that it lives by; the caller closes the network.

    An emulated network's time passes when somebody waits: at once, or at `speed` seconds to one of
    the wall's.

    Raises:
        BadInput: the state directory has no such network, or its file or driver is wrong.
        NetworkHeld: another process holds it.
        NetworkError: it cannot be opened.
    """
    return driver.open_network(network_entry(state.networks, name), speed)


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


def chosen_network(network: str | None, known: Sequence[str]) -> str:
    """The network that is meant: `network`, or the only one. Raises BadInput."""
    if network is not None:
        require_known(network, known)
        return network
    if not known:
        raise BadInput(
            "the state directory has no network; make one first", way=Way("stage", "FILE")
        )
    if len(known) > 1:
        raise BadInput(
            f"there are several networks, {', '.join(known)}; name one", way=Way(network="NETWORK")
        )
    return known[0]


def is_watched(state: StateDirectory, journal: Journal, name: str) -> bool:
    """Whether a living process watches the network `name`."""
    lease = journal.lease(network_subject(name))
    return bool(lease and lease.holder and not has_died(state.locks, lease.holder))


def network_time_s(state: StateDirectory, journal: Journal, name: str) -> float:
    """The clock of the network `name`; while another process holds it, the journal's last entry."""
    try:
        return driver.network_now_s(network_entry(state.networks, name))
    except (BadInput, NetworkError):
        return last_entry_s(journal, name)


def inventory_of(state: StateDirectory, name: str) -> "Inventory":
    """What is on record of the network `name`. Raises BadInput, NetworkError."""
    from graphs.inventory_file import kept_inventory

    # What a workplace wrote down is read without the network, which a watch may hold.
    if (kept := kept_inventory(state, name)) is not None:
        return kept
    network, _ = open_network(state, name)
    with closing(network):
        return network.inventory()
