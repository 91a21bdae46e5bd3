"""What a thing needs and what goes down with it, in words for people and minds, and drawn."""

from collections.abc import Iterable, Iterator, Sequence

from twin.knowledge.causal import CausalGraph, Fall, Group, Impact
from twin.knowledge.facts import ThingKey
from twin.nouns.counted import counted

_LISTED = 12
"""So many names are written out; of more, the number."""


def causal_lines(graph: CausalGraph, thing: ThingKey) -> Iterator[str]:
    """Line by line, for one thing. Raises UnknownThing."""
    needs = list(need_lines(graph, thing))
    yield f"{_name(thing)}"
    yield "it needs:" if needs else "it needs nothing that is on record"
    yield from (f"  {need}" for need in needs)
    impact = graph.impact([thing])
    yield "with it go:" if impact.falls else "nothing goes down with it alone"
    yield from (f"  {_fall(fall)}" for fall in impact.falls)
    yield from impact_lines(impact)
    touched = len(graph.could_touch(thing))
    yield (
        f"{counted(touched, 'thing stands', 'things stand')} on it in some way (could "
        "touch, redundancy left aside)"
    )
    for one in graph.broken:
        if thing in (one.cause, one.effect):
            kept = ", kept as timed" if one.is_timed else ""
            yield (
                f"left out of a circle of {one.size}: {_name(one.cause)} -> {_name(one.effect)} "
                f"({one.kind}, {one.rule}{kept})"
            )


def need_lines(graph: CausalGraph, thing: ThingKey) -> Iterator[str]:
    """What a thing needs, a line for each group. Raises UnknownThing."""
    yield from (_need(graph, group) for group in graph.groups_of(thing))


def impact_lines(impact: Impact) -> Iterator[str]:
    """Which services, slices and customers are hit; nothing where none is."""
    for kind in ("service", "slice", "customer"):
        if hit := impact.of(kind):
            are = counted(len(hit), f"{kind} is", f"{kind}s are")
            what = "hit" if kind == "customer" else "cut off"
            yield f"{are} {what}: {_listed(hit)}"


def causal_dot(graph: CausalGraph, thing: ThingKey) -> Iterator[str]:
    """Graphviz: an arrow from each cause to its effect."""
    yield "digraph causes {"
    yield "  rankdir=LR;"
    for group in graph.groups_of(thing):
        for member in group.members:
            few = f", {group.enough} of {len(group.members)}" if len(group.members) > 1 else ""
            yield _arrow(graph.keys[member], thing, f"{group.mechanism}{few}")
    for fall in graph.impact([thing]).falls:
        for cause in fall.because:
            yield _arrow(cause, fall.thing, fall.mechanism)
    yield "}"


def _arrow(cause: ThingKey, effect: ThingKey, mechanism: str) -> str:
    return f"  {_quoted(_name(cause))} -> {_quoted(_name(effect))} [label={_quoted(mechanism)}];"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _need(graph: CausalGraph, group: Group) -> str:
    names = _listed([_name(graph.keys[member]) for member in group.members])
    many, enough = len(group.members), group.enough
    counted = "" if many == 1 else f"all {many} of " if enough == many else f"{enough} of {many}: "
    held = f" after {_span(group.hold_s)}" if group.hold_s else ""
    return f"{counted}{names}, or {group.mechanism}{held}"


def _fall(fall: Fall) -> str:
    when = f"after {_span(fall.at_s)}" if fall.at_s else "at once"
    because = _listed([_name(cause) for cause in fall.because])
    return f"{_name(fall.thing)} {when}: {fall.mechanism} ({because})"


def _name(thing: ThingKey) -> str:
    return f"{thing[0]} {thing[1]}"


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    return f"{', '.join(_first(names))}{more}"


def _first(names: Sequence[str]) -> Iterable[str]:
    return names[:_LISTED]


def _span(seconds: float) -> str:
    return f"{seconds / 3600:g} h" if seconds >= 3600 else f"{seconds:g} s"
