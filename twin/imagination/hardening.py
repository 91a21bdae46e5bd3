"""Which few changes of what is built take most of the risk away, one after the other."""

from collections.abc import Callable, Collection, Sequence
from functools import partial
from itertools import combinations

import numpy as np

from twin.events.actions.set_igp_weight import SetIgpWeight
from twin.imagination.elements import elements_of
from twin.imagination.enumeration import Enumerated, reckoned
from twin.imagination.hardening_options import (
    Option,
    Reckon,
    Sought,
    built,
    harmless,
    members_of,
    weighted,
)
from twin.imagination.prevention import everything
from twin.imagination.regimes import Regime
from twin.nouns.common_cause import CommonCause
from twin.nouns.rates import History, Rates
from twin.nouns.risk import Hardening, HardeningCosts
from twin.nouns.state import NetworkState
from twin.physics.twin import Twin

_HELD, _MOST_SETS = 0.99, 500
"""The sets that hold so much of the risk are looked at, and no more than that many."""

_CHECKED, _LINES = 3, 100
"""Weights that are refused for what they cost elsewhere before none is sought any more, and lines
of the register that this is looked for in: each is enumerated anew."""

_LEAST = 1e-9
"""Minutes a year: what takes less away takes nothing away."""


def hardened(
    twin: Twin,
    state: NetworkState,
    found: Enumerated,
    rates: Rates,
    picks: int,
    costs: HardeningCosts,
    history: History | None = None,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
    causes: Sequence[CommonCause] = (),
) -> tuple[Hardening, ...]:
    """Up to `picks` changes, each the one that takes away most minutes a year for its cost once
    those before it are made: one more member of a link, a way of its own for a link that shares a
    group, a second feed, or a weight. `state`: whose demand is that of the peak. None where nothing
    takes anything away.

    A weight breaks nothing while nothing fails, and counts for what everything, enumerated anew,
    costs less with it, where that is less.
    """
    known = partial(elements_of, rates=rates, history=history, causes=causes)
    names, regimes = _worst(found), found.regimes
    picked, refused = list[Hardening](), set[SetIgpWeight]()
    now = Option.nothing(state)
    total = left = sum(one.slo_minutes for one in found.sets)
    for number in range(picks):
        options = _options(twin, now, known, regimes, names, costs, refused)
        before = _minutes(twin, now, known, regimes, names)
        tried = list[tuple[float, Option]]()
        for i, option in enumerate(options):
            after = _minutes(twin.of(option.state), option, known, regimes, names)
            tried.append((before - after, option))
            progress(number * len(options) + i + 1, picks * len(options))
        best = _best(tried, now, partial(_everything, twin, known, regimes), refused)
        if best is None:
            break
        gain, now = best
        twin, left = twin.of(now.state), left - gain
        picked.append(
            Hardening(
                what=now.what,
                cost=now.cost,
                spent=sum(one.cost for one in picked) + now.cost,
                slo_minutes_left=left,
                share_left=left / total,
            )
        )
    return tuple(picked)


def _best(
    tried: Sequence[tuple[float, Option]],
    now: Option,
    minutes_of_all: Callable[[Option], float],
    refused: set[SetIgpWeight],
) -> tuple[float, Option] | None:
    """What takes most away for its cost, with what it takes away; weights that turn out to pay for
    it elsewhere become `refused`.
    """
    best, most, before = None, 0.0, None
    for gain, option in sorted(tried, key=lambda one: -one[0] / one[1].cost):
        if gain <= _LEAST or gain / option.cost <= most:
            break
        if option.weight is not None:
            if len(refused) >= _CHECKED:
                continue
            before = minutes_of_all(now) if before is None else before
            gain = min(gain, before - minutes_of_all(option))
            if gain <= _LEAST:
                refused.add(option.weight)
                continue
        if gain / option.cost > most:
            best, most = (gain, option), gain / option.cost
    return best


def _options(
    twin: Twin,
    now: Option,
    reckon: Reckon,
    regimes: Sequence[Regime],
    names: Sequence[tuple[str, ...]],
    costs: HardeningCosts,
    refused: Collection[SetIgpWeight],
) -> list[Option]:
    sought = Sought.by(twin, now, reckon, regimes, names)
    options = list(built(now, reckon, costs, sought))
    if costs.weight is not None and len(refused) < _CHECKED:
        weights = list(weighted(now, costs.weight, sought, refused))
        options += harmless(twin, now, reckon, weights)
    return options


def _everything(twin: Twin, reckon: Reckon, regimes: Sequence[Regime], now: Option) -> float:
    return everything(twin, now.state, now.elements(reckon), regimes, _LINES)


def _worst(found: Enumerated) -> tuple[tuple[str, ...], ...]:
    """The elements of the sets that hold nearly all, by name, with those of all their parts."""
    costs = np.cumsum([one.slo_minutes for one in found.sets])
    if not len(costs) or not costs[-1] > 0.0:
        return ()
    count = min(int(np.searchsorted(costs, _HELD * costs[-1])) + 1, _MOST_SETS)
    chosen = dict.fromkeys(
        part
        for one in found.sets[:count]
        for size in range(1, len(one.members) + 1)
        for part in combinations(one.members, size)
    )
    ordered = sorted(chosen, key=lambda members: (len(members), members))
    return tuple(tuple(found.elements[i].name for i in members) for members in ordered)


def _minutes(
    twin: Twin,
    now: Option,
    reckon: Reckon,
    regimes: Sequence[Regime],
    names: Sequence[tuple[str, ...]],
) -> float:
    elements = now.elements(reckon)
    sets = list(members_of(elements, names))
    costed = reckoned(twin, now.state, elements, regimes, sets)
    return sum(one.slo_minutes for one in costed.values())
