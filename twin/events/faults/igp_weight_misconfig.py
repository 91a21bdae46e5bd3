"""A device advertises another weight than the intended one."""

import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, ClassVar, Literal, Self

from twin.errors import Ungrounded
from twin.events.actions.edits import edited
from twin.events.actions.set_igp_weight import SetIgpWeight
from twin.events.faults.misconfiguration import Misconfiguration
from twin.events.kinds import Clues
from twin.nouns.configuration import (
    MAX_IGP_WEIGHT,
    DeviceConfiguration,
    NetworkConfiguration,
)
from twin.nouns.topology import Interface, Topology

if TYPE_CHECKING:
    from twin.events.action import Action
    from twin.nouns.state import NetworkState


class IgpWeightMisconfig(Misconfiguration):
    """`node` advertises `weight` on `link` in place of the intended one."""

    kind: Literal["igp_weight_misconfig"] = "igp_weight_misconfig"
    node: str
    link: str
    weight: int

    forms: ClassVar[tuple[str, ...]] = SetIgpWeight.forms

    @property
    def resources(self) -> tuple[str, ...]:
        """node|link."""
        return (str(Interface(node=self.node, link=self.link)),)

    def describe(self) -> str:
        """See EventKind."""
        return (
            f"{self.node} advertises weight {self.weight} on {self.link}, which is not the "
            "intended one"
        )

    def check(self, topology: Topology, running: NetworkConfiguration) -> None:
        """See FaultKind."""
        running.device(self.node).interface(self.link)
        if not 1 <= self.weight <= MAX_IGP_WEIGHT:
            raise Ungrounded(f"an IGP weight is 1 to {MAX_IGP_WEIGHT}, not {self.weight}")

    def after(self, state: "NetworkState") -> "NetworkState":
        """See StateEvent."""
        return state.configured(edited(state.running, self.node, self.link, igp_weight=self.weight))

    def arcs(self, state: "NetworkState") -> Mapping[int, int | None]:
        """See StateEvent."""
        interface = self.after(state).running.device(self.node).interface(self.link)
        arc = state.topology.arc_of(Interface(node=self.node, link=self.link))
        return {arc: interface.advertised_weight} if state.is_usable(self.link) else {}

    @classmethod
    def propose(cls, clues: Clues) -> Iterable[tuple[Self, str]]:
        """See FaultKind."""
        now = clues.observation.running
        for old, new in zip(clues.before.devices, now.devices, strict=True):
            for was, runs in zip(old.interfaces, new.interfaces, strict=True):
                if was.igp_weight != runs.igp_weight:
                    change = f"{runs.igp_weight} on {runs.link}, it was {was.igp_weight}"
                    fault = cls(node=new.node, link=runs.link, weight=runs.igp_weight)
                    yield fault, f"{new.node} runs weight {change}"

    @classmethod
    def conceivable(cls, state: "NetworkState") -> Iterable[Self]:
        """See FaultKind."""
        for egress in map(state.topology.egress_of, range(state.topology.n_arcs)):
            for weight in (1, MAX_IGP_WEIGHT - 1):
                yield cls(node=egress.node, link=egress.link, weight=weight)

    def log_prior(self) -> float:
        """See FaultKind."""
        return math.log(0.15)

    def is_run_by(self, device: DeviceConfiguration) -> bool:
        """See Misconfiguration."""
        return device.interface(self.link).igp_weight == self.weight

    def shown(self, before: NetworkConfiguration) -> str:
        """See Misconfiguration."""
        was = before.device(self.node).interface(self.link).igp_weight
        return f"{self.node} runs weight {self.weight} on {self.link}; it was {was}"

    def taken_back(
        self, running: NetworkConfiguration, before: NetworkConfiguration
    ) -> NetworkConfiguration:
        """See FaultKind."""
        if not self.is_run_by(running.device(self.node)):
            return running
        weight = before.device(self.node).interface(self.link).igp_weight
        return edited(running, self.node, self.link, igp_weight=weight)

    def wrong_interfaces(self) -> tuple[Interface, ...]:
        """See FaultKind."""
        return (Interface(node=self.node, link=self.link),)

    def is_put_right_by(self, action: "Action") -> bool:
        """See FaultKind."""
        return isinstance(action, SetIgpWeight) and (action.node, action.link) == (
            self.node,
            self.link,
        )

    @classmethod
    def read(cls, said: Mapping[str, str], topology: Topology) -> tuple[Self, ...]:
        """See PhrasedKind."""
        set_to = SetIgpWeight.read(said, topology)
        return tuple(cls(node=x.node, link=x.link, weight=x.weight) for x in set_to)

    def phrase(self) -> str:
        """See PhrasedKind."""
        return f"weight {self.link} from {self.node} {self.weight}"
