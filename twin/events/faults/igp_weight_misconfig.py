"""A device advertises another weight than the intended one."""

import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Literal, Self

from twin.errors import Ungrounded
from twin.events.actions.edits import edited
from twin.events.actions.revert_to_intended import RevertToIntended
from twin.events.actions.set_igp_weight import SetIgpWeight
from twin.events.kinds import Clues, FaultKind, LiveNetwork
from twin.nouns.configuration import MAX_IGP_WEIGHT, NetworkConfiguration
from twin.nouns.evidence import Evidence
from twin.nouns.topology import Interface, Topology

if TYPE_CHECKING:
    from twin.events.action import Action
    from twin.nouns.observation import Observation
    from twin.nouns.state import NetworkState

_CHANGE_UNEXPLAINED = 1e-5
"""Chance that a device runs another weight than before with nobody having misconfigured it
(assumed).
"""


class IgpWeightMisconfig(FaultKind):
    """`node` advertises `weight` on `link` in place of the intended one."""

    kind: Literal["igp_weight_misconfig"] = "igp_weight_misconfig"
    node: str
    link: str
    weight: int

    in_configuration = True

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

    def log_prior(self) -> float:
        """See FaultKind."""
        return math.log(0.15)

    def evidence(self, observation: "Observation", normal: "NetworkState") -> list[Evidence]:
        """See FaultKind."""
        runs = observation.running.device(self.node).interface(self.link).igp_weight
        before = normal.running.device(self.node).interface(self.link).igp_weight
        if runs == self.weight != before:
            ratio = -math.log(_CHANGE_UNEXPLAINED)
            text = f"{self.node} runs weight {runs} on {self.link}; it was {before}"
        else:
            ratio = math.log(_CHANGE_UNEXPLAINED)
            text = f"{self.node} runs weight {runs} on {self.link}, not {self.weight}"
        return [Evidence(observation=text, log_likelihood_ratio=ratio)]

    def taken_back(
        self, running: NetworkConfiguration, before: NetworkConfiguration
    ) -> NetworkConfiguration:
        """See FaultKind."""
        if running.device(self.node).interface(self.link).igp_weight != self.weight:
            return running
        weight = before.device(self.node).interface(self.link).igp_weight
        return edited(running, self.node, self.link, igp_weight=weight)

    def is_over(self, live: LiveNetwork) -> bool:
        """See FaultKind."""
        return live.running(self.node).interface(self.link).igp_weight != self.weight

    def circuits(self) -> frozenset[str]:
        """See FaultKind: the field cannot put a weight right."""
        return frozenset()

    def remedies(self) -> "tuple[Action, ...]":
        """See FaultKind."""
        return (RevertToIntended(node=self.node),)

    def wrong_interfaces(self) -> tuple[Interface, ...]:
        """See FaultKind."""
        return (Interface(node=self.node, link=self.link),)

    def is_put_right_by(self, action: "Action") -> bool:
        """See FaultKind."""
        return isinstance(action, SetIgpWeight) and (action.node, action.link) == (
            self.node,
            self.link,
        )
