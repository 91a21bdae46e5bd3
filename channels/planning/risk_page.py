"""The risk register as one HTML file that needs nothing else: map, chart and lines."""

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from markupsafe import Markup
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullFormatter

from channels.map_room import MapRoom, cosine, from_the_middle, link_lines
from channels.planning.hardening_curve import plot_hardening
from channels.planning.html_page import write_html
from channels.planning.imagining import RegisterDocument, remedy_text
from channels.report.drawings import INK, PAPER, page_style, page_svg
from channels.report.wording import plain
from twin.nouns.risk import Risk
from twin.nouns.topology import Topology
from twin.physics.compiled import FloatArray

_NUMBERED = 12
_SHARES: tuple[tuple[float, str, float, str], ...] = (
    (0.02, "#8494a3", 1.1, "under 2 %"),
    (0.05, "#3a8fd0", 1.8, "2–5 %"),
    (0.10, "#c99700", 2.8, "5–10 %"),
    (math.inf, "#cc3a8e", 4.2, "10 % and more"),
)
"""Of what all lines cost, what those cost in which a link fails: colour, width, legend."""


def write_page(path: Path, topology: Topology, document: RegisterDocument) -> None:
    """The page of `document`, a register of `topology`. Raises BadInput."""
    name = plain(document.run.topology)
    shown = {
        "d": document,
        "map": Markup(_map(topology, document.lines, f"What failures of links of {name} cost")),
        "legend": [(colour, width, text) for _, colour, width, text in _SHARES],
        "chart": Markup(_chart(document.lines, f"How often, and how dear: the lines of {name}"))
        if document.lines
        else "",
        "curve": Markup(_curve(document)) if document.hardening else "",
    }
    write_html(path, "register.html.j2", shown, {"remedy": remedy_text})


def _curve(document: RegisterDocument) -> str:
    label = f"What is left of the risk of {document.run.topology} for what is spent"
    with page_style("risk-hardening"):
        figure = Figure(figsize=(7.0, 3.2), layout="constrained")
        axis = figure.subplots()
        plot_hardening(axis, document.covered.slo_minutes, document.hardening, INK)
        return page_svg(figure, plain(label))


def link_costs(topology: Topology, lines: Sequence[Risk]) -> FloatArray:
    """(n_links,) of what all lines cost a year, the share of those in which each link is down."""
    costs = np.zeros(len(topology.links))
    down = _links_by_element(topology)
    for line in lines:
        for link in set().union(*(down.get(name, frozenset()) for name in line.elements)):
            costs[topology.link_index[link]] += line.slo_minutes
    total = sum(line.slo_minutes for line in lines)
    return costs / total if total else costs


def _links_by_element(topology: Topology) -> dict[str, frozenset[str]]:
    found = {f"link {link.id}": frozenset({link.id}) for link in topology.links}
    found |= {f"group {g.id}": frozenset(g.links) for g in topology.shared_risk_groups}
    for node in topology.nodes:
        found[f"device {node.id}"] = frozenset(x.id for x in topology.links_at(node.id))
    for site in topology.sites:
        at = topology.nodes_at(site.id)
        found[f"site {site.id}"] = frozenset(x.id for node in at for x in topology.links_at(node))
    return found


def _map(topology: Topology, lines: Sequence[Risk], label: str) -> str:
    """Links by what they cost; the first lines are numbered at what fails first in them."""
    sites = {s.id: (s.longitude, s.latitude) for s in topology.sites}
    places = {node.id: sites[node.site] for node in topology.nodes}
    drawn = link_lines([(x.a, x.b) for x in topology.links], places, apart=0.03)
    shares = link_costs(topology, lines)
    spots = np.array(list(places.values()))
    height = float(np.ptp(spots[:, 1])) or 1.0
    width = float(np.ptp(spots[:, 0])) * cosine(places) or 1.0
    with page_style("risk-map"):
        figure = Figure(figsize=(7.0, 7.0 * min(max(height / width, 0.4), 1.2)))
        axis = figure.add_axes((0, 0, 1, 1))
        axis.set_aspect(1 / cosine(places))
        axis.set_axis_off()
        axis.margins(0.08)
        for share, way in zip(shares, drawn, strict=True):
            _, colour, thick, _ = next(look for look in _SHARES if share < look[0])
            axis.plot(way[:, 0], way[:, 1], color=colour, linewidth=thick, zorder=2 + share)
        axis.plot(spots[:, 0], spots[:, 1], "o", color=INK, markersize=3.0, zorder=4)
        figure.draw_without_rendering()
        room = MapRoom(axis, places, drawn, ink=INK, paper=PAPER, radius=2.0)
        down, ranks = _links_by_element(topology), dict[str, list[int]]()
        for line in lines[:_NUMBERED]:
            ranks.setdefault(line.elements[0], []).append(line.rank)
        for element in [name for name in ranks if name in down]:
            kind, _, name = element.partition(" ")
            link = min(down[element], key=topology.link_index.__getitem__)
            where = from_the_middle(drawn[topology.link_index[link]])
            at = np.array([places[name]]) if kind == "device" else where
            room.mark(at, _listed(ranks[element]), 8.5, ring=True)
        for node in sorted(places, key=lambda n: -len(topology.links_at(n)))[:30]:
            room.name(node, 8)
        return page_svg(figure, label)


def _listed(ranks: Sequence[int]) -> str:
    return ", ".join(map(str, ranks))


def _chart(lines: Sequence[Risk], label: str) -> str:
    """How often a year each line begins, against what it costs each time; both on log scales."""
    often = np.array([line.per_year for line in lines])
    dear = np.array([line.slo_minutes / line.per_year for line in lines])
    low = often - np.array([line.per_year_range.p05 for line in lines])
    high = np.array([line.per_year_range.p95 for line in lines]) - often
    with page_style("risk-chart"):
        figure = Figure(figsize=(7.0, 4.2), layout="constrained")
        axis = figure.subplots()
        axis.set_xscale("log")
        axis.set_yscale("log")
        axis.errorbar(often, dear, xerr=np.maximum([low, high], 0.0), fmt="o", markersize=4,
                      color="#3a8fd0", ecolor="#b5bcc4", elinewidth=0.8)  # fmt: skip
        least, most = dear.min() / 1.6, dear.max() * 1.6
        first, last = (often - low).min(), (often + high).max()
        axis.set(xlim=(first / 1.2, last * 1.2), ylim=(least, most))
        for minutes in 10.0 ** np.arange(-6, 7):
            begins, ends = max(first, minutes / most), min(last, minutes / least)
            if begins < ends:
                ways = np.array([begins, ends])
                axis.plot(ways, minutes / ways, linestyle=":", color=INK, linewidth=0.7)
                axis.annotate(f" {minutes:g} a year", (ends, minutes / ends), fontsize=7.5,
                              ha="right", va="bottom")  # fmt: skip
        ranks: dict[tuple[str, str], list[int]] = {}
        for line in lines[:_NUMBERED]:
            each = line.slo_minutes / line.per_year
            ranks.setdefault((f"{line.per_year:.2g}", f"{each:.2g}"), []).append(line.rank)
        for (x, y), alike in ranks.items():
            axis.annotate(_listed(alike), (float(x), float(y)),
                          xytext=(5, 4), textcoords="offset points", fontsize=8)  # fmt: skip
        for side in (axis.xaxis, axis.yaxis):
            side.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
            side.set_minor_formatter(NullFormatter())
        axis.set_xlabel("begins so often a year (5 to 95 %)")
        axis.set_ylabel("service-minutes in breach each time")
        return page_svg(figure, plain(label))
