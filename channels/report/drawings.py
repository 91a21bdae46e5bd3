"""The report's drawings, as SVG texts to be put into a page.

The same facts give the same bytes. Lines and texts have the colour of the surrounding page
(`currentColor`), so that they can be read in light and dark; the other colours are told apart with
any colour vision (after Okabe and Ito) and never carry a meaning alone: width, dashes and marks
repeat it.
"""

import io
import math
import re
import textwrap
from collections.abc import Sequence
from contextlib import AbstractContextManager
from html import escape
from typing import Any

from matplotlib import style
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.lines import Line2D

from channels.report.comparison import Comparison
from channels.report.contents import ObservedFact, RemedyFact
from channels.report.topology_facts import LinkFact, TopologyFacts
from channels.report.wording import plain

_INK = "#010203"
"""Stands for the page's text colour until the drawing is finished."""

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
    "text.color": _INK,
    "axes.edgecolor": _INK,
    "axes.labelcolor": _INK,
    "xtick.color": _INK,
    "ytick.color": _INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": False,
}


def _style(salt: str) -> AbstractContextManager[None]:
    """The user's own settings do not count: the same facts give the same bytes everywhere."""
    settings: Any = _STYLE | {"svg.hashsalt": salt}
    return style.context(["default", settings])


def topology_map(topology: TopologyFacts, label: str) -> str:
    """The network on the map, once for each moment. `label`: for those who cannot see it."""
    moments = _shown(topology.moments)
    with _style("map"):
        height = 3.6 * _aspect(topology) + 0.9
        # The titles stand on the upper edge, where the default padding cuts them.
        figure = Figure(figsize=(10.8, height), layout=ConstrainedLayoutEngine(h_pad=0.12))
        axes = figure.subplots(1, len(moments), squeeze=False)
        for axis, moment in zip(axes.flat, moments, strict=True):
            _draw_moment(axis, topology, moment)
        figure.legend(handles=_map_legend(), loc="outside lower center", ncols=4, frameon=False)
        return _svg(figure, label)


def _shown(moments: Sequence[str]) -> tuple[str, ...]:
    """Before, during and after; the end stands in where there was no lasting change."""
    last = "after" if "after" in moments else "final"
    return tuple(m for m in ("before", "during", last) if m in moments) or ("",)


def remedies_plot(remedies: Sequence[RemedyFact], label: str) -> str:
    """Expected cost of each remedy and its services in breach; doing nothing is marked."""
    shown = list(reversed(remedies))
    with _style("remedies"):
        figure = Figure(figsize=(9.6, 0.9 + 0.42 * len(shown)), layout="constrained")
        left, right = figure.subplots(1, 2, sharey=True, width_ratios=(3, 2))
        places = range(len(shown))
        names = [_remedy_name(r) for r in shown]
        left.barh(places, [r.cost for r in shown], height=0.62, color=[_colour(r) for r in shown])
        left.set_yticks(list(places), names)
        _mark_nothing(left, shown)
        left.set_xlabel("expected cost (less is better)")
        for place, remedy in zip(places, shown, strict=True):
            interval = remedy.breached_services
            right.plot([interval.p05, interval.p95], [place, place], color=_INK, linewidth=1.6)
            right.plot([interval.median], [place], "o", color=_colour(remedy), markersize=6)
        right.set_xlabel("services in breach, 5–95 %")
        right.set_xlim(left=min(0.0, right.get_xlim()[0]))
        return _svg(figure, label)


def observed_plot(observed: Sequence[ObservedFact], label: str) -> str:
    """Forecast intervals of egresses with what was measured after the change."""
    shown = list(reversed(observed))
    with _style("observed"):
        figure = Figure(figsize=(9.6, 1.1 + 0.36 * len(shown)), layout="constrained")
        axis = figure.subplots()
        for place, fact in enumerate(shown):
            _draw_observed(axis, place, fact)
        axis.set_yticks(range(len(shown)), [_text(f.egress) for f in shown])
        axis.set_xlabel("utilisation of the egress (%)")
        axis.set_xlim(left=0)
        axis.axvline(100, color=_INK, linewidth=0.8, linestyle=":")
        figure.legend(
            handles=_observed_legend(), loc="outside upper center", ncols=4, frameon=False
        )
        return _svg(figure, label)


def comparison_plot(comparisons: Sequence[Comparison], label: str) -> str:
    """SLO minutes lost in each arm."""
    shown = list(reversed(comparisons))
    with _style("comparison"):
        figure = Figure(figsize=(9.6, 0.8 + 0.4 * len(shown)), layout="constrained")
        axis = figure.subplots()
        best = min(c.slo_minutes_lost for c in shown)
        colours = [_BEST if c.slo_minutes_lost == best else _OTHER for c in shown]
        bars = axis.barh(
            range(len(shown)), [c.slo_minutes_lost for c in shown], height=0.62, color=colours
        )
        axis.bar_label(bars, fmt="%.0f", padding=3)
        axis.set_yticks(range(len(shown)), [_text(c.arm) for c in shown])
        axis.set_xlabel("SLO minutes lost, all services (less is better)")
        return _svg(figure, label)


def _draw_moment(axis: Axes, topology: TopologyFacts, moment: str) -> None:
    places = {n.id: (n.longitude, n.latitude) for n in topology.nodes}
    for link in topology.links:
        _draw_link(axis, link, moment, places)
    axis.plot(*zip(*places.values(), strict=True), "o", color=_INK, markersize=2.6, zorder=4)
    _label_nodes(axis, topology, moment, places)
    axis.set_aspect(1 / _cosine(topology))
    axis.set_axis_off()
    axis.margins(0.06)
    axis.set_title(_MOMENT_TITLES.get(moment, "No utilisation was kept"), fontweight="bold")


def _draw_link(
    axis: Axes, link: LinkFact, moment: str, places: dict[str, tuple[float, float]]
) -> None:
    x, y = zip(places[link.a], places[link.b], strict=True)
    if link.touched and moment in ("after", "final"):
        axis.plot(x, y, color=_TOUCHED, linewidth=9, alpha=0.35, solid_capstyle="round", zorder=1)
    if _is_down(link, moment):
        axis.plot(x, y, color=_DOWN, linewidth=2, linestyle=(0, (3, 2)), zorder=3)
        return
    load = link.utilisation.get(moment)
    if load is None:
        axis.plot(x, y, color=_INK, linewidth=0.7, linestyle=":", alpha=0.6, zorder=2)
        return
    _, colour, width, _ = next(band for band in BANDS if load < band[0])
    axis.plot(x, y, color=colour, linewidth=width, solid_capstyle="round", zorder=2)


def _is_down(link: LinkFact, moment: str) -> bool:
    """Before, it was up; at the end it is down if it carries nothing."""
    if not link.down or moment == "before":
        return False
    return moment in ("during", "after") or not link.utilisation.get(moment)


def _label_nodes(
    axis: Axes, topology: TopologyFacts, moment: str, places: dict[str, tuple[float, float]]
) -> None:
    """Names every node of a small network, else the ends of links where something is going on."""
    wanted = set(places)
    if len(places) > _FEW_NODES:
        wanted = {
            end
            for link in topology.links
            if link.down or link.touched or (link.utilisation.get(moment) or 0) >= _HOT
            for end in (link.a, link.b)
        }
    width = max(x for x, _ in places.values()) - min(x for x, _ in places.values())
    for node in sorted(wanted):
        left = _is_taken_to_the_east(places[node], [places[n] for n in wanted], width)
        axis.annotate(
            _text(node),
            places[node],
            xytext=(-3 if left else 3, 4),
            ha="right" if left else "left",
            textcoords="offset points",
            fontsize=8,
            zorder=5,
        )


def _is_taken_to_the_east(
    place: tuple[float, float], others: Sequence[tuple[float, float]], width: float
) -> bool:
    """Whether another label begins where this one would go; `width`: of the map, degrees."""
    return any(
        0 < x - place[0] < 0.2 * width and abs(y - place[1]) < 0.02 * width for x, y in others
    )


_FEW_NODES = 20
_HOT = 0.85


def _map_legend() -> list[Line2D]:
    lines = [Line2D([], [], color=c, linewidth=w, label=text) for _, c, w, text in BANDS]
    lines.append(Line2D([], [], color=_DOWN, linewidth=2, linestyle=(0, (3, 2)), label="down"))
    lines.append(
        Line2D([], [], color=_TOUCHED, linewidth=9, alpha=0.35, label="reconfigured by a plan")
    )
    return lines


def _aspect(topology: TopologyFacts) -> float:
    longitudes = [n.longitude for n in topology.nodes]
    latitudes = [n.latitude for n in topology.nodes]
    width = (max(longitudes) - min(longitudes)) * _cosine(topology)
    height = max(latitudes) - min(latitudes)
    return min(1.4, max(0.45, height / width)) if width > 0 else 1.0


def _cosine(topology: TopologyFacts) -> float:
    """Degrees of longitude are shorter away from the equator."""
    latitudes = [n.latitude for n in topology.nodes]
    return max(0.2, math.cos(math.radians((min(latitudes) + max(latitudes)) / 2)))


def _remedy_name(remedy: RemedyFact) -> str:
    mark = "▶ " if remedy.chosen else ""
    lines = textwrap.wrap(
        f"{mark}{remedy.id}  {remedy.in_short}", 52, max_lines=2, placeholder=" …"
    )
    return "\n".join(_text(line) for line in lines)


def _colour(remedy: RemedyFact) -> str:
    if remedy.chosen:
        return _BEST
    return "#8494a3" if not remedy.actions else _OTHER


def _mark_nothing(axis: Axes, remedies: Sequence[RemedyFact]) -> None:
    for remedy in remedies:
        if not remedy.actions:
            axis.axvline(remedy.cost, color=_INK, linewidth=1, linestyle="--")


def _draw_observed(axis: Axes, place: int, fact: ObservedFact) -> None:
    low, middle, high = (
        100 * v for v in (fact.forecast.p05, fact.forecast.median, fact.forecast.p95)
    )
    axis.plot([low, high], [place, place], color=_OTHER, linewidth=8, alpha=0.45)
    axis.plot([middle], [place], "|", color=_INK, markersize=11)
    if fact.observed is None:
        return
    mark, colour = ("o", _BEST) if fact.inside else ("X", _DOWN)
    axis.plot([100 * fact.observed], [place], mark, color=colour, markersize=7, zorder=3)


def _observed_legend() -> list[Line2D]:
    return [
        Line2D([], [], color=_OTHER, linewidth=8, alpha=0.45, label="forecast, 5–95 %"),
        Line2D([], [], color=_INK, marker="|", markersize=11, linestyle="", label="median"),
        Line2D([], [], color=_BEST, marker="o", linestyle="", label="observed, inside"),
        Line2D([], [], color=_DOWN, marker="X", linestyle="", label="observed, outside"),
    ]


def _text(name: str) -> str:
    """Matplotlib would read dollars as mathematics."""
    return plain(name, 120).replace("$", r"\$")


_XMLNS = re.compile(r'\sxmlns(?::xlink)?="[^"]*"')
_SIZE = re.compile(r'<svg[^>]* viewBox="([^"]*)"[^>]*>')


def _svg(figure: Figure, label: str) -> str:
    buffer = io.StringIO()
    nothing = {"Date": None, "Creator": None, "Format": None, "Type": None}
    figure.savefig(buffer, format="svg", metadata=nothing, transparent=True)
    text = buffer.getvalue()
    # In a page the prologue and the namespaces are implied, and name hosts for nothing.
    text = _XMLNS.sub("", text[text.index("<svg") :])
    opening = f'<svg viewBox="{{}}" role="img" aria-label="{escape(label)}">'
    text = _SIZE.sub(lambda m: opening.format(m[1]), text, count=1)
    return text.replace(_INK, "currentColor")
