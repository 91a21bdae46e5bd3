"""What a topology source says, before anything is assumed about what it leaves out."""

from dataclasses import dataclass
from typing import Literal

DemandUnit = Literal["bit/s", "relative"]
"""Rates are taken as they are; relative demands are scaled (see `inventory_of`)."""


@dataclass(frozen=True, slots=True)
class ParsedNode:
    """A node with a readable id.

    Longitude and latitude are in degrees, both None where the source has none. The rest is as in
    `Node`.
    """

    id: str
    longitude: float | None = None
    latitude: float | None = None
    platform: str = ""
    role: str = ""
    management_address: str = ""
    hardware: str = ""
    software: str = ""

    @property
    def position(self) -> tuple[float, float] | None:
        """Longitude and latitude, where both are known."""
        if self.longitude is None or self.latitude is None:
            return None
        return self.longitude, self.latitude


@dataclass(frozen=True, slots=True)
class ParsedLink:
    """A link; what is None is not in the source.

    `capacity_bps`: of each direction. `weight`: of the interface at `a`, which the direction from
    `a` to `b` costs; `weight_back`: of the one at `b`. A source that gives one weight a link has it
    in both; one that gives the weight of one direction alone has it in one. `members`: equal
    circuits in the bundle.
    """

    id: str
    a: str
    b: str
    length_km: float | None = None
    capacity_bps: float | None = None
    weight: int | None = None
    weight_back: int | None = None
    members: int | None = None


@dataclass(frozen=True, slots=True)
class ParsedGroup:
    """Links, by id, that the source says fail together."""

    id: str
    links: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ParsedNetwork:
    """A connected network of at least two nodes.

    `demands`: (source, target, value) as listed, in `demand_unit`; empty where the source lists
    none. `remarks`: sentences for people on what was left out, joined or not understood.
    `format`: the name of the format that it was read from, "" where nobody says.
    """

    name: str
    nodes: tuple[ParsedNode, ...]
    links: tuple[ParsedLink, ...]
    demands: tuple[tuple[str, str, float], ...] = ()
    demand_unit: DemandUnit = "relative"
    groups: tuple[ParsedGroup, ...] = ()
    remarks: tuple[str, ...] = ()
    format: str = ""
