"""Predicted against observed, by rule: what diverges goes back. No mind."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from twin.nouns.plan import Outcome, Plan
from twin.nouns.telemetry import FloatArray, ProbeRound
from twin.nouns.topology import Interface
from twin.tracking.rates import RateRound
from twin.tracking.tracker import Tracker

SAMPLES_TO_DIVERGE = 3
"""Samples in a row outside the interval that make a divergence."""

_SLACK = 0.05
"""Utilisation by which a sample has to leave the interval to count: one sample is 30 s of bursts.
"""

_HARMLESS = 0.5
"""An egress that runs below half its capacity hurts nobody, however wrong its forecast was."""

_WORSE_LOSS = 0.02
"""A service whose probes lose this much more than before the change is worse."""


def judge(tracker: Tracker, plan: Plan, before_s: float, after_s: float, now_s: float) -> Outcome:
    """Compare what was seen from `after_s` (converged) to `now_s` with the plan's forecast.

    Diverged: an egress above its interval (and above half its capacity) for SAMPLES_TO_DIVERGE
    samples in a row, or a service worse than it was between `before_s` and the change.
    """
    rounds = tracker.rounds_within(after_s, now_s)
    observed, inside, beyond = {}, {}, []
    for name, interval in plan.forecast.utilisation.items():
        samples = _utilisation(tracker, rounds, name)
        if not samples.size:
            continue
        observed[name] = float(np.mean(samples))
        inside[name] = interval.holds(observed[name])
        above = (samples > interval.p95 + _SLACK) & (samples > _HARMLESS)
        if _longest_run(above) >= SAMPLES_TO_DIVERGE:
            beyond.append(f"{name} runs at {samples[-1]:.0%}, forecast {interval.p95:.0%} at most")
    worse = worse_services(tracker, before_s, plan.created_s, after_s, now_s)
    reasons = [*beyond, *(f"{service} is worse than before" for service in worse)]
    if not observed and plan.forecast.utilisation:
        reasons.append("no counters arrived since the change, so nothing can be verified")
    return Outcome(
        plan_id=plan.id,
        kept=not reasons,
        reason="; ".join(reasons) or _kept(inside),
        observed_utilisation=observed,
        inside_interval=inside,
        worse_services=tuple(worse),
    )


def _kept(inside: dict[str, bool]) -> str:
    within = sum(inside.values())
    return f"no divergence; {within} of {len(inside)} egresses are inside their interval"


def worse_services(
    tracker: Tracker, before_s: float, changed_s: float, after_s: float, now_s: float
) -> list[str]:
    """Services with a loss objective whose probes broke it after the change and not before."""
    earlier = _probe_loss([p for p in tracker.probes if before_s <= p.received_s <= changed_s])
    later = _probe_loss([p for p in tracker.probes if after_s <= p.received_s <= now_s])
    if earlier is None or later is None:
        return []
    index = {
        (p.source, p.target, p.traffic_class): i for i, p in enumerate(tracker.inventory.probes)
    }
    found = []
    for service in tracker.inventory.services:
        rows = [
            index[(a, b, service.traffic_class)]
            for a, b in service.pairs
            if (a, b, service.traffic_class) in index
        ]
        bound = service.objective.loss if service.objective.loss is not None else 0.5
        if any(
            later[i] > max(bound, earlier[i] + _WORSE_LOSS) for i in rows if np.isfinite(later[i])
        ):
            found.append(service.id)
    return found


def _probe_loss(rounds: Sequence[ProbeRound]) -> FloatArray | None:
    if not rounds:
        return None
    sent = np.nansum([r.sent for r in rounds], axis=0)
    lost = np.nansum([np.where(np.isfinite(r.sent), r.lost, np.nan) for r in rounds], axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(sent > 0, lost / sent, np.nan))


def _utilisation(tracker: Tracker, rounds: Sequence[RateRound], name: str) -> FloatArray:
    egress, topology = Interface.parse(name), tracker.topology
    arc = topology.arc_of(egress)
    capacity = topology.link(egress.link).capacity_bps
    values = np.array([r.sent_total_bps[arc] / capacity for r in rounds])
    return np.asarray(values[np.isfinite(values)])


def _longest_run(flags: NDArray[np.bool_]) -> int:
    longest = current = 0
    for flag in flags:
        current = current + 1 if flag else 0
        longest = max(longest, current)
    return longest
