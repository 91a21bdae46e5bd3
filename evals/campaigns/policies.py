"""Who does best in the evening after a failure: every policy on the same evenings.

An evening counts where something is to gain: the least that any of the policies has made of it
saves LEAST_GAIN of what waiting costs, and more than it costs to touch one device and take it back.
Closed is the share of that saving. "clairvoyant" knows repair and demand, and is no policy.
"""

import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from importlib.resources import files

import numpy as np
from pydantic import Field, NonNegativeInt

from evals.campaigns.campaign import Campaign, Spec
from evals.campaigns.records import Record, code_text, raised_text
from evals.intervals import mean_interval
from tools.policies import policy_named
from twin.nouns.base import Noun
from twin.physics.compiled import FloatArray
from twin.remediation.disposal import Decision, dispose
from twin.remediation.evening import RULE, Evening
from twin.remediation.playing import evening_of, play_evening, twin_of
from twin.remediation.policies.clairvoyant import Clairvoyant
from twin.remediation.policy import Policy
from twin.remediation.situation import Priced, Situation
from twin.remedies.objective import DEVICE_WEIGHT
from twin.sources.topohub_source import topology_from_topohub

NOTHING, CLAIRVOYANT = "nothing", "clairvoyant"

LEAST_GAIN = 0.05

LEAST_SAVED = 2 * DEVICE_WEIGHT

COMPARED = (
    ("horizon", "peak-only"),
    ("horizon", "myopic"),
    ("horizon", "rule"),
    ("horizon", "nearest-360"),
    ("due", "horizon"),
    ("due", "myopic"),
    ("beam", "horizon"),
    ("local", "horizon"),
    ("carried-128", "nearest-128"),
    ("ranker", "nearest-360"),
    ("ranker", "nearest-512"),
    ("ranker", "carried-128"),
    ("ranker", "estimated-32"),
    ("ranker", "estimated-64"),
    ("ranker", "horizon"),
    (CLAIRVOYANT, "horizon"),
)
"""Pairs whose difference is told, the first minus the second."""


class PoliciesSpec(Spec):
    """`priced`: what costs; see `twin.remediation.situation.Priced`. `first`: how many of the seeds
    those arms play that take long.
    """

    priced: Priced
    first: dict[str, NonNegativeInt] = Field(default_factory=dict)


class Play(Noun):
    """One evening by one policy."""

    case: str
    arm: str
    seed: int
    priced: Priced


class Outcome(Noun):
    """`cost`: service-hours of the whole evening. `changes`: how many were made. `quarters`: that
    counted. `decision_ms`: CPU milliseconds of each decision, in the median.
    """

    cost: float
    stake: float
    changes: int
    quarters: int
    decision_ms: float


PoliciesRecord = Record[Play, Outcome]


def cases_of(networks: Sequence[str]) -> Sequence[str]:
    """The same. Raises BadTopology: topohub has none of a name."""
    for name in networks:
        topology_from_topohub(name)
    return networks


def arms_of(policies: Sequence[str]) -> list[str]:
    """`policies`, and what they are measured against. Raises BadInput: one of them is not known."""
    for name in policies:
        if name != CLAIRVOYANT:
            policy_named(name)
    return list(dict.fromkeys([NOTHING, *policies]))


def _plays(spec: PoliciesSpec) -> list[Play]:
    """All of one seed before the next, so that what stops early is of all networks."""
    return [
        Play(case=case, arm=arm, seed=seed, priced=spec.priced)
        for seed in spec.seeds
        for case in spec.cases
        for arm in spec.arms
        if seed in spec.seeds[: spec.first.get(arm)]
    ]


def _play(play: Play) -> Outcome:
    evening = evening_of(twin_of(play.case), play.seed, play.priced)
    is_policy = play.arm != CLAIRVOYANT
    return outcome_of(evening, policy_named(play.arm) if is_policy else Clairvoyant(evening))


def outcome_of(
    evening: Evening, policy: Policy, seen: Callable[[Situation], Situation] = lambda same: same
) -> Outcome:
    """What `policy` makes of `evening`, of which it is shown what is `seen` of a situation."""
    spent_s = list[float]()

    def decide(situation: Situation) -> Decision:
        situation = seen(situation)
        begin_s = time.process_time()
        decision = dispose(situation, policy.propose(situation))
        spent_s.append(time.process_time() - begin_s)
        return decision

    played = play_evening(evening, decide)
    return Outcome(
        cost=played.cost,
        stake=played.stake,
        changes=sum(number != 0 for number in played.choices),
        quarters=len(played.costs),
        decision_ms=round(1e3 * float(np.median(spent_s)), 3),
    )


# The table


EveningOutcomes = Mapping[str, Outcome]
"""What each policy made of an evening."""


def policies_markdown(records: Sequence[PoliciesRecord]) -> str:
    """What each policy closes, over all evenings that count; from the records alone."""
    evenings = evenings_of(records)
    if not evenings:
        return f"No table: {_missing(records, evenings)}.\n"
    counted = {key: evening for key, evening in evenings.items() if counts(evening)}
    cases = sorted({case for case, _ in counted})
    by_case = {
        case: [evening for (of, _), evening in counted.items() if of == case] for case in cases
    }
    every = list(counted.values())
    arms = sorted(
        {arm for evening in every for arm in evening}, key=lambda arm: -_closed(arm, every).mean()
    )
    tables = [
        "| policy | evenings | closed | of all that was saved | worse than nothing | changes "
        f"| ms |\n|---|{'--:|' * 6}\n",
        *(_row(arm, every) for arm in arms),
        *_differences(every),
        f"\n| closed | {' | '.join(cases)} |\n|---{'|--:' * len(cases)}|\n",
        f"| evenings | {' | '.join(str(len(by_case[case])) for case in cases)} |\n",
        *(_by_case_row(arm, by_case) for arm in arms),
        "\n",
    ]
    return "".join(
        [
            *(tables if every else []),
            f"{len(counted)} of {len(evenings)} evenings have something to gain. Drawn: ",
            f"{RULE}.\n\n",
            "" if every else f"No table: {_missing(records, evenings)}.\n\n",
            raised_text(records, "and are left out"),
            f"Run: `noctua policy compare`, {_priced_text(records)}{code_text(records)}.\n",
        ]
    )


def _missing(
    records: Sequence[PoliciesRecord], evenings: Mapping[tuple[str, int], EveningOutcomes]
) -> str:
    """Why there is nothing to make a table of, and what would change that."""
    if not any(record.outcome is not None for record in records):
        return "none of the plays that were asked for is recorded"
    if not evenings:
        return f'no evening was played by "{NOTHING}", which all others are measured against'
    if not any(len(evening) > 1 for evening in evenings.values()):
        return f'nobody but "{NOTHING}" has played; name others with --policy'
    least = f"{LEAST_GAIN:.0%} of what waiting costs and {LEAST_SAVED:g} service-hours"
    return (
        f"on none of these evenings does the best policy save {least}; play more of them "
        "(--evenings, --network), or other policies (--policy)"
    )


def evenings_of(records: Sequence[PoliciesRecord]) -> dict[tuple[str, int], EveningOutcomes]:
    """Those that nothing was done in too, by network and seed."""
    found = defaultdict[tuple[str, int], dict[str, Outcome]](dict)
    for record in records:
        if record.outcome is not None:
            found[record.play.case, record.play.seed][record.play.arm] = record.outcome
    return {key: evening for key, evening in sorted(found.items()) if NOTHING in evening}


def saved(evening: EveningOutcomes) -> float:
    """Service-hours by which the best was below nothing."""
    return evening[NOTHING].cost - min(outcome.cost for outcome in evening.values())


def counts(evening: EveningOutcomes) -> bool:
    """Whether it has something to gain."""
    return saved(evening) >= max(LEAST_GAIN * evening[NOTHING].cost, LEAST_SAVED)


def _closed(arm: str, evenings: Sequence[EveningOutcomes]) -> FloatArray:
    """Of each evening that it played."""
    return np.array([(e[NOTHING].cost - e[arm].cost) / saved(e) for e in evenings if arm in e])


def _row(arm: str, every: Sequence[EveningOutcomes]) -> str:
    evenings = [evening for evening in every if arm in evening]
    own = [evening[arm] for evening in evenings]
    worse = np.mean([e[arm].cost > e[NOTHING].cost + 1e-9 for e in evenings])
    gained = sum(e[NOTHING].cost - e[arm].cost for e in evenings)
    cells = (
        arm,
        str(len(evenings)),
        mean_text(_closed(arm, evenings)),
        f"{gained / sum(map(saved, evenings)):.3f}",
        f"{worse:.0%}",
        f"{np.mean([o.changes for o in own]):.1f}",
        f"{np.median([o.decision_ms for o in own]):.1f}",
    )
    return f"| {' | '.join(cells)} |\n"


def _differences(every: Sequence[EveningOutcomes]) -> list[str]:
    """Of COMPARED those that were played on the same evenings; which are, if none was."""
    rows = [row for one, other in COMPARED if (row := _difference(one, other, every))]
    if rows:
        return ["\n| difference in what is closed | evenings | |\n|---|--:|--:|\n", *rows]
    pairs = ", ".join(f"{one} - {other}" for one, other in COMPARED)
    return [f"\nNo difference is told: of no pair both have played ({pairs}).\n"]


def _difference(one: str, other: str, every: Sequence[EveningOutcomes]) -> str:
    both = [evening for evening in every if one in evening and other in evening]
    if not both:
        return ""
    more = _closed(one, both) - _closed(other, both)
    return f"| {one} - {other} | {len(both)} | {mean_text(more)} |\n"


def _by_case_row(arm: str, by_case: Mapping[str, Sequence[EveningOutcomes]]) -> str:
    closed = (_closed(arm, evenings) for evenings in by_case.values())
    cells = (f"{values.mean():.2f}" if values.size else "" for values in closed)
    return f"| {arm} | {' | '.join(cells)} |\n"


def mean_text(values: FloatArray) -> str:
    """The mean with its 95 % interval, evenings drawn again."""
    low, high = mean_interval(values)
    return f"{values.mean():.3f} [{low:.3f}, {high:.3f}]"


def _priced_text(records: Sequence[PoliciesRecord]) -> str:
    priced = sorted({record.play.priced for record in records})
    return f"priced by {' and '.join(priced)}, "


CAMPAIGN = Campaign(
    name="policies",
    file=files(__package__) / "policies.yaml",
    spec=PoliciesSpec,
    record=PoliciesRecord,
    plays=_plays,
    together=lambda play: f"{play.case} {play.seed}",
    play=_play,
    table=policies_markdown,
)
