"""What can be changed now, so that a line of the register costs less when it strikes: weights."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from twin.events.actions.set_igp_weight import MAX_SET_WEIGHT, SetIgpWeight
from twin.events.what_if import WhatIf
from twin.imagination.elements import Element
from twin.imagination.enumeration import Members, Reckoner, enumerated
from twin.imagination.regimes import Regime
from twin.nouns.risk import Prevention
from twin.nouns.state import NetworkState
from twin.physics.twin import Twin

LEAST_GAIN = 0.1
"""A change that takes less than this share of what a line costs away, from it or from all
together, is not worth a commit (assumed)."""

MOST_CHANGES = 4

LEVELS = 12
"""Of demand: with four, what only just crosses a limit at one of them looked like a remedy, and
helped nobody on the emulated network."""

_TIMES = (0.25, 0.5, 0.8, 1.25, 2.0, 4.0)
"""A weight is tried at so many times what it is."""

_TRIED_ON_ALL = 6
"""Of the changes that do most for the line, so many are tried on all."""


def prevention_of(
    twin: Twin,
    state: NetworkState,
    elements: Sequence[Element],
    regimes: Sequence[Regime],
    line: Members,
    lines: Sequence[Members],
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> Prevention:
    """Up to four weights, one after the other, each the one that takes most away of what `line`,
    `lines`, all their parts and all single elements still cost together. `state`: whose demand is
    that of the peak.

    `regimes`: many, since what is moved over a limit at one level may not be at the next. None
    breaks an objective while nothing fails, with more demand than ever, and none only moves what
    the line costs: what is made a failure of fewer elements costs far more.
    """
    every = Reckoner(twin, state, elements, regimes)
    hit = every.costs(_with_parts([line]))[line].hit
    struck = [regime for regime, now in zip(regimes, hit, strict=True) if now.any()]
    mine = Reckoner(twin, state, elements, struck or regimes)
    alone = [(i,) for i in range(len(elements))]
    costs = _Costs(mine, every, line, _with_parts([line, *lines, *alone]))
    picked: tuple[SetIgpWeight, ...] = ()
    before = now = costs.of_line(picked)
    total_before = total = costs.of_all(picked)
    for number in range(MOST_CHANGES):
        found = None if now <= 0.0 else _best(costs, state, picked, now, total)
        progress(number + 1, MOST_CHANGES)
        if found is None:
            break
        picked, now, total = found
    if picked:
        # What was no line before may be one now: all that is enumerated is, once more.
        total_before = everything(twin, state, elements, regimes, len(lines))
        total = everything(twin, _after(state, picked), elements, regimes, len(lines))
    if min(before - now, total_before - total) < LEAST_GAIN * before:
        picked, now, total = (), before, total_before
    return Prevention(
        actions=picked,
        slo_minutes=before,
        slo_minutes_left=now,
        everything=total_before,
        everything_left=total,
    )


def everything(
    twin: Twin,
    state: NetworkState,
    elements: Sequence[Element],
    regimes: Sequence[Regime],
    lines: int,
) -> float:
    """Service-minutes in breach a year of all that is enumerated, `lines` as for a register."""
    found = enumerated(twin.of(state), state, elements, regimes, lines=max(1, lines))
    return sum(one.slo_minutes for one in found.sets)


def _after(state: NetworkState, changed: WhatIf) -> NetworkState:
    for event in changed:
        state = event.after(state)
    return state


def _best(
    costs: "_Costs",
    state: NetworkState,
    picked: tuple[SetIgpWeight, ...],
    now: float,
    total: float,
) -> tuple[tuple[SetIgpWeight, ...], float, float] | None:
    """One more change, with what the line and all lines cost then; None where none helps."""
    tried = [(*picked, one) for one in _weights(state, picked)]
    broken = costs.every.breaks(tried)
    safe = [changed for changed, breaks in zip(tried, broken, strict=True) if not breaks]
    ranked = sorted((costs.of_line(changed), i) for i, changed in enumerate(safe))
    worth = [(left, i) for left, i in ranked[:_TRIED_ON_ALL] if now - left >= LEAST_GAIN * now]
    found = [(costs.of_all(safe[i]), left, i) for left, i in worth]
    of_all, left, i = min(found, default=(total, now, -1))
    return (safe[i], left, of_all) if total - of_all >= LEAST_GAIN * now else None


def _weights(state: NetworkState, picked: Sequence[SetIgpWeight]) -> Iterator[SetIgpWeight]:
    """Other weights of every egress that is up, but of those that are `picked`."""
    taken = {(one.node, one.link) for one in picked}
    for link in state.topology.links:
        if link.id in state.down_links:
            continue
        for node in (link.a, link.b):
            weight = state.running.device(node).interface(link.id).igp_weight
            others = {max(1, round(weight * times)) for times in _TIMES} - {weight}
            for other in sorted(others):
                if other <= MAX_SET_WEIGHT and (node, link.id) not in taken:
                    yield SetIgpWeight(node=node, link=link.id, weight=other)


@dataclass(frozen=True, slots=True)
class _Costs:
    """Service-minutes in breach a year once something is changed."""

    mine: Reckoner
    every: Reckoner
    line: Members
    sets: Sequence[Members]

    def of_line(self, changed: WhatIf) -> float:
        return self.mine.costs(_with_parts([self.line]), changed)[self.line].slo_minutes

    def of_all(self, changed: WhatIf) -> float:
        found = self.every.costs(self.sets, changed)
        return sum(one.slo_minutes for one in found.values())


def _with_parts(sets: Sequence[Members]) -> list[Members]:
    return list(
        dict.fromkeys(
            part
            for members in sets
            for size in range(1, len(members) + 1)
            for part in combinations(members, size)
        )
    )
