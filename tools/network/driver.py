"""What a driver is: it opens networks of one kind, each of which a small file describes.

driver: emulated         the name of an entry point of the group noctua.drivers
name: germany50          that of the file
file: germany50.sqlite   all other keys are the driver's, which validates them
"""

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Protocol

from tools.clock import Clock
from tools.network.protocol import Network
from tools.provided import DRIVERS, blaming, load
from twin.errors import BadInput


class OpenNetwork(Network, Protocol):
    """A network whose file or sessions somebody has to let go of."""

    def close(self) -> None:
        """Let go of it; opening it again goes on from here."""
        ...


@dataclass(frozen=True, slots=True)
class NetworkEntry:
    """How a network is opened. `settings`: the driver's keys; `folder`: where its file lies.

    `described`: a file says so; without one it is emulated.
    """

    name: str
    driver: str
    settings: Mapping[str, Any]
    folder: Path
    described: bool = True


class Driver(Protocol):
    """Opens the networks of one kind. Both methods may raise BadInput for a wrong setting."""

    def open(self, entry: NetworkEntry, speed: float | None) -> tuple[OpenNetwork, Clock]:
        """The network, and the clock that it lives by; the caller closes the network.

        `speed`: of simulated time, seconds to one of the wall's, None for as fast as can be; a real
        network has but one speed. Raises NetworkError.
        """
        ...

    def now_s(self, entry: NetworkEntry) -> float:
        """The network's clock, Unix seconds, without opening it. Raises NetworkError."""
        ...


def network_names(folder: Path) -> tuple[str, ...]:
    """The networks that `folder` describes, in order of name."""
    return tuple(sorted({p.stem for p in folder.glob("*") if p.suffix in (".yaml", ".sqlite")}))


def network_entry(folder: Path, name: str) -> NetworkEntry:
    """How the network `name` is opened; one that has only a `.sqlite` file is emulated.

    Raises:
        BadInput: there is no such network, or its file is wrong.
    """
    known = network_names(folder)
    if name not in known:
        near = get_close_matches(name, known, n=1)
        listed = f"it has {', '.join(known)}" if known else "it has none"
        hint = f'did you mean "{near[0]}"?' if near else listed
        raise BadInput(f'network "{name}" is not in {folder} ({hint})')
    file = folder / f"{name}.yaml"
    if not file.exists():
        return NetworkEntry(name, "emulated", {}, folder, described=False)
    # Whoever lists networks or answers does without YAML, which takes a while to import.
    from tools.strict_yaml import read_yaml, settings_text

    data = read_yaml(settings_text(file, "a network"), str(file))
    if not isinstance(data, dict) or not isinstance(data.get("driver"), str):
        raise BadInput(f'{file}: must name the driver of the network, as in "driver: emulated"')
    if data.get("name") != name:
        raise BadInput(f'{file}: describes "{data.get("name")}"; write "name: {name}" or rename it')
    settings = {str(key): value for key, value in data.items() if key not in ("driver", "name")}
    return NetworkEntry(name, data["driver"], settings, folder)


def open_network(entry: NetworkEntry, speed: float | None) -> tuple[OpenNetwork, Clock]:
    """As `Driver.open`; what else a driver raises is a BadInput that names its distribution."""
    driver = _driver(entry)
    with blaming(DRIVERS, entry.driver):
        network, clock = driver.open(entry, speed)
    if entry.described and network.name != entry.name:
        network.close()
        raise BadInput(
            f'the file of network "{entry.name}" opens "{network.name}"; give both one name'
        )
    return network, clock


def network_now_s(entry: NetworkEntry) -> float:
    """As `Driver.now_s`; what else a driver raises is a BadInput that names its distribution."""
    driver = _driver(entry)
    with blaming(DRIVERS, entry.driver):
        return driver.now_s(entry)


def _driver(entry: NetworkEntry) -> Driver:
    make = load(DRIVERS, entry.driver)
    with blaming(DRIVERS, entry.driver):
        driver: Driver = make()
    return driver
