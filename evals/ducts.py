"""Which ducts hurt when they are cut at the peak, and the best single repair of each (twin)."""

import numpy as np

from twin.events.faults.fiber_cut import FiberCut
from twin.nouns.base import Noun
from twin.nouns.inventory import Inventory
from twin.nouns.topology import SharedRiskGroup
from twin.physics.questions import offered_totals
from twin.physics.twin import Twin
from twin.remedies.objective import Outlook
from twin.remedies.screening import Screened, Screening


class DuctCase(Noun):
    """A duct whose cut at peak puts more than its capacity on some other link.

    `busiest`: the egress with the highest offered load / capacity afterwards, which is
    `max_utilisation`. `repair`: the single action (in words, "" if none helps) that costs least;
    `repaired_utilisation` and `repaired_breaches`: with it in force. `breaches`: services in breach
    without it. `suffices`: it leaves no egress over its capacity.
    """

    duct: str
    links: tuple[str, ...]
    busiest: str
    max_utilisation: float
    breaches: int
    repair: str
    repaired_utilisation: float
    repaired_breaches: int

    @property
    def suffices(self) -> bool:
        """Whether the repair leaves no egress over its capacity."""
        return self.repaired_utilisation <= 1.0


def overloading_ducts(inventory: Inventory) -> list[DuctCase]:
    """Every such duct of `inventory`, the worst first."""
    twin = Twin(inventory)
    found = (_examine(twin, group) for group in inventory.topology.shared_risk_groups)
    return sorted(
        (duct for duct in found if duct is not None), key=lambda d: (-d.max_utilisation, d.duct)
    )


def draw_duct(inventory: Inventory, seed: int) -> DuctCase:
    """One of the overloading ducts that a single action can relieve; the same seed, the same duct.

    Raises:
        LookupError: the topology has none.
    """
    relieved = sorted((d for d in overloading_ducts(inventory) if d.suffices), key=lambda d: d.duct)
    if not relieved:
        raise LookupError(
            f"{inventory.topology.name}: no duct overloads a link that could be relieved"
        )
    return relieved[int(np.random.default_rng(seed).integers(len(relieved)))]


def _examine(twin: Twin, group: SharedRiskGroup) -> DuctCase | None:
    state = FiberCut(duct=group.id, links=group.links).after(twin.state())
    capacity = np.repeat([x.capacity_bps for x in state.topology.links], 2)
    used = offered_totals(twin, state) / capacity
    worst = int(used.argmax())
    if used[worst] <= 1.0:
        return None
    best = _best(Screening(twin, state, Outlook.at(), margin=1.0))
    after = twin.assess(twin.state(running=best.running, down_links=group.links))
    return DuctCase(
        duct=group.id,
        links=group.links,
        busiest=str(state.topology.egress_of(worst)),
        max_utilisation=round(float(used[worst]), 4),
        breaches=twin.assess(state).breached_services,
        repair=best.actions[0].describe() if best.actions else "",
        repaired_utilisation=round(best.max_utilisation, 4),
        repaired_breaches=after.breached_services,
    )


def _best(screening: Screening) -> Screened:
    """The single action (limits on best effort aside) that costs least; nothing, if none helps."""
    alone = (s for s in screening.best(changes=1) if not any(a.limit() for a in s.actions))
    return next(alone, screening.nothing)


def ducts_markdown(ducts: list[DuctCase]) -> str:
    """The list as a Markdown table."""
    lines = [
        "| duct | links | busiest egress after the cut | load / capacity | in breach "
        "| best single repair | load / capacity with it | in breach with it |",
        "|---|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {d.duct} | {', '.join(d.links)} | {_cell(d.busiest)} | {d.max_utilisation:.2f} "
        f"| {d.breaches} | {d.repair or 'none helps'} | {d.repaired_utilisation:.2f} "
        f"| {d.repaired_breaches} |"
        for d in ducts
    ]
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    """`text` in a Markdown table, whose columns a bar would divide."""
    return text.replace("|", r"\|")
