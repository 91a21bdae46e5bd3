"""Traffic matrices that a person brings along, as CSV or JSON.

    source,target,bps,class          a header line, in any order; class is optional
    Kiel,Hamburg,2.5e9,business

    [{"source": "Kiel", "target": "Hamburg", "bps": 2.5e9, "class": "business"}]

Lines of the same pair and class add up. Without a class, a line is split as the world is: see
CLASS_SHARES; where the class is the last column, its comma may be left out too. Names are found as
`find_node` finds them.
"""

import csv
import io
import json
import math
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any

from twin.errors import BadInput
from twin.events.names import find_node
from twin.nouns.topology import Topology
from twin.nouns.traffic import TRAFFIC_CLASSES, Demand, TrafficClass, TrafficMatrix
from twin.sources.demands import CLASS_SHARES

COLUMNS = ("source", "target", "bps", "class")

MOST_BPS = 1e18
"""More than all networks of the world carry together: whoever writes it did not mean it."""


def read_traffic_matrix(text: str, name: str, topology: Topology) -> TrafficMatrix:
    """The matrix in `text`: JSON where it begins with a bracket, else CSV. `name`: of the source.

    Raises:
        BadInput: a column or field is missing or unknown, a node or class is not there, a rate is
            no number in 0..MOST_BPS, a node sends to itself, or nothing is sent at all. The text
            names the source, the line or entry, and what was expected.
    """
    rows = _json_rows(text, name) if text.lstrip()[:1] in ("[", "{") else _csv_rows(text, name)
    demands = [demand for where, row in rows for demand in _demands(row, where, topology)]
    if not any(demand.rate_bps > 0 for demand in demands):
        raise BadInput(f"{name}: no traffic in it; expected lines of {','.join(COLUMNS)}")
    return TrafficMatrix.from_demands((node.id for node in topology.nodes), demands)


def _csv_rows(text: str, name: str) -> Iterable[tuple[str, Mapping[str, Any]]]:
    reader = csv.DictReader(io.StringIO(text.lstrip("\ufeff")), skipinitialspace=True)
    _check_names(reader.fieldnames or (), f"{name}: the header")
    for row in reader:
        where = f"{name}, line {reader.line_num}"
        if None in row or any(row[name] is None for name in COLUMNS[:3]):
            raise BadInput(
                f"{where}: expected {len(reader.fieldnames or ())} fields, as the header"
            )
        yield where, row


def _json_rows(text: str, name: str) -> Iterable[tuple[str, Mapping[str, Any]]]:
    try:
        document = json.loads(text)
    except ValueError as exc:
        raise BadInput(f"{name}: not JSON ({exc})") from exc
    if not isinstance(document, list):
        raise BadInput(f'{name}: expected a list of objects with "source", "target" and "bps"')
    for position, row in enumerate(document):
        where = f"{name}, entry {position}"
        if not isinstance(row, dict):
            raise BadInput(f'{where}: expected an object with "source", "target" and "bps"')
        _check_names(row, where)
        yield where, row


def _check_names(names: Iterable[str], where: str) -> None:
    names = list(names)
    for given in names:
        if given not in COLUMNS:
            near = get_close_matches(str(given), COLUMNS, n=1)
            hint = f' (did you mean "{near[0]}"?)' if near else ""
            raise BadInput(f'{where} has "{given}"{hint}; expected {", ".join(COLUMNS)}')
    for needed in COLUMNS[:3]:
        if needed not in names:
            raise BadInput(f'{where} has no "{needed}"; expected {", ".join(COLUMNS)}')


def _demands(row: Mapping[str, Any], where: str, topology: Topology) -> Iterable[Demand]:
    try:
        source, target = (find_node(topology, str(row[end])).id for end in ("source", "target"))
    except BadInput as error:
        raise BadInput(f"{where}: {error}") from error
    if source == target:
        raise BadInput(f'{where}: "{source}" sends to itself')
    rate_bps = _rate_bps(row["bps"], where)
    if (given := row.get("class")) in (None, ""):
        shares = zip(TRAFFIC_CLASSES, CLASS_SHARES, strict=True)
    else:
        shares = zip((_class(given, where),), (1.0,), strict=True)
    for traffic_class, share in shares:
        yield Demand(
            source=source, target=target, traffic_class=traffic_class, rate_bps=share * rate_bps
        )


def _rate_bps(value: object, where: str) -> float:
    try:
        rate = float(str(value)) if not isinstance(value, bool) else math.nan
    except ValueError:
        rate = math.nan
    if not 0 <= rate <= MOST_BPS:
        raise BadInput(
            f'{where}: "bps" is "{value}", expected a number of bit/s in 0..{MOST_BPS:g}'
        )
    return rate


def _class(value: object, where: str) -> TrafficClass:
    try:
        return TrafficClass(str(value).strip())
    except ValueError:
        known = ", ".join(TRAFFIC_CLASSES)
        raise BadInput(f'{where}: "class" is "{value}", expected one of {known}') from None
