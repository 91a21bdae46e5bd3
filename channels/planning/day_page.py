"""The day of one scenario as one HTML file that needs nothing else: the hours, and the chains."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from markupsafe import Markup
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from channels.map_room import without_mathematics
from channels.planning.html_page import write_html
from channels.planning.risk_day import DayDocument, HourOfDay, told_hours
from channels.report.drawings import INK, PAPER, page_style, page_svg
from channels.report.wording import duration, plain
from twin.nouns.chain import Chain, Happening

_DRAWN = 6
"""Chains that are drawn, the most frequent first."""

_MOST_ROWS = 14
"""Happenings of one chain that are drawn."""

_NOTHING, _REMEDY, _FAULT, _ACTED = "#cc3a8e", "#0f9d76", "#e03131", "#0f9d76"


_STEP = 0.07
"""Of the width, from a cause to its effects."""

_LONGEST = 90

_BENT = "angle,angleA=-90,angleB=0"


def write_day(path: Path, document: DayDocument) -> None:
    """The page of `document`. Raises BadInput."""
    chains = [
        (one, Markup(_chain(one.chain, f"A chain that {one.share:.0%} of draws are like")))
        for one in document.chains[:_DRAWN]
    ]
    shown = {
        "d": document,
        "shown": told_hours(document.hours),
        "hours": Markup(_hours(document.hours, "Services in breach, hour by hour")),
        "chains": chains,
    }
    write_html(path, "day.html.j2", shown)


def _hours(hours: Sequence[HourOfDay], label: str) -> str:
    """The most services in breach in each hour, with nothing done and with the remedy."""
    places = np.arange(len(hours))
    with page_style("risk-day"):
        figure = Figure(figsize=(7.0, 2.6), layout="constrained")
        axis = figure.subplots()
        axis.step(places, [hour.in_breach for hour in hours], where="post", color=_NOTHING,
                  linewidth=2.2, label="nothing done")  # fmt: skip
        axis.step(places, [hour.in_breach_mitigated for hour in hours], where="post",
                  color=_REMEDY, linewidth=1.4, linestyle="--", label="best remedy")  # fmt: skip
        axis.set_xticks(places[::3], [hour.begins for hour in hours[::3]])
        axis.set_ylim(bottom=0)
        axis.yaxis.set_major_locator(MaxNLocator(integer=True))
        axis.set_xlabel("UTC")
        axis.set_ylabel("services in breach")
        axis.legend(frameon=False, fontsize=8, labelcolor=INK)
        return page_svg(figure, label)


def _chain(chain: Chain, label: str) -> str:
    """What struck to the left, and to the right of each what follows from it, in order of time."""
    shown = chain.told()[:_MOST_ROWS]
    places = {
        place: (_STEP * (chain.happenings[alike[0]].depth - 1), -float(row))
        for row, alike in enumerate(shown)
        for place in alike
    }
    with page_style("risk-chain"):
        figure = Figure(figsize=(7.0, 0.4 + 0.46 * len(shown)))
        axis = figure.add_axes((0, 0, 1, 1))
        axis.set_axis_off()
        axis.set_xlim(-0.02, 1.0)
        axis.set_ylim(-len(shown) + 0.4, 0.6)
        for alike in shown:
            happening, (x, y) = chain.happenings[alike[0]], places[alike[0]]
            if happening.cause in places:
                axis.annotate("", xy=(x, y), xytext=places[happening.cause],
                              arrowprops={"arrowstyle": "->", "color": INK, "linewidth": 0.9,
                                          "connectionstyle": _BENT})  # fmt: skip
            axis.plot([x], [y], "o", markersize=5,
                      color=_FAULT if happening.fault else _ACTED)  # fmt: skip
            text = axis.text(x + 0.015, y, without_mathematics(_label(happening, len(alike))),
                             fontsize=7.5, va="center", color=INK)  # fmt: skip
            text.set_bbox({"facecolor": PAPER, "edgecolor": "none", "pad": 0.6})
        return page_svg(figure, label)


def _label(happening: Happening, times: int) -> str:
    """When and what, and below it by which mechanism."""
    at = f"{duration(happening.at_s)}: " if happening.at_s else ""
    what = plain(f"{at}{happening.describe()}", _LONGEST)
    if not happening.mechanism:
        return what
    often = f", {times} times" if times > 1 else ""
    return f"{what}\n{plain(f'{happening.mechanism}: {happening.why}', _LONGEST)}{often}"
