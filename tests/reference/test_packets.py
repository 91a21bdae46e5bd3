"""The twin against packet simulations that others made."""

import io
import tarfile
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from tests.reference.gnnet2021 import DATA, errors, main, samples
from twin.errors import BadInput

with_data = pytest.mark.skipif(
    not DATA.is_dir(), reason=f"reference data absent: {DATA} (NOCTUA_REFERENCE_DATA)"
)


@pytest.mark.slow
@with_data
def test_delay_utilisation_and_loss_match_unseen_packet_simulations() -> None:
    found = errors(DATA / "validation")
    assert (found.pairs, found.without_traffic) == (50 * 30 * 29, 0)
    assert found.delay < 0.015
    assert found.utilisation < 1e-3
    assert found.loss < 1e-4


@with_data
def test_packet_on_the_wire_has_one_of_the_32_places() -> None:
    # Mean occupancy is of a busy queue: for M/G/1 that is 1 + load (1 + scv) / 2 / (1 - load).
    for sample in samples(DATA / "train"):
        assert sample.most_packets[sample.loss > 0].tolist() == [32.0] * int(
            (sample.loss > 0).sum()
        )
        calm = (sample.utilisation < 0.3) & (sample.utilisation > 0)
        load = sample.utilisation[calm]
        expected = 1 + load * 1.49 / 2 / (1 - load)
        assert np.abs(sample.occupancy[calm] / expected - 1).mean() < 0.01


RATE_BPS, OFFERED_BPS = 10_000.0, 1000.0
SQUARE = [(0, 1), (1, 3), (0, 2), (2, 3)]
BY_DESTINATION = ["0;1", "0;2", "0;1;3", "1;0", "1;0;2", "1;3", "2;0;1", "2;0", "2;3", "3;1;0"]


def write_set(folder: Path, paths: Sequence[str], traffic: Mapping[tuple[int, int], float]) -> None:
    """One sample of the square, its delays those of links that are empty."""
    for name in ("graphs", "routings"):
        (folder / name).mkdir(parents=True)
    arcs = {arc for a, b in SQUARE for arc in ((a, b), (b, a))}
    edges = (f"edge [ source {a} target {b} bandwidth {RATE_BPS} ]" for a, b in arcs)
    (folder / "graphs/square.txt").write_text("graph [ " + " ".join(edges) + " ]")
    (folder / "routings/paths.txt").write_text("\n".join(paths))
    routes = [[int(node) for node in path.split(";")] for path in paths]
    hops = {(route[0], route[-1]): list(pairwise(route)) for route in routes}
    load = dict.fromkeys(arcs, 0.0)
    for pair, rate in traffic.items():
        for hop in hops[pair]:
            load[hop] += rate / RATE_BPS

    pairs = [(a, b) for a in range(4) for b in range(4)]

    def of_pairs(entry: Mapping[tuple[int, int], str], other: str) -> str:
        return ";".join(entry.get(pair, other) for pair in pairs)

    # Mean sizes of 1000 bits wait for load / (1 - load) * 1.49 / 2 of a transmission before each.
    wait = {arc: (1 + x / (1 - x) * 0.745) * 1000 / RATE_BPS for arc, x in load.items()}
    delay = {pair: sum(wait[hop] for hop in hops[pair]) for pair in traffic}
    files = {
        "input_files": "0;square.txt;paths.txt",
        "traffic": "0|" + of_pairs({pair: f"0,{rate}" for pair, rate in traffic.items()}, "-1,0"),
        "simulationResults": "0|"
        + of_pairs({pair: f"1,1,0,{late}" for pair, late in delay.items()}, "0,0,0,-1"),
        "linkUsage": of_pairs({arc: f"{x},0,1000,{x},0,1,1" for arc, x in load.items()}, "-1"),
    }
    with tarfile.open(folder / "results_square.tar.gz", "w:gz") as archive:
        for name, text in files.items():
            member = tarfile.TarInfo(f"results_square/{name}.txt")
            member.size = len(text)
            archive.addfile(member, io.BytesIO(text.encode()))


def test_pairs_without_traffic_are_left_out_and_counted(tmp_path: Path) -> None:
    write_set(tmp_path, BY_DESTINATION, {(0, 3): OFFERED_BPS, (1, 3): OFFERED_BPS})
    found = errors(tmp_path)
    assert (found.pairs, found.without_traffic) == (2, 10)
    assert found.delay < 0.01
    assert found.utilisation < 1e-6


def test_set_without_any_traffic_is_refused(tmp_path: Path) -> None:
    write_set(tmp_path, BY_DESTINATION, {})
    with pytest.raises(BadInput, match="no pair of any sample has traffic"):
        errors(tmp_path)


def test_paths_that_depend_on_the_source_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # Node 1 passes on to 3 what comes from 0, and sends its own packets the other way round.
    write_set(tmp_path, ["0;1;3", "1;0;2;3"], {(0, 3): OFFERED_BPS})
    wanted = "to node 3, node 1 sends what comes from 0 to 3 and what comes from 1 to 0"
    with pytest.raises(BadInput, match=wanted):
        errors(tmp_path)
    assert main([str(tmp_path)]) == 2
    assert "forwards by destination alone" in capsys.readouterr().err


def test_folder_without_results_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no results_"):
        errors(tmp_path)
