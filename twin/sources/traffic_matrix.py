"""Traffic that a person brings along, for a network that is there already.

    source,target,bps,class          a header line, in any order; class is optional
    Kiel,Hamburg,2.5e9,business

    [{"source": "Kiel", "target": "Hamburg", "bps": 2.5e9, "class": "business"}]

    DEMANDS 1                        REPETITA's .demands; the numbers count the nodes of the network
    label src dest bw
    demand_0 0 1 2500000

and a demand matrix of SNDlib, native or XML, which says its unit.

The column of rates may be called by a unit (gbps, demand_mbps, "traffic (Gbit/s)"), and a rate may
have one of its own (2.5G). Lines of the same pair and class add up. Without a class, a line is
split as the world is: see CLASS_SHARES; where the class is the last column, its comma may be left
out too. Names are found as `find_node` finds them.
"""

import csv
import io
import math
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Any

import numpy as np

from twin.errors import BadInput
from twin.events.names import find_node_id
from twin.nouns.topology import Topology
from twin.nouns.traffic import TRAFFIC_CLASSES, TrafficClass, TrafficMatrix
from twin.sources.demands import CLASS_SHARES
from twin.sources.formats.edge_list import ENDS, plain_title, separator_of
from twin.sources.formats.json_text import forget, json_value
from twin.sources.formats.limits import MOST_BPS, refuse_many_lines
from twin.sources.formats.quantities import rate, unit_bps
from twin.sources.formats.repetita import recognises_repetita_demands, repetita_demands
from twin.sources.formats.sndlib_native import recognises_sndlib_native, sndlib_native_instance
from twin.sources.formats.sndlib_xml import recognises_sndlib_xml, sndlib_xml_instance
from twin.sources.parsed import ParsedNetwork

COLUMNS = ("source", "target", "bps", "class")

MOST_ROWS = 100_000
"""Rows beyond one for each class and pair of nodes."""

RATE_COLUMNS = ("demand", "traffic", "rate", "volume", "load", "value", "bandwidth", "bw", "flow")
"""What the column of rates may be called besides, where a unit stands behind."""


def read_traffic_matrix(text: str, name: str, topology: Topology) -> TrafficMatrix:
    """The matrix in `text`, whose form is recognised by its content. `name`: of the source.

    Raises:
        BadInput: a column or field is missing or unknown, a node or class is not there, a rate is
            no number in 0..MOST_BPS, a node sends to itself, or nothing is sent at all. The text
            names the source, the line or entry, and what was expected.
    """
    index = topology.node_index
    rates = np.zeros((len(TRAFFIC_CLASSES), len(index), len(index)))
    for listed in _listed(text, name, tuple(index), topology.name):
        place = index[listed.source], index[listed.target]
        if listed.traffic_class is None:
            rates[:, *place] += np.multiply(CLASS_SHARES, listed.rate_bps)
        else:
            rates[TRAFFIC_CLASSES.index(listed.traffic_class), *place] += listed.rate_bps
    return TrafficMatrix(tuple(index), rates)


def with_demands(network: ParsedNetwork, text: str, name: str) -> ParsedNetwork:
    """`network` with the demands in `text` in the place of its own; classes add up.

    Raises BadInput, as `read_traffic_matrix` does.
    """
    nodes = tuple(node.id for node in network.nodes)
    demands: dict[tuple[str, str], float] = {}
    classes = False
    for listed in _listed(text, name, nodes, network.name):
        pair = listed.source, listed.target
        demands[pair] = demands.get(pair, 0.0) + listed.rate_bps
        classes |= listed.traffic_class is not None
    remarks = list(network.remarks)
    if network.demands:
        remarks.append(f"its own demands are replaced by those in {name}")
    if classes:
        remarks.append(f"the classes in {name} are not kept; each demand is split as assumed")
    return replace(
        network,
        demands=tuple((*pair, rate) for pair, rate in demands.items()),
        demand_unit="bit/s",
        remarks=tuple(remarks),
    )


@dataclass(frozen=True, slots=True)
class _Listed:
    """One line. `traffic_class`: None where it does not say."""

    source: str
    target: str
    rate_bps: float
    traffic_class: TrafficClass | None


_Row = tuple[str, Mapping[str, Any]]
"""Where it stands, for errors, and its fields by COLUMNS."""


def _listed(text: str, name: str, nodes: Sequence[str], network: str) -> Iterator[_Listed]:
    text = text.removeprefix("\ufeff")
    refuse_many_lines(text, name)
    meant: dict[str, str] = {}
    any_traffic = False
    most = MOST_ROWS + len(TRAFFIC_CLASSES) * len(nodes) ** 2
    for count, (where, row) in enumerate(_rows(text, name, nodes), start=1):
        if count > most:
            raise BadInput(
                f"{name}: it lists more than {most:,} demands for {len(nodes)} nodes; add up those "
                "of the same pair"
            )
        try:
            source, target = (_node(str(row[end]), nodes, network, meant) for end in COLUMNS[:2])
        except BadInput as error:
            raise BadInput(f"{where}: {error}") from error
        if source == target:
            raise BadInput(f'{where}: "{source}" sends to itself')
        rate_bps = _rate_bps(row["bps"], where)
        any_traffic |= rate_bps > 0
        given = row.get("class")
        yield _Listed(
            source, target, rate_bps, None if given in (None, "") else _class(given, where)
        )
    if not any_traffic:
        raise BadInput(f"{name}: no traffic in it; expected lines of {','.join(COLUMNS)}")


def _rows(text: str, name: str, nodes: Sequence[str]) -> Iterable[_Row]:
    if recognises_repetita_demands(text):
        return _repetita_rows(text, name, nodes)
    for recognises, instance in (
        (recognises_sndlib_native, sndlib_native_instance),
        (recognises_sndlib_xml, sndlib_xml_instance),
    ):
        if recognises(text):
            found = instance(text, name)
            if found.unit_bps is None:
                raise BadInput(
                    f"{name}: it does not say the unit of its demands; "
                    '"unit = MBITPERSEC" in its META section would'
                )
            factor = found.unit_bps
            return (
                (f"{name}, demand {i}", {"source": a, "target": b, "bps": value * factor})
                for i, (a, b, value) in enumerate(found.demands, start=1)
            )
    return _json_rows(text, name) if text.lstrip()[:1] in ("[", "{") else _csv_rows(text, name)


def _repetita_rows(text: str, name: str, nodes: Sequence[str]) -> Iterable[_Row]:
    for line, *ends, rate_bps in repetita_demands(text, name):
        where = f"{name}, line {line}"
        for end in ends:
            if not end.isascii() or not end.isdigit() or len(end) > 9 or int(end) >= len(nodes):
                raise BadInput(
                    f'{where}: "{end:.40}" is no number of a node; they count from 0 to '
                    f"{len(nodes) - 1}, in the order of the network"
                )
        source, target = (nodes[int(end)] for end in ends)
        yield where, {"source": source, "target": target, "bps": rate_bps}


def _csv_rows(text: str, name: str) -> Iterable[_Row]:
    reader = csv.reader(
        io.StringIO(text, newline=None), delimiter=separator_of(text), skipinitialspace=True
    )
    try:
        titles = next((row for row in reader if any(map(str.strip, row))), [])
        columns, factor = _columns(titles, f"{name}: the header")
        for row in reader:
            where = f"{name}, line {reader.line_num}"
            if not any(map(str.strip, row)):
                continue
            fields = {key: row[at].strip() for key, at in columns.items() if at < len(row)}
            if len(row) > len(titles) or not fields.keys() >= set(COLUMNS[:3]):
                raise BadInput(f"{where}: expected {len(titles)} fields, as the header")
            yield where, {**fields, "bps": _scaled(fields["bps"], factor)}
    except csv.Error as exc:
        raise BadInput(f"{name}, line {reader.line_num}: not CSV ({exc})") from exc


def _scaled(field: str, factor: float) -> float | str:
    """A number times the unit of its column; a text with a unit of its own as it is."""
    try:
        return float(field) * factor if factor != 1.0 else field
    except ValueError:
        return field


def _columns(titles: Sequence[str], where: str) -> tuple[dict[str, int], float]:
    """Position of each of COLUMNS, and the unit of the rates in bit/s."""
    columns: dict[str, int] = {}
    factor = 1.0
    for at, title in enumerate(titles):
        plain = plain_title(title)
        noun = next((noun for noun in RATE_COLUMNS if plain.startswith(noun)), "")
        unit = unit_bps(plain.removeprefix(noun))
        key = next((end for end in COLUMNS[:2] if plain in ENDS[end]), plain)
        if key not in COLUMNS and unit is not None:
            key, factor = "bps", unit
        elif key in RATE_COLUMNS:
            raise BadInput(
                f'{where} has "{title}" without a unit; call it {key}_mbps, {key}_gbps or bps'
            )
        elif key not in COLUMNS:
            key = title.strip()
        columns.setdefault(key, at)
    _check_names(columns, where)
    return columns, factor


def _json_rows(text: str, name: str) -> Iterable[_Row]:
    document = json_value(text, name)
    forget()
    if not isinstance(document, list):
        raise BadInput(f'{name}: expected a list of objects with "source", "target" and "bps"')
    for position, row in enumerate(document, start=1):
        where = f"{name}, entry {position}"
        if not isinstance(row, dict):
            raise BadInput(f'{where}: expected an object with "source", "target" and "bps"')
        _check_names(row, where)
        yield where, row


def _check_names(names: Collection[str], where: str) -> None:
    for given in names:
        if given not in COLUMNS:
            near = get_close_matches(str(given), COLUMNS, n=1)
            hint = f' (did you mean "{near[0]}"?)' if near else ""
            raise BadInput(f'{where} has "{given}"{hint}; expected {", ".join(COLUMNS)}')
    for needed in COLUMNS[:3]:
        if needed not in names:
            raise BadInput(f'{where} has no "{needed}"; expected {", ".join(COLUMNS)}')


def _node(text: str, nodes: Sequence[str], network: str, meant: dict[str, str]) -> str:
    # A full matrix names each node twice per node, and finding a name looks at all of them.
    if text not in meant:
        meant[text] = find_node_id(text, nodes, network)
    return meant[text]


def _rate_bps(value: object, where: str) -> float:
    found = math.nan
    if isinstance(value, str | int | float) and not isinstance(value, bool):
        with suppress(BadInput):
            found, _ = rate(value, "bps", where)
    if not 0 <= found <= MOST_BPS:
        raise BadInput(
            f'{where}: "bps" is "{value}", expected a number of bit/s in 0..{MOST_BPS:g}, or with '
            "a unit, such as 2.5 Gbit/s"
        )
    return found


def _class(value: object, where: str) -> TrafficClass:
    try:
        return TrafficClass(str(value).strip())
    except ValueError:
        known = ", ".join(TRAFFIC_CLASSES)
        raise BadInput(f'{where}: "class" is "{value}", expected one of {known}') from None
