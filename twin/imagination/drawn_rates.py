"""Rates as they may be: what is known of each kind of part, drawn once for all elements."""

from collections.abc import Mapping, Sequence

import numpy as np

from twin.imagination.elements import Element
from twin.nouns.forecast import Interval
from twin.physics.compiled import FloatArray

DRAWS = 1000
"""Of the rates, from which intervals are made."""

_QUANTILES = (0.05, 0.5, 0.95)


def drawn_factors(elements: Sequence[Element], seed: int) -> Mapping[str, FloatArray]:
    """Of each kind of part (DRAWS,) what its rate may be, relative to its mean: gamma.

    What one source says of all cable holds for all cable: a kind is drawn once.
    """
    numbers = np.random.default_rng(seed)
    shapes = {part.kind: part.rate.shape for one in elements for part in one.parts}
    return {
        kind: numbers.gamma(shape, 1.0 / shape, DRAWS) for kind, shape in sorted(shapes.items())
    }


def interval_of(drawn: FloatArray) -> Interval:
    """5 to 95 % of what was drawn."""
    low, middle, high = (float(q) for q in np.quantile(drawn, _QUANTILES))
    return Interval(p05=low, median=middle, p95=high)
