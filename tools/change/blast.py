"""What a change touches was counted two ways; where they contradict, nothing is changed."""

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
    return BlastRadius(
        devices=bound.devices,
        services=bound.services,
        moved_bps=max(bound.moved_bps, exact.moved_bps),
    )


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
