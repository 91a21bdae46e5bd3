"""What an SNDlib network says, whichever of its two notations it is written in.

Links have a capacity that is installed, which is taken, and modules that could be installed, which
are not: they are what a planner may buy. Without a unit in the META section demands are relative
and installed capacities are left out, since 40 may be 40 Mbit/s or 40 STM-1.

Source: S. Orlowski, M. Pióro, A. Tomaszewski and R. Wessäly, SNDlib 1.0, Networks 55 (3), 2010.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from twin.errors import BadTopology
from twin.sources.formats.draft import Draft
from twin.sources.parsed import ParsedNetwork

UNITS_BPS: Mapping[str, float] = {
    "BITPERSEC": 1.0,
    "KBITPERSEC": 1e3,
    "MBITPERSEC": 1e6,
    "GBITPERSEC": 1e9,
    "TBITPERSEC": 1e12,
}
"""Units of demands and capacities, as the META section words them."""


@dataclass(frozen=True, slots=True)
class SndlibLink:
    """`installed`: capacity in the unit of the instance; `modules`: sizes that may be added."""

    id: str
    source: str
    target: str
    installed: float = 0.0
    routing_cost: float = 0.0
    modules: int = 0


@dataclass(slots=True)
class Sndlib:
    """An instance, collected section by section.

    `nodes`: coordinates by id, None where it has none. `demands`: (source, target, value) with the
    value in the unit of the instance. `pixels`: the coordinates are said to be of a drawing.
    """

    name: str
    unit: str = ""
    pixels: bool = False
    nodes: dict[str, tuple[float, float] | None] = field(default_factory=dict)
    links: list[SndlibLink] = field(default_factory=list)
    demands: list[tuple[str, str, float]] = field(default_factory=list)
    admissible_paths: bool = False

    def add_node(self, node: str, position: tuple[float, float] | None) -> None:
        """Raises BadTopology if there is one of that id."""
        if node in self.nodes:
            raise BadTopology(f'{self.name}: node id "{node}" is used twice')
        self.nodes[node] = position

    @property
    def unit_bps(self) -> float | None:
        """The unit in bit/s, None where the META section does not say it.

        Raises BadTopology if it says one that is not known.
        """
        if not self.unit:
            return None
        try:
            return UNITS_BPS[self.unit.upper()]
        except KeyError:
            raise BadTopology(
                f'{self.name}: the META section has unit "{self.unit}", expected one of '
                f"{', '.join(UNITS_BPS)}"
            ) from None

    def network(self) -> ParsedNetwork:
        """The network of the instance. Raises BadTopology."""
        if self.nodes and not self.links:
            raise BadTopology(
                f"{self.name}: it has no links; a demand matrix of SNDlib is traffic for the "
                "network of the same nodes, which is given first"
            )
        draft = Draft(self.name, directed=None)
        placed = self._degrees(draft)
        for node, position in self.nodes.items():
            draft.add_node(node, node, position=position if placed else None)
        self._add_links(draft)
        for source, target, value in self.demands:
            draft.add_demand(source, target, value * (self.unit_bps or 1.0))
        if self.unit_bps is not None:
            draft.demands_are_in("bit/s")
        if self.admissible_paths:
            draft.remark("admissible paths are not read; traffic takes the shortest paths")
        return draft.finish()

    def _degrees(self, draft: Draft) -> bool:
        """Whether the coordinates can be longitudes and latitudes."""
        given = [position for position in self.nodes.values() if position is not None]
        drawn = self.pixels or any(abs(x) > 180 or abs(y) > 90 for x, y in given)
        if given and drawn:
            draft.remark("coordinates are those of a drawing, not degrees, and are left out")
        return not drawn and any(position != (0.0, 0.0) for position in given)

    def _add_links(self, draft: Draft) -> None:
        unit_bps = self.unit_bps
        for link in self.links:
            if link.installed < 0:
                raise BadTopology(
                    f'{self.name}: link "{link.id}" has capacity {link.installed:g}; it cannot be '
                    "negative"
                )
            installed_bps = link.installed * unit_bps if unit_bps else 0.0
            draft.add_line(
                link.source,
                link.target,
                key=link.id,
                capacity_bps=installed_bps if link.installed > 0 and unit_bps else None,
            )
        if unit_bps is None and any(link.installed > 0 for link in self.links):
            draft.remark(
                "installed capacities are left out, since the file does not say their unit; "
                '"unit = MBITPERSEC" in its META section would'
            )
        modules = sum(link.modules for link in self.links)
        if modules:
            draft.remark(
                f"{modules} capacity modules are what may be installed, not what is; left out"
            )
        if any(link.routing_cost > 0 for link in self.links):
            draft.remark("routing costs are not IGP weights; left out")
