"""Time the knowledge graph at 100,000 things and 400,000 relations, as rows of a table.

    python -m tests.benchmarks.graph_stores
    NOCTUA_GRAPH=bolt://127.0.0.1:17687 python -m tests.benchmarks.graph_stores

The second times that server, in a network of its own, which is loaded where it is empty and stays.
Our processor time stands beside the wall time, which whatever else the machine does adds to.
"""

import gc
import os
import random
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np

from tests.benchmarks.large_network import large_facts
from tools.graph_store.opening import open_graph
from tools.graph_store.protocol import KnowledgeGraph
from twin.knowledge.causal import CausalGraph, derive
from twin.knowledge.facts import ThingKey
from twin.knowledge.fate import common_causes
from twin.knowledge.past import PastIncident
from twin.knowledge.snapshot import Snapshot

NETWORK = "benchmark-100000"

CALLS = 100
"""So many calls of each query are timed, of things that are drawn."""

FEW = 20
"""So many writes."""

SYMPTOMS = 50

Result = TypeVar("Result")


def once(what: str, run: Callable[[], Result]) -> Result:
    """Time one call, and print it."""
    wall_s, cpu_s = time.perf_counter(), time.process_time()
    result = run()
    cpu_s, wall_s = time.process_time() - cpu_s, time.perf_counter() - wall_s
    print(f"| {what} | {cpu_s:.2f} s | {wall_s:.2f} s |", flush=True)
    return result


def often(what: str, runs: Sequence[Callable[[], object]]) -> None:
    """Time each call after one that does not count, and print median and p95."""
    runs[0]()
    took = np.empty((len(runs), 2))
    for number, run in enumerate(runs):
        wall_s, cpu_s = time.perf_counter(), time.process_time()
        run()
        took[number] = time.process_time() - cpu_s, time.perf_counter() - wall_s
    (cpu, wall), (cpu_95, wall_95) = np.percentile(took, [50, 95], axis=0) * 1000
    print(f"| {what} | {cpu:.2g}, {cpu_95:.2g} ms | {wall:.2g}, {wall_95:.2g} ms |", flush=True)


def stored(graph: KnowledgeGraph, open_again: Callable[[], KnowledgeGraph]) -> Snapshot:
    """What the store does."""
    facts = large_facts()
    if not graph.things("device"):
        before_mb = _memory_mb("VmRSS")
        Path("/proc/self/clear_refs").write_text("5")  # the peak is counted from here
        once("load", lambda: graph.put(facts.things, facts.relations))
        more_mb = _memory_mb("VmHWM") - before_mb
        print(f"| memory while loading, beside the facts | {more_mb:.0f} MB | |")
    graph.close()
    again = open_again()
    snapshot = once("snapshot", again.snapshot)
    assert snapshot.facts() == facts
    # Nobody but this benchmark holds a million facts, which Python's collector would look through.
    gc.freeze()
    drawn = random.Random(7)
    keys = [t.key for t in facts.things if t.kind in ("device", "link", "ups", "service")]
    some = drawn.sample(keys, CALLS)
    often("look-up of a thing", [partial(again.thing, *k) for k in some])
    often("neighbourhood, one hop", [partial(again.around, *k) for k in some])
    often("neighbourhood, two hops", [partial(again.around, *k, 2) for k in some])
    past = [t for t in facts.things if t.kind == "incident"]
    symptoms = [PastIncident.of(thing).symptoms for thing in drawn.sample(past, CALLS)]
    often("similar among 1,000 incidents", [partial(again.incidents_like, s) for s in symptoms])
    # What was there already, so that the graph stays as it is.
    often("one fact written", [partial(again.put, [t]) for t in past[:FEW]])
    again.snapshot()
    again.put(past[:1])
    once("snapshot after one write of ours", again.snapshot)
    again.close()
    return snapshot


def _memory_mb(name: str) -> float:
    status = Path("/proc/self/status").read_text()
    return int(status.split(f"{name}:")[1].split()[0]) / 1024


def asked(snapshot: Snapshot, graph: KnowledgeGraph) -> None:
    """What is worked out from a snapshot, by the same code for every store."""
    causal = once("causal graph from the snapshot", lambda: derive(snapshot, graph.schema))
    once(
        "what each single failure takes down, once a snapshot",
        lambda: causal.causes(snapshot.keys[:1]),
    )
    drawn = random.Random(7)
    for kind in ("device", "link", "duct", "ups", "substation"):
        ids = drawn.sample(snapshot.ids(kind), CALLS)
        often(f"impact of a {kind}", [partial(causal.impact, [(kind, i)]) for i in ids])
    sets = [_symptoms(causal, snapshot, drawn) for _ in range(CALLS)]
    often(f"causes of {SYMPTOMS} symptoms", [partial(causal.causes, s) for s in sets])
    links = [drawn.sample(snapshot.ids("link"), SYMPTOMS) for _ in range(CALLS)]
    often(
        f"shared fate of {SYMPTOMS} links", [partial(common_causes, snapshot, of) for of in links]
    )


def _symptoms(causal: CausalGraph, snapshot: Snapshot, drawn: random.Random) -> list[ThingKey]:
    """What is seen of two failures at once, and of nothing else."""
    failed: list[ThingKey] = [
        ("device", drawn.choice(snapshot.ids("device"))),
        ("substation", drawn.choice(snapshot.ids("substation"))),
    ]
    seen = [f.thing for f in causal.impact(failed).falls if f.thing[0] in ("interface", "service")]
    return drawn.sample(seen, min(SYMPTOMS, len(seen)))


def main() -> None:
    """Both parts, as rows of one table."""
    with tempfile.TemporaryDirectory() as folder:

        def opened() -> KnowledgeGraph:
            return open_graph(Path(folder) / "graph.sqlite", NETWORK, os.environ)

        graph = opened()
        print("| what | processor: median, p95 | wall: median, p95 |\n|---|---|---|")
        snapshot = stored(graph, opened)
        with closing(opened()) as again:
            asked(snapshot, again)
        print(f"load of the machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")


if __name__ == "__main__":
    main()
