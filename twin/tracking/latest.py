"""The newest readings, kept when everything else of the last hour is not."""

import math
from collections.abc import Iterable

import numpy as np

from twin.nouns.base import Noun
from twin.nouns.telemetry import FloatArray
from twin.tracking.rates import RateRound


class Latest(Noun):
    """The last reading of every arc, and what probes last showed.

    `sent_bps`: per arc, None where nothing was read yet; `read_s`: when each reading ended (Unix
    seconds). `in_breach`: ids of services outside their objective at `probed_s`, None before the
    first probe round.
    """

    sent_bps: tuple[float | None, ...]
    read_s: tuple[float | None, ...]
    in_breach: tuple[str, ...] = ()
    probed_s: float | None = None


def newer(
    kept: Latest | None,
    rounds: Iterable[RateRound],
    n_arcs: int,
    in_breach: Iterable[str],
    probed_s: float | None,
) -> Latest:
    """The newest of `rounds` (oldest first), and of `kept` where they hold nothing."""
    sent, read = _arrays(kept, n_arcs)
    for round_ in rounds:
        total = round_.sent_total_bps
        usable = np.isfinite(total)
        sent[usable], read[usable] = total[usable], round_.until_s[usable]
    if probed_s is None and kept is not None:
        in_breach, probed_s = kept.in_breach, kept.probed_s
    return Latest(
        sent_bps=_or_none(sent),
        read_s=_or_none(read),
        in_breach=tuple(sorted(in_breach)),
        probed_s=probed_s,
    )


def _arrays(kept: Latest | None, n_arcs: int) -> tuple[FloatArray, FloatArray]:
    if kept is None or len(kept.sent_bps) != n_arcs:
        return np.full(n_arcs, np.nan), np.full(n_arcs, np.nan)
    return np.array(kept.sent_bps, dtype=np.float64), np.array(kept.read_s, dtype=np.float64)


def _or_none(values: FloatArray) -> tuple[float | None, ...]:
    return tuple(v if math.isfinite(v) else None for v in values.tolist())
