"""An emulated network whose telemetry is altered on its way: lost, late, or read wrongly."""

from collections.abc import Callable, Sequence

from tools.network.emulated.network import EmulatedNetwork
from tools.network.emulated.network_file import NetworkFile
from twin.nouns.telemetry import Telemetry

Alter = Callable[[Sequence[Telemetry], float], Sequence[Telemetry]]
"""What arrives, of what a poll gave at that time (Unix seconds)."""


class AlteredNetwork(EmulatedNetwork):
    """The network in `file`, of whose telemetry `alter` makes what arrives."""

    def __init__(self, file: NetworkFile, alter: Alter) -> None:
        super().__init__(file)
        self._alter = alter

    def poll(self, after_s: float | None = None) -> Sequence[Telemetry]:
        """What arrived since the last call, in order of arrival."""
        return self._alter(super().poll(after_s), self.now_s())
