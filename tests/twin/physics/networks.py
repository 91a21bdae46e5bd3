"""Small networks by hand, and topohub's graphs with the loads that its authors publish."""

import json
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
import topohub

from twin.nouns.topology import Link, Node, Site, Topology
from twin.physics.compiled import CompiledTopology, FloatArray, IntArray, compile_topology
from twin.sources.topohub_source import topohub_names

SNDLIB = tuple(name for name in topohub_names() if name.startswith("sndlib/"))
TOPOZOO = tuple(name for name in topohub_names() if name.startswith("topozoo/"))


def topology_of(n: int, ends: list[tuple[int, int]]) -> Topology:
    """Nodes "0".. and links "L0".. of 10 Gbit/s and 1 ms."""
    return Topology(
        name="by hand",
        sites=tuple(Site(id=str(i), longitude=0, latitude=0) for i in range(n)),
        nodes=tuple(Node(id=str(i), site=str(i)) for i in range(n)),
        links=tuple(
            Link(
                id=f"L{k}", a=str(a), b=str(b), capacity_bps=10e9, members=1, length_km=200,
                propagation_s=0.001,
            )
            for k, (a, b) in enumerate(ends)
        ),
    )  # fmt: skip


def compiled_with_weights(
    n: int, ends: list[tuple[int, int]], weights: list[int] | None = None
) -> tuple[CompiledTopology, IntArray]:
    """Compiled, and per-arc weights (one per link, both ways; 10 where none are given)."""
    compiled = compile_topology(topology_of(n, ends))
    per_link = [10] * len(ends) if weights is None else weights
    return compiled, np.repeat(np.array(per_link, dtype=np.int64), 2)


def one_demand(n: int, source: int, target: int, rate: float = 12.0) -> FloatArray:
    """Traffic (1, 1, n, n) of a single pair."""
    traffic = np.zeros((1, 1, n, n))
    traffic[0, 0, source, target] = rate
    return traffic


def published_modes(name: str) -> tuple[str, ...]:
    """Of which demands topohub publishes loads: original, uniform, degree-weighted."""
    return ("org", "uni", "deg") if name in SNDLIB else ("uni", "deg")


def published_topology(name: str) -> Topology:
    """The graph that topohub calls `name`, nodes and links in its order."""
    raw, ends = _raw(name)
    return topology_of(len(raw["nodes"]), ends)


def published_demand(name: str, mode: str) -> tuple[FloatArray, FloatArray]:
    """Demand (n, n), and topohub's published load per arc in percent of the busiest.

    topohub routes every listed demand in both directions, so listing both adds up.
    """
    raw, ends = _raw(name)
    n = len(raw["nodes"])
    demand = np.zeros((n, n))
    if mode == "org":
        index = {node["id"]: i for i, node in enumerate(raw["nodes"])}
        for source, row in raw["graph"]["demands"].items():
            for target, value in row.items():
                demand[index[int(source)], index[int(target)]] += value
    elif mode == "uni":
        demand[np.triu_indices(n, 1)] = 1.0
    else:
        degree = np.bincount(np.array(ends).ravel(), minlength=n).astype(float)
        demand = np.triu(np.outer(degree, degree), 1)
    columns = ("ecmp_fwd", "ecmp_bwd")
    published = np.array([edge[way][mode] for edge in raw["edges"] for way in columns])
    return demand + demand.T, published


@cache
def _raw(name: str) -> tuple[dict[str, Any], list[tuple[int, int]]]:
    # topohub.get leaves its file open, which pytest turns into an error.
    raw = json.loads(files(topohub).joinpath(f"data/{name}.json").read_text())
    index = {node["id"]: i for i, node in enumerate(raw["nodes"])}
    return raw, [(index[edge["source"]], index[edge["target"]]) for edge in raw["edges"]]
