"""Opens emulated networks: the driver `emulated`."""

import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from tools.clock import Clock
from tools.network.driver import NetworkEntry, OpenNetwork
from tools.read_only import connect_read_only
from twin.errors import BadInput, NetworkError, NetworkHeld
from twin.nouns.base import Noun

if TYPE_CHECKING:
    from tools.network.emulated.network import EmulatedNetwork


class _Settings(Noun):
    """`file`: the network's own, beside the one that names the driver; "" for `<name>.sqlite`.
    `metrics`: "host:port" at which a Prometheus may scrape it, "" for nowhere.
    """

    file: str = ""
    metrics: str = ""


class EmulatedDriver:
    """As the `Driver` Protocol says. Time passes when somebody waits: at once, or at a speed."""

    def open(self, entry: NetworkEntry, speed: float | None) -> tuple[OpenNetwork, Clock]:
        """The network as it stands. Raises NetworkHeld if another process has it."""
        # Whoever only asks for the time does without the network's arithmetic.
        from tools.network.emulated.clock import PacedClock, SimulatedClock
        from tools.network.emulated.network import EmulatedNetwork

        file, metrics = _file(entry), _settings(entry).metrics
        network = _exported(file, metrics) if metrics else EmulatedNetwork.open(file)
        return network, SimulatedClock(network) if speed is None else PacedClock(network, speed)

    def now_s(self, entry: NetworkEntry) -> float:
        """The network's clock, without starting it. Raises NetworkHeld."""
        file = _file(entry)
        try:
            # Whoever holds the file does so for as long as it lives: there is nothing to wait for.
            connection = connect_read_only(file, busy_timeout_s=0.0)
            try:
                row = connection.execute("SELECT now_s FROM clock").fetchone()
            finally:
                connection.close()
        except sqlite3.Error as error:
            if "locked" in str(error):
                raise NetworkHeld(f"{file}: another process holds it ({error})") from error
            raise NetworkError(f"{file}: its clock cannot be read ({error})") from error
        if row is None:
            raise NetworkError(
                f"{file}: is damaged (it has no clock); put a good copy in its place"
            )
        return float(row[0])


def _exported(file: Path, address: str) -> "EmulatedNetwork":
    from tools.network.emulated.exporter import ExportedNetwork

    network = ExportedNetwork.open(file)
    try:
        network.export(address)
    except BaseException:
        network.close()
        raise
    return network


def _file(entry: NetworkEntry) -> Path:
    return entry.folder / (_settings(entry).file or f"{entry.name}.sqlite")


def _settings(entry: NetworkEntry) -> _Settings:
    try:
        return _Settings.model_validate(entry.settings)
    except ValidationError as error:
        wrong = error.errors()[0]
        raise BadInput(
            f'network "{entry.name}": key "{wrong["loc"][0]}" of the driver emulated: '
            f'{wrong["msg"]}; its keys are "file", the path of the network\'s own file, and '
            '"metrics", where a Prometheus may scrape it'
        ) from error
