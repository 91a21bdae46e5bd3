"""Every format is known by its content, and by no other format's."""

import pytest

from tests.twin.sources.formats.published_files import PUBLISHED
from twin.errors import BadTopology
from twin.sources.formats.format import Format
from twin.sources.formats.registry import FORMATS, read_network

FORMAT_OF_FOLDER = {
    "containerlab": "containerlab",
    "csv": "CSV edge list",
    "ietf": "ietf-network-topology JSON",
    "netbox": "NetBox",
    "nornir": "nornir inventory",
    "repetita": "REPETITA .graph",
    "sndlib": "SNDlib",
}

NETWORKS = sorted(
    str(path.relative_to(PUBLISHED)) for path in PUBLISHED.glob("*/*") if path.suffix != ".demands"
)


@pytest.mark.parametrize("known", FORMATS, ids=lambda known: known.name)
def test_example_of_a_format_is_read_by_it_alone(known: Format) -> None:
    assert [other.name for other in FORMATS if other.recognises(known.example)] == [known.name]
    network = read_network(known.example, "example")
    assert (network.format, len(network.nodes), len(network.links)) == (known.name, 2, 1)


@pytest.mark.parametrize("path", NETWORKS)
def test_published_file_is_of_its_format_alone(path: str) -> None:
    text = (PUBLISHED / path).read_text(encoding="utf-8-sig")
    [found] = [known.name for known in FORMATS if known.recognises(text)]
    assert found.startswith(FORMAT_OF_FOLDER[path.partition("/")[0]])


@pytest.mark.parametrize(
    "text",
    [
        "DEMANDS 1\nlabel src dest bw\ndemand_0 0 1 435117",
        "source,target,bps\nOslo,Bergen,1e9",
        "from;to;demand_gbps\nOslo;Bergen;1",
    ],
)
def test_traffic_in_the_place_of_a_network_is_told_where_it_goes(text: str) -> None:
    with pytest.raises(BadTopology, match=r"it is traffic, .* as its traffic"):
        read_network(text, "t")
