"""Where places are and how far apart."""

import math
from collections.abc import Sequence

EARTH_RADIUS_KM = 6371.0
KM_PER_DEGREE = EARTH_RADIUS_KM * math.pi / 180

Place = tuple[float, float]
"""Longitude and latitude in degrees."""


def great_circle_km(start: Place, end: Place) -> float:
    """Great-circle distance between two places; the haversine formula."""
    lon_a, lat_a, lon_b, lat_b = (math.radians(x) for x in (*start, *end))
    half = (
        math.sin((lat_b - lat_a) / 2) ** 2
        + math.cos(lat_a) * math.cos(lat_b) * math.sin((lon_b - lon_a) / 2) ** 2
    )
    return 2 * EARTH_RADIUS_KM * math.asin(min(1.0, math.sqrt(half)))


def degrees_of(positions: Sequence[tuple[float, float] | None]) -> list[Place | None]:
    """The positions in degrees; None stays None.

    Positions of which any cannot be degrees are kilometres on a plane (topohub's synthetic graphs
    are drawn so) and are put near 0° north 0° east, where a degree is 111.195 km both ways.
    """
    planar = any(p is not None and (abs(p[0]) > 180 or abs(p[1]) > 90) for p in positions)
    if not planar:
        return list(positions)
    return [None if p is None else (p[0] / KM_PER_DEGREE, p[1] / KM_PER_DEGREE) for p in positions]
