"""Writes what a benchmark run found into docs/: performance.json, the tables of performance.md and
performance.svg. `python -m tests.benchmarks.page FILE`, of pytest-benchmark's JSON.
"""

import json
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from matplotlib import rc_context
from matplotlib.figure import Figure

from tests.benchmarks.workloads import Row

DOCS = Path(__file__).parents[2] / "docs"
LIBRARIES = ("numba", "numpy", "scipy", "networkx", "netgraph-core", "topohub")
GIB = 1 << 30

BEGIN, END = "<!-- begin {}: written by make bench -->", "<!-- end {} -->"


@dataclass(frozen=True, slots=True)
class Goal:
    """A ratio of two times of one row: `slow` / `fast`, its floor and its aim.

    `sense` is 1 where more is better, and -1 where the ratio has to stay below.
    """

    what: str
    network: str
    slow: str
    fast: str
    floor: float
    aim: float
    sense: int = 1

    def ratio(self, row: Row) -> float:
        """How many times longer the slow one takes."""
        return row.seconds[self.slow] / row.seconds[self.fast]

    def verdict(self, ratio: float) -> str:
        """Which of floor and aim are met."""
        met = [self.sense * (ratio - bound) >= 0 for bound in (self.floor, self.aim)]
        return "aim met" if all(met) else "floor met" if met[0] else "**missed**"


SINGLE, DOUBLE, CASCADES = "N-1 link loads", "N-2 sweep", "overload cascades"
VERDICTS, MEMORY, GROWTH = "verdicts on services", "memory of an N-1 sweep", "growth"
GABRIEL, GERMANY = "gabriel/200/0", "sndlib/germany50"

GOALS = (
    Goal(SINGLE, GABRIEL, "NetworkX", "ours", 300, 850),
    Goal(SINGLE, GABRIEL, "SciPy", "ours", 100, 300),
    Goal(SINGLE, GABRIEL, "SciPy, sorted", "ours", 100, 300),
    Goal(SINGLE, GABRIEL, "netgraph-core", "ours", 1000, 1000),
    Goal(SINGLE, GABRIEL, "netgraph-core, by destination", "ours", 1000, 1000),
    Goal(SINGLE, GERMANY, "NetworkX", "ours", 150, 350),
    Goal(SINGLE, GERMANY, "SciPy", "ours", 50, 130),
    Goal(SINGLE, GERMANY, "SciPy, sorted", "ours", 50, 130),
    Goal(SINGLE, GERMANY, "netgraph-core", "ours", 300, 300),
    Goal(SINGLE, GERMANY, "netgraph-core, by destination", "ours", 300, 300),
    Goal(DOUBLE, GABRIEL, "N-1", "N-2", 1, 1),
    Goal(DOUBLE, GABRIEL, "N-2", "N-2, two threads", 1, 1.8),
    Goal(CASCADES, GERMANY, "each round routed", "ours", 1.5, 5),
    Goal(VERDICTS, GABRIEL, "loads and verdicts", "loads", 4, 1.5, -1),
)


def rows_of(report: dict[str, Any]) -> tuple[Row, ...]:
    """The rows in pytest-benchmark's JSON."""
    return tuple(Row(**entry["extra_info"]["row"]) for entry in report["benchmarks"])


def summary_of(report: dict[str, Any], rows: Sequence[Row]) -> dict[str, Any]:
    """What goes into performance.json: no name of a machine, no path."""
    machine, commit = report["machine_info"], report["commit_info"]
    return {
        "date": report["datetime"][:10],
        "commit": commit["id"][:12] + (" with changes" if commit["dirty"] else ""),
        "processor": machine["cpu"].get("brand_raw", machine["processor"]),
        "python": machine["python_version"],
        "libraries": {name: version(name) for name in LIBRARIES},
        "rows": [_plain(row) for row in rows],
    }


def _plain(row: Row) -> dict[str, Any]:
    return {
        "what": row.what,
        "network": row.network,
        "nodes": row.nodes,
        "links": row.links,
        "scenarios": row.scenarios,
        "seconds_per_scenario": {key: _short(value) for key, value in row.seconds.items()},
        "notes": {key: _short(value) for key, value in row.notes.items()},
    }


def _short(value: float) -> float:
    return float(f"{value:.4g}")


def run_line(summary: dict[str, Any]) -> str:
    """Which run it was."""
    libraries = ", ".join(f"{name} {number}" for name, number in summary["libraries"].items())
    return (
        f"Run of {summary['date']}, commit {summary['commit']}, one core of "
        f"{summary['processor']}, Python {summary['python']}, {libraries}."
    )


def goals_table(rows: Sequence[Row]) -> str:
    """Each goal with what came of it."""
    lines = [
        "| what | network | against | ours, per scenario | ratio | at least | aim | |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for goal in GOALS:
        row = _find(rows, goal.what, goal.network)
        if row is None:
            continue
        ratio = goal.ratio(row)
        per = goal.fast if goal.sense > 0 else goal.slow
        other = goal.slow if goal.sense > 0 else goal.fast
        bound = "{:g}x" if goal.sense > 0 else "under {:g}x"
        lines.append(
            f"| {goal.what} | {row.network} | {other} ({_time(row.seconds[other])}) | "
            f"{_time(row.seconds[per])} | {ratio:.3g}x | {bound.format(goal.floor)} | "
            f"{bound.format(goal.aim)} | {goal.verdict(ratio)} |"
        )
    for row in rows:
        if row.what == MEMORY:
            peak = row.notes["bytes at the peak, of the sweep"]
            alone = row.notes["bytes at the peak, of the imports alone"]
            met = "floor met" if peak < GIB else "**missed**"
            lines.append(
                f"| {row.what} | {row.network} | the imports alone ({alone / GIB:.2f} GiB) | "
                f"{peak / GIB:.2f} GiB at the peak | | under 1 GiB | | {met} |"
            )
    return "\n".join(lines)


def rates_table(rows: Sequence[Row]) -> str:
    """Scenarios per second of ours and of the peers, and the checks of how these are written."""
    lines = [
        "| network | party | scenarios per second | outside its own Python | of the best SciPy |",
        "|---|---|---|---|---|",
    ]
    for row in rows:
        if row.what != SINGLE:
            continue
        best = min(row.seconds["SciPy"], row.seconds["SciPy, sorted"])
        for key, seconds in row.seconds.items():
            share = row.notes.get(f"{key}, share outside its own Python")
            outside = "" if share is None else f"{share:.1%}"
            rate = f"{1 / seconds:,.0f}" if seconds < 0.1 else f"{1 / seconds:.2g}"
            lines.append(f"| {row.network} | {key} | {rate} | {outside} | {best / seconds:.2f} |")
    return "\n".join(lines)


def growth_table(rows: Sequence[Row]) -> str:
    """Time per scenario by size."""
    lines = [
        "| network | nodes | links | base, once | per failure | destinations touched | SciPy |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        if row.what == GROWTH:
            peer = row.seconds.get("SciPy, sorted")
            touched = row.notes["destinations touched by a failure"]
            lines.append(
                f"| {row.network} | {row.nodes:,} | {row.links:,} | "
                f"{_time(row.notes['seconds of the base'])} | "
                f"{_time(row.seconds['ours, base known'])} | {touched:,.0f} | "
                f"{'' if peer is None else _time(peer)} |"
            )
    return "\n".join(lines)


def growth_figure(rows: Sequence[Row]) -> Figure:
    """Time per scenario against nodes, both logarithmic."""
    grown = [row for row in rows if row.what == GROWTH]
    figure = Figure(figsize=(7, 4.2), layout="constrained")
    axes = figure.subplots()
    series: tuple[tuple[str, str, str, Callable[[Row], float | None]], ...] = (
        ("Noctua, one failure", "#0072b2", "o", lambda r: r.seconds["ours, base known"]),
        ("Noctua, the base (once)", "#009e73", "s", lambda r: r.notes["seconds of the base"]),
        ("SciPy, sorted, one failure", "#d55e00", "^", lambda r: r.seconds.get("SciPy, sorted")),
    )
    for label, colour, marker, value in series:
        points = [(row.nodes, value(row)) for row in grown if value(row) is not None]
        nodes, seconds = zip(*points, strict=True)
        axes.plot(nodes, seconds, color=colour, marker=marker, label=label)
    axes.set(xscale="log", yscale="log", xlabel="nodes", ylabel="seconds")
    axes.set_title("What a what-if costs, on one core")
    axes.grid(alpha=0.3, which="both")
    axes.legend()
    return figure


def put(page: str, name: str, text: str) -> str:
    """The page with `text` between the marks of `name`."""
    begin, end = BEGIN.format(name), END.format(name)
    before, _, rest = page.partition(begin)
    _, found, after = rest.partition(end)
    if not found:
        raise ValueError(f"docs/performance.md has no marks for {name}")
    return f"{before}{begin}\n{text}\n{end}{after}"


def _find(rows: Iterable[Row], what: str, network: str) -> Row | None:
    return next((row for row in rows if (row.what, row.network) == (what, network)), None)


def _time(seconds: float) -> str:
    for unit, name in ((1.0, "s"), (1e-3, "ms")):
        if seconds >= unit:
            return f"{seconds / unit:.3g} {name}"
    return f"{seconds * 1e6:.3g} µs"


def main() -> None:
    """Read the report that is named and write the page."""
    report = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    rows = rows_of(report)
    summary = summary_of(report, rows)
    place = DOCS / "performance.json"
    place.write_text(json.dumps(summary, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    page = DOCS / "performance.md"
    text = page.read_text(encoding="utf-8")
    for name, part in (
        ("run", run_line(summary)),
        ("goals", goals_table(rows)),
        ("rates", rates_table(rows)),
        ("growth", growth_table(rows)),
    ):
        text = put(text, name, part)
    page.write_text(text, encoding="utf-8")
    # Texts stay texts, and the same figures give the same bytes.
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": "performance"}):
        growth_figure(rows).savefig(DOCS / "performance.svg", metadata={"Date": None})


if __name__ == "__main__":
    main()
