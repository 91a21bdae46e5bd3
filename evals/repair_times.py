"""How well it is told when the field is done: learned from its notes, beside what is simpler.

Orders are drawn by the rules of the emulated field (`tools/network/emulated/field.py`), of which
the forecast knows nothing but what was said and how long it took. Seeds that are judged on are none
of those that are learned from.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydantic import ValidationError

from channels.planning.reading import text_of
from channels.provenance import code_version
from tools.network.emulated.field import drawn_job, notes_of
from twin.errors import BadInput
from twin.nouns.base import Noun
from twin.nouns.objection import objection
from twin.physics.compiled import FloatArray
from twin.remedies.objective import RepairTime
from twin.remedies.repair_forecast import OpenOrder, PastOrder, RepairModel, looked_at

RESAMPLES = 2000

_EVERY_S = 7 * 3600.0
"""Between two orders; when they are given says nothing."""

Told = Callable[[OpenOrder], tuple[float, ...]]
"""Seconds until it is over: within which it is with probability 2.5, 10, 50, 90 and 97.5 %."""

_LIKE = (
    '{"ordered_s": 1772564400, "done_s": 1772575200, "notes": [{"time_s": 1772568000, '
    '"found": "damage", "remaining_s": 3600}]}'
)

_NAMED = 5
"""Lines that are none, one by one."""

_SHARES = (0.025, 0.1, 0.5, 0.9, 0.975)


Ranged = tuple[float, float, float]
"""A mean, and its 95 % interval over orders that are drawn again."""


class RepairTimesRow(Noun):
    """One way to tell. `factor`: by which the median is off, in the geometric mean. `hours`: by
    which it is off, in the mean. `in_80`, `in_95`: how often the interval held, `width`: of the
    first, hours; None where only a point is told. `factor_beyond`: of `factor`, the ratio to that
    of the first way in the same moments.
    """

    told_by: str
    factor: Ranged
    hours: Ranged
    in_80: Ranged | None
    in_95: Ranged | None
    width: float | None
    factor_beyond: Ranged


class RepairTimes(Noun):
    """`learned`: orders of `source` that were learned from; `judged`: others, looked at in so many
    `moments`. `by_stage`: of these, apart by what is known then.
    """

    source: str
    learned: int
    judged: int
    moments: int
    seed: int
    code: str
    rows: tuple[RepairTimesRow, ...]
    by_stage: tuple[RepairTimesRow, ...]


def past_orders(seed: int, count: int) -> tuple[PastOrder, ...]:
    """Orders of the emulated field that are over."""
    found = []
    for number in range(count):
        job, ordered_s = drawn_job(seed, number), _EVERY_S * number
        notes = notes_of(job, ordered_s, seed, f"order-{number}")
        found.append(PastOrder(ordered_s=ordered_s, done_s=ordered_s + job.lasts_s, notes=notes))
    return tuple(found)


def orders_in(path: Path) -> tuple[PastOrder, ...]:
    """Those in a file, one JSON object a line, the earliest first.

    Raises:
        BadInput: it cannot be read, or a line is no order; the text names all of them.
    """
    found, wrong = list[PastOrder](), list[str]()
    for number, line in enumerate(text_of(path).splitlines(), start=1):
        if not line.strip():
            continue
        try:
            found.append(PastOrder.model_validate_json(line))
        except ValidationError as exc:
            wrong.append(f"line {number}: {objection(exc.errors()[0])}")
    if wrong:
        more = f"; and {len(wrong) - _NAMED} more" if len(wrong) > _NAMED else ""
        raise BadInput(f"{path}: {'; '.join(wrong[:_NAMED])}{more}; an order is written as {_LIKE}")
    return tuple(sorted(found, key=lambda order: order.ordered_s))


def compared(
    past: Sequence[PastOrder], others: Sequence[PastOrder], source: str, seed: int
) -> RepairTimes:
    """What is learned of `past`, which are `source`'s, judged on `others`. `seed`: of the
    resampling.

    Raises:
        BadInput: there are too few to learn from.
    """
    judge = len(others)
    ways = _ways(past, RepairModel.learned(past, source))
    looks = [
        _Look(i, order, left_s)
        for i, one in enumerate(others)
        for order, left_s in looked_at([one])
    ]
    numbers = np.random.default_rng(seed)
    drawn = numbers.multinomial(judge, np.full(judge, 1.0 / judge), size=RESAMPLES).astype(float)
    stages = {stage: [x for x in looks if x.order.stage == stage] for stage in _STAGES_TOLD}
    return RepairTimes(
        source=source,
        learned=len(past),
        judged=judge,
        moments=len(looks),
        seed=seed,
        code=code_version(),
        rows=tuple(_rows(ways, looks, drawn)),
        by_stage=tuple(
            row.model_copy(update={"told_by": f"{words}: {row.told_by}"})
            for stage, words in _STAGES_TOLD.items()
            for row in _rows(ways, stages[stage], drawn)
        ),
    )


_STAGES_TOLD = {
    "nothing": "nothing is said yet",
    "found": "it is known what is wrong",
    "estimate": "the crew says how long",
}


@dataclass(frozen=True, slots=True)
class _Look:
    """At an order by number, while it is open."""

    number: int
    order: OpenOrder
    left_s: float


def _ways(past: Sequence[PastOrder], model: RepairModel) -> Mapping[str, Told]:
    fitted = fitted_to(past)

    def learned(order: OpenOrder) -> tuple[float, ...]:
        found = model.forecast(order)
        return tuple(found.quantile_s(share) for share in _SHARES)

    def plain(order: OpenOrder, time: RepairTime) -> tuple[float, ...]:
        elapsed_s = order.now_s - order.ordered_s
        return tuple(_within_s(time, elapsed_s, share) for share in _SHARES)

    def at_its_word(order: OpenOrder) -> tuple[float, ...]:
        """With the errors of nobody: a point, where there is one."""
        said_s = order.said_s
        middle = plain(order, fitted)[2] if said_s is None else max(said_s, 300.0)
        return (middle,) * len(_SHARES)

    return {
        "learned from notes and history": learned,
        "log-normal, of the same history": lambda order: plain(order, fitted),
        "log-normal, as assumed": lambda order: plain(order, RepairTime()),
        "the crew at its word": at_its_word,
    }


def fitted_to(past: Sequence[PastOrder]) -> RepairTime:
    """The log-normal of how long they took."""
    logs = np.log(np.sort([one.done_s - one.ordered_s for one in past]))
    return RepairTime(median_s=float(np.exp(logs.mean())), sigma=float(logs.std()))


def _within_s(time: RepairTime, elapsed_s: float, share: float) -> float:
    """Within so many seconds more it is over with that probability, by bisection."""
    low, high = 0.0, 400.0 * 3600.0
    for _ in range(50):
        middle = (low + high) / 2.0
        low, high = (
            (middle, high) if time.survival(middle, elapsed_s) > 1.0 - share else (low, middle)
        )
    return high


def _rows(
    ways: Mapping[str, Told], looks: Sequence[_Look], drawn: FloatArray
) -> list[RepairTimesRow]:
    left = np.array([look.left_s for look in looks])
    of = np.array([look.number for look in looks])
    weights = drawn[:, of]
    told = {name: np.array([way(look.order) for look in looks]) for name, way in ways.items()}
    off = {name: np.abs(np.log(x[:, 2] / np.maximum(left, 300.0))) for name, x in told.items()}
    first = next(iter(off.values()))

    def mean(values: FloatArray) -> Ranged:
        found = (weights @ values) / weights.sum(axis=1)
        low, high = np.quantile(found, (0.025, 0.975))
        return float(values.mean()), float(low), float(high)

    rows = []
    for name, x in told.items():
        inside = [(x[:, a] <= left) & (left <= x[:, b]) for a, b in ((1, 3), (0, 4))]
        width = float((x[:, 3] - x[:, 1]).mean() / 3600.0)
        rows.append(
            RepairTimesRow(
                told_by=name,
                factor=_exp(mean(off[name])),
                hours=mean(np.abs(x[:, 2] - left) / 3600.0),
                in_80=mean(inside[0].astype(float)) if width else None,
                in_95=mean(inside[1].astype(float)) if width else None,
                width=width or None,
                factor_beyond=_exp(mean(off[name] - first)),
            )
        )
    return rows


def _exp(found: Ranged) -> Ranged:
    mean, low, high = (float(np.exp(x)) for x in found)
    return mean, low, high
