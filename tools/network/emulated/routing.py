"""Shortest paths by relaxation over all pairs, and the tables that routers derive from them."""

from collections import OrderedDict
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tools.network.emulated.wiring import BoolArray, FloatArray, Wiring


def distances(wiring: Wiring, weights: FloatArray) -> FloatArray:
    """Shortest distance between all pairs, (n, n); infinite where there is no way.

    `weights`: (n_arcs,), positive, infinite where an arc is not advertised.

    Source: Floyd (1962) and Warshall (1962), one row and one column at a time.
    """
    found = np.full((wiring.n_nodes, wiring.n_nodes), np.inf)
    np.minimum.at(found, (wiring.tail, wiring.head), weights)
    np.fill_diagonal(found, 0.0)
    for k in range(wiring.n_nodes):
        np.minimum(found, found[:, k, None] + found[None, k, :], out=found)
    return found


def shortest_arcs(wiring: Wiring, weights: FloatArray) -> BoolArray:
    """Whether each arc is on a shortest path to each target, (n_arcs, n).

    An arc counts only if both of its directions are advertised (RFC 2328, 16.1 step 2b).
    """
    usable = np.where(np.isinf(weights[wiring.reverse]), np.inf, weights)
    far = distances(wiring, usable)
    through = usable[:, None] + far[wiring.head]
    on_path: BoolArray = np.isfinite(through) & (through == far[wiring.tail])
    return on_path


class RouteCache:
    """Remembers what the latest link-state databases lead to: routers in agreement share it."""

    def __init__(self, wiring: Wiring, size: int = 128) -> None:
        self._wiring = wiring
        self._size = size
        self._known: OrderedDict[bytes, BoolArray] = OrderedDict()

    def shortest_arcs(self, weights: FloatArray) -> BoolArray:
        """As the function of that name."""
        key = weights.tobytes()
        if key not in self._known:
            self._known[key] = shortest_arcs(self._wiring, weights)
            if len(self._known) > self._size:
                self._known.popitem(last=False)
        self._known.move_to_end(key)
        return self._known[key]


@dataclass(eq=False)
class Tables:
    """The forwarding table of every router.

    `arcs`: int32 (n, n, most interfaces), the equal-cost egresses [router, target, choice];
    `count`: int32 (n, n), how many of them are valid (0: no route, or one to nowhere). `discards`:
    (n, n), the static routes to nowhere, which win. `learned`: `count` without them.
    """

    arcs: NDArray[np.int32]
    count: NDArray[np.int32]
    discards: BoolArray
    learned: NDArray[np.int32]

    @classmethod
    def empty(cls, wiring: Wiring) -> "Tables":
        """No route anywhere."""
        n = wiring.n_nodes
        most = max([len(arcs) for arcs in wiring.out_arcs] + [1])
        return cls(
            np.zeros((n, n, most), np.int32),
            np.zeros((n, n), np.int32),
            np.zeros((n, n), np.bool_),
            np.zeros((n, n), np.int32),
        )

    @classmethod
    def converged(cls, wiring: Wiring, on_path: BoolArray) -> "Tables":
        """What every router installs once all of them agree."""
        tables = cls.empty(wiring)
        for router in range(wiring.n_nodes):
            tables.install(wiring, router, on_path)
        return tables

    def install(self, wiring: Wiring, router: int, on_path: BoolArray) -> None:
        """Replace the table of one router by what `on_path` (see `shortest_arcs`) says."""
        out = wiring.out_arcs[router]
        if len(out) == 0:
            return
        chosen = on_path[out]
        order = np.argsort(~chosen, axis=0, kind="stable")
        self.arcs[router, :, : len(out)] = out[order].T
        self.learned[router] = chosen.sum(axis=0)
        self._merge(router)

    def discard(self, router: int, targets: BoolArray) -> bool:
        """`router` has static routes to nowhere for `targets`, (n,); whether that is news."""
        if np.array_equal(self.discards[router], targets):
            return False
        self.discards[router] = targets
        self._merge(router)
        return True

    def _merge(self, router: int) -> None:
        self.count[router] = np.where(self.discards[router], 0, self.learned[router])
