"""Traffic matrices that people bring: what is read, and how a wrong line is named."""

import json

import pytest

from twin.errors import BadInput
from twin.nouns.topology import Topology
from twin.nouns.traffic import TrafficClass, TrafficMatrix
from twin.sources.demands import CLASS_SHARES
from twin.sources.traffic_matrix import read_traffic_matrix
from twin.sources.world import WorldSpec, build_inventory


def topology() -> Topology:
    return build_inventory(WorldSpec(topology="sndlib/polska")).topology


def rate(matrix: TrafficMatrix, source: str, target: str, kind: TrafficClass) -> float:
    place = matrix.nodes.index(source), matrix.nodes.index(target)
    return float(matrix.rates_bps[list(TrafficClass).index(kind)][place])


def test_lines_of_a_pair_and_class_add_up() -> None:
    text = (
        "class,bps,target,source\n"
        "voice,1e9,Gdansk,Warsaw\n"
        "voice,2000000000,gdansk,WARSAW\n"
        "business,5,Warsaw,Gdansk\n"
    )
    matrix = read_traffic_matrix(text, "m.csv", topology())
    assert rate(matrix, "Warsaw", "Gdansk", TrafficClass.VOICE) == 3e9
    assert rate(matrix, "Gdansk", "Warsaw", TrafficClass.BUSINESS) == 5.0
    assert matrix.rates_bps.sum() == 3e9 + 5.0


def test_line_without_a_class_is_split_as_the_world_is() -> None:
    matrix = read_traffic_matrix("source,target,bps\nWarsaw,Gdansk,100\n", "m.csv", topology())
    found = [rate(matrix, "Warsaw", "Gdansk", kind) for kind in TrafficClass]
    assert found == pytest.approx([100 * share for share in CLASS_SHARES])


def test_line_may_end_before_the_class() -> None:
    text = "source,target,bps,class\nWarsaw,Gdansk,70,voice\nGdansk,Warsaw,100\n"
    nodes = [node.id for node in topology().nodes]
    found = read_traffic_matrix(text, "m.csv", topology()).rates_bps
    assert found.sum() == pytest.approx(170)
    back = found[:, nodes.index("Gdansk"), nodes.index("Warsaw")]
    assert back == pytest.approx([100 * share for share in CLASS_SHARES])


def test_json_says_the_same_as_csv() -> None:
    rows = [{"source": "Warsaw", "target": "Gdansk", "bps": 7, "class": "voice"}]
    from_json = read_traffic_matrix(json.dumps(rows), "m.json", topology())
    from_csv = read_traffic_matrix(
        "\ufeffsource, target, bps, class\nWarsaw, Gdansk, 7, voice\n", "m.csv", topology()
    )
    assert (from_json.rates_bps == from_csv.rates_bps).all()
    assert from_json.rates_bps.sum() == 7.0


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", 'the header has no "source"'),
        ("source,target,bps\n", "m: no traffic in it"),
        ("sorce,target,bps\nWarsaw,Gdansk,1\n", 'the header has "sorce" (did you mean "source"?)'),
        ("source,target\nWarsaw,Gdansk\n", 'the header has no "bps"'),
        ("source,target,bps\nWarsaw,Gdansk\n", "m, line 2: expected 3 fields"),
        ("source,target,bps\nWarsaw,Gdansk,1,2\n", "m, line 2: expected 3 fields"),
        (
            "source,target,bps\nWarsow,Gdansk,1\n",
            'm, line 2: node "Warsow" is not in sndlib/polska',
        ),
        ("source,target,bps\nWarsaw,Warsaw,1\n", 'm, line 2: "Warsaw" sends to itself'),
        ("source,target,bps\nWarsaw,Gdansk,-1\n", 'm, line 2: "bps" is "-1"'),
        ("source,target,bps\nWarsaw,Gdansk,nan\n", 'm, line 2: "bps" is "nan"'),
        ("source,target,bps\nWarsaw,Gdansk,1e19\n", "expected a number of bit/s in 0..1e+18"),
        ("source,target,bps,class\nWarsaw,Gdansk\n", "m, line 2: expected 4 fields"),
        ("source,target,bps\nWarsaw,Gdansk,10Q\n", 'm, line 2: "bps" is "10Q"'),
        ("source,target,bps,class\nWarsaw,Gdansk,1,gold\n", '"class" is "gold", expected one of'),
        ("[1]", "m, entry 1: expected an object"),
        ('{"a": 1}', "m: expected a list of objects"),
        ('[{"source": "Warsaw"', "m: not JSON"),
        ('[{"source": "Warsaw", "target": "Gdansk"}]', 'm, entry 1 has no "bps"'),
        ('[{"source": "Warsaw", "target": "Gdansk", "bps": true}]', '"bps" is "True"'),
    ],
)
def test_what_cannot_be_read_is_named_with_its_line(text: str, says: str) -> None:
    with pytest.raises(BadInput) as raised:
        read_traffic_matrix(text, "m", topology())
    assert says in str(raised.value)
