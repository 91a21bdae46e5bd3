"""How a time is taken: in turns, and the least of all."""

import sys
import time
from collections.abc import Callable, Mapping
from types import FrameType
from typing import Any

from tests.benchmarks import peers

Run = Callable[[], object]

TURN_S = 0.02
TURNS = 3

BYTECODES = 200_000
"""Bytecodes that are timed to know what one costs."""


def least_seconds(runs: Mapping[str, Run], budget_s: float) -> dict[str, float]:
    """The least wall-clock time of each run, after one that does not count.

    The runs take turns of at least TURN_S until `budget_s` is used up, three turns at the least, so
    that whatever else the machine does meets all of them.
    """
    for run in runs.values():
        run()
    best = dict.fromkeys(runs, float("inf"))
    begin, turns = time.perf_counter(), 0
    while turns < TURNS or time.perf_counter() - begin < budget_s:
        for name, run in runs.items():
            best[name] = min(best[name], _least_of_a_turn(run))
        turns += 1
    return best


def _least_of_a_turn(run: Run) -> float:
    least, spent = float("inf"), 0.0
    while spent < TURN_S:
        begin = time.perf_counter()
        run()
        took = time.perf_counter() - begin
        least, spent = min(least, took), spent + took
    return least


def share_outside_python(run: Run, seconds: float) -> float:
    """Which part of the `seconds` that `run` takes is not spent on a peer's own Python, 0..1.

    The bytecodes that the peers' module executes are counted, at what a bytecode costs in a loop of
    arithmetic and look-ups. What is left is in the libraries that it calls.
    """
    return max(0.0, 1.0 - _bytecodes(run, str(peers.__file__)) * _seconds_per_bytecode() / seconds)


def _bytecodes(run: Run, file: str) -> int:
    count = 0

    def trace(frame: FrameType, event: str, _argument: Any) -> Any:
        nonlocal count
        if frame.f_code.co_filename != file:
            return None
        frame.f_trace_opcodes = True
        count += event == "opcode"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        run()
    finally:
        sys.settrace(before)
    return count


def _seconds_per_bytecode() -> float:
    turns = BYTECODES // _bytecodes_per_turn()
    return least_seconds({"loop": lambda: _loop(turns)}, 0.0)["loop"] / BYTECODES


def _bytecodes_per_turn() -> int:
    return (
        _bytecodes(lambda: _loop(200), __file__) - _bytecodes(lambda: _loop(100), __file__)
    ) // 100


def _loop(turns: int) -> float:
    values, total = [1.0, 2.0, 3.0], 0.0
    for i in range(turns):
        total += values[i % 3]
        values[i % 3] = total / (i + 1)
    return total
