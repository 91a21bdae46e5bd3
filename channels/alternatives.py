"""The simulated remedies that a person may choose in place of a plan."""

from typing import TYPE_CHECKING

from tools.journal.journal import Journal
from twin.errors import BadInput
from twin.nouns.plan import Plan

if TYPE_CHECKING:
    from twin.remedies.trials import Trial


def instead_of(journal: Journal, plan: Plan) -> "tuple[Trial, ...]":
    """The trials whose remedies can be planned in place of `plan`, the cheapest first.

    None for a way back, and for a plan that was made before anything failed. Doing nothing is what
    a rejection without a choice may come to.
    """
    from twin.remedies.holding import held_links
    from twin.remedies.trials import Trial

    if plan.purpose != "mitigate" or journal.incident(plan.incident_id).incident.risk:
        return ()
    trials = journal.artefact(plan.incident_id, "trials", list[Trial]) or []
    # A plan has the actions of its remedy first, and then those that hold links back.
    made = {
        known.actions[: len(known.actions) - len(held_links(known))]
        for known in journal.plans(plan.incident_id)
    }
    others = [t for t in trials if t.remedy.actions and t.remedy.actions not in made]
    return tuple(sorted(others, key=lambda trial: (trial.cost, trial.remedy.id)))


def require_alternative(journal: Journal, plan: Plan, remedy: str) -> None:
    """Raises BadInput, which names what there is, unless `remedy` can be planned instead."""
    ids = [trial.remedy.id for trial in instead_of(journal, plan)]
    if remedy not in ids:
        known = f"these were: {', '.join(ids)}" if ids else "there is none to choose"
        raise BadInput(f'"{remedy}" was not simulated in place of {plan.id} ({known})')
