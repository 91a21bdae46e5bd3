"""How often each service is outside its objective, as one document."""

from collections.abc import Callable, Sequence

from channels.planning.opening import Planned, Provenance
from twin.imagination.availability import availabilities
from twin.imagination.elements import elements_of
from twin.imagination.regimes import regimes_of
from twin.nouns.base import Noun
from twin.nouns.common_cause import CommonCause
from twin.nouns.rates import History, Rates
from twin.nouns.risk import ServiceAvailability


class AvailabilityDocument(Noun):
    """`services`: those that fall short of their promise by most first. `draws`: of sets of three
    and more, of which `judged` were different. `beyond`: of all hours, those in which more are down
    than were looked at.
    """

    run: Provenance
    rates: Rates
    history: History
    draws: int
    judged: int
    beyond: float
    services: tuple[ServiceAvailability, ...]


def reckoned(
    planned: Planned,
    rates: Rates,
    draws: int,
    seed: int,
    progress: Callable[[int, int], None],
    history: History | None = None,
    causes: Sequence[CommonCause] = (),
) -> AvailabilityDocument:
    """Of all services of `planned`. `causes`: that several links or devices share."""
    found = availabilities(
        planned.twin,
        planned.state,
        elements_of(planned.state.topology, rates, history, causes),
        regimes_of(planned.twin.inventory.profile),
        draws,
        seed,
        progress,
    )
    worst_first = sorted(found.services, key=lambda s: (s.expected - s.promised, s.service))
    return AvailabilityDocument(
        run=planned.provenance,
        rates=rates,
        history=history or History(),
        draws=draws,
        judged=found.judged,
        beyond=found.beyond,
        services=tuple(worst_first),
    )
