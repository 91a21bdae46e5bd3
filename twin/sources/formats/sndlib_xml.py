"""SNDlib's XML notation (namespace http://sndlib.zib.de/network), as its files *.xml are published.

Source: http://sndlib.zib.de/html/docu/io-formats/xml/index.html
"""

import re
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from twin.errors import BadTopology
from twin.sources.formats.format import Format
from twin.sources.formats.quantities import number_in
from twin.sources.formats.sndlib import Sndlib, SndlibLink
from twin.sources.formats.xml_text import surveyed
from twin.sources.parsed import ParsedNetwork

_STRUCTURE = re.compile(r"<(?:\w+:)?networkStructure\b")


def read_sndlib_xml(text: str, name: str) -> ParsedNetwork:
    """The network in `text`; `name` is how errors call the source.

    Raises:
        BadTopology: it is not XML, or breaks a rule of the notation; the text names the element.
    """
    return sndlib_xml_instance(text, name).network()


def sndlib_xml_instance(text: str, name: str) -> Sndlib:
    """All that `text` says. Raises BadTopology."""
    text = text.lstrip()
    surveyed(text, name)
    root = ElementTree.fromstring(text)
    instance = Sndlib(name, unit=_text_of(root, "meta", "unit"))
    for nodes in _children(root, "networkStructure", "nodes"):
        instance.pixels = nodes.get("coordinatesType") == "pixel"
        for node in _children(nodes, "node"):
            _add_node(instance, node)
    instance.links.extend(
        _link(link, name) for link in _children(root, "networkStructure", "links", "link")
    )
    for demand in _children(root, "demands", "demand"):
        instance.demands.append(_demand(demand, name))
        instance.admissible_paths |= bool(_children(demand, "admissiblePaths", "admissiblePath"))
    return instance


def recognises_sndlib_xml(text: str) -> bool:
    """Whether the text is XML with SNDlib's element `networkStructure`."""
    return text.lstrip().startswith("<") and _STRUCTURE.search(text) is not None


SNDLIB_XML = Format(
    name="SNDlib XML",
    example=(
        '<network xmlns="http://sndlib.zib.de/network" version="1.0"><networkStructure>\n'
        '<nodes><node id="Oslo"/><node id="Bergen"/></nodes>\n'
        '<links><link id="L1"><source>Oslo</source><target>Bergen</target></link></links>\n'
        "</networkStructure></network>"
    ),
    recognises=recognises_sndlib_xml,
    read=read_sndlib_xml,
)


def _children(element: Element, *names: str) -> list[Element]:
    """The elements reached from `element` by the local names `names`, one level each."""
    found = [element]
    for name in names:
        found = [inner for outer in found for inner in outer if _local(inner) == name]
    return found


def _text_of(element: Element, *names: str) -> str:
    """The stripped text of the first such element, "" where there is none."""
    found = _children(element, *names)
    return (found[0].text or "").strip() if found else ""


def _local(element: Element) -> str:
    return element.tag.rpartition("}")[2]


def _add_node(instance: Sndlib, node: Element) -> None:
    node_id = (node.get("id") or "").strip()
    if not node_id:
        raise BadTopology(f'{instance.name}: node {len(instance.nodes) + 1} has no "id"')
    words = [_text_of(node, "coordinates", axis) for axis in ("x", "y")]
    if not any(words):
        instance.add_node(node_id, None)
        return
    x, y = (number_in(word, f'coordinate of node "{node_id}"', instance.name) for word in words)
    instance.add_node(node_id, (x, y))


def _link(link: Element, name: str) -> SndlibLink:
    called = f'link "{link.get("id", "")}"'
    source, target = _ends(link, called, name)
    return SndlibLink(
        link.get("id", ""),
        source,
        target,
        _number(link, "preInstalledModule", "capacity", called=called, name=name),
        _number(link, "routingCost", called=called, name=name),
        len(_children(link, "additionalModules", "addModule")),
    )


def _demand(demand: Element, name: str) -> tuple[str, str, float]:
    called = f'demand "{demand.get("id", "")}"'
    source, target = _ends(demand, called, name)
    if not _text_of(demand, "demandValue"):
        raise BadTopology(f"{name}: {called} has no <demandValue>")
    value = _number(demand, "demandValue", called=called, name=name)
    unit = _number(demand, "routingUnit", called=called, name=name, absent=1.0)
    return source, target, unit * value


def _ends(element: Element, called: str, name: str) -> tuple[str, str]:
    source, target = _text_of(element, "source"), _text_of(element, "target")
    for end, side in ((source, "source"), (target, "target")):
        if not end:
            raise BadTopology(f"{name}: {called} has no <{side}>")
    return source, target


def _number(element: Element, *path: str, called: str, name: str, absent: float = 0.0) -> float:
    word = _text_of(element, *path)
    return number_in(word, f"{path[-1]} of {called}", name) if word else absent
