"""Somebody has broken into a device and changed what it runs."""

import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, Self, get_args

from pydantic import Field

from twin.errors import BadInput, Ungrounded
from twin.events.faults.blackhole_route import BlackholeRoute
from twin.events.faults.igp_weight_misconfig import IgpWeightMisconfig
from twin.events.faults.misconfiguration import Misconfiguration
from twin.events.faults.policer_misconfig import PolicerMisconfig
from twin.events.faults.unannounced_drain import UnannouncedDrain
from twin.events.kinds import Clues, FaultKind
from twin.nouns.configuration import DeviceConfiguration, NetworkConfiguration
from twin.nouns.evidence import Evidence
from twin.nouns.topology import Interface, Topology

if TYPE_CHECKING:
    from twin.events.action import Action
    from twin.nouns.incident import Symptom
    from twin.nouns.observation import Observation
    from twin.nouns.state import NetworkState

AnyChange = IgpWeightMisconfig | UnannouncedDrain | PolicerMisconfig | BlackholeRoute

Change = Annotated[AnyChange, Field(discriminator="kind")]

_CHANGES: tuple[type[AnyChange], ...] = get_args(AnyChange)

MANY_FAILED, WIDE_SCAN = 3, 5.0
"""So many failed log-ins within half an hour, and so many times as many others reached as usual,
are more than healthy days have."""

_FAILED, _NONE_FAILED = 7.0, -1.0
_STRANGE, _NONE_STRANGE = 3.0, -1.5
_SCANS, _NO_SCAN = 7.0, -1.0
"""Nats: in half an hour a device has three failed log-ins, or a scan, less than once in a thousand
times, and somebody who travels logs in before a few changes in a hundred, on healthy days; of
breaches two thirds to four fifths show each of them (assumed)."""


class AccessBreach(Misconfiguration):
    """Whoever broke into `node` has made `change` there: not announced, and nobody's."""

    kind: Literal["access_breach"] = "access_breach"
    node: str
    change: Change

    means = "account"
    forms: ClassVar[tuple[str, ...]] = ("breach with CHANGE",)

    @property
    def resources(self) -> tuple[str, ...]:
        """The device."""
        return (self.node,)

    @property
    def configured_nodes(self) -> tuple[str, ...]:
        """See FaultKind."""
        return (self.node,)

    def excludes(self, other: FaultKind) -> bool:
        """See FaultKind: what else is wrong in its configuration came the same way."""
        return self.node in other.configured_nodes

    def describe(self) -> str:
        """See EventKind."""
        return f"somebody has broken into {self.node}: {self.change.describe()}"

    def check(self, topology: Topology, running: NetworkConfiguration) -> None:
        """See FaultKind."""
        self.change.check(topology, running)
        if self.change.configured_nodes != (self.node,):
            raise Ungrounded(f"who breaks into {self.node} changes what {self.node} runs")

    def after(self, state: "NetworkState") -> "NetworkState":
        """See StateEvent."""
        return self.change.after(state)

    def arcs(self, state: "NetworkState") -> Mapping[int, int | None]:
        """See StateEvent."""
        return self.change.arcs(state)

    def concerned_links(self) -> tuple[str, ...]:
        """See FaultKind."""
        return self.change.concerned_links()

    @classmethod
    def propose(cls, clues: Clues) -> Iterable[tuple[Self, str]]:
        """See FaultKind: a change is nobody's, and there are signs of a breach."""
        for kind in _CHANGES:
            for change, reason in kind.propose(clues):
                (node, *others) = change.configured_nodes
                said = _signs(clues.observation, node)
                if not others and any(weight > 0.0 for _, weight in said):
                    yield cls(node=node, change=change), f"{reason}; {said[0][0]}"

    @classmethod
    def conceivable(cls, state: "NetworkState") -> Iterable[Self]:
        """See FaultKind."""
        for link in state.topology.links:
            for node in (link.a, link.b):
                yield cls(node=node, change=UnannouncedDrain(link=link.id, nodes=(node,)))
        for route in BlackholeRoute.conceivable(state):
            yield cls(node=route.node, change=route)

    def log_prior(self) -> float:
        """See FaultKind."""
        return math.log(0.002)

    def evidence(self, observation: "Observation", normal: "NetworkState") -> list[Evidence]:
        """See FaultKind: what the device runs, and who came before."""
        return [
            *self.change.evidence(observation, normal),
            *(
                Evidence(observation=text, log_likelihood_ratio=weight)
                for text, weight in _signs(observation, self.node)
            ),
        ]

    def brings_about(self, symptom: "Symptom") -> bool:
        """See FaultKind: what the change brings about."""
        return symptom.resource in self.change.resources or self.change.brings_about(symptom)

    def is_run_by(self, device: DeviceConfiguration) -> bool:
        """See Misconfiguration."""
        return self.change.is_run_by(device)

    def shown(self, before: NetworkConfiguration) -> str:
        """See Misconfiguration."""
        return self.change.shown(before)

    def taken_back(
        self, running: NetworkConfiguration, before: NetworkConfiguration
    ) -> NetworkConfiguration:
        """See FaultKind."""
        return self.change.taken_back(running, before)

    def wrong_interfaces(self) -> tuple[Interface, ...]:
        """See FaultKind."""
        return self.change.wrong_interfaces()

    def is_put_right_by(self, action: "Action") -> bool:
        """See FaultKind."""
        return self.change.is_put_right_by(action)

    def needs_person(self) -> str:
        """See FaultKind: who holds a device may hold more than what it runs."""
        return f"somebody may have broken into {self.node}; security has to look at it first"

    @classmethod
    def read(cls, said: Mapping[str, str], topology: Topology) -> tuple[Self, ...]:
        """See PhrasedKind."""
        from twin.events.phrases import read_events  # which knows all kinds of what-ifs

        changes = read_events(said["CHANGE"], topology, _CHANGES)
        for change in changes:
            if len(change.configured_nodes) > 1:
                raise BadInput(f'"{change.phrase()}" is at both ends; a breach is at one of them')
        return tuple(cls(node=x.configured_nodes[0], change=x) for x in changes)

    def phrase(self) -> str:
        """See PhrasedKind."""
        return f"breach with {self.change.phrase()}"

    def bare(self) -> Self:
        """See PhrasedKind."""
        return self.model_copy(update={"change": self.change.bare()})


def _signs(observation: "Observation", node: str) -> list[tuple[str, float]]:
    """What log-ins and scans at `node` say for a breach, in words and nats."""
    signs = observation.access.get(node)
    if signs is None:
        return []
    failed, strange = signs.failed >= MANY_FAILED, bool(signs.strange)
    found = [
        (f"{signs.failed} log-ins to {node} failed", _FAILED if failed else _NONE_FAILED),
        (
            f"somebody logged in to {node} from {', '.join(signs.strange)}, where nobody did before"
            if strange
            else f"nobody logged in to {node} from an unknown network",
            _STRANGE if strange else _NONE_STRANGE,
        ),
    ]
    if math.isfinite(signs.scan):
        wide = signs.scan >= WIDE_SCAN
        text = f"an address behind {node} reached {signs.scan:.3g} times as many others as usual"
        found.append((text, _SCANS if wide else _NO_SCAN))
    return sorted(found, key=lambda one: -one[1])
