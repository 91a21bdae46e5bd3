"""REPETITA's topologies (.graph) and traffic (.demands).

    NODES 2                           DEMANDS 1
    label x y                         label src dest bw
    0_Oslo 10.7 59.9                  demand_0 0 1 435117
    1_Bergen 5.3 60.4

    EDGES 2
    label src dest weight bw delay
    edge_0 0 1 10 1000000 678
    edge_1 1 0 10 1000000 678

Each edge is one direction; src and dest count nodes from 0; bw is in kbit/s. The line behind a
header is for people. Delays are not read: the data set documents microseconds, but its files agree
neither with that nor with the coordinates (45 from San Jose to London in one, 1913 from New York to
Chicago in another). A node at 0 0 has no known place.

Source: https://repetita.info.ucl.ac.be/DataFormat.html
"""

import re
from collections.abc import Sequence

from twin.errors import BadTopology
from twin.sources.formats.draft import Draft
from twin.sources.formats.format import Format
from twin.sources.formats.quantities import number_in
from twin.sources.parsed import ParsedNetwork

BW_BPS = 1e3
"""The unit of bandwidths and demands, in bit/s."""

_HEADER = re.compile(r"(NODES|EDGES|DEMANDS)\s+(\d{1,9})")

Row = tuple[int, Sequence[str]]
"""Line number and fields."""


def read_repetita(text: str, name: str) -> ParsedNetwork:
    """The topology in `text`; `name` is how errors call the source.

    Raises:
        BadTopology: it breaks a rule of the format; the text names the line and the rule.
    """
    sections = _sections(text, name, {"NODES": 3, "EDGES": 6})
    draft = Draft(name, directed=True)
    numbered = all(fields[0].startswith(f"{i}_") for i, (_, fields) in enumerate(sections["NODES"]))
    for i, (line, fields) in enumerate(sections["NODES"]):
        where = f"{name}, line {line}"
        x, y = (number_in(word, "coordinate", where) for word in fields[1:])
        label = fields[0].removeprefix(f"{i}_") if numbered else fields[0]
        draft.add_node(str(i), label, position=None if x == y == 0 else (x, y))
    n_nodes = len(sections["NODES"])
    for line, fields in sections["EDGES"]:
        where = f"{name}, line {line}"
        source, target = (_index(word, n_nodes, where) for word in fields[1:3])
        weight, bw, _ = (number_in(word, "number", where) for word in fields[3:])
        draft.add_line(source, target, key=fields[0], weight=weight, capacity_bps=bw * BW_BPS)
    draft.remark("delays are not read, since the unit differs from file to file of the data set")
    return draft.finish()


def repetita_demands(text: str, name: str) -> list[tuple[int, str, str, float]]:
    """(line number, number of the source, of the target, bit/s) of each demand. Raises BadTopology.

    The numbers count the nodes of the topology that the demands belong to.
    """
    return [
        (line, fields[1], fields[2], BW_BPS * number_in(fields[3], "bw", f"{name}, line {line}"))
        for line, fields in _sections(text, name, {"DEMANDS": 4})["DEMANDS"]
    ]


def recognises_repetita(text: str) -> bool:
    """Whether the first line that is no comment is `NODES` and a number."""
    return _first_header(text) == "NODES"


def recognises_repetita_demands(text: str) -> bool:
    """The same for `DEMANDS`."""
    return _first_header(text) == "DEMANDS"


REPETITA = Format(
    name="REPETITA .graph",
    example=(
        "NODES 2\nlabel x y\n0_Oslo 10.7 59.9\n1_Bergen 5.3 60.4\n\n"
        "EDGES 2\nlabel src dest weight bw delay\n"
        "edge_0 0 1 10 10000000 1500\nedge_1 1 0 10 10000000 1500"
    ),
    recognises=recognises_repetita,
    read=read_repetita,
)


def _first_header(text: str) -> str:
    found = re.match(r"(?:\s*#[^\n]*\n)*\s*(\w+)[ \t]+\d+[ \t]*(?:\r?\n|$)", text)
    return found[1] if found else ""


def _sections(text: str, name: str, widths: dict[str, int]) -> dict[str, list[Row]]:
    """The rows of each section of `widths`, which says how many fields they have."""
    found: dict[str, list[Row]] = {}
    wanted: dict[str, int] = {}
    section, in_memo = "", False
    for number, raw in enumerate(text.splitlines(), start=1):
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        header = _HEADER.fullmatch(line)
        if in_memo:
            in_memo = False
        elif header and header[1] in widths and header[1] not in found:
            section, in_memo = header[1], True
            found[section], wanted[section] = [], int(header[2])
        elif not section:
            raise BadTopology(
                f"{name}, line {number}: expected {' or '.join(widths)} and a number, "
                f'found "{line:.40}"'
            )
        else:
            # Labels may have blanks in them; the numbers behind have none.
            fields = line.rsplit(None, widths[section] - 1)
            if len(fields) != widths[section]:
                raise BadTopology(
                    f"{name}, line {number}: expected {widths[section]} fields in {section}, "
                    f'found "{line:.60}"'
                )
            found[section].append((number, fields))
    for section in widths:
        if section not in found:
            raise BadTopology(f"{name}: it has no section {section}")
        if len(found[section]) != wanted[section]:
            raise BadTopology(
                f"{name}: {section} announces {wanted[section]} lines, but "
                f"{len(found[section])} follow; is the file cut off?"
            )
    return found


def _index(word: str, n_nodes: int, where: str) -> str:
    if not word.isascii() or not word.isdigit() or len(word) > 9 or int(word) >= n_nodes:
        raise BadTopology(
            f'{where}: "{word:.40}" is no number of a node; they count from 0 to {n_nodes - 1}'
        )
    return str(int(word))
