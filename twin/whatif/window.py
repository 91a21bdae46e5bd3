"""Whether a what-if is safe for as long as it lasts: judged at the busiest moment of its window.

Demand follows the daily profile. Every load rises with it, so that what holds at the busiest moment
holds in the whole window.
"""

import math
import re
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from twin.errors import BadInput
from twin.events.phrases import what_if_text
from twin.events.what_if import WhatIf
from twin.forecasting import (
    DEFAULT_UNCERTAINTY,
    QUANTILES,
    SampledAssessments,
    Uncertainty,
    sample_assessments,
)
from twin.nouns.base import Noun
from twin.nouns.forecast import Interval
from twin.nouns.state import NetworkState
from twin.nouns.telemetry import FloatArray
from twin.nouns.traffic import DailyProfile
from twin.physics.twin import Twin, profile_at
from twin.whatif.arcs import single_links
from twin.whatif.comparison import above, build
from twin.whatif.engine import WhatIfEngine

DAY_S = 86_400.0
HOUR_S = 3600.0

ROLLOUTS = 64
MOST_DRAWN = 8_000_000
"""Pairs that are drawn at once, over all rollouts: of each class 64 MB, and a few such arrays."""

NOTICED = 1e-6
"""A smaller share of all traffic that is lost or cut off does not count."""

Verdict = Literal["safe", "not sure", "not safe"]


@dataclass(frozen=True, slots=True)
class Window:
    """From `begin_s` to `end_s`, Unix seconds, UTC."""

    begin_s: float
    end_s: float

    def moments(self) -> tuple[float, ...]:
        """Both ends and every full hour between; the profile is linear from one to the next."""
        first = math.floor(self.begin_s / HOUR_S) + 1
        last = math.ceil(self.end_s / HOUR_S)
        return (self.begin_s, *(HOUR_S * hour for hour in range(first, last)), self.end_s)

    def busiest_s(self, profile: DailyProfile) -> float:
        """The first moment at which the profile is highest."""
        return max(self.moments(), key=lambda time_s: profile_at(profile, time_s))


class WindowMoment(Noun):
    """`level`: demand / peak. `max_utilisation`: offered load / capacity of the busiest egress."""

    time_s: float
    level: float
    max_utilisation: Interval


class WorstFailure(Noun):
    """The single link that costs most to lose meanwhile. Traffic in bit/s."""

    what_if: str
    no_path_bps: float
    beyond_capacity_bps: float
    max_utilisation: float


class WindowAnswer(Noun):
    """Whether a what-if is safe in a window; intervals are of 5 to 95 % of `rollouts` draws.

    `verdict`: "safe" where nothing in `reasons` is to be feared at the 95 % quantile, "not safe"
    where it is at the median, else "not sure". `newly_in_breach`: services that are in breach with
    it and not without it. `added_loss_bps`: traffic that does not arrive with it and did without.
    `newly_in_breach_probability`: share of draws in which any is. `moments`: through the window.
    `worst_failure`: with it in force, at the busiest moment; None where no link is left to fail.
    """

    begin_s: float
    end_s: float
    busiest_s: float
    level: float
    verdict: Verdict
    reasons: tuple[str, ...]
    max_utilisation_before: Interval
    max_utilisation: Interval
    newly_in_breach: Interval
    newly_in_breach_probability: float
    likely_in_breach: tuple[str, ...]
    added_loss_bps: Interval
    moments: tuple[WindowMoment, ...]
    worst_failure: WorstFailure | None
    rollouts: int
    seed: int


def safe_within(
    twin: Twin,
    peak: NetworkState,
    what_if: WhatIf,
    window: Window,
    *,
    limit: float = 1.0,
    uncertainty: Uncertainty = DEFAULT_UNCERTAINTY,
    seed: int = 1,
    rollouts: int = ROLLOUTS,
) -> WindowAnswer:
    """Judge `what_if` in `peak`, a state with the demand of profile 1, through `window`.

    `limit`: the utilisation that no egress should exceed.

    Raises:
        UnknownLink, UnknownNode, BadInput: an event names what is not there.
    """
    profile = twin.inventory.profile
    busiest_s = window.busiest_s(profile)
    level = profile_at(profile, busiest_s)
    before = replace(peak, traffic=peak.traffic.scaled(level))
    built = build(before, what_if, twin)
    after = built.state
    for event in built.rest:
        after = event.after(after)
    rollouts = rollouts_for(len(after.topology.nodes), rollouts)
    was, now = (
        sample_assessments(of, state, uncertainty=uncertainty, rollouts=rollouts, seed=seed)
        for of, state in ((twin, before), (built.twin, after))
    )
    newly = now.in_breach & ~was.in_breach
    offered_bps = max(float(before.traffic.rates_bps.sum()), 1.0)
    added_loss = np.maximum(now.lost_bps - was.lost_bps, 0.0)
    fears = [
        _Fear(
            f"the busiest egress is above {limit:.0%}",
            np.where(now.max_utilisation > was.max_utilisation, now.max_utilisation, 0.0),
            above(limit),
        ),
        _Fear("services break a promise", newly.sum(axis=1).astype(np.float64), 0.5),
        _Fear("traffic is lost or cut off", added_loss, NOTICED * offered_bps),
    ]
    judged = [fear for fear in fears if fear.level != "safe"]
    shares = newly.mean(axis=0)
    order = np.argsort(-shares, kind="stable")
    services = twin.services.services
    return WindowAnswer(
        begin_s=window.begin_s,
        end_s=window.end_s,
        busiest_s=busiest_s,
        level=level,
        verdict=_worst(fears),
        reasons=tuple(fear.words() for fear in judged),
        max_utilisation_before=_interval(was.max_utilisation),
        max_utilisation=_interval(now.max_utilisation),
        newly_in_breach=_interval(newly.sum(axis=1).astype(np.float64)),
        newly_in_breach_probability=float(newly.any(axis=1).mean()) if newly.size else 0.0,
        likely_in_breach=tuple(services[i].id for i in order.tolist() if shares[i] >= 0.05),
        added_loss_bps=_interval(added_loss),
        moments=_moments(window, profile, level, now),
        worst_failure=_worst_failure(built.twin, after),
        rollouts=rollouts,
        seed=seed,
    )


def rollouts_for(nodes: int, wanted: int = ROLLOUTS) -> int:
    """How many draws of all pairs of so many nodes fit into memory, 8 at least."""
    return max(8, min(wanted, MOST_DRAWN // nodes**2))


@dataclass(frozen=True, slots=True, eq=False)
class _Fear:
    """What may go wrong in each draw. `values` (S,) above `bound` do."""

    what: str
    values: FloatArray
    bound: float

    @property
    def level(self) -> Verdict:
        _, median, high = np.quantile(self.values, QUANTILES)
        if median > self.bound:
            return "not safe"
        return "not sure" if high > self.bound else "safe"

    def words(self) -> str:
        return f"{self.what} in {np.mean(self.values > self.bound):.0%} of the draws"


def _worst(fears: list[_Fear]) -> Verdict:
    levels = {fear.level for fear in fears}
    verdicts: tuple[Verdict, ...] = ("not safe", "not sure", "safe")
    return next(verdict for verdict in verdicts if verdict in levels)


def _interval(values: FloatArray) -> Interval:
    low, median, high = (float(q) for q in np.quantile(values, QUANTILES))
    return Interval(p05=low, median=median, p95=high)


def _moments(
    window: Window, profile: DailyProfile, level: float, samples: SampledAssessments
) -> tuple[WindowMoment, ...]:
    """Offered loads are in proportion to demand, so that those of one level give all others."""
    moments = []
    for time_s in window.moments():
        at_level = profile_at(profile, time_s)
        moments.append(
            WindowMoment(
                time_s=time_s,
                level=at_level,
                max_utilisation=_interval(samples.max_utilisation * (at_level / level)),
            )
        )
    return tuple(moments)


def _worst_failure(twin: Twin, state: NetworkState) -> WorstFailure | None:
    links = [
        what_if
        for what_if, link in zip(single_links(state.topology), state.topology.links, strict=True)
        if state.is_usable(link.id)
    ]
    if not links:
        return None
    swept = WhatIfEngine(state, compiled=twin.compiled, routing=twin.route(state)).sweep(links)
    cost = swept.unserved_bps + swept.excess_bps
    worst = int(np.lexsort((-swept.max_utilisation.round(10), -cost.round(3)))[0])
    return WorstFailure(
        what_if=what_if_text(links[worst]),
        no_path_bps=max(0.0, float(swept.unserved_bps[worst])),
        beyond_capacity_bps=float(swept.excess_bps[worst]),
        max_utilisation=float(swept.max_utilisation[worst]),
    )


@dataclass(frozen=True, slots=True)
class Question:
    """A what-if in words. `asked`: whether it is safe. `begin`, `end`, `at`: times of day, or None.

    `at`: the one moment that is asked about.
    """

    text: str
    asked: bool = False
    begin: str | None = None
    end: str | None = None
    at: str | None = None


_SAFE = re.compile(
    r"(?:(?:is|would) it (?:be )?|am i |are we )?(?:safe|ok|okay|fine)(?: for (?:me|us))? to "
    r"|(?:can|may|could) (?:i|we) (?:safely )?",
    re.IGNORECASE,
)
_CLOCK = r"\d{1,2}:\d{2}(?: ?[ap]m)?|\d{1,2} ?[ap]m"
_SPAN = re.compile(
    rf"(?:,? (?:tonight|today|tomorrow))?,? (?:from |between )?(?P<begin>{_CLOCK})"
    rf"(?: ?(?:to|until|till|and|-|–) ?(?P<end>{_CLOCK}))(?: ?(?:utc|gmt|z))?",
    re.IGNORECASE,
)

_MOMENT = re.compile(rf",? at (?P<at>{_CLOCK})(?: ?(?:utc|gmt|z))?", re.IGNORECASE)


def read_question(text: str) -> Question:
    """What is asked in `text`, as in "safe to drain A from 22:00 to 06:00?"."""
    rest = " ".join(text.split()).rstrip(" ?!")
    safe = _SAFE.match(rest)
    if safe is not None:
        rest = rest[safe.end() :]
    span = next((s for s in _SPAN.finditer(rest) if s.end() == len(rest)), None)
    if span is not None:
        return Question(rest[: span.start()], True, span["begin"], span["end"])
    moment = next((m for m in _MOMENT.finditer(rest) if m.end() == len(rest)), None)
    if moment is not None:
        return Question(rest[: moment.start()], safe is not None, at=moment["at"])
    return Question(rest if safe else text, safe is not None)


def window_of(begin: str | None, end: str | None, now_s: float | None) -> Window:
    """The next window between two times of day, UTC; without an end it lasts 24 hours.

    Without a begin it is from `now_s` on, or where that is None from midnight.

    Raises:
        BadInput: one of them is no time of day.
    """
    now_s = 0.0 if now_s is None else now_s
    begin_s = now_s if begin is None else _next(time_of_day_s(begin), now_s)
    if end is None:
        return Window(begin_s, begin_s + DAY_S)
    end_s = _next(time_of_day_s(end), begin_s)
    return Window(begin_s, end_s if end_s > begin_s else begin_s + DAY_S)


def _next(day_s: float, after_s: float) -> float:
    return after_s + (day_s - after_s) % DAY_S


_TIME = re.compile(r"(?P<hour>\d{1,2})(?::(?P<minute>\d{2}))? ?(?P<half>[ap]m)?", re.IGNORECASE)


def time_of_day_s(text: str) -> float:
    """Seconds since midnight of "22:00" or "10 pm". Raises BadInput: it is no time of day."""
    parts = _TIME.fullmatch(text.strip())
    if parts is not None and (parts["minute"] or parts["half"]):
        hour, minute = int(parts["hour"]), int(parts["minute"] or 0)
        known = 1 <= hour <= 12 if parts["half"] else hour < 24
        if parts["half"]:
            hour = hour % 12 + (12 if parts["half"].casefold() == "pm" else 0)
        if known and minute < 60:
            return HOUR_S * hour + 60.0 * minute
    raise BadInput(f'"{text}" is no time of day; expected 00:00 to 23:59, UTC')
