"""Traffic in a file of its own: REPETITA's, SNDlib's, and sheets with their units."""

import pytest

from tests.twin.sources.formats.published_files import published
from twin.errors import BadInput
from twin.sources.formats.registry import read_network
from twin.sources.parsed import ParsedNetwork
from twin.sources.traffic_matrix import with_demands


def network(name: str) -> ParsedNetwork:
    return read_network(published(name), name)


def test_demands_of_repetita_count_the_nodes_of_its_graph() -> None:
    found = with_demands(
        network("repetita/Arpanet196912.graph"),
        published("repetita/Arpanet196912.demands"),
        "Arpanet196912.demands",
    )
    assert (len(found.demands), found.demand_unit) == (12, "bit/s")
    assert found.demands[0] == ("SRI", "USCB", 435_117e3)
    assert found.demands[-1] == ("UTAH", "UCLA", 81_868e3)


@pytest.mark.parametrize("name", ["demandMatrix-abilene.txt", "demandMatrix-abilene.xml"])
def test_demand_matrix_of_sndlib_replaces_the_demands_of_its_network(name: str) -> None:
    found = with_demands(network("sndlib/abilene.txt"), published(f"sndlib/{name}"), name)
    source, target, rate_bps = found.demands[0]
    assert (source, target) == ("ATLAM5", "ATLAng")
    assert rate_bps == pytest.approx(375_261.0)
    assert f"its own demands are replaced by those in {name}" in found.remarks


@pytest.mark.parametrize(
    "text",
    [
        "source,target,bps\nSRI,UTAH,2.5e9\n",
        "Source;Target;Demand (Gbit/s)\nsri;utah;2.5\n",
        "from\tto\ttraffic_mbps\nSRI\tUTAH\t2500\n",
        "src,dst,gbps\nSRI,UTAH,2.5\n",
        "target,source,rate_kbps\nUTAH,SRI,2500000\n",
        "source,target,bps\nSRI,UTAH,2.5 Gbit/s\n",
        '[{"source": "SRI", "target": "UTAH", "bps": 2.5e9}]',
        "\ufeffsource,target,bps,class\nSRI,UTAH,1e9,voice\nSRI,UTAH,1.5e9,business\n",
    ],
)
def test_rate_is_read_in_any_unit_that_is_said(text: str) -> None:
    found = with_demands(network("repetita/Arpanet196912.graph"), text, "t")
    assert found.demands == (("SRI", "UTAH", 2.5e9),)
    assert ("the classes in t are not kept; each demand is split as assumed" in found.remarks) == (
        "class" in text
    )


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("source,target,demand\nSRI,UTAH,2\n", "call it demand_mbps, demand_gbps or bps"),
        ("DEMANDS 1\nlabel src dest bw\nd 0 4 1\n", 't, line 3: "4" is no number of a node'),
        ("DEMANDS 2\nlabel src dest bw\nd 0 1 1\n", "DEMANDS announces 2 lines, but 1 follow"),
        ("DEMANDS 1\nlabel src dest bw\nd 0 0 1\n", 't, line 3: "SRI" sends to itself'),
        ("source,target,bps\nSRI,Ohio,2\n", 't, line 2: node "Ohio" is not in'),
        (published("sndlib/polska.txt"), "it does not say the unit of its demands"),
    ],
)
def test_what_cannot_be_read_is_named(text: str, says: str) -> None:
    with pytest.raises(BadInput) as raised:
        with_demands(network("repetita/Arpanet196912.graph"), text, "t")
    assert says in str(raised.value)
