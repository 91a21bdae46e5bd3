"""SNDlib's native notation, as its files *.txt are published.

    ?SNDlib native format; type: network; version: 1.0
    META ( unit = MBITPERSEC )
    NODES ( Oslo ( 10.7 59.9 ) ... )
    LINKS ( L1 ( Oslo Bergen ) installed cost routing_cost setup_cost ( {module cost}* ) ... )
    DEMANDS ( D1 ( Oslo Bergen ) routing_unit value max_path_length ... )

One record stands on a line; "#" begins a comment.

Source: http://sndlib.zib.de/html/docu/io-formats/native/network.description.html
"""

import re
from collections.abc import Iterator

from twin.errors import BadTopology
from twin.sources.formats.format import Format
from twin.sources.formats.quantities import number_in
from twin.sources.formats.sndlib import Sndlib, SndlibLink
from twin.sources.parsed import ParsedNetwork

_HEADER = re.compile(r"\?SNDlib native format;\s*type:\s*(\w+)")
_SECTION = re.compile(r"([A-Z_]+)\s*\(\s*(\))?")
_TOKEN = re.compile(r"[()]|[^\s(),]+")
_NESTED = "ADMISSIBLE_PATHS"

Part = str | list[str]


def read_sndlib_native(text: str, name: str) -> ParsedNetwork:
    """The network in `text`; `name` is how errors call the source.

    Raises:
        BadTopology: it breaks a rule of the notation; the text names the line and the rule.
    """
    return sndlib_native_instance(text, name).network()


def sndlib_native_instance(text: str, name: str) -> Sndlib:
    """All that `text` says. Raises BadTopology."""
    header = _HEADER.match(text.lstrip())
    if header and header[1] != "network":
        raise BadTopology(
            f"{name}: it is an SNDlib {header[1]} file; the network file of the same instance is "
            "needed"
        )
    instance = Sndlib(name)
    for section, number, line in _records(text, name):
        where = f"{name}, line {number}"
        if section == "META":
            key, _, value = line.partition("=")
            if key.strip().lower() == "unit":
                instance.unit = value.strip()
        elif section == "NODES":
            _add_node(instance, _parts(line, where), where)
        elif section == "LINKS":
            instance.links.append(_link(_parts(line, where), where))
        elif section == "DEMANDS":
            instance.demands.append(_demand(_parts(line, where), where))
        elif section == _NESTED:
            instance.admissible_paths = True
    return instance


def recognises_sndlib_native(text: str) -> bool:
    """Whether the text has SNDlib's first line, or its sections where that line was cut off."""
    start = text.lstrip()
    if start.startswith("?SNDlib"):
        return True
    return (
        start[:1] in ("#", "M", "N")
        and re.search(r"^NODES\s*\(", text, re.MULTILINE) is not None
        and re.search(r"^(?:LINKS|DEMANDS)\s*\(", text, re.MULTILINE) is not None
    )


SNDLIB_NATIVE = Format(
    name="SNDlib native",
    example=(
        "?SNDlib native format; type: network; version: 1.0\n"
        "META (\n unit = MBITPERSEC\n)\n"
        "NODES (\n Oslo ( 10.7 59.9 )\n Bergen ( 5.3 60.4 )\n)\n"
        "LINKS (\n L1 ( Oslo Bergen ) 10000.0 0.0 0.0 0.0 ( )\n)\n"
        "DEMANDS (\n D1 ( Oslo Bergen ) 1 2500.0 UNLIMITED\n)"
    ),
    recognises=recognises_sndlib_native,
    read=read_sndlib_native,
)


def _records(text: str, name: str) -> Iterator[tuple[str, int, str]]:
    """(section, line number, record) without comments."""
    section, depth = "", 0
    for number, raw in enumerate(text.splitlines(), start=1):
        line = raw.split("#", 1)[0].strip()
        if not line or line.startswith("?"):
            continue
        if not section:
            opening = _SECTION.fullmatch(line)
            if opening is None:
                raise BadTopology(
                    f'{name}, line {number}: expected a section such as "NODES (", '
                    f'found "{line:.40}"'
                )
            section, depth = "" if opening[2] else opening[1], 0
        elif line == ")" and depth <= 0:
            section = ""
        else:
            if section == _NESTED:
                depth += line.count("(") - line.count(")")
            yield section, number, line
    if section:
        raise BadTopology(f'{name}: section {section} is not closed by a line with ")"')


def _parts(line: str, where: str) -> list[Part]:
    """The words of a record; what stands in parentheses is a list."""
    parts: list[Part] = []
    group: list[str] | None = None
    for token in _TOKEN.findall(line):
        if token == "(" and group is None:
            group = []
        elif token == ")" and group is not None:
            parts.append(group)
            group = None
        elif token in "()":
            raise BadTopology(f"{where}: parentheses do not match")
        elif group is None:
            parts.append(token)
        else:
            group.append(token)
    if group is not None:
        raise BadTopology(f"{where}: parentheses do not match")
    return parts


def _add_node(instance: Sndlib, parts: list[Part], where: str) -> None:
    match parts:
        case [str(node)] | [str(node), [], *_]:
            instance.add_node(node, None)
        case [str(node), [str(x), str(y)], *_]:
            what = f'coordinate of node "{node}"'
            instance.add_node(node, (number_in(x, what, where), number_in(y, what, where)))
        case _:
            raise BadTopology(f"{where}: expected a node, such as Oslo ( 10.7 59.9 )")


def _link(parts: list[Part], where: str) -> SndlibLink:
    match parts:
        case [str(link), [str(source), str(target)], str(installed), str(), str(routing), *rest]:
            modules = [part for part in rest if isinstance(part, list)]
            return SndlibLink(
                link,
                source,
                target,
                number_in(installed, f'capacity of link "{link}"', where),
                number_in(routing, f'routing cost of link "{link}"', where),
                len(modules[0]) // 2 if modules else 0,
            )
        case _:
            raise BadTopology(
                f"{where}: expected a link, such as L1 ( Oslo Bergen ) 0.0 0.0 0.0 0.0 ( )"
            )


def _demand(parts: list[Part], where: str) -> tuple[str, str, float]:
    match parts:
        case [str(demand), [str(source), str(target)], str(unit), str(value), *_]:
            what = f'value of demand "{demand}"'
            times = number_in(unit, f'routing unit of demand "{demand}"', where)
            return source, target, times * number_in(value, what, where)
        case _:
            raise BadTopology(
                f"{where}: expected a demand, such as D1 ( Oslo Bergen ) 1 2500.0 UNLIMITED"
            )
