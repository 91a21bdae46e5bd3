"""The likelihood of an observation under a hypothesis, against "nothing is wrong"."""

import math
from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np

from twin.nouns.diagnosis import Evidence
from twin.nouns.fault import (
    Fault,
    FiberCut,
    IgpWeightMisconfig,
    LinkDown,
    SilentEgressPacketLoss,
    TrafficSpike,
)
from twin.nouns.inventory import PlannedWork
from twin.nouns.state import NetworkState, with_fault
from twin.nouns.telemetry import FloatArray
from twin.synthesis.observation import Observation

_ADJACENCY_MISSED = 0.01
"""Chance that a link is down and no end's report of it reached us (assumed)."""

_ADJACENCY_SPURIOUS = 1e-4
"""Chance that an adjacency is reported down for a link that is up (assumed)."""

_CHANGE_UNEXPLAINED = 1e-5
"""Chance that a device runs another weight than before with nobody having misconfigured it
(assumed).
"""

_MOVED_TRAFFIC_SPREAD = 0.35
"""Relative error of predicted *changes* of load: flows are hashed, not split evenly (assumed)."""

_LOAD_TEMPER = 0.5
"""Loads of neighbouring links err together, so their likelihood counts for half (assumed)."""

_STUDENT_DEGREES = 4.0
_FIVE_SECONDS_IN_A_DAY = math.log(5 / 86_400)

PRIOR_LOG: dict[str, float] = {
    "link_down": math.log(0.30),
    "fiber_cut": math.log(0.15),
    "igp_weight_misconfig": math.log(0.15),
    "silent_egress_packet_loss": math.log(0.10),
    "traffic_spike": math.log(0.30),
}
"""How often each kind is the cause of an incident (assumed; no count over kinds is public)."""

_UNRECORDED_DUCT = math.log(0.1)
"""One duct in ten is missing from the records (assumed)."""

_SECOND_FAULT = math.log(1e-3)
"""Chance that a second, independent fault starts within the same incident (assumed)."""


class Likelihood:
    """Scores fault sets against one observation. `load_model`: offered bit/s per arc of a state."""

    def __init__(
        self,
        observation: Observation,
        normal: NetworkState,
        load_model: Callable[[NetworkState], FloatArray],
        planned: Sequence[PlannedWork] = (),
    ) -> None:
        self.observation = observation
        self.normal = normal
        self._load_model = load_model
        self._planned = planned
        self._capacity = np.repeat([x.capacity_bps for x in normal.topology.links], 2)
        self._normal_loads = load_model(normal)

    def evidence(self, faults: Sequence[Fault]) -> list[Evidence]:
        """Every observation that weighs for or against `faults`, in nats against "nothing is
        wrong".
        """
        return [
            *self._adjacencies(faults),
            *self._configurations(faults),
            *self._losses(faults),
            *self._inbound(faults),
            *self._loads(faults),
        ]

    def log_prior(self, faults: Sequence[Fault]) -> float:
        """Log prior odds of `faults`; independent faults at the same moment are improbable."""
        total = 0.0
        for fault in faults:
            total += PRIOR_LOG[fault.kind]
            if isinstance(fault, FiberCut) and not fault.duct:
                total += _UNRECORDED_DUCT
        total += _SECOND_FAULT * max(0, len(faults) - 1)
        return total + self._coincidence(faults)

    def _coincidence(self, faults: Sequence[Fault]) -> float:
        since = self.observation.down_since
        times = sorted(since[f.link] for f in faults if isinstance(f, LinkDown) and f.link in since)
        together = sum(1 for a, b in pairwise(times) if b - a < 5.0)
        return together * _FIVE_SECONDS_IN_A_DAY

    def _adjacencies(self, faults: Sequence[Fault]) -> list[Evidence]:
        supposed = set().union(*(_links_down(f) for f in faults)) if faults else set()
        found = []
        for link in sorted(supposed | self.observation.down_since.keys()):
            seen = link in self.observation.down_since
            if seen and link in supposed:
                ratio = math.log((1 - _ADJACENCY_MISSED) / _ADJACENCY_SPURIOUS)
                found.append(
                    Evidence(
                        observation=f"adjacency over {link} is down", log_likelihood_ratio=ratio
                    )
                )
            elif link in supposed:
                ratio = math.log(_ADJACENCY_MISSED / (1 - _ADJACENCY_SPURIOUS))
                found.append(
                    Evidence(
                        observation=f"no end of {link} lost its adjacency",
                        log_likelihood_ratio=ratio,
                    )
                )
        return found

    def _configurations(self, faults: Sequence[Fault]) -> list[Evidence]:
        supposed = {(f.node, f.link): f.weight for f in faults if isinstance(f, IgpWeightMisconfig)}
        found = []
        for (node, link), weight in supposed.items():
            runs = self.observation.running.device(node).interface(link).igp_weight
            before = self.normal.running.device(node).interface(link).igp_weight
            if runs == weight != before:
                ratio = -math.log(_CHANGE_UNEXPLAINED)
                text = f"{node} runs weight {runs} on {link}; it was {before}"
            else:
                ratio = math.log(_CHANGE_UNEXPLAINED)
                text = f"{node} runs weight {runs} on {link}, not {weight}"
            found.append(Evidence(observation=text, log_likelihood_ratio=ratio))
        return found

    def _losses(self, faults: Sequence[Fault]) -> list[Evidence]:
        observation, topology = self.observation, self.normal.topology
        supposed: dict[int, float] = {}
        for fault in faults:
            if isinstance(fault, SilentEgressPacketLoss):
                supposed[_arc(self.normal, fault)] = fault.fraction
        found = []
        for arc, fraction in supposed.items():
            seen, sigma = observation.loss[arc], max(observation.loss_sigma[arc], 1e-4)
            if math.isfinite(seen):
                # The error of the estimate of the fraction itself is a tenth of it, at least.
                wide = math.hypot(sigma, 0.1 * fraction)
                ratio = _log_normal(seen, fraction, wide) - _log_normal(seen, 0.0, sigma)
                text = f"{seen:.1%} of what {topology.egress_of(arc)} sends does not arrive"
                ratio = float(np.clip(ratio, -60, 60))
                found.append(Evidence(observation=text, log_likelihood_ratio=ratio))
        return found

    def _inbound(self, faults: Sequence[Fault]) -> list[Evidence]:
        found = []
        for fault in faults:
            if not isinstance(fault, TrafficSpike):
                continue
            i = self.normal.topology.node_index[fault.target]
            ratio = self.observation.inbound_ratio[i]
            if not math.isfinite(ratio) or ratio <= 0:
                continue
            sigma = max(float(self.observation.inbound_sigma[i]), 0.03)
            gain = _log_normal(math.log(ratio), math.log(fault.factor), math.hypot(sigma, 0.1))
            gain -= _log_normal(math.log(ratio), 0.0, sigma)
            text = f"{fault.target} draws {ratio:.2f} times the expected traffic"
            gain = float(np.clip(gain, -60, 60))
            found.append(Evidence(observation=text, log_likelihood_ratio=gain))
        return found

    def _loads(self, faults: Sequence[Fault]) -> list[Evidence]:
        if self.observation.rounds == 0:
            return []
        state = self.normal
        for fault in faults:
            state = with_fault(state, fault)
        gain = self.load_ratios(state)
        strongest = np.argsort(-np.abs(gain))[:5]
        found = []
        for arc in strongest:
            if abs(gain[arc]) > 0.5:
                egress = self.normal.topology.egress_of(int(arc))
                text = f"{egress} sends {self.observation.sent_bps[arc] / 1e9:.1f} Gbit/s"
                found.append(Evidence(observation=text, log_likelihood_ratio=float(gain[arc])))
        rest = float(gain.sum() - gain[strongest].sum())
        rest += sum(float(gain[a]) for a in strongest if abs(gain[a]) <= 0.5)
        if abs(rest) > 0.5:
            found.append(
                Evidence(observation="the loads of the other links", log_likelihood_ratio=rest)
            )
        return found

    def load_ratios(self, state: NetworkState) -> FloatArray:
        """(n_arcs,) log-likelihood ratio of each measured load, under `state` against normal."""
        return _LOAD_TEMPER * (self._load_terms(state) - self._load_terms(self.normal))

    def _load_terms(self, state: NetworkState) -> FloatArray:
        observation = self.observation
        offered = self._normal_loads if state is self.normal else self._load_model(state)
        bias = np.exp(observation.load_bias)
        expected = np.minimum(offered * bias, self._capacity)
        moved = _MOVED_TRAFFIC_SPREAD * np.abs(offered - self._normal_loads)
        sigma = np.sqrt(
            (observation.load_sigma * expected) ** 2 + moved**2 + (0.01 * self._capacity) ** 2
        )
        z = (observation.sent_bps - expected) / sigma
        degrees = _STUDENT_DEGREES
        terms = -(degrees + 1) / 2 * np.log1p(z**2 / degrees) - np.log(sigma)
        return np.where(np.isfinite(observation.sent_bps), terms, 0.0)


def _links_down(fault: Fault) -> set[str]:
    match fault:
        case FiberCut(links=links):
            return set(links)
        case LinkDown(link=link):
            return {link}
        case _:
            return set()


def _arc(state: NetworkState, fault: SilentEgressPacketLoss) -> int:
    link = state.topology.link(fault.link)
    return 2 * state.topology.link_index[link.id] + (0 if fault.node == link.a else 1)


def _log_normal(value: float, mean: float, sigma: float) -> float:
    return -0.5 * ((value - mean) / sigma) ** 2 - math.log(sigma)
