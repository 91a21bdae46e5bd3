"""Opens emulated networks: the driver `emulated`."""

from pathlib import Path

from pydantic import ValidationError

from tools.clock import Clock
from tools.network.driver import NetworkEntry, OpenNetwork
from tools.network.emulated.clock import PacedClock, SimulatedClock
from tools.network.emulated.network import EmulatedNetwork
from tools.network.emulated.network_file import NetworkFile
from twin.errors import BadInput
from twin.nouns.base import Noun


class _Settings(Noun):
    """`file`: the network's own, beside the one that names the driver; "" for `<name>.sqlite`."""

    file: str = ""


class EmulatedDriver:
    """As the `Driver` Protocol says. Time passes when somebody waits: at once, or at a speed."""

    def open(self, entry: NetworkEntry, speed: float | None) -> tuple[OpenNetwork, Clock]:
        """The network as it stands. Raises NetworkHeld if another process has it."""
        network = EmulatedNetwork.open(_file(entry))
        return network, SimulatedClock(network) if speed is None else PacedClock(network, speed)

    def now_s(self, entry: NetworkEntry) -> float:
        """The network's clock, without starting it. Raises NetworkHeld."""
        file = NetworkFile(_file(entry), create=False)
        try:
            return file.clock()[0]
        finally:
            file.close()


def _file(entry: NetworkEntry) -> Path:
    try:
        settings = _Settings.model_validate(entry.settings)
    except ValidationError as error:
        wrong = error.errors()[0]
        raise BadInput(
            f'network "{entry.name}": key "{wrong["loc"][0]}" of the driver emulated: '
            f'{wrong["msg"]}; its only key is "file", the path of the network\'s own file'
        ) from error
    return entry.folder / (settings.file or f"{entry.name}.sqlite")
