"""Better than before first, as forecast second: what a change did to services and loads, by rule.

No mind.
"""

from collections.abc import Callable, Collection, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from twin.nouns.counted import counted
from twin.nouns.plan import Outcome, Plan
from twin.nouns.topology import Interface, Topology
from twin.physics.compiled import policer_rates
from twin.remedies.service_change import ServiceChange, median_seen, service_change
from twin.tracking.detectors.queue_drops import DROP_THRESHOLD
from twin.tracking.detectors.silent_loss import FLOOR
from twin.tracking.losses import IDLE_UTILISATION
from twin.tracking.rates import RateRound
from twin.tracking.tracker import Tracker

BoolArray = NDArray[np.bool_]

SAMPLES_TO_DIVERGE = 3
"""Samples in a row that make a divergence: one sample is 30 s of bursts."""

NEAR_FULL = 0.95
"""An egress that runs above it has no room left: bursts of 6 % above the mean of a second lose
0.3 % there, and 0.001 % at 85 % (docs/world.md)."""

_SLACK = 0.05
"""Utilisation by which a sample has to leave the interval to be noted."""

_HELPED = 0.9
"""Where the network loses more than this share of what it lost before, nothing was gained."""

_NAMED = 3


def judge(
    tracker: Tracker,
    plan: Plan,
    *,
    before_s: float,
    changed_s: float,
    after_s: float,
    now_s: float,
) -> Outcome:
    """What came of a plan that has been in force since `changed_s`, as seen from `after_s`
    (converged) to `now_s`, against what was seen from `before_s` to the change.

    Taken back is what made a service worse, unless the plan gave it up for others and more of these
    got well than are worse; new drops, where the network loses no less than before; an egress that
    came near full, where no service got well; a temporary change that was to heal services and
    helped none; and what nothing can be said of. An egress that was forecast to be full is no
    surprise. Any other egress above its interval is told, and no more.
    """
    before = tracker.rounds_within(before_s, changed_s)
    after = tracker.rounds_within(after_s, now_s)
    services = service_change(
        tracker.inventory,
        # A round tells of the time before it is received.
        [p for p in tracker.probes if before_s < p.received_s <= changed_s],
        [p for p in tracker.probes if after_s < p.received_s <= now_s],
    )
    observed, inside, above = _against_forecast(tracker.topology, plan, after)
    announced = {n for n, i in plan.forecast.utilisation.items() if i.p95 >= NEAR_FULL}
    full = _newly(_is_near_full, before, after, tracker, announced)
    dropping = _newly(_drops, before, after, tracker, announced)
    then_bps, now_bps = _lost_bps(before), _lost_bps(after)
    helped_nobody = (
        plan.purpose == "mitigate"
        and bool(plan.heals & set(services.hurt_before))
        and not services.better
        and now_bps >= _HELPED * then_bps
    )
    given_up = plan.gives_up if len(services.healed) > len(services.worse) else frozenset()
    against = [f"{name} is worse than before" for name in services.worse if name not in given_up]
    if not observed and plan.forecast.utilisation:
        against.append("no counters arrived since the change, so nothing can be verified")
    if now_bps >= then_bps:
        against += [f"{name} drops, and did not before" for name in dropping]
    if not services.healed:
        against += [f"{name} is above {NEAR_FULL:.0%}, and was not before" for name in full]
    if helped_nobody and plan.temporary:
        against.append(_HELPED_NOBODY)
    seen = [
        _HELPED_NOBODY if helped_nobody else _healed(services),
        _as_forecast(inside),
        *(f"{name} drops, and less is lost than before" for name in dropping),
        *(f"{name} is above {NEAR_FULL:.0%}: it has no room left" for name in full),
        *above[:_NAMED],
    ]
    return Outcome(
        plan_id=plan.id,
        kept=not against,
        reason="; ".join(against or seen),
        observed_utilisation=observed,
        inside_interval=inside,
        worse_services=services.worse,
        healed_services=services.healed,
    )


_HELPED_NOBODY = "it was to heal services, and none of them is better"


def _healed(services: ServiceChange) -> str:
    worse, healed = services.worse, len(services.healed)
    if not healed:
        return "no service is worse"
    count = counted(healed, "service is", "services are")
    told = f"{', '.join(worse)} worse, as the plan says" if worse else "none is worse"
    return f"{count} back within all objectives, and {told}"


def _as_forecast(inside: Mapping[str, bool]) -> str:
    within, count = sum(inside.values()), len(inside)
    wrong = ": the forecast was wrong about loads" if 2 * within < count else ""
    return f"{within} of {count} egresses are inside their interval{wrong}"


def _against_forecast(
    topology: Topology, plan: Plan, rounds: Sequence[RateRound]
) -> tuple[dict[str, float], dict[str, bool], list[str]]:
    """Mean utilisation and whether its interval holds it, of each egress that was forecast and
    read; and those that ran above their interval, in words.
    """
    observed, inside, above = {}, {}, []
    for name, interval in plan.forecast.utilisation.items():
        egress = Interface.parse(name)
        arc, capacity = topology.arc_of(egress), topology.link(egress.link).capacity_bps
        values = np.array([r.sent_total_bps[arc] / capacity for r in rounds])
        samples = values[np.isfinite(values)]
        if not samples.size:
            continue
        observed[name] = float(np.mean(samples))
        # Of an egress that is to carry nothing, and does, no interval has been put to the test.
        if max(interval.p95, observed[name]) > IDLE_UTILISATION:
            inside[name] = interval.holds(observed[name])
        if _longest_run(samples > interval.p95 + _SLACK) >= SAMPLES_TO_DIVERGE:
            above.append(f"{name} runs at {samples[-1]:.0%}, forecast {interval.p95:.0%} at most")
    return observed, inside, above


def _drops(round_: RateRound, tracker: Tracker) -> BoolArray:
    """Beyond what is an alarm; where a policer drops, that is meant."""
    policed = policer_rates(tracker.topology, tracker.running).min(axis=1) < np.inf
    return np.asarray((np.nan_to_num(round_.drop_fraction) > DROP_THRESHOLD) & ~policed)


def _is_near_full(round_: RateRound, tracker: Tracker) -> BoolArray:
    capacity = np.repeat([x.capacity_bps for x in tracker.topology.links], 2)
    return np.asarray(np.nan_to_num(round_.sent_total_bps) > NEAR_FULL * capacity)


def _newly(
    is_so: Callable[[RateRound, Tracker], BoolArray],
    before: Sequence[RateRound],
    after: Sequence[RateRound],
    tracker: Tracker,
    announced: Collection[str],
) -> list[str]:
    """Egresses of which something `is_so` in SAMPLES_TO_DIVERGE samples in a row, was so in no
    sample before the change, and was not announced."""
    n_arcs = tracker.topology.n_arcs
    then = np.array([is_so(r, tracker) for r in before], dtype=np.bool_).reshape(-1, n_arcs)
    now = np.array([is_so(r, tracker) for r in after], dtype=np.bool_).reshape(-1, n_arcs)
    arcs = np.flatnonzero(now.any(axis=0) & ~then.any(axis=0)).tolist()
    lasting = [arc for arc in arcs if _longest_run(now[:, arc]) >= SAMPLES_TO_DIVERGE]
    names = [str(tracker.topology.egress_of(arc)) for arc in lasting]
    return [name for name in names if name not in announced]


def _lost_bps(rounds: Sequence[RateRound]) -> float:
    """All that egresses dropped, and all that was sent and did not arrive, as a mean."""
    if not rounds:
        return 0.0
    dropped = np.mean([np.nansum(r.dropped_bps) for r in rounds])
    silent = median_seen([r.loss for r in rounds])
    lossy = np.nan_to_num(silent) > FLOOR
    sent = np.mean([np.nan_to_num(r.sent_total_bps) for r in rounds], axis=0)
    return float(dropped + np.sum(sent[lossy] * silent[lossy]))


def _longest_run(flags: BoolArray) -> int:
    longest = current = 0
    for flag in flags:
        current = current + 1 if flag else 0
        longest = max(longest, current)
    return longest
