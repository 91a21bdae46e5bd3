"""Causes that tickets hint at: what each tells, put together, without what is on record."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from twin.imagination.recorded_causes import recorded_causes
from twin.nouns.common_cause import CauseKind, CommonCause, Hint
from twin.nouns.principal import visible
from twin.nouns.topology import Topology

_ONE_EVENT_S = 86_400.0
"""Feeds and contractors bear the same name in many places: what they have in common is one night
(assumed). A duct, a bridge or a version is the same in any year."""

_OF_ONE_NIGHT: tuple[CauseKind, ...] = ("power feed", "contractor")


@dataclass(frozen=True, slots=True)
class Hinted:
    """What one ticket tells: that `nodes` and `links` failed by something of `kind`. `shared`: what
    the ticket calls that, "" where it has no name. `at_s`: of the ticket.
    """

    kind: CauseKind
    shared: str
    nodes: tuple[str, ...]
    links: tuple[str, ...]
    hint: Hint
    at_s: float


@dataclass(frozen=True, slots=True)
class HintedCauses:
    """`proposed`: on no record. `on_record`: of which `proposed` would only repeat a group, a site
    or a version that is known.
    """

    proposed: tuple[CommonCause, ...]
    on_record: tuple[CommonCause, ...]


def hinted_causes(topology: Topology, hinted: Iterable[Hinted]) -> HintedCauses:
    """What several things share by `hinted`: those of one ticket, and those that tickets say failed
    by what they call the same. Of less than two things nothing is shared.
    """
    found: dict[str, CommonCause] = {}
    for together in _by_name(sorted(hinted, key=lambda one: one.at_s)):
        cause = _cause(together)
        if cause is not None:
            before = found.get(cause.id)
            found[cause.id] = before.hinted(cause.hints) if before else cause
    known = {cause.id for cause in found.values() if _is_on_record(cause, topology)}
    return HintedCauses(
        proposed=tuple(_within_none(c for c in found.values() if c.id not in known)),
        on_record=tuple(cause for cause in found.values() if cause.id in known),
    )


def _by_name(hinted: Iterable[Hinted]) -> Iterator[list[Hinted]]:
    """Those together that fail by what is called the same."""
    named: dict[str, list[list[Hinted]]] = {}
    for one in hinted:
        name = visible(one.shared)
        if not name:
            yield [one]
            continue
        groups = named.setdefault(name, [])
        last = groups[-1] if groups else []
        if not last or (one.kind in _OF_ONE_NIGHT and one.at_s > last[-1].at_s + _ONE_EVENT_S):
            groups.append([one])
        else:
            last.append(one)
    for groups in named.values():
        yield from groups


def _cause(together: Sequence[Hinted]) -> CommonCause | None:
    [(kind, _)] = Counter(one.kind for one in together).most_common(1)
    nodes = tuple(dict.fromkeys(node for one in together for node in one.nodes))
    links = tuple(dict.fromkeys(link for one in together for link in one.links))
    if len(nodes) + len(links) < 2:
        return None
    hints = tuple(dict.fromkeys(one.hint for one in together))
    called = next((one.shared.strip() for one in together if one.shared.strip()), "")
    return CommonCause(kind=kind, called=called, nodes=nodes, links=links).hinted(hints)


def _within_none(causes: Iterable[CommonCause]) -> Iterator[CommonCause]:
    """Without those that are part of another one of their kind, which gets what hints at them."""
    kept = list[CommonCause]()
    for cause in sorted(causes, key=lambda cause: -len(cause.nodes) - len(cause.links)):
        i = next((i for i, wider in enumerate(kept) if _is_within(cause, wider)), None)
        if i is None:
            kept.append(cause)
        else:
            kept[i] = kept[i].hinted(cause.hints)
    yield from kept


def _is_within(cause: CommonCause, wider: CommonCause) -> bool:
    return (
        cause.kind == wider.kind
        and set(cause.nodes) <= set(wider.nodes)
        and set(cause.links) <= set(wider.links)
    )


def _is_on_record(cause: CommonCause, topology: Topology) -> bool:
    """Whether a group, a site or a version of software has all of it."""
    nodes, links = set(cause.nodes), set(cause.links)
    if not nodes:
        return any(links <= set(group.links) for group in topology.shared_risk_groups)
    if links:
        return False
    if cause.kind == "software":
        return any(nodes <= set(known.nodes) for known in recorded_causes(topology))
    return len({topology.node(node).site for node in nodes}) == 1
