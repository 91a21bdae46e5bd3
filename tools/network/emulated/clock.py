"""The network's own time as a `Clock`: waiting moves the network."""

from tools.network.emulated.network import EmulatedNetwork


class SimulatedClock:
    """Time is what the network says, and waiting lets it pass at once."""

    def __init__(self, network: EmulatedNetwork) -> None:
        self._network = network

    def now_s(self) -> float:
        """The network's clock."""
        return self._network.now_s()

    def wait_until(self, time_s: float) -> None:
        """Advance the network to `time_s`; at once if it is there already."""
        self._network.advance(time_s)
