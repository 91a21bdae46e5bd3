"""Common causes that tickets hint at, and what each would cost if it were true."""

from collections.abc import Sequence

from channels.planning.opening import Planned
from twin.imagination.elements import elements_of
from twin.imagination.enumeration import Enumerated, reckoned
from twin.imagination.regimes import regimes_of
from twin.imagination.register import line_of
from twin.nouns.base import Noun
from twin.nouns.common_cause import CommonCause
from twin.nouns.rates import History, Rates
from twin.nouns.risk import Risk


class ProposedLine(Noun):
    """A cause that nobody has accepted, and what it would cost: `if_true` is no line of the
    register.
    """

    id: str
    cause: CommonCause
    if_true: Risk


def proposed_lines(
    planned: Planned,
    rates: Rates,
    seed: int,
    counted: Sequence[CommonCause],
    proposed: Sequence[CommonCause],
    history: History | None = None,
) -> tuple[ProposedLine, ...]:
    """Each of `proposed`, beside what is `counted`; what would cost most a year first."""
    topology, twin = planned.state.topology, planned.twin
    elements = elements_of(topology, rates, history, (*counted, *proposed))
    place = {element.name: i for i, element in enumerate(elements)}
    built = [cause for cause in proposed if cause.label in place]
    sets = [(place[cause.label],) for cause in built]
    regimes = regimes_of(twin.inventory.profile)
    costs = reckoned(twin, planned.state, elements, regimes, sets)
    found = Enumerated(elements, regimes, tuple(costs[one] for one in sets), 0.0)
    by_cost = sorted(
        zip(built, found.sets, strict=True), key=lambda x: (-x[1].slo_minutes, x[0].id)
    )
    services = twin.services.services
    return tuple(
        ProposedLine(id=cause.id, cause=cause, if_true=line_of(found, one, rank, services, seed))
        for rank, (cause, one) in enumerate(by_cost, start=1)
    )
