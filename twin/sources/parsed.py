"""What a topology source says, before anything is assumed about what it leaves out."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ParsedNode:
    """A node with a readable id. Longitude and latitude in degrees; the rest as in `Node`."""

    id: str
    longitude: float
    latitude: float
    platform: str = ""
    role: str = ""
    management_address: str = ""


@dataclass(frozen=True, slots=True)
class ParsedLink:
    """A link. `capacity_bps` and `weight` are None where the source has none."""

    id: str
    a: str
    b: str
    length_km: float
    capacity_bps: float | None = None
    weight: int | None = None


@dataclass(frozen=True, slots=True)
class ParsedNetwork:
    """A connected network of at least two nodes.

    `demands`: (source, target, value) as listed, in the source's own unit; empty where it lists
    none.
    """

    name: str
    nodes: tuple[ParsedNode, ...]
    links: tuple[ParsedLink, ...]
    demands: tuple[tuple[str, str, float], ...] = ()
