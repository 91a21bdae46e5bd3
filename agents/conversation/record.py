"""What a conversation looks at: what is on record of a network, what was seen, what was done."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from itertools import islice

import numpy as np

from tools.graph_store.protocol import GraphUnavailable, KnowledgeGraph
from tools.journal.health import health
from tools.journal.journal import Journal
from twin.errors import BadInput
from twin.forecasting import DEFAULT_UNCERTAINTY, Uncertainty
from twin.knowledge.service_impact import Dependencies
from twin.nouns.health import Health
from twin.nouns.inventory import Inventory
from twin.nouns.state import NetworkState
from twin.nouns.telemetry import FloatArray
from twin.nouns.topology import Topology
from twin.physics.twin import Twin, profile_at
from twin.tracking.belief import Belief
from twin.tracking.tracker import Tracker

PEAK = "peak"
"""The time of day at which the profile is highest."""

_DAY_S = 86_400.0
_SEED = 1


_NAMED_ELSEWHERE = frozenset(
    {"device", "interface", "link", "path", "prefix", "service", "customer", "incident"}
)
_MOST_NAMES = 20_000


@dataclass(frozen=True)
class NetworkRecord:
    """One network, read only. `tracker`: what its watch has learned, None if it was never watched.

    `journal_s`: the newest time, by the network's clock, that the journal knows. `open_graph`:
    the knowledge graph; it raises BadInput or GraphUnavailable where there is none.
    """

    network: str
    inventory: Inventory
    tracker: Tracker | None
    journal: Journal
    open_graph: Callable[[], KnowledgeGraph]
    journal_s: float = 0.0

    def dependencies(self) -> Dependencies:
        """What the knowledge graph says, read once.

        Raises:
            BadInput: there is none, or it cannot be read.
            GraphUnavailable: the server that has it does not answer.
        """
        return self._dependencies

    def other_names(self) -> tuple[str, ...]:
        """Ids of things that only the knowledge graph has, none where it cannot be read."""
        try:
            graph = self.open_graph()
            kinds = sorted(graph.schema.things.keys() - _NAMED_ELSEWHERE)
            named = (name for kind in kinds for name in graph.ids(kind))
            return tuple(islice(dict.fromkeys(named), _MOST_NAMES))
        except (BadInput, GraphUnavailable):
            return ()

    @cached_property
    def _dependencies(self) -> Dependencies:
        graph = self.open_graph()
        return Dependencies(graph.snapshot(), graph.schema)

    @property
    def topology(self) -> Topology:
        """What is on record, but for capacities that telemetry has shown to be less."""
        return self.inventory.topology if self.tracker is None else self.tracker.topology

    @cached_property
    def twin(self) -> Twin:
        """The twin of that topology."""
        return Twin(replace(self.inventory, topology=self.topology))

    @cached_property
    def health(self) -> Health:
        """How it is, as far as it was read."""
        return health(self.journal, self.network, max(self._kept_s or 0.0, self.journal_s))

    @property
    def data_s(self) -> float | None:
        """When the newest telemetry was received, Unix seconds; None if there never was any."""
        seen = self.health.seen
        read_s = seen.coverage.read_s if seen else None
        return max((t for t in (self._kept_s, read_s) if t is not None), default=None)

    @property
    def _kept_s(self) -> float | None:
        return self.tracker.now_s if self.tracker is not None and self.tracker.now_s > 0 else None

    @property
    def now_s(self) -> float:
        """The newest time that anything here is from."""
        return max(self.data_s or 0.0, self.journal_s)

    def watched(self) -> Tracker:
        """What the watch has learned. Raises BadInput if there was none."""
        if self.tracker is None:
            raise BadInput(
                f'network "{self.network}" was never watched, so nothing is known of its state; '
                f"noctua watch {self.network} watches it"
            )
        return self.tracker

    def state_at(self, time_s: float | None = None) -> NetworkState:
        """The network as it is believed to be now, with the demand of now or of another time.

        Of a network that was never watched: as intended, everything up.
        """
        at_s = self.now_s if time_s is None else time_s
        if self.tracker is None:
            return self.twin.state(traffic=self.twin.traffic_at(at_s))
        return replace(self.tracker.believed_state(), traffic=self.tracker.demand.matrix_at(at_s))

    def peak_state(self) -> NetworkState:
        """The network as it is believed to be now, with the demand of the daily peak."""
        state = self.state_at()
        if self.tracker is None:
            return replace(state, traffic=self.inventory.peak_traffic)
        return replace(state, traffic=self.tracker.believed_state(level=1.0).traffic)

    @property
    def uncertainty(self) -> Uncertainty:
        """How wrong forecasts may be."""
        if self.tracker is None:
            return DEFAULT_UNCERTAINTY
        return Belief(tracker=self.tracker, seed=_SEED).uncertainty

    def time_of(self, at: str) -> float | None:
        """The Unix time that `at` means: "" for now (None), "HH:MM" (UTC), or "peak".

        Raises:
            BadInput: it is something else.
        """
        if not at:
            return None
        midnight = self.now_s - self.now_s % _DAY_S
        if at == PEAK:
            profile = self.inventory.profile
            hours = max(range(len(profile.hourly)), key=lambda h: profile.hourly[h])
            return midnight + hours * 3600.0
        try:
            hour, minute = (int(part) for part in at.split(":"))
        except ValueError:
            hour = minute = -1
        if not (0 <= hour < 24 and 0 <= minute < 60):
            raise BadInput(f'"{at}" is no time; write "HH:MM" (UTC), "peak", or "" for now')
        return midnight + hour * 3600.0 + minute * 60.0

    def level_at(self, time_s: float) -> float:
        """Demand at that time relative to the day's peak."""
        return profile_at(self.inventory.profile, time_s)

    @cached_property
    def utilisation(self) -> FloatArray:
        """(n_arcs,) sent / capacity of the newest reading of every egress; NaN where none is."""
        latest = self.watched().latest()
        sent = np.array(latest.sent_bps, dtype=np.float64)
        return np.asarray(sent / np.repeat([x.capacity_bps for x in self.topology.links], 2))

    def incident_ids(self) -> tuple[str, ...]:
        """Of this network's incidents, oldest first."""
        return tuple(r.incident.id for r in self.journal.incidents(network=self.network))


def utc(time_s: float) -> str:
    """2026-01-31 20:15:07 UTC."""
    return datetime.fromtimestamp(time_s, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
