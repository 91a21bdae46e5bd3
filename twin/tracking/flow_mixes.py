"""What flows towards each node usually are like, as flow records told on quiet days."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from twin.nouns.flow_mix import FlowMix
from twin.nouns.telemetry import MOST_FLOWS, MOST_RATE_BPS, FloatArray, FlowRound
from twin.tracking.kept import kept_array

_MEMORY_S = 1800.0
"""As long as that of who sends how much."""

_SPREAD, _LEAST_SPREAD, _MOST_SPREAD = 0.1, 0.02, 5.0

_LEARNS_SPREAD = 0.2
"""A deviation is learned so much more slowly than a mean."""

_FEWEST_ROUNDS = 2.0
"""Of fewer quiet rounds nothing is known to be usual."""


class FlowMixes:
    """The mean size of flows towards each node, and how many addresses there are to a flow:
    exponentially weighted means of logs, with their deviations.
    """

    def __init__(self, nodes: tuple[str, ...], kept: Mapping[str, Any] | None = None) -> None:
        """`kept`: what `dump` wrote."""
        kept, n = kept or {}, len(nodes)
        self._nodes = nodes
        self._bits = kept_array(kept, "bits", np.full(n, np.nan), 1e-3, MOST_RATE_BPS)
        self._sources = kept_array(kept, "sources", np.full(n, np.nan), 1e-9, MOST_FLOWS)
        self._spread = kept_array(
            kept, "spread", np.full((2, n), _SPREAD), _LEAST_SPREAD, _MOST_SPREAD
        )
        self._rounds = kept_array(kept, "rounds", np.zeros(n), 0.0, 1e9)

    def of(self, flows: FlowRound, expected_bps: FloatArray, least: float) -> FlowMix:
        """What the flows of a round are like. `expected_bps`: (3, n, n) of that time. `least`: so
        many times the flows expected have to be borne out by more than one exporter.
        """
        bits, per_flow = _measured(flows)
        known = self._rounds >= _FEWEST_ROUNDS
        usual_bits = np.where(known, self._bits, np.nan)
        usual_sources = np.where(known, self._sources, np.nan)
        expected = expected_bps.sum(axis=0)
        seen = np.isfinite(flows.flows)
        per_s = np.where(seen, flows.flows, 0.0).sum(axis=0) / (flows.until_s - flows.from_s)
        with np.errstate(invalid="ignore", divide="ignore"):
            many = per_s * usual_bits / np.where(seen, expected, 0.0).sum(axis=0)
        return FlowMix(
            flows=many,
            size=bits / usual_bits,
            sources=per_flow / usual_sources,
            size_sigma=self._spread[0],
            sources_sigma=self._spread[1],
            usual_bits=usual_bits,
            usual_sources=usual_sources,
            expected_bps=expected.sum(axis=0),
            one_source=self._claimed(flows, expected / usual_bits, least),
        )

    def learn(self, flows: FlowRound) -> None:
        """Take a round of a time when nothing was wrong."""
        weight = 1.0 - math.exp(-(flows.until_s - flows.from_s) / _MEMORY_S)
        for row, (seen, usual) in enumerate(
            zip(_measured(flows), (self._bits, self._sources), strict=True)
        ):
            told = np.isfinite(seen) & (seen > 0.0)
            first, again = told & np.isnan(usual), told & np.isfinite(usual)
            off = np.log(seen[again]) - np.log(usual[again])
            variance = self._spread[row] ** 2
            variance[again] += _LEARNS_SPREAD * weight * (off**2 - variance[again])
            self._spread[row] = np.sqrt(np.maximum(variance, _LEAST_SPREAD**2))
            usual[again] *= np.exp(weight * off)
            usual[first] = seen[first]
            if row == 0:
                self._rounds[told] += 1.0

    def _claimed(self, flows: FlowRound, expected: FloatArray, least: float) -> dict[str, str]:
        """Nodes that draw `least` times the flows expected by what one exporter says alone.

        `expected`: (n, n) flows per second.
        """
        per_s = flows.flows / (flows.until_s - flows.from_s)
        seen = np.isfinite(per_s) & np.isfinite(expected)
        told, usual = np.where(seen, per_s, 0.0), np.where(seen, expected, 0.0)
        with np.errstate(invalid="ignore", divide="ignore"):
            ratio = told.sum(axis=0) / usual.sum(axis=0)
            without = (told.sum(axis=0) - told) / (usual.sum(axis=0) - usual)
        without = np.where(np.isfinite(without), without, np.inf)
        lowest = without.argmin(axis=0)
        return {
            node: self._nodes[lowest[i]]
            for i, node in enumerate(self._nodes)
            if ratio[i] > least and without[lowest[i], i] <= least
        }

    def dump(self) -> dict[str, Any]:
        """JSON-able; the constructor takes it back."""
        return {
            "bits": [x if math.isfinite(x) else None for x in self._bits.tolist()],
            "sources": [x if math.isfinite(x) else None for x in self._sources.tolist()],
            "spread": self._spread.tolist(),
            "rounds": self._rounds.tolist(),
        }


def _measured(flows: FlowRound) -> tuple[FloatArray, FloatArray]:
    """(n,) mean size of the flows towards each node, bit, and how many addresses there are to one;
    of the exporters that count flows.
    """
    seen = np.isfinite(flows.flows) & np.isfinite(flows.rates_bps).all(axis=0)
    bits = np.where(seen, flows.rates_bps.sum(axis=0), 0.0) * (flows.until_s - flows.from_s)
    count = np.where(seen, flows.flows, 0.0).sum(axis=0)
    counted = seen & np.isfinite(flows.sources)
    sources = np.where(counted, flows.sources, 0.0).sum(axis=0)
    among = np.where(counted, flows.flows, 0.0).sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        return (
            np.where(count > 0, bits.sum(axis=0) / count, np.nan),
            np.where(among > 0, sources / among, np.nan),
        )
