"""What may fail by itself, and how often: each link, device, shared-risk group, site, and whatever
else several of them have in common.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import assert_never

from twin.events.faults.device_down import DeviceDown
from twin.events.faults.fiber_cut import FiberCut
from twin.events.faults.link_down import LinkDown
from twin.events.faults.power_feed_loss import PowerFeedLoss
from twin.events.kinds import FaultKind
from twin.events.what_if import WhatIf
from twin.nouns.common_cause import CommonCause
from twin.nouns.rates import HOURS_A_YEAR, History, Rate, Rates, Work
from twin.nouns.topology import Topology


@dataclass(frozen=True, slots=True)
class Part:
    """What may fail of an element: `times` as often as `rate`, for `hours`. `kind`: what is known
    of one of a kind is known of all.
    """

    kind: str
    rate: Rate
    times: float
    hours: float

    @property
    def per_year(self) -> float:
        """Failures."""
        return self.times * self.rate.per_year


_FED = frozenset({"site", "power feed"})
"""Kinds of parts that a second feed helps against."""


@dataclass(frozen=True, slots=True)
class Element:
    """`event`: its failure, which that of any of its `parts` is. `links`: that are down then.
    `work`: that is planned on it, None for what no work takes down on purpose.
    """

    name: str
    event: WhatIf
    parts: tuple[Part, ...]
    links: frozenset[str]
    work: Work | None = None

    @property
    def faults(self) -> tuple[FaultKind, ...]:
        """What it fails by, where that is one fault."""
        alone = len(self.event) == 1
        return tuple(e for e in self.event if alone and isinstance(e, FaultKind))

    @property
    def per_year(self) -> float:
        """Failures."""
        return sum(part.per_year for part in self.parts)

    @property
    def hours(self) -> float:
        """Of one failure, in the mean."""
        return sum(part.per_year * part.hours for part in self.parts) / self.per_year

    @property
    def share_down(self) -> float:
        """Of all hours, those in which it has failed."""
        odds = self.per_year * self.hours / HOURS_A_YEAR
        return odds / (1.0 + odds)

    @property
    def is_fed(self) -> bool:
        """Whether it fails by its feed alone, so that a second one would help."""
        return all(part.kind in _FED for part in self.parts)

    def fed_twice(self) -> "Element":
        """The same with a second feed as good as the first, and independent of it: down only while
        both are, which is `share_down` squared of all hours.

        Of the hours in which one at least is up, 2 p / (1 + p) are with one down, by whose failure
        of the other it begins; either repair ends it, so that it lasts half as long.
        """
        begins = 2.0 * self.share_down / (1.0 + self.share_down)
        parts = tuple(
            replace(part, times=part.times * begins, hours=part.hours / 2.0) for part in self.parts
        )
        return replace(self, parts=parts)

    @property
    def share_in_work(self) -> float:
        """Of all hours, those in which planned work has it down."""
        return 0.0 if self.work is None else self.work.share


def elements_of(
    topology: Topology,
    rates: Rates,
    history: History | None = None,
    causes: Sequence[CommonCause] = (),
) -> tuple[Element, ...]:
    """In the order of the topology: links, devices, groups of several links, sites of several
    devices; then `causes`, of what is still built.

    What a link shares with others is counted at the group, and not at the link again. `history`:
    how often each has failed, which goes into how often it is expected to.
    """
    known = history or History()
    found = (
        *_links(topology, rates),
        *_devices(topology, rates),
        *_groups(topology, rates),
        *_sites(topology, rates),
        *_in_common(topology, rates, causes),
    )
    return tuple(_updated(element, known) for element in found)


def _updated(element: Element, history: History) -> Element:
    """With the mean of each rate as its own past makes it; the parts share what has failed."""
    failures = sum(history.failures.get(event.id, 0) for event in element.faults)
    if not failures and not history.years:
        return element
    shape = min(part.rate.shape for part in element.parts)
    before = Rate(per_year=element.per_year, shape=shape)
    factor = before.after(failures, history.years).per_year / before.per_year
    parts = tuple(replace(part, times=part.times * factor) for part in element.parts)
    return replace(element, parts=parts)


def _links(topology: Topology, rates: Rates) -> Iterator[Element]:
    shared: dict[str, float] = {}
    for group in topology.shared_risk_groups:
        for name in group.links:
            shared[name] = shared.get(name, 0.0) + group.shared_km
    for link in topology.links:
        own_km = max(0.0, link.length_km - shared.get(link.id, 0.0))
        cards = Part("line card", rates.line_card, 2.0, rates.line_card_hours)
        yield Element(
            name=f"link {link.id}",
            event=(LinkDown(link=link.id),),
            parts=(cards, _cable(rates, own_km)) if own_km else (cards,),
            links=frozenset({link.id}),
            work=rates.link_work,
        )


def _devices(topology: Topology, rates: Rates) -> Iterator[Element]:
    for node in topology.nodes:
        yield Element(
            name=f"device {node.id}",
            event=(DeviceDown(node=node.id),),
            parts=(Part("device", rates.device, 1.0, rates.device_hours),),
            links=frozenset(link.id for link in topology.links_at(node.id)),
            work=rates.device_work,
        )


def _groups(topology: Topology, rates: Rates) -> Iterator[Element]:
    for group in topology.shared_risk_groups:
        if len(group.links) > 1:
            km = group.shared_km or rates.given_group_km
            yield Element(
                name=f"group {group.id}",
                event=(FiberCut(duct=group.id, links=group.links),),
                parts=(_cable(rates, km),),
                links=frozenset(group.links),
            )


def _sites(topology: Topology, rates: Rates) -> Iterator[Element]:
    for site in topology.sites:
        if len(topology.nodes_at(site.id)) > 1:
            fault = PowerFeedLoss.at(topology, site.id)
            yield Element(
                name=f"site {site.id}",
                event=(fault,),
                parts=(Part("site", rates.site, 1.0, rates.site_hours),),
                links=frozenset(fault.links),
            )


def _in_common(
    topology: Topology, rates: Rates, causes: Sequence[CommonCause]
) -> Iterator[Element]:
    for cause in causes:
        left = cause.built(topology)
        if left is None:
            continue
        down = tuple(DeviceDown(node=node) for node in left.nodes)
        cut = (FiberCut(duct="", links=left.links),) if left.links else ()
        yield Element(
            name=cause.label,
            event=(*down, *cut),
            parts=(_shared_part(cause, rates),),
            links=left.links_down(topology),
        )


def _shared_part(cause: CommonCause, rates: Rates) -> Part:
    match cause.kind:
        case "duct":
            return _cable(rates, rates.given_group_km)
        case "power feed":
            return Part("power feed", rates.power_feed, 1.0, rates.power_feed_hours)
        case "software":
            return Part("software", rates.software, 1.0, rates.software_hours)
        case "contractor":
            return Part("contractor", rates.contractor, 1.0, rates.contractor_hours)
        case "place":
            return Part("place", rates.place, 1.0, rates.place_hours)
        case _:
            assert_never(cause.kind)


def _cable(rates: Rates, km: float) -> Part:
    return Part("cable", rates.cable_per_1000_km, km / 1000.0, rates.cable_hours)
