"""The worst that so many failures at once can do, as one document."""

from collections.abc import Callable
from math import comb

from channels.planning.opening import Planned, Provenance
from twin.errors import BadInput
from twin.imagination.adversary import Sought, worst_of
from twin.imagination.elements import elements_of
from twin.imagination.regimes import regimes_of
from twin.nouns.base import Noun
from twin.nouns.rates import Rates
from twin.nouns.risk import Stress


class AdversaryDocument(Noun):
    """`count` things fail at once; `judged`: so many sets of them, of `sets` that there are;
    `generator`: who proposed them, where that is not all. `lines`: without what is not needed.
    """

    run: Provenance
    count: int
    judged: int
    sets: int
    generator: str
    lines: tuple[Stress, ...]


def sought_out(
    planned: Planned, sought: Sought, progress: Callable[[int, int], None]
) -> AdversaryDocument:
    """The worst first.

    Raises:
        BadInput: the network has fewer things that can fail than are to.
    """
    elements = elements_of(planned.state.topology, Rates())
    if len(elements) < sought.count:
        raise BadInput(
            f"{planned.provenance.topology} has {len(elements)} things that can fail; "
            f"{sought.count} cannot fail at once"
        )
    sets = comb(len(elements), sought.count)
    regimes = regimes_of(planned.twin.inventory.profile)
    lines = worst_of(planned.twin, planned.state, elements, regimes, sought, progress)
    return AdversaryDocument(
        run=planned.provenance,
        count=sought.count,
        judged=min(sought.budget, sets),
        sets=sets,
        generator=sought.generator,
        lines=lines,
    )
