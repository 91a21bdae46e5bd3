"""What may strike a network, of every kind and at every place, for as long as it usually lasts."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal, get_args

import numpy as np

from twin.errors import BadInput
from twin.events.fault import FAULT, FAULT_KINDS, AnyFault
from twin.events.faults.fiber_cut import FiberCut
from twin.imagination.elements import Element
from twin.nouns.incident import EVERYWHERE
from twin.nouns.rates import Work
from twin.nouns.risk_scenario import AnySurge
from twin.nouns.state import NetworkState
from twin.nouns.topology import Interface, Topology
from twin.physics.compiled import FloatArray
from twin.whatif.engine import WhatIfEngine

Change = Literal["configuration", "demand", "failure", "quality"]
"""`failure`: links are down. `quality`: less arrives, or later, of what is sent over links that are
up.
"""

CHANGES: tuple[Change, ...] = get_args(Change)

_QUARTER_S = 900

_SURGES: tuple[type[AnySurge], ...] = get_args(AnySurge)


@dataclass(frozen=True, slots=True, eq=False)
class Strike:
    """`fault` lasts `lasts_s`. `load`: what passes what it hits, bit/s. `per_year`: how often an
    element fails so, 0 where none does. `work`: planned work that does the same. `changes`: what of
    the network.

    `place`: the link or node that it sits on, or all of them. `nodes`: that it touches. `near`:
    positions of strikes of its kind that touch one of these.
    """

    fault: AnyFault
    per_year: float
    lasts_s: int
    load: float
    work: Work | None
    changes: Change
    place: str
    nodes: frozenset[str]
    near: tuple[int, ...] = ()

    @property
    def share_in_work(self) -> float:
        """Of all hours, those of `work`."""
        return 0.0 if self.work is None else self.work.share

    @property
    def work_s(self) -> int:
        """How long `work` lasts, 0 where there is none."""
        return 0 if self.work is None else round(3600 * self.work.hours)


@dataclass(frozen=True, eq=False)
class Strikes:
    """All that may strike one network."""

    all: tuple[Strike, ...]

    def drawn(self, numbers: np.random.Generator, *, by_load: bool = False) -> int:
        """One of them: every kind as likely as another, and every place of it. `by_load`: half of
        them by the square of what passes and how long, whatever the kind, half of them of any kind
        and by the square of what passes.
        """
        if by_load and numbers.random() < 0.5:
            return drawn_by(self.exposures, range(len(self.all)), numbers)
        kind = [*self.by_load][int(numbers.integers(len(self.by_load)))]
        return self.of_kind(kind, numbers, by_load=by_load)

    def of_kind(self, kind: str, numbers: np.random.Generator, *, by_load: bool = False) -> int:
        """One of a kind."""
        at = self.by_load[kind]
        return drawn_by(self.loads, at, numbers) if by_load else at[int(numbers.integers(len(at)))]

    def like(self, fault: AnyFault, among: Sequence[int]) -> int:
        """Of these the first of its kind at its place. Raises BadInput: there is none."""
        for i in among:
            if self.all[i].fault.id == fault.id:
                return i
        raise BadInput(f'"{fault.phrase()}" is not among what is tried')

    @cached_property
    def loads(self) -> FloatArray:
        """What passes each."""
        return np.array([one.load for one in self.all])

    @cached_property
    def exposures(self) -> FloatArray:
        """What passes each, times how long it lasts."""
        return np.asarray(self.loads * np.array([one.lasts_s for one in self.all]))

    @cached_property
    def by_load(self) -> Mapping[str, tuple[int, ...]]:
        """Of each kind its positions, those that most passes first."""
        found = defaultdict[str, list[int]](list)
        for i in sorted(range(len(self.all)), key=lambda i: (-self.all[i].load, i)):
            found[self.all[i].fault.kind].append(i)
        return {kind: tuple(found[kind]) for kind in sorted(found)}

    @cached_property
    def surges(self) -> tuple[int, ...]:
        """Those that may be under way."""
        return tuple(i for i, one in enumerate(self.all) if isinstance(one.fault, _SURGES))

    @cached_property
    def works(self) -> tuple[int, ...]:
        """Those that planned work is like."""
        return tuple(i for i, one in enumerate(self.all) if one.share_in_work > 0.0)


def drawn_by(weights: FloatArray, among: Sequence[int], numbers: np.random.Generator) -> int:
    """One of `among`, by the square of its weight."""
    squares = weights[list(among)] ** 2
    ends = squares.cumsum()
    place = int(ends.searchsorted(numbers.random() * ends[-1], side="right"))
    return among[min(place, len(among) - 1)]


def strikes_of(
    state: NetworkState, elements: Sequence[Element], besides: Iterable[AnyFault] = ()
) -> Strikes:
    """Every fault that a planner would think of in `state`, whose demand is that of the peak, kind
    by kind in the order of the topology; then failures of `elements` that are none of these, and
    `besides`.
    """
    carried_bps = WhatIfEngine(state).loads([()])[0]
    failure = {_failure_of(element): element for element in elements}
    thought_of = (fault.bare() for kind in FAULT_KINDS for fault in kind.conceivable(state))
    found = []
    for fault in dict.fromkeys((*thought_of, *failure, *besides)):
        place, nodes, arcs = _where(fault, state.topology)
        element = failure.get(fault)
        hours = fault.usual_hours if element is None else element.hours
        found.append(
            Strike(
                fault=fault,
                per_year=0.0 if element is None else element.per_year,
                lasts_s=_QUARTER_S * max(1, round(4.0 * hours)),
                load=float(carried_bps[arcs].sum()),
                work=element.work if element else None,
                changes=_changed_by(fault, state),
                place=place,
                nodes=nodes,
            )
        )
    most = max((one.load for one in found if one.place != EVERYWHERE), default=0.0)
    # What is everywhere passes by nothing that could be worse than the worst place.
    capped = [replace(one, load=min(one.load, most)) for one in found]
    return Strikes(_with_near(capped))


def _failure_of(element: Element) -> AnyFault:
    """The fault that it fails by; where that is several, all of their links go down together."""
    if element.faults:
        return FAULT.validate_python(element.faults[0]).bare()
    return FiberCut(duct="", links=tuple(sorted(element.links)))


def _changed_by(fault: AnyFault, state: NetworkState) -> Change:
    after = fault.after(state)
    if after.down_links != state.down_links:
        return "failure"
    if after.running != state.running:
        return "configuration"
    return "quality" if after.traffic is state.traffic else "demand"


def _where(fault: AnyFault, topology: Topology) -> tuple[str, frozenset[str], list[int]]:
    """What it sits on, the nodes that it touches, and the arcs that it hits."""
    places, nodes, arcs = set[str](), set[str](), set[int]()
    for resource in fault.resources:
        egress = Interface.named_by(resource)
        if egress is not None:
            places.add(egress.link)
            arcs.add(topology.arc_of(egress))
            nodes |= {egress.node, topology.link(egress.link).other_end(egress.node)}
            continue
        places.add(resource)
        if resource in topology.node_index:
            links = topology.links_at(resource)
            nodes.add(resource)
        else:
            links = topology.links if resource == EVERYWHERE else (topology.link(resource),)
            nodes |= {end for link in links for end in (link.a, link.b)}
        arcs |= {2 * topology.link_index[link.id] + way for link in links for way in (0, 1)}
    return "+".join(sorted(places)), frozenset(nodes), sorted(arcs)


def _with_near(strikes: Sequence[Strike]) -> tuple[Strike, ...]:
    at = defaultdict[tuple[str, str], set[int]](set)
    for i, one in enumerate(strikes):
        for node in one.nodes:
            at[one.fault.kind, node].add(i)
    return tuple(
        replace(
            one, near=tuple(sorted({j for n in one.nodes for j in at[one.fault.kind, n]} - {i}))
        )
        for i, one in enumerate(strikes)
    )
