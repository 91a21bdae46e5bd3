"""What depends on what, who owns it and who is at risk, in words."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from agents.conversation.queries.dependencies import (
    SHOW_DEPENDENCIES,
    SHOW_NEXT_FAILURES,
    SHOW_SERVICE_IMPACT,
    DependenciesResult,
    Dependents,
    OneThing,
)
from agents.conversation.queries.topology import LIST_SERVICES, NoArguments, Served
from agents.playbook.conversation.grammar import Reading
from agents.playbook.conversation.looking_up import Asked
from agents.playbook.conversation.words import begun, joined, plain, services
from twin.nouns.counted import counted

_MOST_NAMES = 8
_MOST_SERVICES = 40

_KINDS = ("node", "link", "service", "customer", "group", "thing")

_PREFIX = {"node": "device", "link": "link", "service": "service", "customer": "customer",
           "group": "duct"}  # fmt: skip
"""The graph's words for what the grammar knows by another."""


def _looked_up(asked: Asked, reading: Reading) -> DependenciesResult:
    kind = next(k for k in _KINDS if k in reading.slots)
    name = reading.slots[kind]
    named = f"{_PREFIX[kind]} {name}" if kind in _PREFIX else name
    return asked.look_up(SHOW_DEPENDENCIES, OneThing(thing=named))


def _recorded(what: str) -> str:
    return f"The knowledge graph has {what} on record."


def _owner(asked: Asked, reading: Reading) -> str:
    known = _looked_up(asked, reading)
    repaired = f" {begun(known.contractor)} repairs it." if known.contractor else ""
    if not known.owners:
        return _recorded(f"no owner of {known.thing}") + repaired
    return f"{begun(known.thing)} is owned by {joined(known.owners)}.{repaired}"


def _dependents(asked: Asked, reading: Reading) -> str:
    known = _looked_up(asked, reading)
    return " ".join([_alone(known), *_routed(asked, reading)])


def _alone(known: DependenciesResult) -> str:
    said = [
        f"If {known.thing} fails alone, {_listed(known.cut_off) or 'nothing'} goes down with it"
    ]
    if known.at_risk:
        said.append(f"{_listed(known.at_risk)} is left without an alternative")
    return f"By the knowledge graph: {'; '.join(said)}."


def _routed(asked: Asked, reading: Reading) -> Iterator[str]:
    """Which services a link carries now, which is no dependency."""
    link = reading.slots.get("link")
    if link is None:
        return
    wanted = Served(
        service="", customer="", node="", over_link=link,
        traffic_class=reading.slots.get("class", ""),
    )  # fmt: skip
    found = asked.look_up(LIST_SERVICES, wanted)
    named = joined(services(found.services), _MOST_SERVICES, found.count)
    if not found.count:
        yield "As traffic is routed now, no service uses it."
        return
    number = counted(found.count, "service")
    yield f"As traffic is routed now, {number} may use it: {named}."


def _needs(asked: Asked, reading: Reading) -> str:
    known = _looked_up(asked, reading)
    if not known.needs:
        return _recorded(f"nothing that {known.thing} needs")
    return f"{begun(known.thing)} needs: {joined(known.needs, len(known.needs))}."


def _fates(asked: Asked, reading: Reading) -> str:
    known = _looked_up(asked, reading)
    if not known.shared_fate:
        return f"By the knowledge graph, {known.thing} shares a fate with nothing of its kind."
    shared = [
        f"{one.cause} takes it down together with {joined(one.others, _MOST_NAMES, one.count)}"
        for one in known.shared_fate
    ]
    return f"By the knowledge graph: {'; '.join(shared)}."


def _work_touches(asked: Asked, reading: Reading) -> str:
    known = _looked_up(asked, reading)
    if not known.touches:
        return _recorded(f"nothing that {known.thing} touches")
    said = [f"{begun(known.thing)} touches {joined(known.touches, len(known.touches))}"]
    said.append(f"while it lasts, {_listed(known.cut_off) or 'nothing'} is cut off")
    if known.at_risk:
        said.append(f"{_listed(known.at_risk)} is left without an alternative")
    return f"{'; '.join(said)}."


def _touched_by(asked: Asked, reading: Reading) -> str:
    known = _looked_up(asked, reading)
    if not known.touched_by:
        return _recorded(f"no planned work that touches {known.thing}")
    return f"{begun(known.thing)} is touched by {joined(known.touched_by)}."


def _listed(dependents: Sequence[Dependents]) -> str:
    return joined([f"{counted(d.count, plain(d.kind))} ({joined(d.names, _MOST_NAMES, d.count)})"
                   for d in dependents])  # fmt: skip


def _at_risk(asked: Asked, _: Reading) -> str:
    said = " ".join(depending(asked, at_risk=True))
    return said or "No open incident is on record, by whose cause the graph could tell who is hit."


def depending(asked: Asked, *, at_risk: bool) -> Iterator[str]:
    """Whom open incidents hit, by diagnosis, probes and knowledge graph; `at_risk`: and whom they
    may."""
    for one in asked.look_up(SHOW_SERVICE_IMPACT, NoArguments()).incidents:
        lines = (*one.hit, *one.at_risk) if at_risk else one.hit
        if lines:
            yield f"By {one.incident}, as of {one.as_of_utc}: {'; '.join(lines)}."


def _next(asked: Asked, _: Reading) -> str:
    told = [
        f"In {one.incident}, as of {one.as_of_utc}: {'; '.join(one.next)}."
        if one.next
        else f"In {one.incident}, as of {one.as_of_utc}: nothing is to be feared by itself."
        for one in asked.look_up(SHOW_NEXT_FAILURES, NoArguments()).incidents
    ]
    return " ".join(told) or "Of no open incident is it on record what is next."


DEPENDENCY_ANSWERS: Mapping[str, Callable[[Asked, Reading], str]] = {
    "owner": _owner,
    "dependents": _dependents,
    "needs": _needs,
    "fates": _fates,
    "work_touches": _work_touches,
    "touched_by": _touched_by,
    "at_risk": _at_risk,
    "next": _next,
}
"""By intent."""
