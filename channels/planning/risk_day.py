"""The day of one scenario, as one document: what happens, what it costs, and what may follow."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from channels.planning.opening import Planned, Provenance
from twin.errors import TrialFailed
from twin.events.action import in_words
from twin.imagination.chains.playing import ChainTask
from twin.imagination.day import Day, Days
from twin.imagination.day_judge import DayJudge, Judging
from twin.imagination.elements import elements_of
from twin.imagination.likelihood import Likelihood
from twin.imagination.scenario_check import check_scenario
from twin.imagination.scenario_text import read_said, scenario_text
from twin.nouns.base import Noun
from twin.nouns.chain import Chain, ChainRates, Chains, Share
from twin.nouns.common_cause import CommonCause
from twin.nouns.how_often import HowOften
from twin.nouns.rates import History, Rates
from twin.nouns.risk_scenario import RiskScenario
from twin.nouns.risk_verdict import RiskVerdict
from twin.runner import Runner, TaskFailure

_HOUR_S = 3600.0

_DRAWS_EACH = 8
"""Of what follows, in one task."""


class HourOfDay(Noun):
    """`begins`: of the day, as "20:00". `happens`: what begins and ends in that hour, in words.
    `in_breach`: services, the most at once, and `slo_minutes` of theirs; the same with the remedy.
    """

    begins: str
    happens: tuple[str, ...]
    in_breach: int
    slo_minutes: float
    in_breach_mitigated: int
    slo_minutes_mitigated: float


class DrawnChain(Noun):
    """A chain that was drawn, and the `share` of draws that are like it."""

    share: Share
    chain: Chain


class DayDocument(Noun):
    """`scenario` in words, what these leave `unsaid`, and `how_often` it begins.
    `usual_slo_minutes`: of a day on which nothing happens, which the verdict leaves out and `hours`
    do not. `customers`: of the services that are hit. `chains`: what was drawn of what may follow,
    with `chain_rates`, the most frequent first.
    """

    run: Provenance
    scenario: str
    unsaid: tuple[str, ...]
    how_often: HowOften
    verdict: RiskVerdict
    usual_slo_minutes: float
    hours: tuple[HourOfDay, ...]
    customers: tuple[str, ...]
    chain_rates: ChainRates
    draws: int
    chained_slo_minutes: float
    chains: tuple[DrawnChain, ...]


@dataclass(frozen=True, slots=True)
class DayAsked:
    """How it is played: `draws` of what follows. `history`: what has failed so far; `causes`: that
    several links or devices share.
    """

    rates: Rates
    chain_rates: ChainRates
    draws: int
    seed: int
    plausible_per_year: float
    history: History | None = None
    causes: Sequence[CommonCause] = ()


def day_played(
    planned: Planned,
    text: str,
    asked: DayAsked,
    runner: Runner,
    progress: Callable[[int, int], None],
) -> DayDocument:
    """The day of the scenario that `text` says.

    Raises:
        BadInput: it cannot be read, or cannot be in that network.
        NoctuaError: a draw could not be played.
    """
    twin, state = planned.twin, planned.state
    said = read_said(text, state.topology)
    scenario = said.scenario
    check_scenario(scenario, state.topology, state.running, said.words)
    elements = elements_of(state.topology, asked.rates, asked.history, asked.causes)
    likelihood = Likelihood(elements, planned.uncertainty)
    judge = DayJudge(
        twin,
        state,
        likelihood,
        Judging(asked.plausible_per_year, draws=0, chains=asked.chain_rates, seed=asked.seed),
    )
    verdict = judge.judge(scenario)
    start = judge.start(scenario)
    days = Days(twin, start)
    tasks = [
        ChainTask(
            scenario,
            start,
            asked.chain_rates,
            min(_DRAWS_EACH, asked.draws - first),
            asked.seed * asked.draws + first,
        )
        for first in range(0, asked.draws, _DRAWS_EACH)
    ]
    progress(0, len(tasks))
    drawn = runner.run(tasks, lambda done: progress(done, len(tasks)))
    chains = Chains(
        scenario=scenario.id, draws=tuple(one for part in drawn for one in _answered(part).draws)
    )
    services = twin.services.services
    lasting = (*scenario.conditions.under_way, *scenario.events)
    faults = [one.fault.complete(state.topology) for one in lasting]
    return DayDocument(
        run=planned.provenance,
        scenario=scenario_text(scenario),
        unsaid=tuple(dict.fromkeys(filter(None, (fault.unsaid(faults) for fault in faults)))),
        how_often=likelihood.how_often(scenario, asked.seed),
        verdict=verdict,
        usual_slo_minutes=float(judge.usual_min.sum()),
        hours=_hours(
            scenario,
            verdict,
            days.of(scenario.played_with()),
            days.of(scenario.played_with(verdict.timed)),
        ),
        customers=tuple(sorted({s.customer for s in services if s.id in verdict.by_service})),
        chain_rates=asked.chain_rates,
        draws=asked.draws,
        chained_slo_minutes=chains.slo_minutes,
        chains=tuple(DrawnChain(share=share, chain=chain) for share, chain in chains.shares()),
    )


def told_hours(hours: Sequence[HourOfDay]) -> list[HourOfDay]:
    """Those that say something: a quiet hour after a quiet one does not."""
    quiet = [not hour.happens and not hour.in_breach for hour in hours]
    return [hour for i, hour in enumerate(hours) if not quiet[i] or not i or hours[i - 1].in_breach]


def _answered(answer: Chains | TaskFailure) -> Chains:
    if isinstance(answer, TaskFailure):
        raise TrialFailed(f"what follows could not be drawn: {answer.reason}")
    return answer


def _hours(
    scenario: RiskScenario, verdict: RiskVerdict, day: Day, mitigated: Day
) -> tuple[HourOfDay, ...]:
    told = _told(scenario, verdict)
    found = []
    for hour in range(24):
        begin_s = _HOUR_S * hour
        in_breach, minutes = _within(day, begin_s)
        in_breach_mitigated, minutes_mitigated = _within(mitigated, begin_s)
        clock = (scenario.conditions.minute + 60 * hour) % 1440
        found.append(
            HourOfDay(
                begins=f"{clock // 60:02d}:{clock % 60:02d}",
                happens=tuple(text for at_s, text in told if begin_s <= at_s < begin_s + _HOUR_S),
                in_breach=in_breach,
                slo_minutes=minutes,
                in_breach_mitigated=in_breach_mitigated,
                slo_minutes_mitigated=minutes_mitigated,
            )
        )
    return tuple(found)


def _within(day: Day, begin_s: float) -> tuple[int, float]:
    """The most services in breach at once, and their minutes, in the hour from then on."""
    most, minutes = 0, 0.0
    for part in day.parts:
        inside = (part.times_s >= begin_s) & (part.times_s < begin_s + _HOUR_S)
        counts = part.in_breach[inside].sum(axis=1)
        most = max(most, int(counts.max(initial=0)))
        minutes += float(part.minutes[inside] @ counts)
    return most, minutes


def _told(scenario: RiskScenario, verdict: RiskVerdict) -> Sequence[tuple[float, str]]:
    """When what begins and ends, in words and in order."""
    under_way = scenario.conditions.under_way
    lines = [(0.0, f"under way: {one.fault.describe()}") for one in under_way]
    lines += [
        (float(one.until_s), f"over: {one.fault.describe()}")
        for one in under_way
        if one.until_s is not None
    ]
    lines += [(float(event.after_s), event.fault.describe()) for event in scenario.events]
    lines += [
        (float(event.until_s), f"over: {event.fault.describe()}")
        for event in scenario.events
        if event.until_s is not None
    ]
    times = sorted({timed.at_s for timed in verdict.timed})
    for i, at_s in enumerate(times):
        actions = [timed.action for timed in verdict.timed if timed.at_s == at_s]
        said = "; ".join(in_words(actions))
        lines.append((at_s, f"remedy taken back: {said}" if i else f"remedy: {said}"))
    return sorted(lines, key=lambda line: line[0])
