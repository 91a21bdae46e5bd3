"""An emulated network whose devices also say what somebody wrote for them."""

from collections.abc import Sequence

from tools.network.emulated.network import EmulatedNetwork
from tools.network.emulated.network_file import NetworkFile
from twin.nouns.telemetry import Telemetry


class TalkingNetwork(EmulatedNetwork):
    """The network in `file`, whose `poll` delivers `said` besides, each at its `received_s`."""

    def __init__(self, file: NetworkFile, said: Sequence[Telemetry]) -> None:
        super().__init__(file)
        self._said = tuple(said)
        self._last_s = self.now_s()

    def poll(self, after_s: float | None = None) -> Sequence[Telemetry]:
        """What arrived since the last call, in order of arrival."""
        now_s, before_s = self.now_s(), self._last_s
        self._last_s = now_s
        real = super().poll(after_s)
        heard = [record for record in self._said if before_s < record.received_s <= now_s]
        return sorted([*real, *heard], key=lambda record: record.received_s)
