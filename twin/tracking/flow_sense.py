"""Flow records that the counters of the exporter's own egresses say cannot be."""

import numpy as np

from twin.nouns.telemetry import FloatArray, FlowRound
from twin.nouns.telemetry_fault import TelemetryFaultKind
from twin.nouns.topology import Topology
from twin.tracking.masking import BoolArray
from twin.tracking.telemetry_faults import TelemetryFaults

_FACTOR = 2.0
"""Flow records so many times what was expected, or less than its inverse, are looked at again."""

_BORNE_OUT = 0.3
"""What leaves a node has to differ from what is expected by this share of what the flows do."""

_LEAST_SHARE = 0.1
"""Of what leaves a node: of a source that is less, its counters do not tell."""


class FlowSense:
    """Compares what enters at a node, by its flow records, with what leaves it, by its counters."""

    def __init__(self, topology: Topology, faults: TelemetryFaults) -> None:
        """`faults`: where exporters are noted that are off."""
        self._faults = faults
        self._nodes = tuple(node.id for node in topology.nodes)
        ends = [(topology.node_index[x.a], topology.node_index[x.b]) for x in topology.links]
        self._senders = np.array(ends, dtype=np.int64).reshape(-1)

    def wrong(
        self,
        flows: FlowRound,
        expected_bps: FloatArray,
        leaves_bps: FloatArray,
        usual_bps: FloatArray,
    ) -> BoolArray:
        """(n,) exporters whose flows are far from `expected_bps` (3, n, n), while what leaves the
        node, `leaves_bps` (n_arcs,), is as usual, `usual_bps`. NaN was not read.
        """
        count = len(self._nodes)
        told, expected = flows.rates_bps.sum(axis=(0, 2)), expected_bps.sum(axis=(0, 2))
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = told / expected
            far = (ratio >= _FACTOR) | (ratio <= 1 / _FACTOR)
        if not far.any():
            self._note(far, ratio, np.isfinite(told), flows.received_s)
            return np.asarray(far)
        seen = np.isfinite(leaves_bps) & np.isfinite(usual_bps)
        senders = self._senders[seen]
        usual = np.bincount(senders, usual_bps[seen], minlength=count)
        change = np.bincount(senders, (leaves_bps - usual_bps)[seen], minlength=count)
        with np.errstate(invalid="ignore"):
            wrong = far & (np.abs(change) < _BORNE_OUT * np.abs(told - expected))
            wrong &= expected > _LEAST_SHARE * usual
        wrong &= usual > 0
        self._note(wrong, ratio, np.isfinite(told), flows.received_s)
        return np.asarray(wrong)

    def _note(self, wrong: BoolArray, ratio: FloatArray, told: BoolArray, now_s: float) -> None:
        kind = TelemetryFaultKind.SAMPLING
        for i in np.flatnonzero(told).tolist():
            if wrong[i]:
                self._faults.note(self._nodes[i], kind, now_s, amount=float(ratio[i]))
            else:
                self._faults.clear(self._nodes[i], kind)
