"""Drawings for planners: how bad each failure is, what is still served, what a what-if moves.

The same facts give the same bytes. Colours are told apart with any colour vision (after Okabe and
Ito) and never carry a meaning alone: width, dashes and marks repeat it.
"""

import math
import textwrap
import warnings
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import style
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter

from channels.map_room import MapRoom, cosine, from_the_middle, link_lines, without_mathematics
from channels.planning.engineering import EngineeringDocument
from channels.planning.hardening_curve import plot_hardening
from channels.planning.opening import Planned
from channels.planning.rows import NOTHING, AttritionRow, Severity
from channels.report.drawings import BANDS
from channels.report.wording import plain, rate
from channels.whole_file import whole_file
from twin.errors import BadInput
from twin.events.faults.device_down import DeviceDown
from twin.events.what_if import WhatIf
from twin.nouns.counted import counted
from twin.nouns.risk import Hardening
from twin.nouns.topology import Topology
from twin.physics.compiled import FloatArray
from twin.whatif.comparison import Comparison
from twin.whatif.growth import Growth
from twin.whatif.survey import Survey

SUFFIXES = (".svg", ".png", ".pdf")

_INK, _FAINT, _DOWN, _TOUCHED = "#1b1f24", "#b5bcc4", "#b00020", "#009e73"
_WORST, _RANDOM = "#cc3a8e", "#2f7fc1"

_LOSING: tuple[tuple[float, str, float, str], ...] = (
    (0.01, "#e58fc0", 3.6, "up to 1 % of all traffic does not arrive"),
    (0.05, "#b0307f", 4.6, "1–5 % of all traffic does not arrive"),
    (math.inf, "#3d0b45", 5.6, "more than 5 % of all traffic does not arrive"),
)
_BUSIER: tuple[tuple[float, str, float, str], ...] = (
    (0.70, "#7fbce8", 1.6, "it gets higher, to under 70 %"),
    (0.85, "#1f6fb5", 2.3, "it gets higher, to 70–85 %"),
    (math.inf, "#c98500", 2.9, "it gets higher, to 85 % or more"),
)
_MILD = (_FAINT, 1.1)

_FEW_NODES = 60
_MARKED = 10

_STYLE: dict[str, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "noctua",
    "font.family": "sans-serif",
    "font.size": 9,
    "text.color": _INK,
    "axes.edgecolor": _INK,
    "axes.labelcolor": _INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "figure.facecolor": "white",
    "savefig.dpi": 160,
}


def check_drawing(path: Path) -> None:
    """Raises BadInput: the name does not say how to draw it."""
    if path.suffix.casefold() not in SUFFIXES:
        raise BadInput(f'{path}: a drawing is {", ".join(SUFFIXES)}, not "{path.suffix}"')


def draw_criticality(
    path: Path, planned: Planned, found: Survey, bad: Severity, ranking: Sequence[int]
) -> None:
    """Every link (or node) by what it costs to lose it; the worst scenarios are numbered as ranked.

    `ranking`: the first scenarios of the ranking that the table shows.
    """
    topology = planned.state.topology
    with _style():
        figure, axis = _map_figure(topology, _heading(found, planned), legend_rows=4)
        looks = [_look(bad, i) for i in range(len(found.events))]
        lines = _lines(topology)
        if found.depth == "node":
            _draw_nodes(axis, topology, lines, looks)
        else:
            _draw_links(axis, topology, lines, _looks_of_links(found, bad, looks, topology))
        radius = 8.0 if found.depth == "node" else 3.0
        room = _room(figure, axis, topology, lines, radius)
        wanted = _mark_worst(room, topology, lines, found, ranking[:_MARKED])
        _name_nodes(room, topology, wanted)
        figure.legend(
            handles=_criticality_legend(found),
            loc="lower center",
            ncols=2,
            frameon=False,
            fontsize=8.5,
        )
        _save(figure, path)


def draw_curve(
    path: Path, surveys: Iterable[Survey], rows: Sequence[AttritionRow], planned: Planned
) -> None:
    """What is still served: in each scenario, worst first, and as failures add up."""
    with _style():
        figure = Figure(figsize=(11, 5.2), layout="constrained")
        left, right = figure.subplots(1, 2)
        figure.suptitle(_run_line("Traffic that arrives", planned), fontsize=9.5)
        surveys = tuple(surveys)
        for survey, (colour, dashes) in zip(surveys, _CURVES, strict=False):
            served = 100 * np.sort(survey.served_share)
            place = 100 * np.arange(1, len(served) + 1) / len(served)
            left.step(
                place, served, where="pre", color=colour, linestyle=dashes, linewidth=2,
                label=f"{_what_fails(survey)} ({counted(len(served), 'scenario')})",
            )  # fmt: skip
        left.set_xscale("log")
        left.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g} %"))
        left.set_xlabel("share of all scenarios, worst first")
        left.set_ylabel("share of all traffic (%)")
        left.set_title("One scenario at a time", fontweight="bold", fontsize=10)
        _draw_attrition(right, rows, surveys[0])
        for axis in (left, right):
            lowest = min(np.min(line.get_ydata()) for line in axis.lines)
            # Nothing is above 100 %; a line along the edge is drawn whole all the same.
            axis.set_ylim(min(lowest - 0.05 * (100 - lowest), 99.0), 100)
            for line in axis.lines:
                line.set_clip_on(False)
        for axis in (left, right):
            axis.grid(color=_FAINT, linewidth=0.5, alpha=0.6)
            axis.legend(loc="lower right" if axis is left else "lower left", frameon=False)
        _save(figure, path)


def draw_what_if(path: Path, planned: Planned, comparison: Comparison, text: str) -> None:
    """The network after the what-if: utilisation, what failed, what was changed or built."""
    topology = comparison.after.topology
    utilisation = comparison.after.utilisation.reshape(-1, 2).max(axis=1)
    before = comparison.before.utilisation.reshape(-1, 2).max(axis=1)
    before = np.pad(before, (0, len(utilisation) - len(before)))
    with _style():
        heading = _run_line(f"After “{_text(text)}”: highest utilisation of each link", planned)
        figure, axis = _map_figure(topology, heading, legend_rows=2)
        lines = _lines(topology)
        touched = _draw_after(axis, topology, lines, comparison, utilisation)
        room = _room(figure, axis, topology, lines)
        gained = _mark_gains(room, topology, lines, utilisation - before)
        _name_nodes(room, topology, touched | gained)
        figure.legend(
            handles=_what_if_legend(), loc="lower center", ncols=4, frameon=False, fontsize=8.5
        )
        _save(figure, path)


def draw_growth(path: Path, planned: Planned, growth: Growth) -> None:
    """The links that are full first: peak utilisation over the years, against the limit."""
    with _style():
        figure = Figure(figsize=(9, 5.2), layout="constrained")
        axis = figure.subplots()
        title = f"Peak utilisation with {100 * growth.per_year:g} % more traffic each year"
        figure.suptitle(_run_line(title, planned), fontsize=9.5)
        years = np.linspace(0, growth.years, 200)
        factor = 100 * (1 + growth.per_year) ** years
        for link, (colour, dashes) in zip(growth.links, _GROWING, strict=False):
            fullest = link.utilisation
            if link.failure is not None:
                fullest = max(fullest, link.failure.utilisation)
            axis.plot(
                years, fullest * factor, color=colour, linestyle=dashes, linewidth=2,
                label=_text(link.link),
            )  # fmt: skip
        if growth.links and not growth.with_failures:
            first = growth.links[0].forecast
            axis.fill_between(
                years, first.p05 * factor, first.p95 * factor, color=_GROWING[0][0], alpha=0.18,
                linewidth=0, label="forecast of the first, 5–95 %",
            )  # fmt: skip
        full = 100 * growth.limit
        axis.axhline(full, color=_INK, linewidth=1, label=f"full: {growth.limit:.0%}")
        axis.set_ylim(0, 2 * full)
        axis.set_xlim(0, growth.years)
        axis.set_xlabel("years from now")
        when = "after the worst failure of another link" if growth.with_failures else "healthy"
        axis.set_ylabel(f"offered load / capacity (%), {when}")
        axis.grid(color=_FAINT, linewidth=0.5, alpha=0.6)
        axis.legend(loc="upper left", frameon=False, fontsize=8)
        _save(figure, path)


def draw_weights(path: Path, planned: Planned, document: EngineeringDocument) -> None:
    """What so many changed weights reach, between the configured ones and what none beat."""
    found = document.engineered
    with _style():
        figure = Figure(figsize=(9, 5.2), layout="constrained")
        axis = figure.subplots()
        heading = _run_line("Highest utilisation by the number of weights changed", planned)
        figure.suptitle(heading, fontsize=9.5)
        names = ["0", *("all" if x.at_most is None else f"≤ {x.at_most}" for x in found.plans)]
        reached = [100 * found.configured, *(100 * x.max_utilisation for x in found.plans)]
        axis.plot(
            names, reached, "-o", color=_RANDOM, linewidth=2, markersize=5,
            label="the weights that were found",
        )  # fmt: skip
        for place, (height, plan) in enumerate(zip(reached[1:], found.plans, strict=True), start=1):
            axis.annotate(
                f"{height:.1f} %\n{len(plan.changes)} made", (place, height), (0, 7),
                textcoords="offset points", ha="center", fontsize=8,
            )  # fmt: skip
        axis.axhline(100 * found.configured, color=_INK, linewidth=1, label="as configured")
        axis.axhline(
            100 * found.free_splits, color=_WORST, linewidth=1.5, linestyle=(0, (5, 1.5)),
            label="free splits, which no weights beat",
        )  # fmt: skip
        room = max(reached[0] - 100 * found.free_splits, 1.0)
        axis.set_ylim(100 * found.free_splits - 0.1 * room, reached[0] + 0.25 * room)
        axis.set_xlabel("weights changed")
        axis.set_ylabel("highest offered load / capacity (%)")
        axis.grid(color=_FAINT, linewidth=0.5, alpha=0.6)
        axis.legend(loc="upper right", frameon=False, fontsize=8)
        _save(figure, path)


def draw_hardening(
    path: Path, planned: Planned, before: float, changes: Sequence[Hardening]
) -> None:
    """What is left of a register's risk, `before` with nothing built, against what is spent."""
    with _style():
        figure = Figure(figsize=(9, 5.2), layout="constrained")
        axis = figure.subplots()
        figure.suptitle(
            _run_line("What is left of the risk for what is spent", planned), fontsize=9.5
        )
        plot_hardening(axis, before, changes, _INK)
        said = (f"{i}. {change.what}" for i, change in enumerate(changes, start=1))
        axis.set_title("\n".join(map(_text, said)), loc="left", fontsize=8)
        _save(figure, path)


_GROWING = tuple(
    (colour, dashes)
    for dashes in ("-", (0, (5, 1.5)))
    for colour in ("#cc3a8e", "#2f7fc1", "#009e73", "#c98500")
)

_CURVES = ((_RANDOM, "-"), (_WORST, (0, (5, 1.5))))

_NOUNS = {"1": "one link", "2": "two links", "srlg": "one shared-risk group", "node": "one node"}


def _what_fails(survey: Survey) -> str:
    return _NOUNS[survey.depth]


def _draw_attrition(axis: Axes, rows: Sequence[AttritionRow], survey: Survey) -> None:
    x = [r.failures for r in rows]
    low, high = [100 * r.random_p05 for r in rows], [100 * r.random_p95 for r in rows]
    axis.fill_between(x, low, high, color=_RANDOM, alpha=0.22, linewidth=0, label="random, 5–95 %")
    axis.plot(
        x, [100 * r.random_mean for r in rows], color=_RANDOM, linewidth=2, label="random, mean"
    )
    axis.plot(
        x, [100 * r.worst for r in rows], "--", color=_WORST, linewidth=2,
        label="the worst set that was found (greedy)",
    )  # fmt: skip
    exact = [r for r in rows if r.exact]
    axis.plot(
        [r.failures for r in exact], [100 * r.worst for r in exact], "o", color=_WORST,
        markersize=5, label="no set of that size is worse",
    )  # fmt: skip
    events = {"srlg": "shared-risk groups", "node": "nodes"}.get(survey.depth, "links")
    axis.set_xlabel(f"failed {events}, of {len(survey.events)}")
    axis.set_ylabel("share of all traffic (%)")
    axis.set_title("Failures that add up", fontweight="bold", fontsize=10)


def _style() -> AbstractContextManager[None]:
    """The user's own settings do not count."""
    return style.context(["default", _STYLE])


def _run_line(title: str, planned: Planned) -> str:
    run = planned.provenance
    seed = "" if run.seed is None else f", seed {run.seed}"
    return (
        f"{textwrap.fill(title, 90)}\n"
        f"{_text(run.topology)}, {counted(run.nodes, 'node')}, {counted(run.links, 'link')}; "
        "traffic: "
        f"{_text(run.traffic)}, {rate(run.offered_bps)}{seed}; code {run.code}\n"
        f"{textwrap.fill(_text(run.origins.line(), 1000), 110)}"
    )


def _heading(found: Survey, planned: Planned) -> str:
    other = ", where the worst other link is down already" if found.double else ""
    lost = "one link" if found.double else _what_fails(found)
    return _run_line(f"What it costs to lose {lost}{other}", planned)


def _map_figure(topology: Topology, heading: str, legend_rows: int) -> tuple[Figure, Axes]:
    places = _places(topology)
    shrink = cosine(places)
    xs, ys = zip(*places.values(), strict=True)
    width, height = (max(xs) - min(xs)) * shrink, max(ys) - min(ys)
    aspect = min(1.25, max(0.5, height / width)) if width > 0 else 1.0
    below, above = 0.22 * legend_rows + 0.25, 0.4 + 0.15 * heading.count("\n")
    wide = 11.0 if aspect < 0.9 else 8.5
    tall = 0.95 * wide * aspect + below + above
    figure = Figure(figsize=(wide, tall))
    axis = figure.add_axes((0.01, below / tall, 0.98, 1 - (below + above) / tall))
    axis.set_aspect(1 / shrink)
    axis.set_axis_off()
    axis.margins(0.05)
    figure.suptitle(heading, fontsize=9.5, y=1 - 0.1 / tall, va="top")
    return figure, axis


def _look(bad: Severity, event: int) -> tuple[str, float, int]:
    """Colour, line width, and how far up the legend (for what is drawn on top)."""
    if bad.unserved[event] > NOTHING:
        bands, value, base = _LOSING, float(bad.unserved[event]), 1 + len(_BUSIER)
    elif bad.utilisation[event] > 0:
        bands, value, base = _BUSIER, float(bad.utilisation[event]), 1
    else:
        return (*_MILD, 0)
    place = next(i for i, band in enumerate(bands) if value < band[0])
    return bands[place][1], bands[place][2], base + place


def _looks_of_links(
    found: Survey, bad: Severity, looks: Sequence[tuple[str, float, int]], topology: Topology
) -> Mapping[str, tuple[str, float, int]]:
    worst: dict[str, tuple[int, float, tuple[str, float, int]]] = {}
    for i, event in enumerate(found.events):
        for link in _links_of(event, topology):
            key = (looks[i][2], float(bad.unserved[i]), looks[i])
            worst[link] = max(worst.get(link, key), key)
    return {link: key[2] for link, key in worst.items()}


def _links_of(event: WhatIf, topology: Topology) -> tuple[str, ...]:
    return tuple(link for part in event for link in sorted(part.links_down(topology)))


def _lines(topology: Topology) -> list[FloatArray]:
    return link_lines([(link.a, link.b) for link in topology.links], _places(topology), apart=0.016)


def _draw_links(
    axis: Axes,
    topology: Topology,
    lines: Sequence[FloatArray],
    looks: Mapping[str, tuple[str, float, int]],
) -> None:
    for link, line in zip(topology.links, lines, strict=True):
        if link.id not in looks:
            axis.plot(*line.T, color=_FAINT, linewidth=0.8, linestyle=":", zorder=1)
            continue
        colour, width, level = looks[link.id]
        axis.plot(
            *line.T, color=colour, linewidth=width, solid_capstyle="round",
            zorder=1.5 + 0.1 * level,
        )  # fmt: skip
    _draw_dots(axis, topology)


def _draw_dots(axis: Axes, topology: Topology) -> None:
    places = _places(topology).values()
    axis.plot(*zip(*places, strict=True), "o", color=_INK, markersize=2.8, zorder=4)


def _draw_nodes(
    axis: Axes,
    topology: Topology,
    lines: Sequence[FloatArray],
    looks: Sequence[tuple[str, float, int]],
) -> None:
    places = _places(topology)
    for line in lines:
        axis.plot(*line.T, color=_FAINT, linewidth=0.8, zorder=1)
    for node, (colour, width, level) in zip(topology.nodes, looks, strict=True):
        axis.plot(
            *places[node.id], "o", color=colour, markersize=4 + 1.8 * width,
            markeredgecolor="white", markeredgewidth=0.6, zorder=2 + 0.1 * level,
        )  # fmt: skip


def _room(
    figure: Figure,
    axis: Axes,
    topology: Topology,
    lines: Sequence[FloatArray],
    radius: float = 3.0,
) -> MapRoom:
    """`radius`: of the nodes' marks, points."""
    figure.draw_without_rendering()
    return MapRoom(axis, _places(topology), lines, ink=_INK, paper="white", radius=radius)


def _mark_worst(
    room: MapRoom,
    topology: Topology,
    lines: Sequence[FloatArray],
    found: Survey,
    ranking: Sequence[int],
) -> set[str]:
    """Ranks on the links or nodes of the worst scenarios; returns the nodes concerned."""
    places = _places(topology)
    marked: dict[str, tuple[int, FloatArray]] = {}
    wanted: set[str] = set()
    order = np.array(ranking, dtype=np.int64)
    for rank, members in enumerate(found.members(order).tolist(), start=1):
        for part in (part for i in members for part in found.events[i]):
            if isinstance(part, DeviceDown):
                wanted.add(part.node)
                marked.setdefault(part.node, (rank, np.array([places[part.node]])))
                continue
            for link_id in _links_of((part,), topology):
                link = topology.link(link_id)
                wanted |= {link.a, link.b}
                marked.setdefault(
                    link_id, (rank, from_the_middle(lines[topology.link_index[link_id]]))
                )
    for rank, spots in marked.values():
        room.mark(spots, str(rank), 7, ring=True)
    return wanted


def _criticality_legend(found: Survey) -> list[Line2D]:
    than = "it was" if found.double else f"it is now ({found.reference.max_utilisation[0]:.0%})"
    one = "node" if found.depth == "node" else "link"
    shape: dict[str, Any] = {"marker": "o", "linestyle": ""} if one == "node" else {}
    levels = [(*_MILD, f"the highest utilisation is no higher than {than}")]
    levels += [(colour, width, text) for _, colour, width, text in (*_BUSIER, *_LOSING)]
    lines = [
        Line2D([], [], color=c, linewidth=w, markersize=4 + 1.8 * w, label=text, **shape)
        for c, w, text in levels
    ]
    if found.depth == "srlg":
        lines.append(
            Line2D([], [], color=_FAINT, linewidth=0.8, linestyle=":", label="in no group")
        )
    return lines


def _draw_after(
    axis: Axes,
    topology: Topology,
    lines: Sequence[FloatArray],
    comparison: Comparison,
    utilisation: FloatArray,
) -> set[str]:
    """Returns the ends of what is down and of what was built or changed."""
    touched = comparison.touched
    down = comparison.failed | comparison.state.down_links
    down -= {link.id for i, link in enumerate(topology.links) if utilisation[i] > 0}
    for link, line, load in zip(topology.links, lines, utilisation, strict=True):
        if link.id in touched:
            axis.plot(*line.T, color=_TOUCHED, linewidth=10, alpha=0.3, solid_capstyle="round")
        if link.id in down:
            axis.plot(*line.T, color=_DOWN, linewidth=2.2, linestyle=(0, (3, 2)), zorder=3)
        else:
            _, colour, width, _ = next(b for b in BANDS if load < b[0])
            axis.plot(*line.T, color=colour, linewidth=width, solid_capstyle="round", zorder=2)
    _draw_dots(axis, topology)
    return {end for x in touched | down for end in (topology.link(x).a, topology.link(x).b)}


def _mark_gains(
    room: MapRoom, topology: Topology, lines: Sequence[FloatArray], gained: FloatArray
) -> set[str]:
    """Percentage points on the links that gain, the most first; returns their ends."""
    wanted: set[str] = set()
    for i in np.argsort(-gained, kind="stable").tolist():
        if gained[i] < _GAINED:
            break
        room.mark(from_the_middle(lines[i]), f"+{100 * gained[i]:.0f}", 6.5, ring=False)
        wanted |= {topology.links[i].a, topology.links[i].b}
    return wanted


_GAINED = 0.05


def _what_if_legend() -> list[Line2D]:
    lines = [Line2D([], [], color=c, linewidth=w, label=text) for _, c, w, text in BANDS]
    lines.append(Line2D([], [], color=_DOWN, linewidth=2.2, linestyle=(0, (3, 2)), label="down"))
    lines.append(
        Line2D(
            [],
            [],
            color=_TOUCHED,
            linewidth=10,
            alpha=0.3,
            label="given another weight or capacity, or new",
        )
    )
    lines.append(
        Line2D(
            [],
            [],
            marker="$+9$",
            color=_INK,
            linestyle="",
            markersize=11,
            label="percentage points gained",
        )
    )
    return lines


def _name_nodes(room: MapRoom, topology: Topology, wanted: set[str]) -> None:
    """Names every node of a small network, else `wanted`; these first, should room be short."""
    every = sorted(node.id for node in topology.nodes)
    named = every if len(every) <= _FEW_NODES else sorted(wanted)
    for node in sorted(named, key=lambda node: node not in wanted):
        room.name(node, 7.5)


def _places(topology: Topology) -> dict[str, tuple[float, float]]:
    sites = {s.id: (s.longitude, s.latitude) for s in topology.sites}
    return {node.id: sites[node.site] for node in topology.nodes}


def _text(name: str, limit: int = 120) -> str:
    return without_mathematics(plain(name, limit))


def _save(figure: Figure, path: Path) -> None:
    kind = path.suffix.casefold().removeprefix(".")
    # Neither the time nor the program, so that the same facts give the same bytes.
    nothing: dict[str, dict[str, Any]] = {
        "svg": {"Date": None, "Creator": None},
        "png": {"Software": None},
        "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
    }
    with whole_file(path) as draft, warnings.catch_warnings():
        # A script that the font lacks is drawn as boxes; SVG has names as text.
        warnings.filterwarnings("ignore", r"Glyph \d+ .* missing from font", UserWarning)
        figure.savefig(draft, format=kind, metadata=nothing[kind])
