"""A device discards all that goes to certain nodes."""

import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, ClassVar, Literal, Self

from twin.errors import Ungrounded
from twin.events.faults.misconfiguration import Misconfiguration
from twin.events.kinds import Clues
from twin.events.names import find_all, find_node
from twin.nouns.configuration import DeviceConfiguration, DiscardRoute, NetworkConfiguration
from twin.nouns.topology import Interface, Topology

if TYPE_CHECKING:
    from twin.nouns.state import NetworkState


_SWALLOWED = 0.5
"""Of the probes that a silent device forwards to a node: where more are lost, none may arrive."""


def _swallowed(clues: Clues, node: str) -> tuple[str, ...]:
    """The nodes to which little arrives of what `node` forwards, where it is silent."""
    seen, topology = clues.observation, clues.topology
    if not seen.is_silent(node) or seen.probes is None:
        return ()
    probes = seen.probes
    own = [topology.arc_of(Interface(node=node, link=link.id)) for link in topology.links_at(node)]
    forwarded = (probes.shares[:, own].sum(axis=1) > _SWALLOWED) & (probes.sent > 0)
    gone = forwarded & (probes.lost > _SWALLOWED * probes.sent)
    targets = set(probes.ends[gone, 1].tolist())
    return tuple(x.id for i, x in enumerate(topology.nodes) if i in targets and x.id != node)


class BlackholeRoute(Misconfiguration):
    """Static routes on `node` swallow all that goes to `targets` and comes that way."""

    kind: Literal["blackhole_route"] = "blackhole_route"
    node: str
    targets: tuple[str, ...]

    forms: ClassVar[tuple[str, ...]] = ("(node) NODE discards NODES",)

    @property
    def resources(self) -> tuple[str, ...]:
        """The node: what one commit brought is one fault."""
        return (self.node,)

    @property
    def configured_nodes(self) -> tuple[str, ...]:
        """See FaultKind."""
        return (self.node,)

    def describe(self) -> str:
        """See EventKind."""
        return f"{self.node} discards what goes to {', '.join(self.targets)}, which is not intended"

    def check(self, topology: Topology, running: NetworkConfiguration) -> None:
        """See FaultKind."""
        for node in (self.node, *self.targets):
            topology.node(node)
        if not self.targets or len(set(self.targets)) < len(self.targets):
            raise Ungrounded("a blackhole_route names the nodes that it swallows, each once")
        if self.node in self.targets:
            raise Ungrounded(f"what goes to {self.node} itself is delivered there before any route")

    def after(self, state: "NetworkState") -> "NetworkState":
        """See StateEvent."""
        device = state.running.device(self.node)
        new = tuple(DiscardRoute(target=t) for t in self.targets)
        kept = tuple(r for r in device.discards if r not in new)
        return state.configured(state.running.with_device(device.with_discards((*kept, *new))))

    def arcs(self, state: "NetworkState") -> Mapping[int, int | None]:
        """See StateEvent: no weight changes."""
        return {}

    @classmethod
    def propose(cls, clues: Clues) -> Iterable[tuple[Self, str]]:
        """See FaultKind."""
        for old, new in zip(clues.before.devices, clues.observation.running.devices, strict=True):
            fresh = tuple(r.target for r in new.discards if r not in old.discards)
            if fresh:
                fault = cls(node=new.node, targets=fresh)
                yield fault, fault.shown(clues.before)
        for node in clues.topology.nodes:
            swallowed = _swallowed(clues, node.id)
            if swallowed:
                reason = f"what {node.id} forwards to {swallowed[0]} is lost, and it is silent"
                yield cls(node=node.id, targets=swallowed), reason

    @classmethod
    def conceivable(cls, state: "NetworkState") -> Iterable[Self]:
        """See FaultKind."""
        drawn_bps = state.traffic.rates_bps.sum(axis=(0, 1))
        busiest = [state.topology.nodes[i].id for i in (-drawn_bps).argsort(kind="stable")[:2]]
        for node in state.topology.nodes:
            targets = [target for target in busiest if target != node.id][:1]
            if targets:
                yield cls(node=node.id, targets=tuple(targets))

    def log_prior(self) -> float:
        """See FaultKind."""
        return math.log(0.05)

    def is_run_by(self, device: DeviceConfiguration) -> bool:
        """See Misconfiguration."""
        return any(r.target in self.targets for r in device.discards)

    def shown(self, before: NetworkConfiguration) -> str:
        """See Misconfiguration."""
        return f"{self.node} discards what goes to {', '.join(self.targets)}; it did not before"

    def taken_back(
        self, running: NetworkConfiguration, before: NetworkConfiguration
    ) -> NetworkConfiguration:
        """See FaultKind."""
        device = running.device(self.node)
        kept = tuple(r for r in device.discards if r.target not in self.targets)
        return running.with_device(device.with_discards(kept))

    @classmethod
    def read(cls, said: Mapping[str, str], topology: Topology) -> tuple[Self, ...]:
        """See PhrasedKind."""
        node = find_node(topology, said["NODE"]).id
        targets = find_all(said["NODES"], lambda name: find_node(topology, name).id)
        return (cls(node=node, targets=targets),)

    def phrase(self) -> str:
        """See PhrasedKind."""
        return f"node {self.node} discards traffic to {', '.join(self.targets)}"
