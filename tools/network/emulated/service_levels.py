"""Which services are outside their objective, from what really happens to their pairs."""

from dataclasses import dataclass

import numpy as np

from tools.network.emulated.wiring import BoolArray, FloatArray, IntArray
from twin.nouns.inventory import Inventory
from twin.nouns.service import UNAVAILABLE_LOSS
from twin.nouns.traffic import TRAFFIC_CLASSES


@dataclass(frozen=True, eq=False)
class ServiceLevels:
    """Services as rows of (class, pair, bounds), `first[i]` being the first row of service i."""

    names: tuple[str, ...]
    row_class: IntArray
    row_pair: IntArray
    row_loss: FloatArray
    row_delay_s: FloatArray
    first: IntArray

    def judge(self, loss: FloatArray, delay_s: FloatArray) -> tuple[BoolArray, BoolArray]:
        """Whether each service is in breach, and whether it is unavailable: (n_services,) each.

        `loss`, `delay_s`: (3, n_pairs). Unavailable is also in breach.
        """
        if not self.names:
            return np.zeros(0, np.bool_), np.zeros(0, np.bool_)
        row_loss = loss[self.row_class, self.row_pair]
        gone = row_loss > UNAVAILABLE_LOSS
        late = delay_s[self.row_class, self.row_pair] > self.row_delay_s
        bad = gone | late | (row_loss > self.row_loss)
        breach: BoolArray = np.logical_or.reduceat(bad, self.first)
        unavailable: BoolArray = np.logical_or.reduceat(gone, self.first)
        return breach, unavailable


def service_levels(inventory: Inventory, source: IntArray, target: IntArray) -> ServiceLevels:
    """The objectives of `inventory`, over pairs in the order of `source` and `target`."""
    index = inventory.topology.node_index
    pair_of = {(int(s), int(t)): i for i, (s, t) in enumerate(zip(source, target, strict=True))}
    rows: list[tuple[int, int, float, float]] = []
    names, first = [], []
    for service in inventory.services:
        if not service.pairs:
            continue
        names.append(service.id)
        first.append(len(rows))
        bounds = service.objective
        loss = np.inf if bounds.loss is None else bounds.loss
        delay = np.inf if bounds.delay_s is None else bounds.delay_s
        k = TRAFFIC_CLASSES.index(service.traffic_class)
        rows += [(k, pair_of[index[a], index[b]], loss, delay) for a, b in service.pairs]
    table = np.array(rows, dtype=np.float64).reshape(-1, 4)
    return ServiceLevels(
        names=tuple(names),
        row_class=table[:, 0].astype(np.int64),
        row_pair=table[:, 1].astype(np.int64),
        row_loss=table[:, 2],
        row_delay_s=table[:, 3],
        first=np.array(first, np.int64),
    )
