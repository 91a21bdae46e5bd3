"""What every map needs: parallel links drawn apart, and texts that cover no other text.

Texts are placed one after another, each where it hides least of the lines and nodes, and further
off with a leader where all is taken near by. A text that finds no room is left out: two that lie
over each other tell less than one.
"""

import math
import unicodedata
import warnings
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

import numpy as np
from matplotlib.axes import Axes
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import TextToPath

from channels.report.wording import plain
from twin.physics.compiled import FloatArray

Place = tuple[float, float]
"""Longitude and latitude in degrees, or x and y in points."""

Box = tuple[float, float, float, float]
"""Left, lower, right and upper edge, points."""

LONGEST_NAME = 28
"""Characters of a name that a map shows; tables have it whole."""


def link_lines(
    ends: Sequence[tuple[str, str]], places: Mapping[str, Place], apart: float
) -> list[FloatArray]:
    """The line of each link, (points, 2) in degrees: straight where it is the only one between its
    nodes; parallel ones are bent away from each other, in the middle by `apart` of the map's size.
    """
    between: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for i, pair in enumerate(ends):
        between[tuple(sorted(pair))].append(i)
    shrink = np.array([cosine(places), 1.0])
    spots = {node: np.array(place) * shrink for node, place in places.items()}
    size = max(np.ptp(list(spots.values()), axis=0).max(), 1e-9)
    lines: dict[int, FloatArray] = {}
    for (a, b), links in between.items():
        for k, i in enumerate(links):
            bulge = (k - (len(links) - 1) / 2) * apart * size
            lines[i] = _bent(spots[a], spots[b], bulge) / shrink
    return [lines[i] for i in range(len(ends))]


def _bent(start: FloatArray, end: FloatArray, bulge: float) -> FloatArray:
    """A parabola whose middle is `bulge` off the chord."""
    along = end - start
    length = math.hypot(*along)
    across = np.array([-along[1], along[0]]) / length if length > 0 else np.array([0.0, 1.0])
    t = np.linspace(0.0, 1.0, 17 if bulge else 2)[:, None]
    return np.asarray(start + along * t + across * (4 * bulge) * t * (1 - t))


def from_the_middle(line: FloatArray) -> FloatArray:
    """Spots on `line`, (9, 2) in degrees, its middle first: where a mark may stand."""
    at = np.linspace(0.0, 1.0, len(line))
    shares = [0.5, 0.42, 0.58, 0.34, 0.66, 0.26, 0.74, 0.18, 0.82]
    return np.stack([np.interp(shares, at, line[:, k]) for k in (0, 1)], axis=1)


def cosine(places: Mapping[str, Place]) -> float:
    """Degrees of longitude are shorter away from the equator."""
    latitudes = [y for _, y in places.values()]
    return max(0.2, math.cos(math.radians((min(latitudes) + max(latitudes)) / 2)))


class MapRoom:
    """The room for texts on the map `axis`, whose limits and place in the figure are final.

    `lines`: as drawn, in degrees. `ink`, `paper`: colours of a text and behind it. `radius`: of the
    nodes' marks, points. `texts`: boxes of what is written, (n, 4).
    """

    def __init__(
        self,
        axis: Axes,
        places: Mapping[str, Place],
        lines: Iterable[FloatArray],
        *,
        ink: str,
        paper: str,
        radius: float = 3.0,
    ) -> None:
        figure = axis.get_figure(root=True)
        assert figure is not None
        self._axis, self._places, self._radius = axis, places, radius
        self._ink, self._paper = ink, paper
        self._points = 72.0 / figure.dpi
        self._spots = {node: self._in_points(np.array(p)) for node, p in places.items()}
        # All of the cell, not only what the aspect ratio leaves of it.
        cell = axis.get_position(original=True)
        width, height = 72.0 * figure.get_size_inches()
        self._bounds = (cell.x0 * width, cell.y0 * height, cell.x1 * width, cell.y1 * height)
        drawn = [_around(spot, 2 * radius, 2 * radius) for spot in self._spots.values()]
        drawn += [box for line in lines for box in _along(self._in_points(line))]
        self._drawn = np.array(drawn)
        self.texts = np.empty((0, 4))

    def name(self, node: str, size: float) -> bool:
        """Write the name of `node` beside it, `size` points high. False: there is no room."""
        text = plain(node, LONGEST_NAME)
        spot, r = self._spots[node], self._radius
        w, h = text_width(text, size) + 1.0, 1.25 * size
        others = np.array([s for other, s in self._spots.items() if other != node]).reshape(-1, 2)
        costs: dict[tuple[float, float, float], float] = {}
        for far in _RINGS:
            for dx, dy in _AROUND:
                x = float(spot[0]) + dx * (w / 2 + r + 1 + far)
                y = float(spot[1]) + dy * (h / 2 + r + far)
                box = _around((x, y), w, h)
                if self._is_free(box):
                    misread = _MISREAD * _nearer(box, spot, others)
                    costs[x, y, far] = _shared(box, self._drawn) + misread + _FARTHER * far
        if not costs:
            return False
        x, y, far = min(costs, key=costs.__getitem__)
        self.texts = np.vstack([self.texts, _around((x, y), w, h)])
        leader = {"arrowstyle": "-", "linewidth": 0.5, "color": self._ink, "shrinkB": r}
        self._axis.annotate(
            without_mathematics(text), self._places[node], xytext=(x - spot[0], y - spot[1]),
            textcoords="offset points", ha="center", va="center", fontsize=size, zorder=5,
            color=self._ink, arrowprops=leader if far else None,
            bbox={"facecolor": self._paper, "edgecolor": "none", "pad": 0.4, "alpha": 0.75},
        )  # fmt: skip
        return True

    def mark(self, spots: FloatArray, text: str, size: float, *, ring: bool) -> bool:
        """Write `text` at the first of `spots`, (n, 2) in degrees, or beside them, that is free; in
        a circle if `ring`. False: there is no room.
        """
        width = text_width(text, size)
        w, h = (2.0 * size, 2.0 * size) if ring else (width + 2.0, 1.3 * size)
        free = (
            (x, y)
            for off in (0.0, 1.1, -1.1, 2.2, -2.2)
            for x, y in self._in_points(spots) + np.array([0.0, off * h])
            if self._is_free(_around((x, y), w, h))
        )
        at = next(free, None)
        if at is None:
            return False
        self.texts = np.vstack([self.texts, _around(at, w, h)])
        x, y = self._axis.transData.inverted().transform(np.array(at) / self._points)
        box = {"boxstyle": "circle,pad=0.22", "edgecolor": self._ink, "linewidth": 0.8}
        plain_box = {"boxstyle": "square,pad=0.1", "edgecolor": "none", "alpha": 0.85}
        self._axis.text(
            float(x), float(y), text, fontsize=size, fontweight="bold" if ring else "normal",
            ha="center", va="center", zorder=6, color=self._ink,
            bbox={"facecolor": self._paper, **(box if ring else plain_box)},
        )  # fmt: skip
        return True

    def _in_points(self, spots: FloatArray) -> FloatArray:
        return np.asarray(self._axis.transData.transform(spots) * self._points)

    def _is_free(self, box: Box) -> bool:
        """Whether `box` lies inside the map and over no text."""
        left, lower, right, upper = self._bounds
        inside = box[0] >= left and box[1] >= lower and box[2] <= right and box[3] <= upper
        return inside and _shared(box, self.texts) == 0.0


_AROUND = ((1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (-1, 1), (1, -1), (-1, -1))

_RINGS = (0.0, 9.0, 20.0, 34.0, 52.0)
"""How far a name may stand off its node, points; all but the first with a leader."""

_FARTHER = 4.0
"""What a point of that distance costs, in square points hidden."""

_MISREAD = 200.0
"""What a name that stands as near to another node costs, in square points hidden."""


def text_width(text: str, size: float) -> float:
    """Of one line, `size` points high, in points; in another font it may be a little more or less.

    A script that Matplotlib's font lacks is taken to be as wide as it is high.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", r"Glyph \d+ .* missing from font", UserWarning)
        width, _, _ = TextToPath().get_text_width_height_descent(
            text, FontProperties(size=size), ismath=False
        )
    wide = sum(unicodedata.east_asian_width(c) in "WF" for c in text)
    return max(float(width), wide * size)


def without_mathematics(text: str) -> str:
    """Matplotlib would read dollars as mathematics."""
    return text.replace("$", r"\$")


def _around(spot: Place | FloatArray, width: float, height: float) -> Box:
    x, y = float(spot[0]), float(spot[1])
    return (x - width / 2, y - height / 2, x + width / 2, y + height / 2)


def _along(line: FloatArray) -> list[Box]:
    """Boxes that cover a line, given in points."""
    boxes: list[Box] = []
    for start, end in pairwise(line):
        steps = max(1, round(float(np.hypot(*(end - start))) / 5.0))
        boxes += [_around(start + (end - start) * (k + 0.5) / steps, 4, 4) for k in range(steps)]
    return boxes


def _shared(box: Box, others: FloatArray) -> float:
    """Square points that `box` shares with `others`, (n, 4)."""
    width = np.minimum(box[2], others[:, 2]) - np.maximum(box[0], others[:, 0])
    height = np.minimum(box[3], others[:, 3]) - np.maximum(box[1], others[:, 1])
    return float((width.clip(min=0.0) * height.clip(min=0.0)).sum())


def _nearer(box: Box, own: FloatArray, others: FloatArray) -> int:
    """How many of `others`, (n, 2), are about as near to `box` as its `own` node, and could be
    meant.
    """
    reach = float(_gaps(box, own[None])[0]) + 4.0
    return int((_gaps(box, others) < reach).sum())


def _gaps(box: Box, spots: FloatArray) -> FloatArray:
    x, y = spots[:, 0], spots[:, 1]
    beside = np.maximum(np.maximum(box[0] - x, x - box[2]), 0.0)
    above = np.maximum(np.maximum(box[1] - y, y - box[3]), 0.0)
    return np.asarray(np.hypot(beside, above))
