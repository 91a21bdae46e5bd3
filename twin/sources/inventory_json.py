"""An inventory as JSON text, for whoever cannot ask the network's own systems of record."""

import numpy as np
from pydantic import ValidationError

from twin.errors import BadInput
from twin.nouns.base import Noun
from twin.nouns.configuration import NetworkConfiguration
from twin.nouns.inventory import Inventory, ProbePath
from twin.nouns.origins import BEFORE_RECORDED, Origins
from twin.nouns.planned_work import PlannedWork
from twin.nouns.service import Service
from twin.nouns.topology import Topology
from twin.nouns.traffic import DailyProfile, TrafficMatrix


class _Written(Noun):
    """`peak_bps`: [class][source][target], nodes in the order of the topology's matrix `nodes`."""

    topology: Topology
    intended: NetworkConfiguration
    services: tuple[Service, ...]
    profile: DailyProfile
    probes: tuple[ProbePath, ...]
    planned_work: tuple[PlannedWork, ...]
    nodes: tuple[str, ...]
    origins: Origins = BEFORE_RECORDED
    peak_bps: tuple[tuple[tuple[float, ...], ...], ...]


def inventory_text(inventory: Inventory) -> str:
    """`inventory` as JSON; `read_inventory` takes it back."""
    written = _Written(
        topology=inventory.topology,
        intended=inventory.intended,
        services=inventory.services,
        profile=inventory.profile,
        probes=inventory.probes,
        planned_work=inventory.planned_work,
        nodes=inventory.peak_traffic.nodes,
        origins=inventory.origins,
        peak_bps=inventory.peak_traffic.rates_bps.tolist(),
    )
    return written.model_dump_json()


def read_inventory(text: str, source: str = "inventory") -> Inventory:
    """The inventory that `inventory_text` wrote. `source` names it in errors.

    Raises:
        BadInput: it is something else, or damaged.
    """
    try:
        written = _Written.model_validate_json(text)
        traffic = TrafficMatrix(written.nodes, np.array(written.peak_bps, dtype=np.float64))
    except (ValidationError, ValueError) as exc:
        raise BadInput(f"{source}: cannot be read as an inventory ({exc!r:.200})") from exc
    return Inventory(
        topology=written.topology,
        intended=written.intended,
        services=written.services,
        peak_traffic=traffic,
        profile=written.profile,
        probes=written.probes,
        planned_work=written.planned_work,
        origins=written.origins,
    )
