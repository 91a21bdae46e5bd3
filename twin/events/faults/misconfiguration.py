"""What all faults have in common that are in the configuration of devices."""

import math
from abc import abstractmethod
from typing import TYPE_CHECKING

from twin.events.actions.revert_to_intended import RevertToIntended
from twin.events.kinds import FaultKind, LiveNetwork
from twin.nouns.configuration import DeviceConfiguration, NetworkConfiguration
from twin.nouns.evidence import Evidence

if TYPE_CHECKING:
    from twin.events.action import Action
    from twin.nouns.observation import Observation
    from twin.nouns.state import NetworkState

CHANGE_UNEXPLAINED = 1e-5
"""Chance that a device runs what it did not before with nobody having misconfigured it (assumed).
"""


class Misconfiguration(FaultKind):
    """Devices run what nobody meant them to: reading them shows it, and no field can repair it."""

    in_configuration = True
    usual_hours = 2.0

    @abstractmethod
    def is_run_by(self, device: DeviceConfiguration) -> bool:
        """Whether one of its devices runs it."""

    @abstractmethod
    def shown(self, before: NetworkConfiguration) -> str:
        """What reading its devices shows, and what they ran `before`, in words."""

    def evidence(self, observation: "Observation", normal: "NetworkState") -> list[Evidence]:
        """See FaultKind."""
        now, before = observation.running, normal.running
        is_new = all(
            self.is_run_by(now.device(node)) and not self.is_run_by(before.device(node))
            for node in self.configured_nodes
        )
        ratio = -math.log(CHANGE_UNEXPLAINED)
        if is_new:
            return [Evidence(observation=self.shown(before), log_likelihood_ratio=ratio)]
        if any(observation.is_silent(node) for node in self.configured_nodes):
            return []
        text = f"{self.describe()}: that is not so, or was so before"
        return [Evidence(observation=text, log_likelihood_ratio=-ratio)]

    def is_over(self, live: LiveNetwork) -> bool:
        """See FaultKind."""
        return not any(self.is_run_by(live.running(node)) for node in self.configured_nodes)

    def circuits(self) -> frozenset[str]:
        """See FaultKind: the field finds nothing to repair."""
        return frozenset()

    def remedies(self) -> "tuple[Action, ...]":
        """See FaultKind."""
        return tuple(RevertToIntended(node=node) for node in self.configured_nodes)
