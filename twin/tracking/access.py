"""Log-ins to devices, and how many others somebody behind them reaches: what is usual, and what is
not.
"""

import math
from collections import deque
from collections.abc import Mapping
from ipaddress import ip_address, ip_network
from typing import Any

import numpy as np

from twin.nouns.access import AccessSigns
from twin.nouns.telemetry import FloatArray, FlowRound, LogInEvent
from twin.tracking.kept import kept_array

_KEPT = 64
"""Log-ins of each device that are remembered, and rounds of flow records."""

_FEWEST = 10
"""Log-ins that succeeded before it is known which networks they usually come from."""

_STRANGE_S = 86_400.0
"""A network from which somebody got in is no longer strange a day after it was first seen."""

_LEARNS = 0.2
"""Of the log of what is usual, so much is learned from each quiet round."""

_FEWEST_ROUNDS = 2.0
_MOST_REACHED = 1e15
_MOST_NETWORKS = 256


class AccessWatch:
    """Remembers the last log-ins of each device, from which networks they come, and how many others
    an address behind each exporter usually reaches.
    """

    def __init__(self, nodes: tuple[str, ...], kept: Mapping[str, Any] | None = None) -> None:
        """`kept`: what `dump` wrote; single log-ins are not kept."""
        kept, n = kept or {}, len(nodes)
        self._nodes = nodes
        self._log_ins: dict[str, deque[LogInEvent]] = {x: deque(maxlen=_KEPT) for x in nodes}
        self._succeeded = int(kept.get("succeeded", 0))
        self._known: dict[str, tuple[float, bool]] = {
            name: (float(at_s), bool(early))
            for name, (at_s, early) in kept.get("known", {}).items()
        }
        self._usual = kept_array(kept, "fan_out", np.full(n, np.nan), 0.0, _MOST_REACHED)
        self._rounds = kept_array(kept, "rounds", np.zeros(n), 0.0, 1e9)
        self._reached: deque[tuple[float, FloatArray]] = deque(maxlen=_KEPT)

    def log_in(self, event: LogInEvent) -> None:
        """Somebody logged in, or tried to."""
        self._log_ins[event.node].append(event)
        network = _network(event.address.raw)
        if event.ok and network:
            if network not in self._known and len(self._known) < _MOST_NETWORKS:
                self._known[network] = (event.time_s, self._succeeded < _FEWEST)
            self._succeeded += 1

    def flows(self, record: FlowRound, *, learn: bool) -> None:
        """Take a round of flow records."""
        seen = record.fan_out
        self._reached.append((record.until_s, seen / self._known_usual()))
        if not learn:
            return
        told = np.isfinite(seen) & (seen > 0.0)
        again = told & np.isfinite(self._usual)
        first = told & np.isnan(self._usual)
        self._usual[again] *= (seen[again] / self._usual[again]) ** _LEARNS
        self._usual[first] = seen[first]
        self._rounds[told] += 1.0

    def _known_usual(self) -> FloatArray:
        return np.where(self._rounds >= _FEWEST_ROUNDS, self._usual, np.nan)

    def signs(self, node: str, from_s: float) -> AccessSigns:
        """What was seen of `node` since `from_s`."""
        lately = [one for one in self._log_ins[node] if one.time_s >= from_s]
        networks = {_network(one.address.raw) for one in lately if one.ok} - {""}
        i = self._nodes.index(node)
        scans = [float(ratio[i]) for until_s, ratio in self._reached if until_s >= from_s]
        return AccessSigns(
            failed=sum(not one.ok for one in lately),
            strange=tuple(sorted(x for x in networks if self._is_strange(x, from_s))),
            scan=max((x for x in scans if math.isfinite(x)), default=math.nan),
        )

    def _is_strange(self, network: str, from_s: float) -> bool:
        first_s, early = self._known.get(network, (math.inf, False))
        return not early and first_s > from_s - _STRANGE_S

    def dump(self) -> dict[str, Any]:
        """JSON-able; the constructor takes it back."""
        return {
            "succeeded": self._succeeded,
            "known": {name: list(known) for name, known in self._known.items()},
            "fan_out": [x if math.isfinite(x) else None for x in self._usual.tolist()],
            "rounds": self._rounds.tolist(),
        }


def _network(address: str) -> str:
    """The network that an address is in: of a width that an office has; "" for what is none."""
    try:
        found = ip_address(address)
    except ValueError:
        return ""
    return str(ip_network(f"{found}/{24 if found.version == 4 else 48}", strict=False))
