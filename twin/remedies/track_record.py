"""How far loads have been from their forecast, by kind of action: how wide intervals have to be."""

from collections.abc import Iterable, Mapping, Sequence
from statistics import NormalDist

import numpy as np

from twin.events.action import Action
from twin.forecasting import Uncertainty
from twin.nouns.forecast import Forecast, Interval
from twin.nouns.plan import Outcome, Plan

_PRIOR_EGRESSES = 60
"""What a kind says of itself counts like so many egresses."""

_KNOWN = 0.4
"""Of the spread of the draws, what is left for an egress that nothing is moved to or from: its load
was measured not long before (found in the emulated network, as `move_sigma` is). Of one all of
whose load is moved, all is left."""

DRIFTED = Uncertainty(
    pair_sigma=0.075, common_sigma=0.012, split_sigma=0.0, short_bundle_probability=0.0
)
"""What is not known of loads that go back to where they were measured before the trouble: how far
each pair's demand has gone another way since. How hashing splits and how many members bundles have
is in what was measured (found in the emulated network, docs/remedies.md)."""

_LEAST_MOVED = 0.1
"""An egress of whose load less is moved says nothing about moves."""

_IDLE = 0.005
"""Below this utilisation a ratio of loads says nothing."""

_Z = NormalDist().inv_cdf(0.95)


def move_sigma(actions: Sequence[Action], past: Iterable[tuple[Plan, Outcome]]) -> float:
    """Log standard deviation of a load that `actions` move whole, beyond what draws spread: that of
    the worst of their kinds.

    Of each kind, nine in ten of the errors lie inside: of those in `past`, relative to the share
    of the load that was moved, and of those that the kind's own `move_sigma` stands for.
    """
    known = list(past)
    return max((_sigma_of(action, known) for action in actions), default=0.0)


def with_record(
    forecast: Forecast, now: Forecast, actions: Sequence[Action], sigma: float
) -> Forecast:
    """`forecast` with intervals of loads that hold as often as they say.

    `now`: the forecast of the same egresses before `actions`. `sigma`: of a load that is moved
    whole beyond what draws of the demand spread; of one that is moved in part, as much of it as is
    moved. A limit moves everything: senders that meet it hold back by an unknown amount.
    """
    found = {
        name: _widened(interval, _moved(actions, now.utilisation[name], interval), sigma)
        for name, interval in forecast.utilisation.items()
    }
    return forecast.model_copy(update={"utilisation": found})


def with_usual_loads(forecast: Forecast, drifted: Forecast, usual: Mapping[str, float]) -> Forecast:
    """`forecast` where loads are known from before the trouble: `usual`, by egress.

    `drifted`: the forecast of the same state, drawn as DRIFTED says.
    """
    found = {name: _around(each, usual[name]) for name, each in drifted.utilisation.items()}
    return forecast.model_copy(update={"utilisation": found})


def _around(interval: Interval, median: float) -> Interval:
    factor = median / interval.median if interval.median > 0.0 else 1.0
    return Interval(
        p05=interval.p05 * factor, median=interval.median * factor, p95=interval.p95 * factor
    )


def _widened(interval: Interval, moved: float, sigma: float) -> Interval:
    if interval.p05 <= 0.0:
        return interval
    factor = float(np.exp(_Z * np.hypot(_spread(interval, moved), sigma * moved)))
    return Interval(
        p05=interval.median / factor, median=interval.median, p95=interval.median * factor
    )


def _spread(drawn: Interval, moved: float) -> float:
    """Log standard deviation of what draws leave open about a load of which `moved` is new."""
    if drawn.p05 <= 0.0:
        return 0.0
    return float((_KNOWN + (1.0 - _KNOWN) * moved) * np.log(drawn.p95 / drawn.p05) / (2.0 * _Z))


def _moved(actions: Sequence[Action], now: Interval, then: Interval) -> float:
    """Share of the larger of the two loads, 0..1."""
    if any(action.limit() for action in actions):
        return 1.0
    return abs(then.median - now.median) / max(then.median, now.median, 1e-9)


def _sigma_of(action: Action, past: Sequence[tuple[Plan, Outcome]]) -> float:
    ranks = (np.arange(_PRIOR_EGRESSES) + 0.5) / _PRIOR_EGRESSES
    errors = [action.move_sigma * NormalDist().inv_cdf(0.5 + 0.5 * r) for r in ranks.tolist()]
    for plan, outcome in past:
        # What goes back to how it was is forecast from how it was, which says nothing of moves.
        if plan.purpose == "mitigate" and any(a.kind == action.kind for a in plan.actions):
            errors += _errors(plan, outcome)
    return float(np.quantile(errors, 0.9)) / _Z


def _errors(plan: Plan, outcome: Outcome) -> Iterable[float]:
    """Of each egress with a notable move, the log error beyond what draws spread, per share of its
    load that was moved."""
    for name, seen in outcome.observed_utilisation.items():
        expected, now = plan.forecast.utilisation[name], plan.do_nothing.utilisation[name]
        moved = _moved(plan.actions, now, expected)
        if moved >= _LEAST_MOVED and min(seen, expected.median) > _IDLE:
            error = float(np.log(seen / expected.median))
            # What the plan forecast of doing nothing has the spread of the draws, not widened.
            beyond = error**2 - (_Z * _spread(now, moved)) ** 2
            yield float(np.sqrt(max(0.0, beyond))) / moved
