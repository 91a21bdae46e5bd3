"""A network in a notebook: opened by name or file, swept, asked what-ifs, given remedies.

The command line asks the same questions by `noctua sweep` and `noctua what-if`. See docs/api.md.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from pydantic import JsonValue

from channels.planning.answer import WhatIfDocument, answer_what_if
from channels.planning.opening import Planned, open_planned
from channels.planning.rows import SweepDocument, swept
from graphs.state_directory import StateDirectory
from twin.events.action import in_words
from twin.events.phrases import read_what_if, what_if_text
from twin.nouns.base import Noun
from twin.remedies.believed import REPAIR_HORIZON_S
from twin.remedies.objective import Outlook
from twin.remedies.screening import MOST_REMEDIES, Screened, Screening
from twin.remedies.search import MOST_CHANGES
from twin.whatif.survey import Depth, RankedBy, survey

__all__ = ("OpenedNetwork", "RemedyRow", "open_network", "table")


class RemedyRow(Noun):
    """What one remedy is expected to come to; rank 0 is doing nothing.

    `cost`: service-hours, as docs/remedies.md defines them, of which `breach_hours` are those in
    breach. `lost_share_hours`: the share of all traffic that is lost, over the hours.
    `max_utilisation`: offered load / capacity of the busiest egress.
    """

    rank: int
    remedy: str
    cost: float
    breach_hours: float
    lost_share_hours: float
    devices: int
    max_utilisation: float


@dataclass(frozen=True, slots=True, eq=False)
class OpenedNetwork:
    """A network in one state, to be asked about. `planned`: its twin, the state, and its run."""

    planned: Planned

    def after(self, text: str) -> "OpenedNetwork":
        """The same network once `text` has happened, as in "link A-B down; weight C-D 20".

        Raises:
            BadInput: `text` cannot be read as a what-if of this network.
        """
        state, run = self.planned.state, self.planned.provenance
        what_if = read_what_if(text, state.topology)
        # A failure wins over what else is said of its links, in whatever order it is written.
        for event in sorted(what_if, key=lambda e: bool(e.links_down(state.topology))):
            state = event.after(state)
        topology = f"{run.topology} after {what_if_text(what_if)}"
        down = tuple(sorted(state.down_links))
        told = run.model_copy(update={"topology": topology, "down_links": down})
        return OpenedNetwork(replace(self.planned, state=state, provenance=told))

    def sweep(
        self,
        depth: Depth = "1",
        *,
        by: RankedBy = "traffic",
        top: int = 10,
        limit: float = 1.0,
        threads: int = 1,
    ) -> SweepDocument:
        """Every failure of `depth` alone: the `top` worst are its `ranking`.

        `limit`: egresses above this utilisation are counted. Raises BadInput: nothing could fail.
        """
        services = by == "services"
        found = survey(
            self.planned.twin, self.planned.state, depth,
            limit=limit, threads=threads, services=services,
        )  # fmt: skip
        return swept(self.planned, found, by=by, top=top).document

    def what_if(
        self, text: str, *, limit: float = 1.0, trip_at: float | None = None
    ) -> WhatIfDocument:
        """The network before and after `text`. `trip_at`: links trip at this utilisation, and so
        on; None plays no cascade.

        Raises:
            BadInput: `text` cannot be read as a what-if of this network.
        """
        return answer_what_if(self.planned, text, limit, trip_at)[0]

    def remedies(
        self,
        hours: float = REPAIR_HORIZON_S / 3600.0,
        *,
        changes: int = MOST_CHANGES,
        most: int = MOST_REMEDIES,
    ) -> tuple[RemedyRow, ...]:
        """Doing nothing, then what costs less, the cheapest first: up to `most`, each of up to
        `changes` weights, drains and rate limits. `hours`: how long this demand has to be borne.
        """
        screening = Screening(self.planned.twin, self.planned.state, Outlook.at(hours=hours))
        best = screening.best(changes=changes, most=most)
        return tuple(_remedy(i, found) for i, found in enumerate([screening.nothing, *best]))


def open_network(
    name: str, *, traffic: str = "peak", seed: int = 1, state: str | Path = ".noctua"
) -> OpenedNetwork:
    """The network `name`: of topohub, in a file, or of the state directory `state`.

    A watched network is as its watch last saw it. `traffic`: as `noctua sweep --traffic` takes it.
    `seed`: of what has to be invented.

    Raises:
        BadInput: there is no such network, its file cannot be read, or `traffic` means nothing.
        NetworkHeld: it was never watched, and another process has it.
    """
    return OpenedNetwork(open_planned(StateDirectory(Path(state)), name, traffic, seed))


def table(rows: Iterable[Noun]) -> Any:
    """`rows` as a pandas DataFrame where pandas is installed, else as a list of dictionaries.

    One column a field; what a field is made of has columns of its own, as in `egress_link`.
    """
    records = [dict(_cells(row.model_dump(mode="json"))) for row in rows]
    if find_spec("pandas") is None:
        return records
    # Large, and nothing else needs it.
    from pandas import DataFrame

    return DataFrame(records)


def _remedy(rank: int, found: Screened) -> RemedyRow:
    return RemedyRow(
        rank=rank,
        remedy="; ".join(in_words(found.actions)) or "do nothing",
        cost=found.cost.total,
        breach_hours=found.cost.breach_hours,
        lost_share_hours=found.cost.lost_share_hours,
        devices=found.cost.devices,
        max_utilisation=found.max_utilisation,
    )


def _cells(record: Mapping[str, JsonValue], prefix: str = "") -> Iterator[tuple[str, JsonValue]]:
    for name, value in record.items():
        if isinstance(value, dict):
            yield from _cells(value, f"{prefix}{name}_")
        else:
            yield prefix + name, value
