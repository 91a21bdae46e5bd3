"""Where places are and how far apart."""

import math
from collections.abc import Sequence

from twin.nouns.topology import EARTH_RADIUS_KM

KM_PER_DEGREE = EARTH_RADIUS_KM * math.pi / 180

Place = tuple[float, float]
"""Longitude and latitude in degrees."""


def degrees_of(positions: Sequence[tuple[float, float] | None]) -> list[Place | None]:
    """The positions in degrees; None stays None.

    Positions of which any cannot be degrees are kilometres on a plane (topohub's synthetic graphs
    are drawn so) and are put near 0° north 0° east, where a degree is 111.195 km both ways.
    """
    planar = any(p is not None and (abs(p[0]) > 180 or abs(p[1]) > 90) for p in positions)
    if not planar:
        return list(positions)
    return [None if p is None else (p[0] / KM_PER_DEGREE, p[1] / KM_PER_DEGREE) for p in positions]
