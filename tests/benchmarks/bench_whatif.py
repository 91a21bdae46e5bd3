"""The rows of docs/performance.md at their full size: `make bench`, about five minutes.

pytest-benchmark keeps the record (machine, versions, commit). It times one thing at a time, whereas
ratios need parties that take turns; so each row is run once and brings its own times.
"""

import os
from collections.abc import Callable, Iterator
from dataclasses import asdict

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from tests.benchmarks import workloads
from tests.benchmarks.workloads import Row

GROWTH = {
    "sndlib/germany50": True,
    "gabriel/100/0": True,
    "gabriel/200/0": True,
    "backbone/africa": True,
    "gabriel/500/0": True,
    "backbone/europe": True,
    "backbone/atlantica": True,
    "backbone/eurasia": True,
    "backbone/world": False,
}
"""Networks by size, and whether SciPy plays too: beyond, each of its arrays takes 300 MB."""


@pytest.fixture(autouse=True)
def one_core() -> Iterator[None]:
    """Where the system can, the process stays on its last core."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(before)})
    yield
    os.sched_setaffinity(0, before)


@pytest.fixture
def record(benchmark: BenchmarkFixture) -> Callable[..., None]:
    """Runs a row once and keeps it."""

    def run(row: Callable[..., Row], *arguments: object) -> None:
        # pytest-benchmark ships no types.
        benchmark.extra_info["row"] = asdict(benchmark.pedantic(row, arguments))  # type: ignore[no-untyped-call]

    return run


@pytest.mark.parametrize(("name", "sample"), [("gabriel/200/0", 4), ("sndlib/germany50", 12)])
def test_single_failures(record: Callable[..., None], name: str, sample: int) -> None:
    record(workloads.single_failures, name, 25.0, sample)


def test_double_failures(record: Callable[..., None]) -> None:
    record(workloads.double_failures, "gabriel/200/0", 30.0)


def test_cascades(record: Callable[..., None]) -> None:
    record(workloads.cascades, "sndlib/germany50", 10.0)


def test_verdicts(record: Callable[..., None]) -> None:
    record(workloads.verdicts, "gabriel/200/0", 20.0)


def test_memory(record: Callable[..., None]) -> None:
    record(workloads.memory, "gabriel/500/0")


@pytest.mark.parametrize("name", GROWTH)
def test_growth(record: Callable[..., None], name: str) -> None:
    record(workloads.growth, name, 4.0, GROWTH[name])
