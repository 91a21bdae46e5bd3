"""The report's drawings, as SVG texts to be put into a page.

The same facts give the same bytes. Lines and texts have the colour of the surrounding page
(`currentColor`, and its `--paper` behind texts), so that they can be read in light and dark; the
other colours are told apart with any colour vision (after Okabe and Ito) and never carry a meaning
alone: width, dashes and marks repeat it.
"""

import io
import math
import re
import warnings
from collections.abc import Sequence
from contextlib import AbstractContextManager
from html import escape
from typing import Any

from matplotlib import style
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from channels.map_room import MapRoom, cosine, link_lines, without_mathematics
from channels.report.comparison import Comparison
from channels.report.contents import ObservedFact, RemedyFact
from channels.report.topology_facts import LinkFact, TopologyFacts
from channels.report.wording import plain
from twin.nouns.service_impact import CausalStep, ServiceImpact
from twin.physics.compiled import FloatArray

INK = "#010203"
"""Stands for the page's text colour until the drawing is finished."""

PAPER = "#fcfdfe"
"""Stands for the page's background likewise."""

BANDS: tuple[tuple[float, str, float, str], ...] = (
    (0.50, "#8494a3", 1.1, "under 50 %"),
    (0.70, "#3a8fd0", 1.8, "50–70 %"),
    (0.85, "#c99700", 2.5, "70–85 %"),
    (1.00, "#dd6b10", 3.3, "85–100 %"),
    (math.inf, "#cc3a8e", 4.4, "100 % and over"),
)
"""Utilisation below, colour, line width in points, legend."""

_DOWN = "#e03131"
_TOUCHED = "#009e73"
_BEST, _OTHER = "#0f9d76", "#3a8fd0"

_MOMENT_TITLES = {
    "before": "Before",
    "during": "During",
    "after": "After the change",
    "final": "End",
}

_STYLE: dict[str, Any] = {
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.size": 9,
    "text.color": INK,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": False,
}


def page_style(salt: str) -> AbstractContextManager[None]:
    """The user's own settings do not count: the same facts give the same bytes everywhere."""
    settings: Any = _STYLE | {"svg.hashsalt": salt}
    return style.context(["default", settings])


def topology_maps(topology: TopologyFacts, label: str) -> tuple[tuple[str, str], ...]:
    """The network on the map, once for each moment that is shown: its title and the drawing.

    `label`: for those who cannot see it.
    """
    return tuple(
        (title, _topology_map(topology, moment, f"{label}. {title}"))
        for moment in _shown(topology.moments)
        for title in (_MOMENT_TITLES.get(moment, "No utilisation was kept"),)
    )


def _topology_map(topology: TopologyFacts, moment: str, label: str) -> str:
    places = {n.id: (n.longitude, n.latitude) for n in topology.nodes}
    lines = link_lines([(link.a, link.b) for link in topology.links], places, apart=0.03)
    with page_style(f"map-{moment}"):
        figure = Figure(figsize=(_MAP_WIDTH, _MAP_WIDTH * _aspect(topology)))
        axis = figure.add_axes((0, 0, 1, 1))
        axis.set_aspect(1 / cosine(places))
        axis.set_axis_off()
        axis.margins(0.08)
        for link, line in zip(topology.links, lines, strict=True):
            _draw_link(axis, link, moment, line)
        axis.plot(*zip(*places.values(), strict=True), "o", color=INK, markersize=2.6, zorder=4)
        figure.draw_without_rendering()
        room = MapRoom(axis, places, lines, ink=INK, paper=PAPER, radius=2.0)
        for node in _named(topology, moment):
            room.name(node, 8)
        return page_svg(figure, label)


_MAP_WIDTH = 3.8
"""Inches: three stand beside each other on a wide page, and one fills a telephone."""


def map_legend() -> tuple[tuple[str, str], ...]:
    """What the lines of the maps mean: a sample and a text for each."""
    looks = [(colour, width, "", text) for _, colour, width, text in BANDS]
    looks += [
        (_DOWN, 2.0, ' stroke-dasharray="6 4"', "down"),
        (_TOUCHED, 9.0, ' stroke-opacity="0.35"', "reconfigured by a plan"),
    ]
    return tuple(
        (
            '<svg viewBox="0 0 30 12" aria-hidden="true"><path d="M2 6H28" '
            f'stroke="{colour}" stroke-width="{width}"{more}/></svg>',
            text,
        )
        for colour, width, more, text in looks
    )


def _shown(moments: Sequence[str]) -> tuple[str, ...]:
    """Before, during and after; the end stands in where there was no lasting change."""
    last = "after" if "after" in moments else "final"
    return tuple(m for m in ("before", "during", last) if m in moments) or ("",)


def remedies_plot(remedies: Sequence[RemedyFact], label: str) -> str:
    """Expected cost of each remedy and its services in breach; doing nothing is marked."""
    shown = list(reversed(remedies))
    with page_style("remedies"):
        figure = Figure(figsize=(_PLOT_WIDTH, 0.9 + 0.6 * len(shown)), layout="constrained")
        left, right = figure.subplots(1, 2, sharey=True, width_ratios=(3, 2))
        places = range(len(shown))
        left.barh(places, [r.cost for r in shown], height=0.4, color=[_colour(r) for r in shown])
        _name_rows(left, [_remedy_name(r) for r in shown])
        _mark_nothing(left, shown)
        left.set_xlabel("expected cost (less is better)")
        for place, remedy in zip(places, shown, strict=True):
            interval = remedy.breached_services
            right.plot([interval.p05, interval.p95], [place, place], color=INK, linewidth=1.6)
            right.plot([interval.median], [place], "o", color=_colour(remedy), markersize=6)
        right.set_xlabel("services in breach, 5–95 %")
        right.set_xlim(left=min(0.0, right.get_xlim()[0]))
        return page_svg(figure, label)


_PLOT_WIDTH = 5.4
"""Inches: of this width, texts of 9 points can be read on a telephone."""


def observed_plot(observed: Sequence[ObservedFact], label: str) -> str:
    """Forecast intervals of egresses with what was measured after the change."""
    shown = list(reversed(observed))
    with page_style("observed"):
        figure = Figure(figsize=(_PLOT_WIDTH, 1.2 + 0.45 * len(shown)), layout="constrained")
        axis = figure.subplots()
        for place, fact in enumerate(shown):
            _draw_observed(axis, place, fact)
        _name_rows(axis, [plain(f.egress, _LONGEST_ROW_NAME) for f in shown])
        axis.set_xlabel("utilisation of the egress (%)")
        axis.set_xlim(left=0)
        axis.axvline(100, color=INK, linewidth=0.8, linestyle=":")
        figure.legend(
            handles=_observed_legend(), loc="outside upper center", ncols=2, frameon=False
        )
        return page_svg(figure, label)


def comparison_plot(comparisons: Sequence[Comparison], label: str) -> str:
    """SLO minutes lost in each arm."""
    shown = list(reversed(comparisons))
    with page_style("comparison"):
        figure = Figure(figsize=(_PLOT_WIDTH, 0.8 + 0.5 * len(shown)), layout="constrained")
        axis = figure.subplots()
        best = min(c.slo_minutes_lost for c in shown)
        colours = [_BEST if c.slo_minutes_lost == best else _OTHER for c in shown]
        bars = axis.barh(
            range(len(shown)), [c.slo_minutes_lost for c in shown], height=0.4, color=colours
        )
        axis.bar_label(bars, fmt="%.0f", padding=3)
        _name_rows(axis, [plain(c.arm, _LONGEST_ROW_NAME) for c in shown])
        axis.set_xlabel("SLO minutes lost, all services (less is better)")
        return page_svg(figure, label)


def dependency_graph(impact: ServiceImpact, label: str) -> str:
    """The causal graph from what failed (left) to who stands on it, a column for each step."""
    columns = _columns(impact.steps)
    rows = max(map(len, columns))
    places = {
        name: (float(x), -(y + 0.5) * rows / len(column))
        for x, column in enumerate(columns)
        for y, name in enumerate(column)
    }
    with page_style("dependencies"):
        figure = Figure(figsize=(_PLOT_WIDTH, 0.5 + 0.34 * rows))
        axis = figure.add_axes((0, 0, 1, 1))
        axis.set_axis_off()
        axis.set_xlim(-0.1, len(columns))
        axis.set_ylim(-rows - 0.2, 0.2)
        for step in impact.steps:
            (x, y), (x2, y2) = places[step.cause], places[step.effect]
            axis.annotate(
                "",
                xy=(x2, y2),
                xytext=(x, y),
                arrowprops={
                    "arrowstyle": "->",
                    "color": _OTHER if step.weakens else _DOWN,
                    "linestyle": "--" if step.weakens else "-",
                    "linewidth": 1.0,
                },
            )
        for name, (x, y) in places.items():
            text = without_mathematics(plain(name, _LONGEST_NODE_NAME))
            axis.plot([x], [y], "o", color=INK, markersize=3)
            said = axis.text(x + 0.04, y, text, fontsize=6.5, va="bottom", color=INK)
            said.set_bbox({"facecolor": PAPER, "edgecolor": "none", "pad": 0.4})
        return page_svg(figure, label)


_LONGEST_NODE_NAME = 30


def _columns(steps: Sequence[CausalStep]) -> list[list[str]]:
    """What stands in the steps, each as many columns to the right as the longest way to it."""
    column = {name: 0 for step in steps for name in (step.cause, step.effect)}
    # Without cycles, no way is longer than there are things.
    for _ in column:
        moved = {
            s.effect: column[s.cause] + 1 for s in steps if column[s.effect] <= column[s.cause]
        }
        if not moved:
            break
        column |= moved
    found: list[list[str]] = [[] for _ in range(max(column.values()) + 1)]
    for name, place in column.items():
        found[place].append(name)
    return found


def _name_rows(axis: Axes, names: Sequence[str]) -> None:
    """Names above their rows, where they take no width from the rows."""
    axis.set_yticks([])
    axis.set_ylim(-0.5, len(names) - 0.1)
    for place, name in enumerate(names):
        text = axis.text(
            0.0, place + 0.26, without_mathematics(name), fontsize=8.5, va="bottom",
            transform=axis.get_yaxis_transform(),
        )  # fmt: skip
        text.set_in_layout(False)


_LONGEST_ROW_NAME = 66


def _draw_link(axis: Axes, link: LinkFact, moment: str, line: FloatArray) -> None:
    x, y = line.T
    if link.touched and moment in ("after", "final"):
        axis.plot(x, y, color=_TOUCHED, linewidth=9, alpha=0.35, solid_capstyle="round", zorder=1)
    if _is_down(link, moment):
        axis.plot(x, y, color=_DOWN, linewidth=2, linestyle=(0, (3, 2)), zorder=3)
        return
    load = link.utilisation.get(moment)
    if load is None:
        axis.plot(x, y, color=INK, linewidth=0.7, linestyle=":", alpha=0.6, zorder=2)
        return
    _, colour, width, _ = next(band for band in BANDS if load < band[0])
    axis.plot(x, y, color=colour, linewidth=width, solid_capstyle="round", zorder=2)


def _is_down(link: LinkFact, moment: str) -> bool:
    """Before, it was up; at the end it is down if it carries nothing."""
    if not link.down or moment == "before":
        return False
    return moment in ("during", "after") or not link.utilisation.get(moment)


def _named(topology: TopologyFacts, moment: str) -> list[str]:
    """Every node of a small network, else the ends of links where something is going on."""
    if len(topology.nodes) <= _FEW_NODES:
        return sorted(node.id for node in topology.nodes)
    eventful = [
        link
        for link in topology.links
        if link.down or link.touched or (link.utilisation.get(moment) or 0) >= _HOT
    ]
    # What failed or was changed is named first, should room be short.
    eventful.sort(key=lambda link: not (link.down or link.touched))
    return list(dict.fromkeys(end for link in eventful for end in (link.a, link.b)))


_FEW_NODES = 20
_HOT = 0.85


def _aspect(topology: TopologyFacts) -> float:
    longitudes = [n.longitude for n in topology.nodes]
    latitudes = [n.latitude for n in topology.nodes]
    shrink = cosine({n.id: (n.longitude, n.latitude) for n in topology.nodes})
    width = (max(longitudes) - min(longitudes)) * shrink
    height = max(latitudes) - min(latitudes)
    return min(1.4, max(0.45, height / width)) if width > 0 else 1.0


def _remedy_name(remedy: RemedyFact) -> str:
    mark = "▶ " if remedy.chosen else ""
    return plain(f"{mark}{remedy.id}  {remedy.in_short}", _LONGEST_ROW_NAME)


def _colour(remedy: RemedyFact) -> str:
    if remedy.chosen:
        return _BEST
    return "#8494a3" if not remedy.actions else _OTHER


def _mark_nothing(axis: Axes, remedies: Sequence[RemedyFact]) -> None:
    for remedy in remedies:
        if not remedy.actions:
            axis.axvline(remedy.cost, color=INK, linewidth=1, linestyle="--")


def _draw_observed(axis: Axes, place: int, fact: ObservedFact) -> None:
    low, middle, high = (
        100 * v for v in (fact.forecast.p05, fact.forecast.median, fact.forecast.p95)
    )
    axis.plot([low, high], [place, place], color=_OTHER, linewidth=8, alpha=0.45)
    axis.plot([middle], [place], "|", color=INK, markersize=11)
    if fact.observed is None:
        return
    mark, colour = ("o", _BEST) if fact.inside else ("X", _DOWN)
    axis.plot([100 * fact.observed], [place], mark, color=colour, markersize=7, zorder=3)


def _observed_legend() -> list[Line2D]:
    return [
        Line2D([], [], color=_OTHER, linewidth=8, alpha=0.45, label="forecast, 5–95 %"),
        Line2D([], [], color=INK, marker="|", markersize=11, linestyle="", label="median"),
        Line2D([], [], color=_BEST, marker="o", linestyle="", label="observed, inside"),
        Line2D([], [], color=_DOWN, marker="X", linestyle="", label="observed, outside"),
    ]


_XMLNS = re.compile(r'\sxmlns(?::xlink)?="[^"]*"')
_SIZE = re.compile(r'<svg[^>]* viewBox="([^"]*)"[^>]*>')


def page_svg(figure: Figure, label: str) -> str:
    buffer = io.StringIO()
    nothing = {"Date": None, "Creator": None, "Format": None, "Type": None}
    with warnings.catch_warnings():
        # A browser has the scripts that Matplotlib's font lacks: names are kept as text.
        warnings.filterwarnings("ignore", r"Glyph \d+ .* missing from font", UserWarning)
        figure.savefig(buffer, format="svg", metadata=nothing, transparent=True)
    text = buffer.getvalue()
    # In a page the prologue and the namespaces are implied, and name hosts for nothing.
    text = _XMLNS.sub("", text[text.index("<svg") :])
    opening = f'<svg viewBox="{{}}" role="img" aria-label="{escape(label)}">'
    text = _SIZE.sub(lambda m: opening.format(m[1]), text, count=1)
    return text.replace(INK, "currentColor").replace(PAPER, "var(--paper)")
