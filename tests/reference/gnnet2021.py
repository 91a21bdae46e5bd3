"""Packet simulations of 30-node networks against the twin.

`python -m tests.reference.gnnet2021 [FOLDER]`: a folder of samples in the format of that challenge,
or "train" or "validation" (default) of the data at hand.

The data are BNN-UPC's for the Graph Neural Networking Challenge 2021 (OMNeT++; Apache-2.0), kept
beside the project. What follows is their description of themselves; nothing is fitted.

- A link's bandwidth is in the graph file, bit/s. There is no propagation delay.
- Packets have 300 or 1700 bits, half each, and arrive as Poisson processes (traffic.txt).
- A queue has 32 places (queueSizes). The packet on the wire has one of them: linkUsage.txt counts
  it (its mean occupancy is that of a busy queue, and at most 32 is ever counted).
- Routing is one path per pair, one tree per destination. The twin forwards by destination, so a set
  whose paths depend on the source as well is refused.
- A pair to which nothing was offered, or for which nothing arrived, has a delay of -1. It is left
  out.
"""

import os
import re
import sys
import tarfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from twin.errors import BadInput
from twin.nouns.topology import Link, Node, Site, Topology
from twin.nouns.traffic import TRAFFIC_CLASSES, TrafficClass
from twin.physics.assessment import Flows, flows
from twin.physics.compiled import NO_ARC, CompiledTopology, FloatArray, compile_topology
from twin.physics.queueing import PhysicsParameters
from twin.physics.routing import Routing, route

PARAMETERS = PhysicsParameters.of_sizes(((300.0, 0.5), (1700.0, 0.5)), queue_packets=32)

BESIDE = Path(__file__).resolve().parents[3] / "shared" / "data"
DATA = Path(os.environ.get("NOCTUA_REFERENCE_DATA", BESIDE)) / "gnnet2021"

COLUMN = TRAFFIC_CLASSES.index(TrafficClass.BEST_EFFORT)


@dataclass(frozen=True, eq=False)
class Sample:
    """One simulation. `traffic_bps`, `delay_s`: (n, n). Per arc: `utilisation` carried, `loss`."""

    compiled: CompiledTopology
    routing: Routing
    traffic_bps: FloatArray
    delay_s: FloatArray
    utilisation: FloatArray
    loss: FloatArray
    occupancy: FloatArray
    most_packets: FloatArray

    @property
    def measured(self) -> NDArray[np.bool_]:
        """Which pairs had traffic of which something arrived, (n, n)."""
        return (self.traffic_bps > 0) & (self.delay_s > 0)


def samples(folder: Path) -> Iterator[Sample]:
    """All samples in `folder`.

    Raises BadInput: there are none, or a routing is not by destination.
    """
    archives = sorted(folder.glob("results_*.tar.gz"))
    if not archives:
        raise BadInput(f"{folder}: no results_*.tar.gz")
    for archive in archives:
        files = ("input_files", "traffic", "simulationResults", "linkUsage")
        for inputs, *results in zip(*(_lines(archive, name) for name in files), strict=True):
            _, graph, paths = inputs.split(";")
            compiled = _graph(folder / "graphs" / graph)
            yield _sample(compiled, _routing(folder / "routings" / paths, compiled), *results)


def predicted(sample: Sample) -> Flows:
    """The twin's answer, all traffic in one class."""
    n = sample.compiled.n_nodes
    traffic = np.zeros((1, len(TRAFFIC_CLASSES), n, n))
    traffic[0, COLUMN] = sample.traffic_bps
    n_arcs = sample.compiled.n_arcs
    return flows(
        sample.compiled,
        sample.routing,
        traffic,
        policed_bps=np.full((n_arcs, len(TRAFFIC_CLASSES)), np.inf),
        silent_loss=np.zeros(n_arcs),
        parameters=PARAMETERS,
    )


@dataclass(frozen=True)
class Errors:
    """`delay`: mean of |predicted - true| / true over pairs with traffic and samples, and its
    signed mean `bias`; `utilisation` and `loss`: mean of |predicted - true| over links and samples.

    `pairs`: those compared, of all samples. `without_traffic`: those left out.
    """

    pairs: int
    without_traffic: int
    delay: float
    bias: float
    utilisation: float
    loss: float


@cache
def errors(folder: Path) -> Errors:
    """How far the twin is from the packets of the samples in `folder`. Raises BadInput."""
    delay, utilisation, loss = [], [], []
    without_traffic = 0
    for sample in samples(folder):
        result = predicted(sample)
        measured = sample.measured
        without_traffic += sample.compiled.n_nodes * (sample.compiled.n_nodes - 1)
        without_traffic -= int(measured.sum())
        delay.append(result.delay_s[0, COLUMN][measured] / sample.delay_s[measured] - 1.0)
        sent = result.sent[:, 0, COLUMN]
        carried = result.arriving_bps[:, 0, COLUMN] * sent / sample.compiled.capacity_bps
        utilisation.append(np.abs(carried - sample.utilisation))
        loss.append(np.abs(1.0 - sent - sample.loss))
    relative = np.concatenate(delay)
    if not relative.size:
        raise BadInput(f"{folder}: no pair of any sample has traffic, and so no delay")
    return Errors(
        pairs=len(relative),
        without_traffic=without_traffic,
        delay=float(np.abs(relative).mean()),
        bias=float(relative.mean()),
        utilisation=float(np.mean(utilisation)),
        loss=float(np.mean(loss)),
    )


def _lines(archive: Path, name: str) -> list[str]:
    with tarfile.open(archive) as results:
        member = next(m for m in results.getmembers() if m.name.endswith(f"/{name}.txt"))
        stream = results.extractfile(member)
        assert stream is not None
        return stream.read().decode().strip().split("\n")


@cache
def _graph(path: Path) -> CompiledTopology:
    edges: dict[tuple[int, int], float] = {}
    for block in path.read_text().split("edge [")[1:]:
        fields = dict(re.findall(r"(\w+) ([\d.]+)", block))
        edges[int(fields["source"]), int(fields["target"])] = float(fields["bandwidth"])
    nodes = [f"n{i}" for i in range(max(max(ends) for ends in edges) + 1)]
    assert all(edges[b, a] == rate for (a, b), rate in edges.items())
    topology = Topology(
        name=path.stem,
        sites=tuple(Site(id=n, longitude=0, latitude=0) for n in nodes),
        nodes=tuple(Node(id=n, site=n) for n in nodes),
        links=tuple(
            Link(
                id=f"n{a}--n{b}",
                a=f"n{a}",
                b=f"n{b}",
                capacity_bps=rate,
                members=1,
                length_km=0,
                propagation_s=0,
            )
            for (a, b), rate in edges.items()
            if a < b
        ),
    )
    return compile_topology(topology)


@cache
def _routing(path: Path, compiled: CompiledTopology) -> Routing:
    """The given trees: towards each destination, only the arcs of its own paths may be used.

    Raises BadInput: two paths to one destination leave a node over different arcs.
    """
    arc_of = {
        (int(a), int(b)): i
        for i, (a, b) in enumerate(zip(compiled.tail, compiled.head, strict=True))
    }
    weights = np.full((compiled.n_nodes, compiled.n_arcs), NO_ARC, dtype=np.int64)
    chosen: dict[tuple[int, int], tuple[int, int]] = {}
    for line in path.read_text().split():
        nodes = [int(node) for node in line.split(";")]
        source, target = nodes[0], nodes[-1]
        for here, ahead in pairwise(nodes):
            other_ahead, other = chosen.setdefault((here, target), (ahead, source))
            if ahead != other_ahead:
                raise BadInput(
                    f"{path}: to node {target}, node {here} sends what comes from {other} to "
                    f"{other_ahead} and what comes from {source} to {ahead}. The twin forwards by "
                    "destination alone; take a set whose paths do not depend on the source"
                )
            weights[target, arc_of[here, ahead]] = 1
    rows = [route(compiled, weights[t], np.array([t])) for t in range(compiled.n_nodes)]
    return Routing(
        destinations=np.concatenate([row.destinations for row in rows]),
        distance=np.concatenate([row.distance for row in rows]),
        order=np.concatenate([row.order for row in rows]),
        settled=np.concatenate([row.settled for row in rows]),
        hop_offsets=np.concatenate([row.hop_offsets for row in rows]),
        hop_arcs=np.concatenate([row.hop_arcs for row in rows]),
    )


def _sample(
    compiled: CompiledTopology, routing: Routing, traffic: str, results: str, links: str
) -> Sample:
    n = compiled.n_nodes
    offered = _table(traffic.split("|")[1]).reshape(n, n, -1)[:, :, 1]
    delay_s = _table(results.split("|")[1]).reshape(n, n, -1)[:, :, 3]
    fields = links.strip(";").split(";")
    ports = [fields[a * n + b] for a, b in zip(compiled.tail, compiled.head, strict=True)]
    usage = _table(";".join(ports))
    return Sample(
        compiled=compiled,
        routing=routing,
        # What is not offered has a rate of -1 or 0.
        traffic_bps=np.where(np.eye(n, dtype=bool), 0.0, np.maximum(offered, 0.0)),
        delay_s=delay_s,
        utilisation=usage[:, 0],
        loss=usage[:, 1],
        occupancy=usage[:, 5],
        most_packets=usage[:, 6],
    )


def _table(text: str) -> FloatArray:
    """Rows are separated by semicolons; only the columns that every row has are kept."""
    rows = [row.split(",") for row in text.strip(";").split(";")]
    width = min(len(row) for row in rows)
    return np.array([row[:width] for row in rows], dtype=np.float64)


def main(folders: Sequence[str]) -> int:
    """Print one line per folder; returns the exit code, 2 for a set that cannot be used."""
    for name in folders or ["validation"]:
        try:
            # A folder of the data at hand, or any other.
            found = errors(DATA / name)
        except BadInput as exc:
            print(exc, file=sys.stderr)
            return 2
        print(
            f"{name}: {found.pairs} pairs ({found.without_traffic} without traffic left out), "
            f"delay MAPE {found.delay:.3%} (bias {found.bias:+.3%}), "
            f"utilisation MAE {found.utilisation:.2e}, link loss MAE {found.loss:.2e}"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
