"""What the failures of single links shift, added up: all that predictors without draws look at."""

from collections.abc import Sequence

import numpy as np

from twin.events.faults.link_down import LinkDown
from twin.imagination.prediction.predictor import BoolArray, Question, Struck
from twin.physics.compiled import FloatArray
from twin.whatif.engine import WhatIfEngine

ADDED_UP, OF_FULLEST = 0, 1
"""Columns of `seen_of` that are used alone: how full the fullest egress is that an answer relies
on, shifts added up; and the same relative to the fullest of all."""

_FULL, _LAST = 1.0, 50

_TURNS, _MOST_TIMES = 4, 5.0
"""So often what was shifted is passed on, and so many times its own load a link passes on at most:
else what two links send each other would grow for ever."""


def seen_of(struck: Struck, question: Question) -> FloatArray:
    """(A, F) what each answer looks like. Utilisations are at the highest level of demand, and of
    the egresses that the answer relies on before the events or after one of their links is gone.
    """
    topology = struck.base.topology
    gone = [topology.links[i].id for i in struck.gone]
    single = [(LinkDown(link=link),) for link in gone]
    loads = WhatIfEngine(struck.base, compiled=struck.twin.compiled).loads([(), *single])
    full = struck.highest * loads / struck.twin.compiled.capacity_bps
    before, shifts = full[0], full[1:] - full[0]
    added = np.maximum(before + shifts.sum(axis=0), 0.0)
    added[[2 * i + side for i in struck.gone for side in (0, 1)]] = 0.0
    passed = np.maximum(before + _passed_on(before, shifts, struck.gone), 0.0)
    passed[added == 0.0] = 0.0
    ways = [struck.base, *(cut[0].after(struck.base) for cut in single)]
    on = question.relies_on(struck, ways)
    at = _highest(on, added).argmax(axis=1)
    columns = [
        _highest(on, added).max(axis=1),
        np.zeros(len(on)),
        _highest(on, before).max(axis=1),
        _highest(on, before + shifts.max(axis=0, initial=0.0)).max(axis=1),
        _highest(on, np.maximum(shifts, 0.0).sum(axis=0)).max(axis=1),
        _second(_highest(on, added)),
        shifts.sum(axis=0)[at],
        shifts.max(axis=0, initial=0.0)[at],
        shifts.min(axis=0, initial=0.0)[at],
        (shifts[:, at] > 1e-3).sum(axis=0),
        (on & (added > _FULL)).sum(axis=1),
        struck.twin.compiled.capacity_bps[at] / struck.twin.compiled.capacity_bps.max(),
        _touches(struck, at),
        np.full(len(on), float(len(gone))),
        np.full(len(on), struck.highest),
        np.full(len(on), added.max()),
        np.full(len(on), np.sort(added)[-3:].mean()),
        np.full(len(on), float((added > _FULL).sum())),
    ]
    on_full = _highest(on, passed)
    fullest = on_full.max(axis=1)
    columns += [
        fullest,
        fullest / max(float(passed.max()), 1e-9),
        _rank(fullest),
        _second(on_full),
        (on & (passed > _FULL)).sum(axis=1),
        np.full(len(on), passed.max()),
        np.full(len(on), np.sort(passed)[-3:].mean()),
    ]
    columns[OF_FULLEST] = columns[ADDED_UP] / max(float(added.max()), 1e-9)
    columns.append(_rank(columns[ADDED_UP]))
    return np.column_stack([*columns, question.traits(struck)]).astype(np.float64)


def kinds(struck: Struck, question: Question) -> FloatArray:
    """(A,) the kind of each answer."""
    return question.traits(struck)[:, 0]


def _passed_on(before: FloatArray, shifts: FloatArray, gone: Sequence[int]) -> FloatArray:
    """(n_arcs,) what is shifted in all, where what a link that is gone would have taken over moves
    on as its own traffic does. Shares of capacity.
    """
    if not gone:
        return np.zeros(len(before))
    arcs = [slice(2 * i, 2 * i + 2) for i in gone]
    own = np.array([max(float(before[a].sum()), 1e-6) for a in arcs])
    onto = np.array([[max(float(shift[a].sum()), 0.0) for shift in shifts] for a in arcs])
    np.fill_diagonal(onto, 0.0)
    times = np.ones(len(gone))
    for _ in range(_TURNS):
        times = np.minimum(1.0 + (onto @ times) / own, _MOST_TIMES)
    return np.asarray(times @ shifts)


def _rank(values: FloatArray) -> FloatArray:
    """The highest is 0; no more than _LAST is told."""
    rank = np.argsort(np.argsort(-values, kind="stable"), kind="stable")
    return np.minimum(rank, _LAST).astype(np.float64)


def _highest(on: BoolArray, value: FloatArray) -> FloatArray:
    return np.where(on, value, 0.0)


def _second(values: FloatArray) -> FloatArray:
    """The second highest of each row; both egresses of a link are two."""
    return np.asarray(np.partition(values, -2, axis=1)[:, -2])


def _touches(struck: Struck, arcs: np.ndarray) -> FloatArray:
    """Whether each of `arcs` has an end in common with a link that is gone."""
    compiled = struck.twin.compiled
    gone = [2 * i for i in struck.gone]
    ends = np.union1d(compiled.tail[gone], compiled.head[gone])
    return np.asarray(np.isin(compiled.tail[arcs], ends) + 1.0 * np.isin(compiled.head[arcs], ends))
