"""What every kind has to know of itself.

A kind is a noun, and its hooks are its methods. A hook that a new kind forgets is abstract, so that
mypy names it where the kind is made, and Python where it is listed in its registry.

The emulated network stands for reality. It uses the fields of these nouns and how actions edit
configurations, and none of what the twin computes with them.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, ClassVar, Literal, NamedTuple, Protocol, Self

from twin.errors import BadInput
from twin.nouns.base import Noun
from twin.nouns.configuration import DeviceConfiguration, NetworkConfiguration
from twin.nouns.evidence import Evidence
from twin.nouns.topology import Interface, Topology
from twin.nouns.traffic_class import TrafficClass

if TYPE_CHECKING:
    from twin.events.action import Action
    from twin.nouns.flow_mix import Expected, FlowMix
    from twin.nouns.incident import Symptom
    from twin.nouns.observation import Observation
    from twin.nouns.state import NetworkState
    from twin.nouns.telemetry import FloatArray


ALONG_THE_FIBRE = "measure towards the far end"
"""What the field does where nothing is known but which circuits are broken."""


Means = Literal["elements", "account", "flood"]
"""What somebody needs who wants a fault: hands on what is built, a way into devices, a flood."""


@dataclass(frozen=True, slots=True, eq=False)
class Clues:
    """What causes are proposed from.

    `before`: the configurations that ran before the incident. `shared_ducts`: ducts on
    record that hold at least two links that are down now, each with all links that run through it.
    `changed_under`: of interfaces ("node|link"), the announced work under whose id they were last
    changed.
    """

    topology: Topology
    before: NetworkConfiguration
    observation: "Observation"
    shared_ducts: Sequence[tuple[str, tuple[str, ...]]] = ()
    changed_under: Mapping[str, str] = field(default_factory=dict)


class LiveNetwork(Protocol):
    """What is known of the network now, by which a fault tells whether it is over."""

    @property
    def down_links(self) -> AbstractSet[str]:
        """Links whose adjacency is down."""
        ...

    def is_active(self, symptom_id: str) -> bool:
        """Whether the symptom "kind:resource" is seen."""
        ...

    def is_late(self, link: str) -> bool:
        """Whether `link` is believed to take longer than on record."""
        ...

    def up_for_s(self, link: str) -> float:
        """For how long the adjacency over `link` has been back, inf if it never came back."""
        ...

    def is_short(self, link: str) -> bool:
        """Whether the bundle `link` is believed to lack members, or an end of it drops."""
        ...

    def running(self, node: str) -> DeviceConfiguration:
        """What `node` runs, read now."""
        ...

    def drawn(self, node: str) -> float | None:
        """Traffic that `node` draws / expected, by the latest flow record; None without one."""
        ...


class EventKind(Noun, ABC):
    """Something that happens to a network, suffered or done."""

    kind: str

    @abstractmethod
    def describe(self) -> str:
        """The event as an operator would say it."""


class StateEvent(EventKind):
    """An event that says by itself what becomes of a state of the network."""

    @abstractmethod
    def after(self, state: "NetworkState") -> "NetworkState":
        """`state` after it, once routing has converged.

        Raises:
            UnknownNode, UnknownLink: it names what does not exist.
        """

    @abstractmethod
    def arcs(self, state: "NetworkState") -> Mapping[int, int | None]:
        """The arcs of `state` whose weight it changes, with the new weight; None: the arc fails.

        Raises:
            UnknownNode, UnknownLink: it names what does not exist.
        """

    def links_down(self, topology: Topology) -> frozenset[str]:
        """The links that it takes down, in both directions."""
        return frozenset()


class PhrasedKind(StateEvent):
    """An event that people write in what-ifs, as "link A-B down".

    `forms`: how it may be written, first as people are shown it. Words in capitals stand for what
    is named (`twin.events.phrases` knows which there are), the others for themselves and their
    synonyms; those in brackets may be left out. `changes_configuration`: whether it changes what
    devices are configured to do, and not what is up.
    """

    forms: ClassVar[tuple[str, ...]]
    changes_configuration: ClassVar[bool] = False

    @classmethod
    @abstractmethod
    def read(cls, said: Mapping[str, str], topology: Topology) -> tuple[Self, ...]:
        """The events that are meant. `said`: what stands for each capital word of the form.

        Raises:
            BadInput: what is named is not in the topology, could be several things there, or is out
                of range.
        """

    @abstractmethod
    def phrase(self) -> str:
        """The event in words that `read` takes back."""

    @abstractmethod
    def subject(self) -> tuple[str, ...]:
        """What it says something about: two events with one subject contradict each other."""

    def unsaid(self, what_if: "Collection[PhrasedKind]") -> str:
        """What `phrase` does not say: what people may take to change in `what_if` and does not, or
        not to change and does; as a sentence, else "".
        """
        return ""

    def bare(self) -> Self:
        """The event without what `phrase` leaves out, since it follows or nobody plans it."""
        return self


class BuildKind(PhrasedKind):
    """An event that changes what is built: capacities, links, nodes.

    What is built comes behind what was there, so that nodes, links and arcs keep their numbers.
    """

    @abstractmethod
    def built(self, topology: Topology) -> Topology:
        """`topology` with it. Raises UnknownNode, UnknownLink, BadInput."""

    @abstractmethod
    def assumed(self, state: "NetworkState") -> tuple[str, ...]:
        """What it takes for granted about what is built in `state`, in words."""

    def configured(self, running: NetworkConfiguration, built: Topology) -> NetworkConfiguration:
        """`running`, with what the devices of the topology `built` need for it."""
        return running

    def after(self, state: "NetworkState") -> "NetworkState":
        """See StateEvent. A new node sends nothing and gets nothing."""
        built = self.built(state.topology)
        return replace(
            state,
            topology=built,
            running=self.configured(state.running, built),
            traffic=state.traffic.with_nodes(node.id for node in built.nodes),
        )

    def arcs(self, state: "NetworkState") -> Mapping[int, int | None]:
        """Raises BadInput: what is built has no arcs in `state`."""
        raise BadInput(
            f'"{self.phrase()}" changes what is built, which no change of weights in '
            f"{state.topology.name} comes to; compare it, or build it first"
        )


class FaultKind(PhrasedKind):
    """A kind of fault that can be the cause of an incident.

    `in_configuration`: it is a change of what a device runs, so that reading the device shows it,
    the field cannot repair it, and an action can. `only_links_down`: it does nothing but take links
    down, its resources. `chance_before_repair`: of a further fault of this kind on one resource
    within the four hours of a repair (assumed); 0 where none is imagined. `usual_hours`: that it
    lasts where no rate says more (assumed). `means`: with which somebody brings it about on
    purpose, None where nobody is known to.
    """

    in_configuration: ClassVar[bool] = False
    only_links_down: ClassVar[bool] = False
    shows_under_load: ClassVar[bool] = False
    chance_before_repair: ClassVar[float] = 0.0
    means: ClassVar[Means | None] = None
    usual_hours: ClassVar[float] = 4.0

    @property
    @abstractmethod
    def resources(self) -> tuple[str, ...]:
        """What it sits on, sorted: link ids, nodes, "node|link", or EVERYWHERE."""

    @property
    def configured_nodes(self) -> tuple[str, ...]:
        """The devices in whose configuration it is."""
        if not self.in_configuration:
            return ()
        egresses = map(Interface.named_by, self.resources)
        return tuple(sorted({egress.node for egress in egresses if egress is not None}))

    def subject(self) -> tuple[str, ...]:
        """See PhrasedKind."""
        return (self.kind, *self.resources)

    def complete(self, topology: Topology) -> Self:
        """The fault with what follows from `topology`, which `bare` may leave out.

        Raises:
            UnknownNode, UnknownLink, UnknownSharedRiskGroup.
        """
        return self

    def concerned_links(self) -> tuple[str, ...]:
        """The links that it is about, to be shown to people."""
        egresses = map(Interface.named_by, self.resources)
        return tuple(sorted({egress.link for egress in egresses if egress is not None}))

    @property
    def id(self) -> str:
        """kind@resource[+resource...]: stable for one kind on the same resources."""
        return f"{self.kind}@{'+'.join(self.resources)}"

    def excludes(self, other: "FaultKind") -> bool:
        """Whether the two are never causes together: they speak for the same."""
        return not set(self.resources).isdisjoint(other.resources)

    @abstractmethod
    def check(self, topology: Topology, running: NetworkConfiguration) -> None:
        """Refuse what does not exist, and values that no such fault has.

        Raises:
            UnknownNode, UnknownLink, UnknownSharedRiskGroup, Ungrounded.
        """

    # As a cause

    @classmethod
    @abstractmethod
    def propose(cls, clues: Clues) -> Iterable[tuple[Self, str]]:
        """Faults of this kind that the clues suggest, each with the reason."""

    @abstractmethod
    def log_prior(self) -> float:
        """Log of how often it is the cause of an incident (assumed: no such count is public)."""

    @abstractmethod
    def evidence(self, observation: "Observation", normal: "NetworkState") -> list[Evidence]:
        """What of the observation speaks for or against it, besides adjacencies and loads."""

    def brings_about(self, symptom: "Symptom") -> bool:
        """Whether it shows itself so, besides at its resources and the links that it takes down."""
        return False

    def onsets(self, observation: "Observation") -> tuple[float, ...]:
        """When it began, where it began on its own: coincidences are improbable."""
        return ()

    @property
    def drops_at(self) -> tuple[Interface, ...]:
        """The egresses that drop because of it however empty they are, and count it."""
        return ()

    @property
    def dark_nodes(self) -> tuple[str, ...]:
        """The devices that say nothing any more because of it."""
        return ()

    @property
    def unsteady_links(self) -> frozenset[str]:
        """The links that come and go because of it, so that either may be seen."""
        return frozenset()

    def mixes(self, expected: "Expected", seen: "FlowMix", topology: Topology) -> "Expected":
        """What flows towards nodes are `expected` to be like, once it is counted in."""
        return expected

    # In force

    def as_measured(self, inbound_ratio: Callable[[str], float | None]) -> Self:
        """The fault as telemetry shows it now. `inbound_ratio`: traffic drawn by a node /
        expected.
        """
        return self

    def taken_back(
        self, running: NetworkConfiguration, before: NetworkConfiguration
    ) -> NetworkConfiguration:
        """`running` without the fault, where it is in the configuration and still runs."""
        return running

    # The way out

    @abstractmethod
    def is_over(self, live: LiveNetwork) -> bool:
        """Whether nothing is seen of it any more."""

    @abstractmethod
    def circuits(self) -> frozenset[str]:
        """Links on which the field has something to repair; none where it can do nothing."""

    def place(self) -> str:
        """Where the field should start, "" if that is not known."""
        return ""

    def work(self) -> str:
        """What the field does there, in words."""
        return ALONG_THE_FIBRE

    def repaired(self, state: "NetworkState") -> "NetworkState":
        """`state` once the field has repaired it."""
        return state

    def remedies(self) -> "tuple[Action, ...]":
        """Actions that it suggests by itself, besides what a search of the network finds."""
        return ()

    @property
    def limited_at(self) -> tuple[str, ...]:
        """Nodes towards which traffic is worth limiting where it enters, as long as it lasts."""
        return ()

    def needs_person(self) -> str:
        """Why nobody but a person may approve what is done about it, "" where others may."""
        return ""

    def wrong_interfaces(self) -> tuple[Interface, ...]:
        """The interfaces whose configuration is wrong."""
        return ()

    def is_put_right_by(self, action: "Action") -> bool:
        """Whether `action` removes the fault itself, so that nobody must take it back."""
        return False

    # What may fail next

    @classmethod
    @abstractmethod
    def conceivable(cls, state: "NetworkState") -> Iterable[Self]:
        """At each place of `state` where a planner would think of such a fault: one, or a few that
        differ in size (assumed).
        """

    @classmethod
    def imagined(cls, state: "NetworkState", drawn_bps: "FloatArray") -> Iterable[tuple[Self, str]]:
        """Further faults of this kind that may strike in `state`, each with why.

        `drawn_bps`: (n_nodes,), traffic that each node draws.
        """
        return ()


class ActionKind(EventKind):
    """A kind of change that can be made to the network.

    `lasting`: it puts the intended configuration in force, so that nobody must take it back.
    `move_sigma`: log standard deviation of the load of an egress that it moves whole, against the
    forecast and beyond what draws of the demand spread, before anything was observed on the network
    (measured in the emulated one).
    """

    lasting: ClassVar[bool] = False
    move_sigma: ClassVar[float] = 0.06

    @abstractmethod
    def short(self) -> str:
        """The action in a few words, for the axis of a drawing."""

    @abstractmethod
    def devices(self, topology: Topology) -> tuple[str, ...]:
        """The nodes whose configuration it changes, in the order in which to commit them."""

    @abstractmethod
    def check(self, topology: Topology) -> None:
        """Refuse what does not exist. Raises UnknownNode, UnknownLink, BadInput."""

    @abstractmethod
    def configured(
        self, running: NetworkConfiguration, intended: NetworkConfiguration, topology: Topology
    ) -> NetworkConfiguration:
        """The running configuration after it. Raises UnknownNode, UnknownLink."""

    @abstractmethod
    def inverse(self, running: NetworkConfiguration, topology: Topology) -> "tuple[Action, ...]":
        """What takes it back, given what was running before it; empty if it changes nothing.

        Raises:
            UnknownNode, UnknownLink: it names what does not exist.
        """

    def limit(self) -> "Limit | None":
        """What it leaves of an egress to a traffic class, None if it limits nothing."""
        return None

    def tried(self, topology: Topology) -> "Tried | None":
        """As what planners try it, None where they do not. Raises UnknownNode, UnknownLink."""
        return None


class Tried(NamedTuple):
    """`what` is done at `arc`; of a link the first of its arcs. `weight`: that is set."""

    arc: int
    what: Literal["weight", "drain", "undrain", "revert", "limit"]
    weight: int = 0


class Limit(Noun):
    """`rate_bps` of `link` are left to `traffic_class`."""

    link: str
    traffic_class: TrafficClass
    rate_bps: float
