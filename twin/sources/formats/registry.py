"""The formats that networks are read from, in the order in which they are tried."""

from dataclasses import replace

from twin.errors import BadTopology
from twin.sources.formats import json_text, yaml_text
from twin.sources.formats.containerlab import CONTAINERLAB
from twin.sources.formats.edge_list import EDGE_LIST, recognises_traffic_list
from twin.sources.formats.format import Format
from twin.sources.formats.gml import GML
from twin.sources.formats.graphml import GRAPHML
from twin.sources.formats.ietf_topology import IETF_TOPOLOGY
from twin.sources.formats.limits import refuse_many_lines
from twin.sources.formats.netbox import NETBOX
from twin.sources.formats.node_link import NODE_LINK
from twin.sources.formats.nornir import NORNIR
from twin.sources.formats.repetita import REPETITA, recognises_repetita_demands
from twin.sources.formats.sndlib_native import SNDLIB_NATIVE
from twin.sources.formats.sndlib_xml import SNDLIB_XML
from twin.sources.parsed import ParsedNetwork

FORMATS: tuple[Format, ...] = (
    NODE_LINK,
    IETF_TOPOLOGY,
    NETBOX,
    SNDLIB_XML,
    GRAPHML,
    GML,
    SNDLIB_NATIVE,
    REPETITA,
    EDGE_LIST,
    CONTAINERLAB,
    NORNIR,
)
"""A format that is a special case of another stands before it."""

BYTE_ORDER_MARK = "\ufeff"


def read_network(text: str, name: str) -> ParsedNetwork:
    """The network in `text`, whose format is recognised by its content.

    `name` is how errors call the source. `format` of the network is the format's name.

    Raises:
        BadTopology: the text is of no known format, and the error names all of them; or it breaks a
            rule of its own.
    """
    text = text.removeprefix(BYTE_ORDER_MARK)
    refuse_many_lines(text, name)
    try:
        found = format_of(text, name)
        return replace(found.read(text, name), format=found.name)
    finally:
        json_text.forget()
        yaml_text.forget()


def format_of(text: str, name: str) -> Format:
    """The format of `text`. Raises BadTopology as `read_network` does."""
    for known in FORMATS:
        if known.recognises(text):
            return known
    if not text.strip():
        raise BadTopology(f"{name}: it is empty; expected a network in {_names()}")
    if recognises_repetita_demands(text) or recognises_traffic_list(text):
        raise BadTopology(
            f"{name}: it is traffic, not a network; give the network, and this as its traffic"
        )
    if text.lstrip()[0] in "{[":
        # What is wrong with it as JSON, if anything, says more than what it is not.
        json_text.json_value(text, name)
    raise BadTopology(
        f"{name}: it is none of the formats that are read: {_names()}; the shortest network in "
        f"{FORMATS[0].name} is\n{FORMATS[0].example}"
    )


def _names() -> str:
    return ", ".join(known.name for known in FORMATS)
