"""Routers that learn of changes from each other: adjacencies, flooding, SPF, tables one by one.

Each router has its own link-state database. A change at one end of a link becomes a new LSA of that
router, which travels hop by hop over adjacencies that are up; who receives it schedules SPF, and
installs the result later. Until all have done so, tables disagree, and packets loop or vanish.
"""

import heapq
import math
from collections.abc import Callable

import numpy as np

from tools.network.emulated.hidden import Hidden
from tools.network.emulated.randomness import unit
from tools.network.emulated.routing import RouteCache, Tables
from tools.network.emulated.wiring import FloatArray, IntArray, Wiring

BFD_S = (0.3, 1.0)
"""Detection by BFD: three missed packets at 100 to 300 ms (RFC 5880)."""

HOLD_S = (30.0, 40.0)
"""Detection by the dead interval: 40 s (RFC 2328) since a hello that came up to 10 s ago."""

ADJACENCY_S = (3.0, 8.0)
"""Hello, database exchange and loading, from signal to full adjacency (assumed)."""

ADMIN_S = 0.05
"""A router notices at once what it shuts down itself."""

BATCH_S = 0.1
"""Tables that are installed within one such step take effect together."""

_ADJACENCY, _LSA, _SPF, _INSTALL = range(4)

AdjacencyReport = Callable[[float, int, int, int, bool], None]
"""Called with time, link, end (0: a, 1: b), epoch, up."""


class ControlPlane:
    """The routers of one network. Times are Unix seconds; call `process` in time order.

    `slow`: (n,) how many times as long SPF and tables take now.
    """

    def __init__(self, wiring: Wiring, hidden: Hidden, seed: int, report: AdjacencyReport) -> None:
        self._wiring = wiring
        self._hidden = hidden
        self._seed = seed
        self._report = report
        self._events: list[tuple[float, int, int, int, int]] = []
        self._routes = RouteCache(wiring)
        n, n_links = wiring.n_nodes, wiring.n_arcs // 2
        self.configured = np.full(wiring.n_arcs, np.inf)
        self.link_up = np.ones(n_links, np.bool_)
        self.adjacency = np.ones((n_links, 2), np.bool_)
        self.epoch = np.zeros(n_links, np.int64)
        self._version = np.zeros(n, np.int64)
        self._contents: dict[tuple[int, int], FloatArray] = {}
        self._seen = np.zeros((n, n), np.int64)
        self._database = np.full((n, wiring.n_arcs), np.inf)
        self._spf_waits = np.zeros(n, np.bool_)
        self._computed: dict[tuple[int, int], FloatArray] = {}
        self._runs = np.zeros(n, np.int64)
        self.slow = np.ones(n)
        self.tables = Tables.empty(wiring)

    @property
    def next_s(self) -> float:
        """When something happens next; infinite when routing is at rest."""
        return self._events[0][0] if self._events else math.inf

    def settle(self, weights: FloatArray, link_up: np.ndarray, epoch: IntArray) -> None:
        """Start at rest: every router knows these advertised weights and these links."""
        self.configured = weights.copy()
        self.link_up = link_up.astype(np.bool_)
        self.adjacency = np.repeat(self.link_up[:, None], 2, axis=1)
        self.epoch = epoch.copy()
        advertised = np.where(np.repeat(self.link_up, 2), weights, np.inf)
        self._database[:] = advertised
        for router, out in enumerate(self._wiring.out_arcs):
            self._contents[router, 0] = advertised[out]
        self.tables = Tables.converged(self._wiring, self._routes.shortest_arcs(advertised))

    def set_link(self, time_s: float, link: int, *, up: bool, shut_end: int | None = None) -> None:
        """The link begins or ceases to carry signals; its ends find out later, each by itself.

        `shut_end`: the end that shut it down and so knows at once.
        """
        if self.link_up[link] == up:
            return
        self.link_up[link] = up
        self.epoch[link] += 1
        epoch = int(self.epoch[link])
        for end in (0, 1):
            if up:
                # Both ends leave the exchange almost together.
                low, high = ADJACENCY_S
                delay = low + (high - low) * unit(self._seed, "adjacency", link, epoch)
                delay += 0.2 * unit(self._seed, "adjacency end", link, epoch, end)
            elif end == shut_end:
                delay = ADMIN_S
            else:
                low, high = BFD_S if self._hidden.bfd[link] else HOLD_S
                delay = low + (high - low) * unit(self._seed, "detect", link, epoch, end)
            self._push(time_s + delay, _ADJACENCY, link, end, epoch)

    def set_weights(self, time_s: float, router: int, weights: dict[int, float]) -> None:
        """`router` begins to advertise `weights` (arc to weight)."""
        changed = False
        for arc, weight in weights.items():
            changed |= self.configured[arc] != weight
            self.configured[arc] = weight
        if changed:
            self._originate(time_s, router)

    def process(self) -> bool:
        """Let everything happen that happens at `next_s`; whether a table changed."""
        now = self.next_s
        changed = False
        while self._events and self._events[0][0] == now:
            _, kind, x, y, z = heapq.heappop(self._events)
            if kind == _ADJACENCY:
                self._set_adjacency(now, x, y, z)
            elif kind == _LSA:
                self._receive(now, x, y, z)
            elif kind == _SPF:
                self._run_spf(now, x)
            else:
                weights = self._computed.pop((x, y))
                self.tables.install(self._wiring, x, self._routes.shortest_arcs(weights))
                changed = True
        return changed

    def _push(self, time_s: float, kind: int, x: int, y: int, z: int) -> None:
        heapq.heappush(self._events, (time_s, kind, x, y, z))

    def _set_adjacency(self, now: float, link: int, end: int, epoch: int) -> None:
        up = bool(self.link_up[link])
        if epoch != self.epoch[link] or self.adjacency[link, end] == up:
            return
        self.adjacency[link, end] = up
        router = int(self._wiring.tail[2 * link + end])
        self._report(now, link, end, epoch, up)
        if up and self.adjacency[link, 1 - end]:
            self._exchange_databases(now, link)
        self._originate(now, router)

    def _exchange_databases(self, now: float, link: int) -> None:
        for arc in (2 * link, 2 * link + 1):
            giver, taker = int(self._wiring.tail[arc]), int(self._wiring.head[arc])
            for origin in np.flatnonzero(self._seen[giver] > self._seen[taker]):
                self._send(now, arc, int(origin), int(self._seen[giver, origin]))

    def _originate(self, now: float, router: int) -> None:
        out = self._wiring.out_arcs[router]
        up = self.adjacency[out // 2, out % 2]
        self._version[router] += 1
        version = int(self._version[router])
        self._contents[router, version] = np.where(up, self.configured[out], np.inf)
        self._receive(now, router, router, version)

    def _receive(self, now: float, router: int, origin: int, version: int) -> None:
        if version <= self._seen[router, origin]:
            return
        self._seen[router, origin] = version
        self._database[router, self._wiring.out_arcs[origin]] = self._contents[origin, version]
        if not self._spf_waits[router]:
            self._spf_waits[router] = True
            waits_s = float(self._hidden.spf_s[router] * self.slow[router])
            self._push(now + waits_s, _SPF, router, 0, 0)
        for arc in self._wiring.out_arcs[router].tolist():
            self._send(now, arc, origin, version)

    def _send(self, now: float, arc: int, origin: int, version: int) -> None:
        """Pass an LSA over `arc`; it is lost if the link is dead though nobody knows yet."""
        link = arc // 2
        if not (self.link_up[link] and self.adjacency[link, arc % 2]):
            return
        giver, taker = int(self._wiring.tail[arc]), int(self._wiring.head[arc])
        if self._seen[taker, origin] >= version:
            return
        arrival = now + float(self._hidden.flood_s[giver] + self._wiring.propagation_s[arc])
        self._push(arrival, _LSA, taker, origin, version)

    def _run_spf(self, now: float, router: int) -> None:
        self._spf_waits[router] = False
        self._runs[router] += 1
        run = int(self._runs[router])
        self._computed[router, run] = self._database[router].copy()
        ready = now + float(self._hidden.fib_s[router] * self.slow[router])
        self._push(math.ceil(ready / BATCH_S) * BATCH_S, _INSTALL, router, run, 0)
