"""What a detector is, and what it may see."""

from collections.abc import Collection, Mapping
from typing import Any, Protocol, TypeVar, get_args

from twin.errors import BadInput
from twin.nouns.alert import AlertRound
from twin.nouns.configuration import DeviceConfiguration, NetworkConfiguration
from twin.nouns.flow_mix import FlowMix
from twin.nouns.inventory import Inventory
from twin.nouns.telemetry import (
    AdjacencyEvent,
    ConfigurationEvent,
    FloatArray,
    FlowRound,
    ProbeRound,
)
from twin.nouns.topology import Topology
from twin.tracking.alarms import SymptomBook
from twin.tracking.alerts import AlertBook
from twin.tracking.altered_links import AlteredLinks
from twin.tracking.demand import DemandTracker
from twin.tracking.flapping import Moved
from twin.tracking.intake import Intake
from twin.tracking.losses import Losses
from twin.tracking.masking import BoolArray
from twin.tracking.rates import RateRound
from twin.tracking.services import ServiceWatch

Evidence = (
    RateRound
    | ProbeRound
    | FlowRound
    | AdjacencyEvent
    | ConfigurationEvent
    | NetworkConfiguration
    | AlertRound
)
"""What detectors are shown: telemetry once it is believed, counters once they are rates, the
running configuration whenever it was read, and what alerts say.
"""

EVIDENCE = get_args(Evidence)

E = TypeVar("E", contravariant=True)


class Belief(Protocol):
    """What is believed of the network, as far as detectors see it."""

    @property
    def inventory(self) -> Inventory:
        """What is on record."""
        ...

    @property
    def topology(self) -> Topology:
        """That of the inventory, with bundles as short as they were found to be."""
        ...

    @property
    def running(self) -> NetworkConfiguration:
        """The configuration as it was read last."""
        ...

    @property
    def baseline(self) -> NetworkConfiguration:
        """The configuration that is normal where nobody is at work."""
        ...

    @property
    def normal(self) -> NetworkConfiguration:
        """The configuration that is normal now: `baseline`, and what announced work explains."""
        ...

    def expected(self, device: DeviceConfiguration) -> DeviceConfiguration:
        """What is normal on a node that runs `device`, as far as announced work explains it now."""
        ...

    def reported(self, node: str) -> DeviceConfiguration | None:
        """What `node` ran when it last reported a commit; None if it could not be read then."""
        ...

    def is_switched_off(self, link: str) -> bool:
        """Whether an end of `link` was shut by the commit that it reported last."""
        ...

    def foretold(self, at_s: float) -> frozenset[str]:
        """Services that announced work is known to put in breach, and that may be going on then."""
        ...

    @property
    def now_s(self) -> float:
        """When the latest telemetry was received, Unix seconds."""
        ...

    @property
    def down_links(self) -> frozenset[str]:
        """Links over which at least one end has lost its adjacency."""
        ...

    @property
    def settled_s(self) -> float:
        """From when on rates are of one routing, Unix seconds."""
        ...

    @property
    def flapping(self) -> frozenset[str]:
        """Links whose adjacency is lost and comes back, again and again."""
        ...

    @property
    def steady_s(self) -> float:
        """As `settled_s`, for what no link that flaps moves."""
        ...

    def settled_of_egresses(self) -> FloatArray:
        """(n_arcs,) from when on the rates of each egress are of one routing, Unix seconds."""
        ...

    def moved_by_flaps(self) -> Moved:
        """Egresses and probes that links that flap move."""
        ...

    @property
    def losses(self) -> Losses:
        """What is sent and does not arrive."""
        ...

    @property
    def services(self) -> ServiceWatch:
        """Who misses the objective."""
        ...

    @property
    def demand(self) -> DemandTracker:
        """Who is expected to send how much."""
        ...

    def flow_mix(self, flows: FlowRound) -> FlowMix:
        """What the flows of a round are like, against what is usual."""
        ...

    @property
    def known_changes(self) -> Collection[str]:
        """Ids of changes of our own."""
        ...

    @property
    def changed_nodes(self) -> Mapping[str, float]:
        """When each node last committed a change, Unix seconds."""
        ...

    @property
    def book(self) -> SymptomBook:
        """Where alarms are raised and cleared."""
        ...

    @property
    def intake(self) -> Intake:
        """What each node sent of its own accord."""
        ...

    @property
    def links(self) -> AlteredLinks:
        """What was found of links, and is not on record."""
        ...

    @property
    def alerts(self) -> AlertBook:
        """What other monitoring systems say."""
        ...

    def sent_lately_bps(self) -> FloatArray:
        """(n_arcs,) bit/s that each egress sends now; NaN where nothing was read lately."""
        ...

    def queues(self) -> BoolArray:
        """(n_arcs,) whether an egress has a queue: it is nearly full, or drops."""
        ...

    def emptied(self) -> BoolArray:
        """(n_arcs,) whether an egress carries far less than usual: its traffic goes elsewhere."""
        ...


class Detector(Protocol[E]):
    """Raises and clears the alarms of one kind in the book of the belief that it was made with."""

    def look(self, evidence: E) -> None:
        """Judge what was taken in; the belief is up to date with it."""
        ...

    def dump(self) -> dict[str, Any]:
        """What is to outlive the process, JSON-able; it is made with it again."""
        ...


class DetectorClass(Protocol):
    """What makes a detector; its class is the usual one."""

    @property
    def name(self) -> str:
        """Under which the detector's state is kept; unique."""
        ...

    @property
    def watches(self) -> tuple[type, ...]:
        """The kinds of evidence that the detector looks at, of those in `Evidence`."""
        ...

    def __call__(self, belief: Belief, kept: Mapping[str, Any], /) -> Detector[Any]:
        """A detector; `kept` is what `dump` gave, empty where nothing was kept."""
        ...


def check(detector: DetectorClass, known: Collection[str]) -> None:
    """Raises BadInput where a detector has the name of another, or would be shown nothing."""
    if detector.name in known:
        raise BadInput(f'two detectors are called "{detector.name}"; rename one of them')
    for kind in detector.watches:
        if kind not in EVIDENCE:
            shown = ", ".join(sorted(e.__name__ for e in EVIDENCE))
            raise BadInput(
                f'detector "{detector.name}" watches {kind.__name__}, which is shown to none; '
                f"there is {shown}"
            )


def kept_states(kept: Mapping[str, Any]) -> Mapping[str, Mapping[str, Any]]:
    """By name; an earlier version kept the one that it had beside everything else."""
    before = {"configuration_change": {"settled_s": kept.get("settled_commit", {})}}
    states: Mapping[str, Mapping[str, Any]] = kept.get("detectors", before)
    return states
