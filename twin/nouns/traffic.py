"""Who sends how much to whom, in which class, and when."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from twin.errors import BadInput, UnknownNode
from twin.nouns.base import Noun
from twin.nouns.traffic_class import TRAFFIC_CLASSES as TRAFFIC_CLASSES
from twin.nouns.traffic_class import TrafficClass as TrafficClass


class Demand(Noun):
    """Offered traffic from `source` to `target`, in bit/s."""

    source: str
    target: str
    traffic_class: TrafficClass
    rate_bps: float


@dataclass(frozen=True, slots=True, eq=False)
class TrafficMatrix:
    """Offered traffic between all pairs.

    `nodes`: ids, the order of both node axes. `rates_bps`: float64 (3, n, n), read-only, indexed
    [class, source, target] with TRAFFIC_CLASSES order; the diagonal is zero.

    Raises:
        BadInput: wrong shape, a negative or non-finite rate, traffic from a node to itself.
    """

    nodes: tuple[str, ...]
    rates_bps: NDArray[np.float64]

    def __post_init__(self) -> None:
        n = len(self.nodes)
        if self.rates_bps.shape != (len(TRAFFIC_CLASSES), n, n):
            raise BadInput(
                f"traffic matrix has shape {self.rates_bps.shape}, "
                f"expected {(len(TRAFFIC_CLASSES), n, n)}"
            )
        if not np.isfinite(self.rates_bps).all() or (self.rates_bps < 0).any():
            raise BadInput("traffic matrix holds a rate that is negative or not finite")
        if np.einsum("kii->", self.rates_bps) != 0:
            raise BadInput("traffic matrix holds traffic from a node to itself")
        # One memory layout: numpy adds up in memory order, and pickling changes that of a view.
        frozen = np.array(self.rates_bps, dtype=np.float64, order="C")
        frozen.setflags(write=False)
        object.__setattr__(self, "rates_bps", frozen)

    @classmethod
    def from_demands(cls, nodes: Iterable[str], demands: Iterable[Demand]) -> Self:
        """Sum of `demands`. Raises UnknownNode if one names a node that is not in `nodes`."""
        order = tuple(nodes)
        index = {node: i for i, node in enumerate(order)}
        rates = np.zeros((len(TRAFFIC_CLASSES), len(order), len(order)))
        for demand in demands:
            for end in (demand.source, demand.target):
                if end not in index:
                    raise UnknownNode(end, index, "the traffic matrix")
            k = TRAFFIC_CLASSES.index(demand.traffic_class)
            rates[k, index[demand.source], index[demand.target]] += demand.rate_bps
        return cls(order, rates)

    def with_nodes(self, nodes: Iterable[str]) -> "TrafficMatrix":
        """The same among `nodes`, which begin with its own; new ones send and get nothing."""
        order = tuple(nodes)
        more = len(order) - len(self.nodes)
        if not more:
            return self
        return TrafficMatrix(order, np.pad(self.rates_bps, ((0, 0), (0, more), (0, more))))

    def scaled(self, factor: float | NDArray[np.float64]) -> "TrafficMatrix":
        """Every rate times `factor` (a number, or an array that broadcasts to (3, n, n))."""
        return TrafficMatrix(self.nodes, self.rates_bps * factor)


class DailyProfile(Noun):
    """Demand relative to peak, at 24 full hours of UTC, linear in between; the maximum is 1."""

    hourly: tuple[float, ...]
