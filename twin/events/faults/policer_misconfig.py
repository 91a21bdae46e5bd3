"""A device polices an egress that is not meant to be policed so."""

import math
import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, ClassVar, Literal, Self

from twin.errors import Ungrounded
from twin.events.actions.edits import edited
from twin.events.actions.remove_rate_limit import RemoveRateLimit
from twin.events.amounts import rate_text, read_rate
from twin.events.faults.misconfiguration import Misconfiguration
from twin.events.kinds import Clues
from twin.events.names import find_egresses
from twin.nouns.configuration import DeviceConfiguration, NetworkConfiguration, Policer
from twin.nouns.topology import Interface, Topology
from twin.nouns.traffic_class import TrafficClass

if TYPE_CHECKING:
    from twin.events.action import Action
    from twin.nouns.state import NetworkState


_SLIPPED = 0.01
"""Of the capacity: a rate with two digits too few (assumed)."""


class PolicerMisconfig(Misconfiguration):
    """`node` drops what `traffic_class` sends over `link` beyond `rate_bps`, unmeant."""

    kind: Literal["policer_misconfig"] = "policer_misconfig"
    node: str
    link: str
    traffic_class: TrafficClass
    rate_bps: float

    forms: ClassVar[tuple[str, ...]] = (
        "police CLASS on LINK from NODE to RATE",
        "police CLASS on LINK to RATE",
    )

    @property
    def resources(self) -> tuple[str, ...]:
        """node|link."""
        return (str(self._egress),)

    def describe(self) -> str:
        """See EventKind."""
        return (
            f"{self.node} polices {self.traffic_class} on {self.link} to "
            f"{self.rate_bps / 1e9:.3g} Gbit/s, which is not intended"
        )

    def check(self, topology: Topology, running: NetworkConfiguration) -> None:
        """See FaultKind."""
        running.device(self.node).interface(self.link)
        if not self.rate_bps > 0.0:
            raise Ungrounded("a policer leaves a rate above 0 bit/s")

    def after(self, state: "NetworkState") -> "NetworkState":
        """See StateEvent."""
        interface = state.running.device(self.node).interface(self.link)
        others = [p for p in interface.policers if p.traffic_class != self.traffic_class]
        own = Policer(traffic_class=self.traffic_class, rate_bps=self.rate_bps)
        policers = [p.model_dump() for p in (*others, own)]
        return state.configured(edited(state.running, self.node, self.link, policers=policers))

    def arcs(self, state: "NetworkState") -> Mapping[int, int | None]:
        """See StateEvent: routing does not see it."""
        return {}

    @classmethod
    def propose(cls, clues: Clues) -> Iterable[tuple[Self, str]]:
        """See FaultKind."""
        for old, new in zip(clues.before.devices, clues.observation.running.devices, strict=True):
            for was, runs in zip(old.interfaces, new.interfaces, strict=True):
                for policer in set(runs.policers) - set(was.policers):
                    fault = cls(node=new.node, link=runs.link, **dict(policer))
                    yield fault, f"{fault.describe()}; it did not before"

    @classmethod
    def conceivable(cls, state: "NetworkState") -> Iterable[Self]:
        """See FaultKind."""
        topology = state.topology
        for arc, egress in enumerate(map(topology.egress_of, range(topology.n_arcs))):
            slipped_bps = _SLIPPED * topology.links[arc // 2].capacity_bps
            for name in TrafficClass:
                yield cls(
                    node=egress.node, link=egress.link, traffic_class=name, rate_bps=slipped_bps
                )

    def log_prior(self) -> float:
        """See FaultKind."""
        return math.log(0.05)

    def is_run_by(self, device: DeviceConfiguration) -> bool:
        """See Misconfiguration."""
        own = Policer(traffic_class=self.traffic_class, rate_bps=self.rate_bps)
        return own in device.interface(self.link).policers

    def shown(self, before: NetworkConfiguration) -> str:
        """See Misconfiguration."""
        return f"{self.node} polices {self.traffic_class} on {self.link}; it did not before"

    def taken_back(
        self, running: NetworkConfiguration, before: NetworkConfiguration
    ) -> NetworkConfiguration:
        """See FaultKind."""
        policers = before.device(self.node).interface(self.link).policers
        kept = [p.model_dump() for p in policers]
        return edited(running, self.node, self.link, policers=kept)

    def wrong_interfaces(self) -> tuple[Interface, ...]:
        """See FaultKind."""
        return (self._egress,)

    def is_put_right_by(self, action: "Action") -> bool:
        """See FaultKind."""
        return isinstance(action, RemoveRateLimit) and (
            (action.node, action.link, action.traffic_class)
            == (self.node, self.link, self.traffic_class)
        )

    @classmethod
    def read(cls, said: Mapping[str, str], topology: Topology) -> tuple[Self, ...]:
        """See PhrasedKind."""
        name = re.sub(r"[ -]", "_", said["CLASS"].casefold())
        rate_bps = read_rate(said["RATE"], topology)
        ends = find_egresses(topology, said)
        return tuple(
            cls(node=x.node, link=x.link, traffic_class=TrafficClass(name), rate_bps=rate_bps)
            for x in ends
        )

    def phrase(self) -> str:
        """See PhrasedKind."""
        rate = rate_text(self.rate_bps)
        return f"police {self.traffic_class} on {self.link} from {self.node} to {rate}"

    @property
    def _egress(self) -> Interface:
        return Interface(node=self.node, link=self.link)
