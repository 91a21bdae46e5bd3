"""What flows towards each node are like: how large, and from how many addresses."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from twin.nouns.telemetry import FloatArray

MANY_FLOWS, SMALL_FLOWS = 2.0, 0.4
"""So many times the flows expected, of so many times the usual size at most, are no crowd: what a
crowd opens is about as large as usual."""

_ODD = 1e-6
"""Chance that the flows of one round are like nothing that is believed (assumed)."""

_HELD_BACK, _FLOWS_SIGMA = 0.1, 0.15
"""Chance that senders hold back, and the deviation of the log of how many flows there are on quiet
days (assumed)."""

_ODD_SPREAD = 1.5
"""Standard deviation of the logs of what they then are."""


@dataclass(frozen=True, slots=True, eq=False)
class Expected:
    """Of the flows towards each node, against what is usual: the mean `size`, and how many
    `sources` there are to a flow, with the deviations of their logs; all (n,).
    """

    size: FloatArray
    sources: FloatArray
    size_sigma: FloatArray
    sources_sigma: FloatArray

    def widened(self, sigma: float) -> "Expected":
        """The same, with so much more deviation of both everywhere."""
        size, sources = (np.hypot(s, sigma) for s in (self.size_sigma, self.sources_sigma))
        return replace(self, size_sigma=size, sources_sigma=sources)

    def at(
        self, node: int, size: float, sources: float, size_sigma: float, sources_sigma: float
    ) -> "Expected":
        """The same, where at node number `node` something else is expected."""
        fields = {"size": size, "sources": sources}
        spread = {"size_sigma": size_sigma, "sources_sigma": sources_sigma}
        changed = {}
        for name, value in fields.items():
            changed[name] = getattr(self, name).copy()
            changed[name][node] = value
        for name, value in spread.items():
            changed[name] = getattr(self, name).copy()
            changed[name][node] = math.hypot(changed[name][node], value)
        return replace(self, **changed)


@dataclass(frozen=True, slots=True, eq=False)
class FlowMix:
    """What the flows of one round are like, all (n,); NaN where that, or the usual, is unknown.

    `flows`: how many flows there are / how many are expected. `size`, `sources`: mean size of a
    flow, and addresses to a flow, against what is usual; with the deviations of their logs on quiet
    days. `usual_bits`: the mean size. `usual_sources`: addresses
    to a flow. `expected_bps`: what is expected to be drawn. `one_source`: nodes that draw more
    flows by what one exporter says alone, with that exporter.
    """

    flows: FloatArray
    size: FloatArray
    sources: FloatArray
    size_sigma: FloatArray
    sources_sigma: FloatArray
    usual_bits: FloatArray
    usual_sources: FloatArray
    expected_bps: FloatArray
    one_source: Mapping[str, str] = field(default_factory=dict)

    @property
    def usual(self) -> Expected:
        """Where nothing is wrong."""
        one = np.ones(len(self.size))
        return Expected(one, one, self.size_sigma, self.sources_sigma)

    @property
    def usual_flows_per_s(self) -> FloatArray:
        """(n,) flows that are expected to be begun."""
        return self.expected_bps / self.usual_bits

    @property
    def many_and_small(self) -> list[int]:
        """Nodes that draw far more flows than expected, and far smaller ones: no crowd does."""
        return np.flatnonzero((self.flows > MANY_FLOWS) & (self.size < SMALL_FLOWS)).tolist()

    def log_density(self, expected: Expected) -> FloatArray:
        """(2, n): of the sizes and of the sources that were seen; 0 where none were.

        Senders that meet loss hold back: flows may be of any size where there are as many as usual.
        """
        means = np.log([expected.size, expected.sources])
        sigmas = np.array([expected.size_sigma, expected.sources_sigma])
        sharp = _normal(self._seen - means, sigmas) + math.log1p(-_ODD)
        with np.errstate(divide="ignore", invalid="ignore"):
            held_back = _normal(np.log(self.flows), np.hypot(self.size_sigma, _FLOWS_SIGMA))
            sharp[0] = np.logaddexp(sharp[0], held_back + math.log(_HELD_BACK))
            mixed = np.logaddexp(sharp, _normal(self._seen, _ODD_SPREAD) + math.log(_ODD))
        return np.where(np.isfinite(mixed), mixed, 0.0)

    def log_broad(self) -> FloatArray:
        """(2, n): the same where anything may be."""
        broad = _normal(self._seen, _ODD_SPREAD)
        return np.where(np.isfinite(broad), broad, 0.0)

    @property
    def _seen(self) -> FloatArray:
        """(2, n), logs."""
        with np.errstate(divide="ignore"):
            return np.log([self.size, self.sources])


def _normal(off: FloatArray, sigma: FloatArray | float) -> FloatArray:
    """Log density at `off` from the mean, but for the constant."""
    return np.asarray(-0.5 * (off / sigma) ** 2 - np.log(sigma))
