"""Which links share a duct, guessed from how they leave a place."""

import math
from collections.abc import Mapping, Sequence

from twin.nouns.topology import Link, SharedRiskGroup

SHARING_ANGLE_DEG = 45.0
"""Links within this angle leave a place through one duct: about eight ways out. Assumed."""

SHARED_KM = 25.0
"""How far they run together at most. Assumed: the reach of a metropolitan area."""

SHARED_PART = 0.5
"""They part half way along the shorter link at the latest: each end has its own duct."""


def ducts_from_geometry(
    positions: Mapping[str, tuple[float, float]], links: Sequence[Link]
) -> tuple[SharedRiskGroup, ...]:
    """Ducts of two or more links, by place, in order of bearing. Nothing is drawn at random.

    `positions`: (longitude, latitude) in degrees per node. Every two links of a duct are within
    SHARING_ANGLE_DEG of each other. A link can be in one duct at each of its ends.
    """
    groups: list[SharedRiskGroup] = []
    leaving: dict[str, list[Link]] = {place: [] for place in positions}
    for link in links:
        leaving[link.a].append(link)
        leaving[link.b].append(link)
    for place, here in positions.items():
        bearings = [
            (bearing_deg(here, positions[link.other_end(place)]), link) for link in leaving[place]
        ]
        fans = [fan for fan in _fans(bearings) if len(fan) > 1]
        groups.extend(
            SharedRiskGroup(
                id=f"duct:{place}:{number}",
                kind="duct",
                place=place,
                links=tuple(link.id for link in fan),
                shared_km=round(min(SHARED_KM, *(SHARED_PART * link.length_km for link in fan)), 3),
            )
            for number, fan in enumerate(fans, start=1)
        )
    return tuple(groups)


def bearing_deg(here: tuple[float, float], there: tuple[float, float]) -> float:
    """Initial bearing of the great circle, 0..360, clockwise from north."""
    lon_a, lat_a, lon_b, lat_b = (math.radians(x) for x in (*here, *there))
    east = math.sin(lon_b - lon_a) * math.cos(lat_b)
    north = math.cos(lat_a) * math.sin(lat_b) - math.sin(lat_a) * math.cos(lat_b) * math.cos(
        lon_b - lon_a
    )
    return math.degrees(math.atan2(east, north)) % 360.0


def _fans(bearings: Sequence[tuple[float, Link]]) -> list[list[Link]]:
    """Cut the circle at its widest gap, then take links clockwise while the fan stays narrow."""
    ordered = sorted(bearings, key=lambda item: (item[0], item[1].id))
    if not ordered:
        return []
    angles = [angle for angle, _ in ordered]
    gaps = [(angles[i] - angles[i - 1]) % 360.0 for i in range(len(angles))]
    start = max(range(len(gaps)), key=lambda i: (gaps[i], -i))
    fans: list[list[Link]] = []
    first = 0.0
    for angle, link in ordered[start:] + ordered[:start]:
        if fans and (angle - first) % 360.0 <= SHARING_ANGLE_DEG:
            fans[-1].append(link)
        else:
            fans.append([link])
            first = angle
    return fans
