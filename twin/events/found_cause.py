"""The cause of an incident as a person writes it down who has found it.

link A-B down; weight A-B 20    as what-ifs are written (`twin.events.phrases`)
traffic_spike@A                 a kind of fault and what it sits on, as diagnoses name it
traffic spike at A              the same in words
the linecard of A was broken    anything else that names a node, a link or a group
unknown                         nobody found it
"""

import re
from collections.abc import Callable
from typing import NamedTuple

from twin.errors import BadInput
from twin.events.actions.set_igp_weight import SetIgpWeight
from twin.events.fault import BY_KIND
from twin.events.faults.igp_weight_misconfig import IgpWeightMisconfig
from twin.events.kinds import FaultKind
from twin.events.names import find_group, find_link, find_node
from twin.events.phrases import read_what_if
from twin.events.what_if import Event
from twin.nouns.incident import EVERYWHERE
from twin.nouns.topology import Interface, Topology

UNKNOWN = "unknown"
"""Nobody found the cause."""


class FoundCause(NamedTuple):
    """`faults`: ids (kind@resource) of those of the catalogue. `resources`: what is named."""

    faults: tuple[str, ...]
    resources: tuple[str, ...]


def read_cause(text: str, topology: Topology) -> FoundCause:
    """What `text` says was the cause, nothing for "unknown".

    Raises:
        BadInput: it names nothing of the topology, or names what could be several things.
    """
    if text.strip().casefold() == UNKNOWN:
        return FoundCause((), ())
    try:
        events = read_what_if(text, topology)
    except BadInput as error:
        unread = error
    else:
        faults = [fault for event in events if (fault := _as_fault(event, topology))]
        if len(faults) == len(events):
            sits_on = dict.fromkeys(r for fault in faults for r in fault.resources)
            return FoundCause(tuple(fault.id for fault in faults), tuple(sits_on))
        unread = BadInput(f'"{text}" names nothing of {topology.name}')
    resources = _named(text, topology)
    if not resources:
        hint = f" ({unread})" if "did you mean" in str(unread) else ""
        raise BadInput(
            f'the cause "{text}" names no node, link or group of {topology.name}{hint}; write it '
            f'as "link A-B down", name what was broken, or write "{UNKNOWN}"'
        )
    return FoundCause(_of_catalogue(text, resources, topology), resources)


def _as_fault(event: Event, topology: Topology) -> FaultKind | None:
    match event:
        case SetIgpWeight():
            return IgpWeightMisconfig(node=event.node, link=event.link, weight=event.weight)
        case FaultKind():
            return event.complete(topology)
        case _:
            return None


def _of_catalogue(text: str, resources: tuple[str, ...], topology: Topology) -> tuple[str, ...]:
    """The id of the one fault whose kind is named beside what it may sit on."""
    said = " ".join(re.split(r"[\s_@]+", text.casefold()))
    named = [kind for kind in BY_KIND if kind.replace("_", " ") in said]
    # Who says "silent egress packet loss" does not mean "packet loss".
    kinds = [kind for kind in named if not any(kind in other != kind for other in named)]
    if len(kinds) != 1:
        return ()
    (kind,) = kinds
    fits = sorted(r for r in resources if _fits(BY_KIND[kind], r, topology))
    fields = BY_KIND[kind].model_fields
    if "links" in fields and "node" not in fields and fits:
        return (f"{kind}@{'+'.join(fits)}",)
    return tuple(f"{kind}@{resource}" for resource in fits)


def _fits(kind: type[FaultKind], resource: str, topology: Topology) -> bool:
    """Whether `resource` is what a fault of that kind sits on, by what it is made of."""
    fields = kind.model_fields
    if "link" in fields and "node" in fields:
        return Interface.named_by(resource) is not None
    if not fields.keys() & {"link", "links", "node", "target"}:
        return resource == EVERYWHERE
    on_links = ("link" in fields or "links" in fields) and not fields.keys() & {"node", "site"}
    return resource in (topology.link_index if on_links else topology.node_index)


_SHORT = 2
"""Words of so few letters are names only in their own capitals: "a spike at A" names one node."""


def _named(text: str, topology: Topology) -> tuple[str, ...]:
    """What is named in `text`, the longest names first; an egress as "node|link"."""
    finds: tuple[Callable[[str], str], ...] = (
        _everywhere,
        lambda name: _egress(name, topology),
        lambda name: find_link(topology, name).id,
        lambda name: find_node(topology, name).id,
        lambda name: find_group(topology, name).id,
    )
    words = re.sub(r"[@+&;]", " ", text).split()
    found: dict[str, None] = {}
    taken = [False] * len(words)
    for length in range(len(words), 0, -1):
        for begin in range(len(words) - length + 1):
            span = slice(begin, begin + length)
            if any(taken[span]):
                continue
            name = " ".join(words[span]).strip(",.:;!?()\"'")
            if len(name) <= _SHORT and name not in topology.node_index:
                continue
            if (resource := _first(finds, name)) is not None:
                found[resource] = None
                taken[span] = [True] * length
    return tuple(found)


def _first(finds: tuple[Callable[[str], str], ...], name: str) -> str | None:
    for find in finds:
        try:
            return find(name)
        except BadInput:
            continue
    return None


def _everywhere(name: str) -> str:
    if name != EVERYWHERE:
        raise BadInput(f'"{name}" is not "{EVERYWHERE}"')
    return name


def _egress(name: str, topology: Topology) -> str:
    egress = Interface.parse(name)
    node, link = find_node(topology, egress.node), find_link(topology, egress.link)
    link.other_end(node.id)
    return str(Interface(node=node.id, link=link.id))
