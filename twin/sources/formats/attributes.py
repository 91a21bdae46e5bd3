"""Graphs whose nodes and links carry attributes by name: what each name is taken for.

Names are compared without case, spaces and underscores. What looks like one that is read is named
in a remark, and so is what is left over: nothing that a source says is dropped in silence.

| of a node | read as |
|---|---|
| name, label | its name; else the id, if that is a word |
| pos; longitude and latitude (lon, lng, lat) | degrees, or kilometres on a plane |
| platform, role, management_address, hardware, software | texts, as in `Node` |

| of a link | read as |
|---|---|
| capacity, bandwidth, bw, speed, rate, also with a unit behind (speed_gbps) | capacity |
| LinkSpeedRaw | capacity, in bit/s |
| LinkSpeed with LinkSpeedUnits | capacity |
| dist, distance, length, also with km or m behind | length, in km |
| weight, metric, cost, igp_weight, igp_metric, ospf_cost, isis_metric | IGP weight |
| weight_back | of the interface at the far end; "unknown" where weight is not of both ends |
| members | circuits in the bundle |
| srlg, srlgs | the shared-risk groups that the link is in, one or a list |

| of the graph | read as |
|---|---|
| demands | {source: {target: value}}, or the same as JSON text |
| demand_unit, capacity_unit | the unit of numbers without one; demands may be "relative" |
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from itertools import islice
from typing import Any

from twin.errors import BadTopology
from twin.sources.formats.draft import Draft
from twin.sources.formats.json_text import json_value, kind
from twin.sources.formats.limits import MOST_BPS
from twin.sources.formats.quantities import (
    UNITS_BPS,
    likely_unit,
    number,
    rate,
    refuse_unlikely_capacities,
    unit_bps,
)
from twin.sources.parsed import ParsedNetwork

Attributes = Mapping[str, Any]

LONGEST_KM = 20_040.0
"""Half of the equator: two places are no farther apart."""

UNKNOWN = "unknown"
"""What stands for a weight that the source does not give, where another would be taken for it."""

LEAST_DEMAND_BPS = 1e6
"""Demands without a unit of which none reaches this are not meant in bit/s."""


MOST_UNREAD = 100
"""Keys that are not read and are named all the same."""


@dataclass(frozen=True, slots=True)
class AttributedGraph:
    """A graph as a parser gives it.

    `nodes`: (id, attributes). `lines`: (source, target, attributes), by ids. `directed`: as in
    `Draft`. `unit_key`: how the unit of capacities is said once for all in this format, with
    {unit}, as in "Gbit/s", or {key}, the name of a column that says it.
    """

    name: str
    nodes: Sequence[tuple[str, Attributes]]
    lines: Sequence[tuple[str, str, Attributes]]
    graph: Attributes = field(default_factory=dict)
    directed: bool | None = None
    unit_key: str = 'the graph\'s "capacity_unit": "{unit}"'
    remarks: tuple[str, ...] = ()


def network_of(source: AttributedGraph) -> ParsedNetwork:
    """The network that `source` describes.

    Raises:
        BadTopology: a value cannot be what its name says, a unit is unlikely, a node is unknown, or
            it is not one connected network.
    """
    draft = Draft(source.name, source.directed)
    for text in source.remarks:
        draft.remark(text)
    _add_nodes(draft, source)
    capacities = _capacities(draft, source)
    _add_lines(draft, source, capacities)
    _add_demands(draft, source, max((c for c in capacities if c is not None), default=None))
    return draft.finish()


def _plain(key: str) -> str:
    return re.sub(r"[\s_.-]", "", key).lower()


def _by_plain_name(attributes: Attributes) -> dict[str, tuple[str, Any]]:
    """(name as written, value) by the name without case and underscores; what is None is left."""
    return {_plain(str(k)): (str(k), v) for k, v in attributes.items() if v is not None}


# Nodes

_LABELS = ("name", "label")
_LONGITUDE, _LATITUDE = ("longitude", "lon", "lng"), ("latitude", "lat")
_TEXTS = {
    "platform": "platform",
    "role": "role",
    "managementaddress": "management_address",
    "hardware": "hardware",
    "software": "software",
    "softwareversion": "software",
}
_NODE_NAMES = {"id", "pos", *_LABELS, *_LONGITUDE, *_LATITUDE, *_TEXTS}
_NODE_WORDS = ("pos", "longitude", "latitude", "management_address", "platform")


def _add_nodes(draft: Draft, source: AttributedGraph) -> None:
    unread: Counter[str] = Counter()
    hyperedges = []
    for key, attributes in source.nodes:
        given = _by_plain_name(attributes)
        label = next((str(given[x][1]) for x in _LABELS if x in given and given[x][1] != ""), "")
        if label.isdigit() and "name" not in given:
            # What NetworkX writes as the label of a node that has only a number.
            label = ""
        called = label or key
        draft.add_node(
            key, label, position=_position(draft, given, called), **_texts(draft, given, called)
        )
        if given.pop("hyperedge", ("", 0))[1] in (1, True, "1", "true"):
            hyperedges.append(called)
        unread.update(written for name, (written, _) in given.items() if name not in _NODE_NAMES)
    if hyperedges:
        draft.remark(
            f"{len(hyperedges)} of the nodes stand for a link of more than two ends "
            f"({', '.join(hyperedges[:5])}); each is read as a node"
        )
    _remark_unread(draft, "node", unread, _NODE_WORDS)


def _position(
    draft: Draft, given: Mapping[str, tuple[str, Any]], node: str
) -> tuple[float, float] | None:
    what = f'position of node "{node}"'
    if "pos" in given:
        position = given["pos"][1]
        if not isinstance(position, list | tuple) or len(position) != 2:
            raise BadTopology(f'{draft.name}: "pos" of node "{node}" must be [longitude, latitude]')
        return number(position[0], what, draft.name), number(position[1], what, draft.name)
    x, y = (
        next((given[name][1] for name in names if name in given and given[name][1] != ""), None)
        for names in (_LONGITUDE, _LATITUDE)
    )
    if x is None or y is None:
        return None
    return number(x, what, draft.name), number(y, what, draft.name)


def _texts(draft: Draft, given: Mapping[str, tuple[str, Any]], node: str) -> dict[str, str]:
    found = {}
    for name, argument in _TEXTS.items():
        value = given.get(name, ("", ""))[1]
        if argument in found and not value:
            continue
        if not isinstance(value, str):
            raise BadTopology(
                f'{draft.name}: {argument} of node "{node}" must be a text, found {kind(value)}'
            )
        found[argument] = value
    return found


# Lines

_CAPACITY = re.compile(
    r"(?:link|line)?(?:capacity|bandwidth|bw|speed|rate)(?P<unit>raw|[kmgt]?b(?:it)?(?:/?s|ps)?|g)?"
)
_SPEED_UNIT = "linkspeedunits"
_LENGTH = re.compile(r"(?:link)?(?:dist|distance|length)(?:in)?(?P<unit>km|m)?")
_WEIGHTS = (
    "weight", "igpweight", "igpmetric", "igpcost", "ospfcost", "ospfmetric", "isismetric",
    "metric", "cost",
)  # fmt: skip
_WEIGHTS_BACK = ("weightback", "weightreverse", "reverseweight")
_GROUPS = ("srlg", "srlgs")
_LINE_NAMES = {
    "id", "key", "source", "target", "members", _SPEED_UNIT, *_WEIGHTS, *_WEIGHTS_BACK, *_GROUPS,
}  # fmt: skip
_LINE_WORDS = ("capacity", "bandwidth", "distance", "length", "weight", "metric", "members", "srlg")


def _capacities(draft: Draft, source: AttributedGraph) -> list[float | None]:
    """Capacity of each line in bit/s, None where it has none."""
    found: list[float | None] = []
    bare: list[int] = []
    names: Counter[str] = Counter()
    unclear: list[str] = []
    for position, (_, _, attributes) in enumerate(source.lines):
        given = _by_plain_name(attributes)
        label = _called(given, position)
        key = _capacity_key(given)
        value: float | None = None
        if key is not None:
            written, content = given[key]
            what = f'{written} of link "{label}"'
            names[written] += 1
            if key == "linkspeed" and _SPEED_UNIT in given:
                # Published maps have notes here (">1"), and say in LinkSpeedRaw what is known.
                try:
                    content = f"{content} {given[_SPEED_UNIT][1]}"
                    value, _ = rate(content, what, draft.name)
                except BadTopology:
                    unclear.append(str(content))
            else:
                value, has_unit = rate(content, what, draft.name)
                factor = _key_factor(key)
                if factor is not None and not has_unit:
                    value *= factor
                elif not has_unit:
                    bare.append(position)
        found.append(value)
    written = names.most_common(1)[0][0] if names else "capacity"
    _say_unit(draft, source, found, bare, written)
    for written in names:
        if _plain(written) not in ("capacity", "linkspeedraw", "linkspeed"):
            draft.remark(f'link key "{written}" is read as the capacity')
    if unclear:
        draft.remark(
            f"{len(unclear)} of the link speeds are not understood, and left out "
            f"({', '.join(dict.fromkeys(unclear[:5]))})"
        )
    return found


def _called(given: Mapping[str, tuple[str, Any]], position: int) -> str:
    return _label(given) or str(position + 1)


def _label(given: Mapping[str, tuple[str, Any]]) -> str:
    return str(given.get("id", given.get("key", ("", "")))[1])


def _capacity_key(given: Mapping[str, tuple[str, Any]]) -> str | None:
    keys = [name for name in given if _CAPACITY.fullmatch(name) and given[name][1] != ""]
    # What is in bit/s by its name stands before what has to be reckoned.
    return min(keys, key=lambda name: (not name.endswith("raw"), name != "capacity"), default=None)


def _key_factor(key: str) -> float | None:
    found = _CAPACITY.fullmatch(key)
    unit = found["unit"] if found is not None else None
    if unit is None:
        return None
    return 1.0 if unit == "raw" else unit_bps(unit)


def _say_unit(
    draft: Draft,
    source: AttributedGraph,
    found: list[float | None],
    bare: Sequence[int],
    written: str,
) -> None:
    """Bring the capacities at `bare`, which have no unit, into bit/s. `written`: their key."""
    unit = source.graph.get("capacity_unit")
    if unit is not None:
        factor = unit_bps(unit) if isinstance(unit, str) else None
        if factor is None:
            raise BadTopology(
                f'{draft.name}: capacity_unit is "{unit}", expected one of {", ".join(UNITS_BPS)}'
            )
        for position in bare:
            value = found[position]
            found[position] = None if value is None else value * factor
        return
    values = [value for position in bare if (value := found[position]) is not None]

    def say(unit: str) -> str:
        column = f"{written}_{unit.replace('bit/s', 'bps').lower()}"
        return source.unit_key.format(unit=unit, key=column)

    refuse_unlikely_capacities(values, draft.name, say)


def _add_lines(draft: Draft, source: AttributedGraph, capacities: Sequence[float | None]) -> None:
    unread: Counter[str] = Counter()
    groups: dict[str, list[str]] = defaultdict(list)
    for position, (start, end, attributes) in enumerate(source.lines):
        given = _by_plain_name(attributes)
        label = _called(given, position)
        # Ids of lines need not be unique, and groups have to find theirs.
        key = str(position + 1)
        for name in _GROUPS:
            for group in _listed(given.get(name, ("", None))[1]):
                groups[group].append(key)
        one_way = any(given.get(name, ("", ""))[1] == UNKNOWN for name in _WEIGHTS_BACK)
        draft.add_line(
            start,
            end,
            key=key,
            label=_label(given),
            capacity_bps=capacities[position],
            length_km=_length_km(draft, given, label),
            weight=_first(draft, given, _WEIGHTS, label),
            weight_back=None if one_way else _first(draft, given, _WEIGHTS_BACK, label),
            both_ways=not one_way,
            members=_members(draft, given, label),
        )
        used = _capacity_key(given)
        unread.update(
            written
            for name, (written, _) in given.items()
            if not (
                name in _LINE_NAMES
                or name == used
                or (name.startswith("linkspeed") and used)
                or _LENGTH.fullmatch(name)
            )
        )
    for group, members in groups.items():
        draft.add_group(group, members)
    _remark_unread(draft, "link", unread, _LINE_WORDS)


def _listed(value: object) -> list[str]:
    if value is None or value == "":
        return []
    items = value if isinstance(value, list | tuple) else str(value).split(",")
    return [str(item).strip() for item in items if str(item).strip()]


def _first(
    draft: Draft, given: Mapping[str, tuple[str, Any]], names: Iterable[str], label: str
) -> float | None:
    for name in names:
        if name in given and given[name][1] != "":
            written, value = given[name]
            return number(value, f'{written} of link "{label}"', draft.name)
    return None


def _members(draft: Draft, given: Mapping[str, tuple[str, Any]], label: str) -> int | None:
    value = _first(draft, given, ("members",), label)
    if value is not None and value % 1:
        raise BadTopology(
            f'{draft.name}: members of link "{label}" are {value:g}, expected a whole number'
        )
    return None if value is None else int(value)


def _length_km(draft: Draft, given: Mapping[str, tuple[str, Any]], label: str) -> float | None:
    for name, (written, value) in given.items():
        found = _LENGTH.fullmatch(name)
        if found is None or value == "":
            continue
        if isinstance(value, str):
            value = re.sub(r"\s*km$", "", value)
        length = number(value, f'"{written}" of link "{label}"', draft.name)
        length_km = length / 1000.0 if found["unit"] == "m" else length
        if length_km > LONGEST_KM:
            raise BadTopology(
                f'{draft.name}: "{written}" of link "{label}" is {length:g}, farther than any two '
                'places on earth in km; if it is in metres, call it "length_m"'
            )
        return length_km
    return None


def _remark_unread(draft: Draft, noun: str, unread: Counter[str], words: Sequence[str]) -> None:
    plain: list[str] = []
    for key in islice(unread, MOST_UNREAD):
        near = get_close_matches(_plain(key), [_plain(word) for word in words], n=1, cutoff=0.75)
        if near:
            meant = next(word for word in words if _plain(word) == near[0])
            draft.remark(f'{noun} key "{key}" is not read (did you mean "{meant}"?)')
        else:
            plain.append(key)
    if plain:
        draft.remark(f"{noun} keys that are not read: {', '.join(sorted(plain))}")
    if len(unread) > MOST_UNREAD:
        draft.remark(f"and {len(unread) - MOST_UNREAD:,} more {noun} keys that are not read")


# Demands


def _add_demands(draft: Draft, source: AttributedGraph, largest_bps: float | None) -> None:
    listed = source.graph.get("demands")
    if isinstance(listed, str) and listed.strip():
        listed = json_value(listed, f"{draft.name}: demands")
    if not listed:
        return
    unit = source.graph.get("demand_unit")
    found: list[tuple[str, str, float]] = []
    bare: list[float] = []
    for start, end, value in _listed_demands(draft, listed):
        amount, has_unit = rate(value, f'demand from "{start}" to "{end}"', draft.name)
        found.append((start, end, amount))
        if not has_unit and start != end:
            bare.append(amount)
    factor = _demand_factor(draft, unit, bare, largest_bps)
    draft.demands_are_in("relative" if factor is None else "bit/s")
    if factor not in (None, 1.0) and len(bare) < len([x for x in found if x[0] != x[1]]):
        raise BadTopology(
            f"{draft.name}: some demands have a unit of their own and some have not; write it with "
            "each or with none"
        )
    keys = _keys_by_name(source)
    for start, end, amount in found:
        draft.add_demand(
            keys.get(start, start),
            keys.get(end, end),
            amount * (1.0 if factor is None else factor),
        )


def _keys_by_name(source: AttributedGraph) -> dict[str, str]:
    """Ids of nodes by names that are no id and of one node only: demands may be by either."""
    ids = {key for key, _ in source.nodes}
    named: dict[str, dict[str, None]] = defaultdict(dict)
    for key, attributes in source.nodes:
        for _, value in (pair for x, pair in _by_plain_name(attributes).items() if x in _LABELS):
            named[str(value)][key] = None
    return {
        name: next(iter(found))
        for name, found in named.items()
        if len(found) == 1 and name not in ids
    }


def _listed_demands(draft: Draft, listed: object) -> Iterable[tuple[str, str, object]]:
    if not isinstance(listed, Mapping):
        raise BadTopology(f'{draft.name}: "demands" must be an object, found {kind(listed)}')
    for start, row in listed.items():
        if not isinstance(row, Mapping):
            raise BadTopology(
                f'{draft.name}: demands of "{start}" must be an object, found {kind(row)}'
            )
        for end, value in row.items():
            yield str(start), str(end), value


def _demand_factor(
    draft: Draft,
    unit: object,
    bare: Sequence[float],
    largest_bps: float | None,
) -> float | None:
    """What one of the bare demands is in bit/s, None where demands are relative."""
    if unit == "relative":
        return None
    if unit is not None:
        factor = unit_bps(unit) if isinstance(unit, str) else None
        if factor is None:
            raise BadTopology(
                f'{draft.name}: demand_unit is "{unit}", expected one of {", ".join(UNITS_BPS)} or '
                "relative"
            )
        return factor
    most = max(bare, default=LEAST_DEMAND_BPS)
    if most > MOST_BPS:
        raise BadTopology(
            f"{draft.name}: demands are up to {most:g} bit/s, more than all networks carry"
        )
    if most >= LEAST_DEMAND_BPS or most <= 0:
        return 1.0
    say = 'the graph\'s "demand_unit": "{}"'
    if largest_bps is not None:
        likely = likely_unit(most)
        raise BadTopology(
            f"{draft.name}: demands are up to {most:g} without a unit, which is too little for "
            f"bit/s on links of up to {largest_bps:g} bit/s; likely it is {likely}. Say it with "
            f"{say.format(likely)}, or {say.format('relative')} to have them scaled"
        )
    draft.remark(
        f"demands are up to {most:g} without a unit and are scaled; say the unit with "
        f"{say.format('Mbit/s')}"
    )
    return None
