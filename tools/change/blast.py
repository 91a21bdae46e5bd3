"""What a change touches was counted two ways; where they contradict, nothing is changed.

What exceeds a bound of the policy needs two people who say why.
"""

from tools.change.policy import BlastRules
from tools.change.refusals import BlastDisagrees
from twin.nouns.plan import BlastRadius, Plan
from twin.remedies.blast import shortfall


def larger(plan_id: str, bound: BlastRadius, exact: BlastRadius) -> BlastRadius:
    """The larger figure of two ways of counting, where `bound` is to bound `exact` from above.

    Raises:
        BlastDisagrees: it does not, so one of the two computations is wrong.
    """
    if missing := shortfall(bound, exact):
        raise BlastDisagrees(
            f'plan "{plan_id}": what it touches was counted two ways, and the upper bound leaves '
            f"out {missing}; one of the two is wrong, so nothing is changed until it is found"
        )
    moved_bps = max(bound.moved_bps, exact.moved_bps)
    counted_bps = max(bound.counted_bps, exact.counted_bps)
    return BlastRadius(
        devices=bound.devices,
        services=bound.services,
        moved_bps=moved_bps,
        returning_services=bound.returning_services,
        returning_bps=max(0.0, moved_bps - counted_bps),
    )


def bounds_exceeded(
    blast: BlastRadius, total_bps: float, rules: BlastRules
) -> dict[str, tuple[float, float]]:
    """By key of the policy: what the plan touches, and the bound that it exceeds.

    `total_bps`: all traffic at peak. What goes back to what is intended counts for none of them.
    """
    share = blast.counted_bps / total_bps if total_bps else 0.0
    found: dict[str, tuple[float, float]] = {
        "max_devices": (len(blast.devices), rules.max_devices),
        "max_services": (len(blast.counted_services), rules.max_services),
        "max_moved_share": (share, rules.max_moved_share),
    }
    return {key: figures for key, figures in found.items() if figures[0] > figures[1]}


def require_stated(plan: Plan, found: BlastRadius) -> None:
    """The approver is shown the plan's own figure, so it must not be smaller than what was found.

    Raises:
        BlastDisagrees: it is.
    """
    if missing := shortfall(plan.blast_radius, found):
        raise BlastDisagrees(
            f'plan "{plan.id}" states less than it touches: it leaves out {missing}; make the '
            "plan again, with the figure of `blast_radius`"
        )
