"""Who finds the worst days: every generator at the same budget, over conditions, kinds and order.

A play looks at so many days of one network with one generator. "told nothing" is `search` without
feedback, "likely" is `search` told that what is rare is worth less. `replay` has a
past of incidents that are drawn by how often each kind is the cause of one. "llm" completes what a
script proposes: of it only whether all is valid is counted, and nothing is judged.
"""

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from itertools import cycle, islice
from statistics import fmean

import numpy as np
from pydantic import PositiveInt

from evals.campaigns.campaign import Campaign, Spec
from evals.campaigns.records import Record, code_text, raised_text
from tools.causal_lm.opening import open_causal_lm
from twin.events.fault import FAULT_KINDS
from twin.imagination.beyond import Beyond, Looked, worst_of
from twin.imagination.days import Template
from twin.imagination.elements import elements_of
from twin.imagination.generators.causal_lm import CausalLm
from twin.imagination.generators.generator import BATCH, Generator, Point, explored
from twin.imagination.generators.search import Search
from twin.imagination.generators.shipped import GENERATORS, Grounds
from twin.imagination.language.composing import Speaker
from twin.imagination.language.dependency import Says
from twin.imagination.language.sentences import ANYTHING, WORST
from twin.imagination.scenario_check import check_scenario
from twin.imagination.scenario_space import ScenarioSpace
from twin.imagination.scenario_text import read_scenario, scenario_text
from twin.imagination.strikes import strikes_of
from twin.knowledge.past import PastIncident
from twin.nouns.base import Noun
from twin.nouns.rates import Rates
from twin.nouns.state import NetworkState
from twin.physics.twin import Twin
from twin.sources.world import WorldSpec, build_inventory

PAST_INCIDENTS = 100
_DRAWS = 2000
_DAY_MIN = 1440.0


@dataclass(frozen=True, slots=True)
class Asked:
    """What the language model is told, and what it is asked for."""

    says: Says = "told"
    prefix: tuple[int, int] = WORST


COMPARED = ("search", "causal-lm", "causal-lm, told nothing")
"""Arms that all others are compared with."""

DRAWN_ONCE = ("enumerate", "rules")
"""Arms in which nothing is drawn."""

VARIANTS: Mapping[str, str] = {"told nothing": "search", "likely": "search"}
"""Arms that are another arm's generator."""

LANGUAGE: Mapping[str, Asked] = {
    "causal-lm": Asked(),
    "causal-lm, told nothing": Asked(),
    "causal-lm, told nothing, blocks shuffled": Asked("shuffled"),
    "causal-lm, told nothing, blocks withheld": Asked("withheld"),
    "causal-lm, told nothing, no prefix": Asked(prefix=ANYTHING),
}
"""Arms of the language model; "told nothing": without feedback."""

BEGUN = "search begun by causal-lm"
"""The first fifth of its days are those of the language model."""

PROPOSED = (
    Template(kinds=("link_down", "traffic_spike"), hour=20, demand=1.1),
    Template(kinds=("fiber_cut", "igp_weight_misconfig")),
    Template(kinds=("device_down", "link_flap", "policer_misconfig"), demand=1.2),
    Template(kinds=("web_dos_attack",), hour=12),
    Template(kinds=("access_breach", "access_breach")),
)
"""What the script that stands for a model proposes."""


class ImaginedSpec(Spec):
    """`budget`: days that each generator may look at."""

    budget: PositiveInt


class Play(Noun):
    """One generator on one network."""

    case: str
    arm: str
    seed: int
    budget: int


class Outcome(Noun):
    """`judged`: days. `valid`: of them or of what a script proposes, those that can be. `most`: the
    service-minutes of a day. `left`, `nothing`: of the worst days, minutes with the best remedy and
    with nothing done. `depth`: of these, in the mean. `plausible`: of all days, the share. `score`
    and `coverage`: of the archive. `remedied`: days for which remedies were sought.
    """

    judged: int
    valid: int
    most: float
    left: tuple[float, ...] = ()
    nothing: tuple[float, ...] = ()
    depth: float = 0.0
    plausible: float = 0.0
    score: float = 0.0
    coverage: float = 0.0
    remedied: int = 0
    cpu_s: float = 0.0

    @property
    def share(self) -> float:
        """Of all service-minutes of the day, those in breach with the best remedy, in the mean of
        the worst days.
        """
        return fmean(self.left) / self.most

    @property
    def effectiveness(self) -> float:
        """Of the minutes of the worst days, those that the best remedy saves."""
        return 1.0 - sum(self.left) / max(sum(self.nothing), 1.0)


ImaginedRecord = Record[Play, Outcome]


@dataclass(frozen=True, slots=True, eq=False)
class _Network:
    twin: Twin
    state: NetworkState
    space: ScenarioSpace
    beyond: Beyond


@lru_cache(maxsize=1)
def _network(name: str) -> _Network:
    twin = Twin(build_inventory(WorldSpec(topology=name)))
    state = twin.state()
    elements = elements_of(state.topology, Rates())
    space = ScenarioSpace(strikes_of(state, elements), twin.inventory.profile)
    return _Network(twin, state, space, Beyond(space, twin, state, elements))


def _plays(spec: ImaginedSpec) -> list[Play]:
    """All of one seed before the next, so that what stops early is of all networks."""
    return [
        Play(case=case, arm=arm, seed=seed, budget=spec.budget)
        for seed in spec.seeds
        for case in spec.cases
        for arm in spec.arms
        if arm not in DRAWN_ONCE or seed == spec.seeds[0]
    ]


def _play(play: Play) -> Outcome:
    network = _network(play.case)
    generator = _generator(network, play)
    most = _DAY_MIN * len(network.twin.services.services)
    began_s = time.process_time()
    if play.arm == "llm":
        points = explored(generator, network.space, lambda all_: [0.0] * len(all_), play.budget,
                          play.seed)  # fmt: skip
        return Outcome(judged=0, valid=_valid(network, points, in_words=True), most=most)
    looked = network.beyond.looked_at(
        generator,
        play.budget,
        play.seed,
        feedback="told nothing" not in play.arm,
        likely=play.arm == "likely",
    )
    return _outcome(network, looked, most, time.process_time() - began_s)


def _generator(network: _Network, play: Play) -> Generator:
    if play.arm not in (*LANGUAGE, BEGUN):
        return GENERATORS[VARIANTS.get(play.arm, play.arm)](_grounds(network, play))
    asked, strikes = LANGUAGE.get(play.arm, Asked()), network.space.strikes
    speaker = Speaker.of(open_causal_lm(), network.twin, network.state, strikes, asked.says)
    if play.arm != BEGUN:
        return CausalLm(speaker, asked.prefix)
    numbers = np.random.default_rng(play.seed)
    return Search(
        play.budget,
        tuple(speaker.compose(network.space, asked.prefix, play.budget // 5, numbers)),
    )


def _outcome(network: _Network, looked: Sequence[Looked], most: float, cpu_s: float) -> Outcome:
    worst, archive = worst_of(looked), network.beyond.kept(looked)
    return Outcome(
        judged=len(looked),
        valid=_valid(network, [one.point for one in looked]),
        most=most,
        left=tuple(one.verdict.slo_minutes_left for one in worst),
        nothing=tuple(one.verdict.slo_minutes for one in worst),
        depth=fmean(network.beyond.depth(one) for one in worst),
        plausible=fmean(bool(one.verdict.is_plausible) for one in looked),
        score=archive.qd_score / most,
        coverage=archive.coverage,
        remedied=sum(one.remedied for one in looked),
        cpu_s=cpu_s,
    )


def _grounds(network: _Network, play: Play) -> Grounds:
    proposed = []
    for template in PROPOSED:
        if all(kind in network.space.strikes.by_load for kind in template.kinds):
            proposed.append(network.space.within(template))
    past = network.space.past(past_of(network.state, play.seed))
    begins = tuple(islice(network.space.by_rule(), BATCH))
    return Grounds(play.budget, past, tuple(proposed), begins)


def past_of(state: NetworkState, seed: int) -> tuple[PastIncident, ...]:
    """Incidents of one cause each, drawn by how often its kind is the cause of one."""
    faults = [fault for kind in FAULT_KINDS for fault in kind.conceivable(state)]
    odds = np.exp([fault.log_prior() for fault in faults])
    numbers = np.random.default_rng(seed)
    drawn = numbers.choice(len(faults), PAST_INCIDENTS, p=odds / odds.sum())
    return tuple(
        PastIncident(
            id=f"INC-{i}",
            title="",
            opened_s=3600.0 * float(numbers.integers(24 * 365)),
            symptoms=(),
            cause=faults[at].id,
            remedy="",
            worked=True,
            decided=True,
        )
        for i, at in enumerate(drawn.tolist())
    )


def _valid(network: _Network, points: Iterable[Point], *, in_words: bool = False) -> int:
    """How many can be, and are read back from their words if `in_words`."""
    topology, valid = network.state.topology, 0
    for point in points:
        scenario = network.space.scenario(point)
        check_scenario(scenario, topology, network.state.running)
        valid += not in_words or read_scenario(scenario_text(scenario), topology) == scenario
    return valid


def imagined_markdown(records: Sequence[ImaginedRecord]) -> str:
    """What each generator finds, over all networks; from the records alone."""
    ended = [(r.play, r.outcome) for r in records if r.outcome is not None]
    judged = [(play, outcome) for play, outcome in ended if outcome.judged]
    arms = list(dict.fromkeys(play.arm for play, _ in judged))
    by_arm = {arm: _by_network(judged, arm) for arm in arms}
    lines = [
        "| generator | 20 worst days | nothing done | worst day | remedy saves | depth | plausible "
        "| score | cells | remedies sought | CPU s |\n",
        f"|---{'|--:' * 10}|\n",
        *(_row(arm, by_arm[arm]) for arm in arms),
        *(_more_text(one, by_arm) for one in COMPARED if one in by_arm),
        "\n",
        _by_network_text(by_arm),
        _llm_text(ended),
        raised_text(records, "and are left out"),
        f"Run: `noctua campaign imagined`, {code_text(records)}.\n",
    ]
    return "".join(lines)


def _more_text(one: str, by_arm: "Mapping[str, Outcomes]") -> str:
    lines = [f"\n| {one} finds more than | |\n|---|--:|\n"]
    for arm, found in by_arm.items():
        if arm != one:
            lines.append(f"| {arm} | {_interval(_more(by_arm[one], found))} |\n")
    return "".join(lines)


Outcomes = Mapping[str, Sequence[Outcome]]
"""Of one arm, by network, in the order of the seeds."""


def _by_network(ended: Sequence[tuple[Play, Outcome]], arm: str) -> Outcomes:
    found = defaultdict[str, list[Outcome]](list)
    for play, outcome in sorted(ended, key=lambda one: (one[0].case, one[0].seed)):
        if play.arm == arm:
            found[play.case].append(outcome)
    return found


def _row(arm: str, found: Outcomes) -> str:
    def mean(of: Callable[[Outcome], float]) -> float:
        return fmean(fmean(map(of, plays)) for plays in found.values())

    shares = {case: [outcome.share for outcome in plays] for case, plays in found.items()}
    cells = (
        arm,
        _interval(shares),
        f"{mean(lambda o: fmean(o.nothing) / o.most):.1%}",
        f"{mean(lambda o: o.left[0] / o.most):.1%}",
        f"{mean(lambda o: o.effectiveness):.1%}",
        f"{mean(lambda o: o.depth):.1f}",
        f"{mean(lambda o: o.plausible):.1%}",
        f"{mean(lambda o: o.score):.1f}",
        f"{mean(lambda o: o.coverage):.0%}",
        f"{mean(lambda o: o.remedied):.0f} of {mean(lambda o: o.judged):.0f}",
        f"{mean(lambda o: o.cpu_s):.0f}",
    )
    return f"| {' | '.join(cells)} |\n"


def _more(one: Outcomes, other: Outcomes) -> dict[str, list[float]]:
    """Of each network, what `one` finds more, seed by seed; nothing is drawn in some arms."""
    return {
        case: [x.share - y.share for x, y in zip(plays, cycle(other[case]), strict=False)]
        for case, plays in one.items()
        if case in other
    }


def _interval(shares: Mapping[str, Sequence[float]]) -> str:
    """The mean over networks, and its 95 % interval: seeds drawn again within each."""
    numbers = np.random.default_rng(0)
    drawn = [numbers.choice(np.array(x), (_DRAWS, len(x))).mean(axis=1) for x in shares.values()]
    means = np.mean(drawn, axis=0)
    low, high = np.quantile(means, (0.025, 0.975))
    return f"{fmean(map(fmean, shares.values())):.1%} ({low:.1%} to {high:.1%})"


def _by_network_text(by_arm: Mapping[str, Outcomes]) -> str:
    cases = list(dict.fromkeys(case for found in by_arm.values() for case in found))
    lines = [f"| 20 worst days | {' | '.join(cases)} |\n|---{'|--:' * len(cases)}|\n"]
    for arm, found in by_arm.items():
        cells = [_interval({case: [o.share for o in found[case]]}) for case in cases]
        lines.append(f"| {arm} | {' | '.join(cells)} |\n")
    return "".join([*lines, "\n"])


def _llm_text(ended: Sequence[tuple[Play, Outcome]]) -> str:
    proposed = [outcome.valid for play, outcome in ended if play.arm == "llm"]
    if not proposed:
        return ""
    budgets = sum(play.budget for play, _ in ended if play.arm == "llm")
    return (
        f"`llm` completed what a script proposes in place of a model: of {budgets:,} days "
        f"{sum(proposed):,} can be, and are read back from their words.\n\n"
    )


CAMPAIGN = Campaign(
    name="imagined",
    file=files(__package__) / "imagined.yaml",
    spec=ImaginedSpec,
    record=ImaginedRecord,
    plays=_plays,
    together=lambda play: play.case,
    play=_play,
    table=imagined_markdown,
)
