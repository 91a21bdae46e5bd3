"""The worst days that a generator finds, as one document."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from channels.planning.opening import Planned, Provenance
from tools.causal_lm.opening import open_causal_lm
from twin.imagination.beyond import WORST, Beyond, Looked, worst_of
from twin.imagination.elements import elements_of
from twin.imagination.generators.generator import BATCH
from twin.imagination.generators.shipped import CAUSAL_LM, GENERATORS, Grounds
from twin.imagination.language.composing import Speaker
from twin.imagination.scenario_space import ScenarioSpace
from twin.imagination.scenario_text import scenario_text
from twin.imagination.strikes import strikes_of
from twin.knowledge.past import PastIncident
from twin.nouns.base import Noun
from twin.nouns.common_cause import CommonCause
from twin.nouns.rates import History, Rates
from twin.nouns.worst_day import WorstDay


class WorstDaysDocument(Noun):
    """`looked_at`: days, all different, that `generator` proposed. `remedied`: of these, those for
    which remedies were sought. `cells`, `covered`: sorts of days that there are, and those of which
    one is among the days that cost most. `seed`: of what was drawn.
    """

    run: Provenance
    generator: str
    seed: int
    feedback: bool
    likely: bool
    looked_at: int
    remedied: int
    cells: int
    covered: int
    lines: tuple[WorstDay, ...]


@dataclass(frozen=True, slots=True)
class Wanted:
    """`budget`: days that are looked at, within so many CPU seconds. `feedback`: whether
    `generator` is told what came of those before; `likely`: that what is rare is worth less.
    `plausible_per_year`: what is rarer is not plausible.
    """

    generator: str
    budget: int
    cpu_s: float
    seed: int
    feedback: bool
    likely: bool
    plausible_per_year: float


@dataclass(frozen=True, slots=True)
class Known:
    """Of one network: how often things fail, its `history`, what several things share, and past
    incidents, which may be replayed.
    """

    rates: Rates
    history: History | None = None
    causes: Sequence[CommonCause] = ()
    past: Sequence[PastIncident] = ()


def worst_days(
    planned: Planned,
    known: Known,
    wanted: Wanted,
    progress: Callable[[int, int], None],
) -> WorstDaysDocument:
    """The worst first, with the best remedy of each; of those that hit the same services, one."""
    twin, state = planned.twin, planned.state
    elements = elements_of(state.topology, known.rates, known.history, known.causes)
    space = ScenarioSpace(strikes_of(state, elements), twin.inventory.profile)
    beyond = Beyond(space, twin, state, elements, plausible_per_year=wanted.plausible_per_year)
    grounds = Grounds(
        wanted.budget,
        past=space.past(known.past),
        begins=tuple(islice(space.by_rule(), BATCH)),
        speaker=Speaker.of(open_causal_lm(), twin, state, space.strikes)
        if wanted.generator == CAUSAL_LM
        else None,
    )
    looked = beyond.looked_at(
        GENERATORS[wanted.generator](grounds),
        wanted.budget,
        wanted.seed,
        feedback=wanted.feedback,
        likely=wanted.likely,
        cpu_s=wanted.cpu_s,
        progress=progress,
    )
    archive = beyond.kept(looked)
    worst = _unlike(one for one in worst_of(looked, WORST) if one.verdict.slo_minutes > 0.0)
    return WorstDaysDocument(
        run=planned.provenance,
        generator=wanted.generator,
        seed=wanted.seed,
        feedback=wanted.feedback,
        likely=wanted.likely,
        looked_at=len(looked),
        remedied=sum(one.remedied for one in looked),
        cells=archive.cells,
        covered=len(archive.elites),
        lines=tuple(_line(rank, one, beyond) for rank, one in enumerate(worst, start=1)),
    )


def _unlike(days: Iterable[Looked]) -> Iterator[Looked]:
    """Of `days` that hit the same services, the first."""
    hit = set[frozenset[str]]()
    for one in days:
        services = frozenset(one.verdict.by_service)
        if services not in hit:
            hit.add(services)
            yield one


def _line(rank: int, one: Looked, beyond: Beyond) -> WorstDay:
    verdict = one.verdict
    return WorstDay(
        rank=rank,
        scenario=scenario_text(one.scenario),
        slo_minutes=verdict.slo_minutes,
        slo_minutes_left=verdict.slo_minutes_left,
        actions=verdict.actions,
        hit=tuple(sorted(verdict.by_service)),
        depth=beyond.depth(one),
        wanted=one.scenario.adversary,
        per_year=verdict.per_year,
        is_plausible=verdict.is_plausible,
    )
