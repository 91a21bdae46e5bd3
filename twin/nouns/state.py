"""The state of a network at one moment, as somebody believes it to be."""

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from twin.nouns.base import content_hash
from twin.nouns.configuration import NetworkConfiguration
from twin.nouns.topology import Interface, Topology
from twin.nouns.traffic import TrafficMatrix


@dataclass(frozen=True, slots=True)
class NetworkState:
    """Topology, running configuration, offered traffic, and what is up.

    `egress_loss`: fraction 0..1 that an egress loses whatever its load, counted or not.
    `worthless_bps`: (3, n, n), of the traffic, what nobody is the worse for losing: floods; None
    where all is worth something.
    """

    topology: Topology
    running: NetworkConfiguration
    traffic: TrafficMatrix
    down_links: frozenset[str] = frozenset()
    egress_loss: Mapping[Interface, float] = field(default_factory=dict)
    worthless_bps: NDArray[np.float64] | None = None

    @property
    def worth(self) -> NDArray[np.float64]:
        """(3, n, n) of the traffic between each pair, the share that is worth something."""
        rates = self.traffic.rates_bps
        none = np.zeros_like(rates)
        worthless = none if self.worthless_bps is None else self.worthless_bps
        share = np.divide(worthless, rates, out=none, where=rates > 0.0)
        return np.asarray(1.0 - np.minimum(share, 1.0))

    def is_usable(self, link: str) -> bool:
        """Whether `link` is up, and shut at neither end. Raises UnknownLink."""
        return is_usable(self.topology, self.running, self.down_links, link)

    def configured(self, running: NetworkConfiguration) -> "NetworkState":
        """The same where devices run `running`."""
        return replace(self, running=running)


def is_usable(
    topology: Topology, running: NetworkConfiguration, down: AbstractSet[str], link: str
) -> bool:
    """Whether `link` is up, and shut at neither end. Raises UnknownLink."""
    ends = topology.link(link)
    shut = (running.device(n).interface(link).shut_down for n in (ends.a, ends.b))
    return link not in down and not any(shut)


def failed_links(running: NetworkConfiguration, down_links: Iterable[str]) -> frozenset[str]:
    """Those of `down_links` that `running` shuts at no end: they stay down whatever it says.

    A link that somebody has shut loses its adjacency too, and comes back when it is shut no more.
    """
    shut = {i.link for device in running.devices for i in device.interfaces if i.shut_down}
    return frozenset(down_links) - shut


def state_hash(running: NetworkConfiguration, down_links: Iterable[str]) -> str:
    """SHA-256 (hex) of what a plan is made for: all configurations, and the links that failed."""
    return content_hash(
        {
            "running": running.model_dump(mode="json"),
            "down": sorted(failed_links(running, down_links)),
        }
    )
