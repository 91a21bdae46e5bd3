"""What a Prometheus scrapes of the emulated network is what its devices would tell."""

import urllib.request
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from evals.stage import stage
from tests.graphs.stagehand import EVENING_S, case
from tools.network.driver import network_entry, open_network
from tools.network.emulated.exporter import ExportedNetwork
from twin.errors import BadInput
from twin.events.faults.link_down import LinkDown

LINK, A, B = "DNVRng--KSCYng", "DNVRng", "KSCYng"


@pytest.fixture
def network(tmp_path: Path) -> Iterator[ExportedNetwork]:
    file = tmp_path / "live.sqlite"
    stage(case((100.0, LinkDown(link=LINK))), 1, file).close()
    with closing(ExportedNetwork.open(file)) as opened:
        yield opened


def _scraped(address: str) -> dict[tuple[str, ...], float]:
    """By name and values of labels, in order of the labels' names."""
    with urllib.request.urlopen(address, timeout=30.0) as answer:
        text = answer.read().decode()
    return {
        (sample.name, *(sample.labels[x] for x in sorted(sample.labels))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_link_that_is_cut_shows_at_once_and_its_adjacency_when_each_end_knows(
    network: ExportedNetwork,
) -> None:
    address = network.export("127.0.0.1:0")
    network.advance(EVENING_S + 99.0)
    assert _scraped(address)["interface_up", A, LINK] == 1.0
    network.advance(EVENING_S + 100.2)
    seen = _scraped(address)
    assert (seen["interface_up", A, LINK], seen["interface_up", B, LINK]) == (0.0, 0.0)
    assert seen["ospf_adjacency_up", A, LINK] == 1.0
    network.advance(EVENING_S + 145.0)
    seen = _scraped(address)
    assert (seen["ospf_adjacency_up", A, LINK], seen["ospf_adjacency_up", B, LINK]) == (0.0, 0.0)
    assert seen["emulated_clock_seconds",] == EVENING_S + 145.0


def test_counters_grow_and_what_one_end_sends_the_other_receives(network: ExportedNetwork) -> None:
    address = network.export("127.0.0.1:0")
    network.advance(EVENING_S + 10.0)
    before = _scraped(address)
    network.advance(EVENING_S + 20.0)
    after = _scraped(address)

    def grown(*names: str) -> float:
        return after[names] - before[names]

    sent = sum(
        grown("interface_sent_bytes_total", name, A, LINK)
        for name in ("voice", "business", "best_effort")
    )
    assert sent > 0.0
    assert grown("interface_received_bytes_total", B, LINK) == pytest.approx(sent, rel=1e-3)


def test_every_probe_has_its_loss_and_its_delay(network: ExportedNetwork) -> None:
    seen = _scraped(network.export("127.0.0.1:0"))
    probes = network.inventory().probes
    for probe in probes:
        of = (str(probe.traffic_class), probe.source, probe.target)
        assert 0.0 <= seen["probe_loss_ratio", *of] < 0.01
        assert 0.0 < seen["probe_delay_seconds", *of] < 0.2


def test_looking_changes_nothing(tmp_path: Path) -> None:
    told = []
    for name in ("seen", "unseen"):
        file = tmp_path / f"{name}.sqlite"
        stage(case(), 1, file).close()
        with closing(ExportedNetwork.open(file)) as network:
            if name == "seen":
                address = network.export("127.0.0.1:0")
            for at_s in (7.0, 31.0, 64.0):
                network.advance(EVENING_S + at_s)
                if name == "seen":
                    _scraped(address)
            told.append([repr(record) for record in network.poll()])
    assert told[0] == told[1]


def test_network_file_says_where_it_may_be_scraped(tmp_path: Path) -> None:
    stage(case(), 1, tmp_path / "live.sqlite").close()
    described = "driver: emulated\nname: live\nmetrics: "
    (tmp_path / "live.yaml").write_text(f"{described}127.0.0.1:0\n", encoding="utf-8")
    network, _ = open_network(network_entry(tmp_path, "live"), None)
    network.close()
    (tmp_path / "live.yaml").write_text(f"{described}here\n", encoding="utf-8")
    with pytest.raises(BadInput, match="host:port"):
        open_network(network_entry(tmp_path, "live"), None)
