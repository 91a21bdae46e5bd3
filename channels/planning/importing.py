"""What was understood of a network that somebody brings, what is assumed, and what was left out."""

from pathlib import Path

from channels.planning.reading import network_in
from channels.report.wording import rate
from twin.errors import BadInput
from twin.nouns.base import Noun
from twin.nouns.inventory import Inventory
from twin.nouns.origins import Origins
from twin.sources.formats.registry import FORMATS
from twin.sources.world import inventory_of

FEW = 3
"""How many of a kind are shown."""


class Understood(Noun):
    """One kind of thing in a file: how many there are of it, and the first few in words."""

    what: str
    count: int
    first: tuple[str, ...]


class ImportDocument(Noun):
    """A file as it was read. `remarks` stand in `origins`."""

    file: str
    format: str
    understood: tuple[Understood, ...]
    origins: Origins


def imported(path: Path, seed: int, traffic: Path | None = None) -> ImportDocument:
    """Read the network in `path` and build what a sweep of it would be asked about.

    `traffic`: the file that its demands are in, where that is another.

    Raises:
        BadInput: one cannot be read, is no network, or no traffic of it.
    """
    network = network_in(path, traffic)
    inventory = inventory_of(network, seed)
    return ImportDocument(
        file=str(path),
        format=network.format,
        understood=tuple(_understood(inventory)),
        origins=inventory.origins,
    )


def converted(path: Path, to: str, traffic: Path | None = None) -> str:
    """What the network in `path` says, in the format whose short name is `to`.

    Nothing that is assumed is written. `traffic`: as for `imported`.

    Raises:
        BadInput: it cannot be read, is no network, or no such format is written.
    """
    by_name = {known.short_name: known.write for known in FORMATS if known.write is not None}
    write = by_name.get(to.lower())
    if write is None:
        raise BadInput(f'no format "{to}" is written; expected one of {", ".join(by_name)}')
    return write(network_in(path, traffic))


def _understood(inventory: Inventory) -> list[Understood]:
    topology, traffic = inventory.topology, inventory.peak_traffic
    total = traffic.rates_bps.sum(axis=0)
    pairs = list(zip(*total.nonzero(), strict=True))
    kinds: list[tuple[str, list[str]]] = [
        ("nodes", [node.id for node in topology.nodes]),
        ("links", [f"{x.id} {rate(x.capacity_bps)}" for x in topology.links]),
        (
            "demands",
            [
                f"{traffic.nodes[a]} to {traffic.nodes[b]} {rate(float(total[a, b]))}"
                for a, b in pairs
            ],
        ),
        ("shared-risk groups", [group.id for group in topology.shared_risk_groups]),
        ("services", [f"{x.id} of {x.customer}" for x in inventory.services]),
    ]
    return [
        Understood(what=what, count=len(words), first=tuple(words[:FEW])) for what, words in kinds
    ]
