"""A list of links as CSV: one link a line, under a header.

    source,target,capacity_gbps,weight
    Oslo,Bergen,100,10

The two ends are found by the names that people give their columns (ENDS); the other columns are
attributes of a link by their names, as in `attributes`. Fields are separated by commas, semicolons,
tabs or bars, whichever the header has most of.

Where every link stands once in each direction, the two lines are one link with a weight at each
end.

Sources of headers that are known: Gephi (Source, Target, Type, Id, Weight), Neo4j (:START_ID,
:END_ID), SuzieQ's LLDP table (hostname, peerHostname).
"""

import csv
import io
import re
from collections.abc import Mapping, Sequence

from twin.errors import BadTopology
from twin.sources.formats.attributes import AttributedGraph, network_of
from twin.sources.formats.format import Format
from twin.sources.formats.limits import MOST_LINES, MOST_VALUES, refuse_many
from twin.sources.parsed import ParsedNetwork

ENDS: Mapping[str, frozenset[str]] = {
    "source": frozenset({
        "source", "src", "from", "a", "nodea", "anode", "node1", "aend", "enda", "sourcenode",
        "srcnode", "fromnode", "startid", "u", "localnode", "localdevice", "localhost", "devicea",
        "adevice", "routera", "sitea", "hostname", "node", "device", "router", "sourceid",
    }),
    "target": frozenset({
        "target", "tgt", "to", "b", "z", "dst", "dest", "destination", "nodeb", "bnode", "nodez",
        "znode", "node2", "bend", "zend", "endb", "endz", "targetnode", "destnode", "dstnode",
        "destinationnode", "tonode", "endid", "v", "remotenode", "remotedevice", "remotehost",
        "deviceb", "bdevice", "devicez", "routerb", "siteb", "sitez", "peer", "peerhostname",
        "neighbor", "neighbour", "targetid",
    }),
}  # fmt: skip
"""What the columns of the two ends may be called, in small letters without spaces and marks."""

SYNONYMS: Mapping[str, str] = {
    "link": "id", "linkid": "id", "linkname": "id", "circuit": "id", "circuitid": "id",
    "conduit": "srlg", "duct": "srlg", "sharedriskgroup": "srlg",
}  # fmt: skip
"""Names of columns that `attributes` knows by another name."""

TRAFFIC = re.compile(r"(?:demand|traffic|volume|load|flow)?(?:[kmgt]?(?:bit/s|bps|bit))?")
"""Names of columns that traffic has and a list of links has not."""

SEPARATORS = ",;\t|"


def read_edge_list(text: str, name: str) -> ParsedNetwork:
    """The network in `text`; `name` is how errors call the source.

    Raises:
        BadTopology: a line has not as many fields as the header, or what `network_of` refuses; the
            text names the line.
    """
    titles, rows = _table(text, name)
    plain = [plain_title(title) for title in titles]
    ends = [column_of(plain, end) for end in ENDS]
    nodes: dict[str, None] = {}
    lines = []
    directed = None
    for number, row in rows:
        source, target = (None if at is None else row[at] for at in ends)
        if not source or not target:
            raise BadTopology(f"{name}, line {number}: it does not name both ends of a link")
        nodes |= {source: None, target: None}
        attributes = {
            SYNONYMS.get(key, title): field
            for at, (key, title, field) in enumerate(zip(plain, titles, row, strict=False))
            if at not in ends and field and key != "type"
        }
        if "type" in plain and row[plain.index("type")].lower() == "directed":
            directed = True
        if "srlg" in attributes:
            attributes["srlg"] = re.sub(r"\s*[;+/]\s*", ",", attributes["srlg"])
        lines.append((source, target, {"id": f"line {number}", **attributes}))
    return network_of(
        AttributedGraph(
            name,
            [(node, {"name": node}) for node in nodes],
            lines,
            directed=directed,
            unit_key='the name of the column, as "{key}"',
        )
    )


def recognises_edge_list(text: str) -> bool:
    """Whether the first line names the two ends of a link, and nothing that only traffic has."""
    return _names_ends(text) and not recognises_traffic_list(text)


def recognises_traffic_list(text: str) -> bool:
    """Whether the first line names two ends and how much is sent between them."""
    plain = [plain_title(title) for title in _titles(text)]
    return _names_ends(text) and any(title and TRAFFIC.fullmatch(title) for title in plain)


EDGE_LIST = Format(
    name="CSV edge list",
    example="source,target,capacity_gbps,weight\nOslo,Bergen,100,10",
    recognises=recognises_edge_list,
    read=read_edge_list,
)


def plain_title(title: str) -> str:
    """The title of a column in small letters, without spaces and marks."""
    return re.sub(r"[\s_.:()\[\]-]", "", title).lower()


def column_of(plain: Sequence[str], end: str) -> int | None:
    """Position of the first column of that end, None where there is none."""
    return next((at for at, title in enumerate(plain) if title in ENDS[end]), None)


def separator_of(text: str) -> str:
    """What separates the fields of the first line that is not empty."""
    return _separator(_first_line(text))


def _names_ends(text: str) -> bool:
    plain = [plain_title(title) for title in _titles(text)]
    return all(column_of(plain, end) is not None for end in ENDS)


def _titles(text: str) -> list[str]:
    """The fields of the first line that is not empty; none where it has no separator."""
    first = _first_line(text)
    separator = _separator(first)
    if first[:1] in "{[<?#" or separator not in first:
        return []
    try:
        return next(csv.reader([first], delimiter=separator), [])
    except csv.Error:
        return []


def _first_line(text: str) -> str:
    found = re.match(r"\s*([^\r\n]{0,10000})", text)
    return found[1] if found else ""


def _separator(line: str) -> str:
    return max(SEPARATORS, key=line.count)


def _table(text: str, name: str) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """The titles, without brackets, and (line number, fields) of each line behind."""
    body = text.lstrip()
    skipped = text[: len(text) - len(body)].count("\n")
    separator = separator_of(body)
    refuse_many(body.count(separator), MOST_VALUES, "fields", name)
    reader = csv.reader(io.StringIO(body, newline=None), delimiter=separator)
    rows: list[tuple[int, list[str]]] = []
    titles: list[str] = []
    try:
        for raw in reader:
            number = reader.line_num + skipped
            row = [field.strip() for field in raw]
            if not any(row):
                continue
            if not titles:
                titles = [re.sub(r"[()\[\]]", " ", title).strip() for title in row]
            elif len(row) < len(titles) or any(row[len(titles) :]):
                raise BadTopology(
                    f"{name}, line {number}: it has {len(row)} fields, but the header has "
                    f"{len(titles)}"
                )
            else:
                refuse_many(len(rows) + 1, MOST_LINES, "lines between nodes or more", name)
                rows.append((number, row))
    except csv.Error as exc:
        raise BadTopology(f"{name}, line {reader.line_num + skipped}: not CSV ({exc})") from exc
    return titles, rows
