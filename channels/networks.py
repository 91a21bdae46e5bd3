"""Opens the networks of a state directory by name; drivers for real ones plug in here."""

from difflib import get_close_matches
from pathlib import Path
from typing import Protocol

from tools.clock import Clock
from tools.network.emulated import EmulatedNetwork, PacedClock, SimulatedClock
from tools.network.emulated.network_file import NetworkFile
from tools.network.protocol import Network
from twin.errors import BadInput


class OpenNetwork(Network, Protocol):
    """A network whose file or sessions somebody has to let go of."""

    def close(self) -> None:
        """Let go of it; opening it again goes on from here."""
        ...


def network_names(state: Path) -> tuple[str, ...]:
    """The networks that the state directory has, in order of name."""
    return tuple(sorted(path.stem for path in (state / "networks").glob("*.sqlite")))


def open_network(
    state: Path, name: str, *, speed: float | None = None
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


def network_now_s(state: Path, name: str) -> float:
    """The clock of the network `name`, without starting it.

    Raises:
        BadInput: the state directory has no such network.
        NetworkError: another process holds it, or its file cannot be read.
    """
    file = NetworkFile(_file_of(state, name), create=False)
    try:
        return file.clock()[0]
    finally:
        file.close()


def _file_of(state: Path, name: str) -> Path:
    known = network_names(state)
    if name not in known:
        near = get_close_matches(name, known, n=1)
        listed = f"it has {', '.join(known)}" if known else "it has none"
        hint = f'did you mean "{near[0]}"?' if near else listed
        raise BadInput(f'network "{name}" is not in {state / "networks"} ({hint})')
    return state / "networks" / f"{name}.sqlite"
