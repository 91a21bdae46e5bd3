"""The likelihood of an observation under a hypothesis, against "nothing is wrong"."""

import math
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

import numpy as np

from twin.events.fault import Fault
from twin.nouns.evidence import CLAIM_NATS, Evidence
from twin.nouns.flow_mix import Expected
from twin.nouns.observation import Observation
from twin.nouns.planned_work import PlannedWork
from twin.nouns.state import NetworkState
from twin.nouns.telemetry import FloatArray

ADJACENCY_MISSED = 0.01
"""Chance that a link is down and no end's report of it reached us (assumed)."""

ADJACENCY_SPURIOUS = 1e-4
"""Chance that an adjacency is reported down for a link that is up (assumed)."""

_DOWN = math.log((1 - ADJACENCY_MISSED) / ADJACENCY_SPURIOUS)

HALF = 0.5
"""Of a link that comes and goes, the chance that it is down when it is looked at (assumed)."""

_HELD_NATS, _MOST_HELD_NATS = 1.0, 20.0
"""What both ends of a link hold for another minute is that much less likely to be a mistake of
their reports, up to so much (assumed)."""

_MOVED_TRAFFIC_SPREAD = 0.35
"""Relative error of predicted *changes* of load: flows are hashed, not split evenly (assumed)."""

LOAD_TEMPER = 0.5
"""Loads of neighbouring links err together, so their likelihood counts for half (assumed)."""

_STUDENT_DEGREES = 4.0

SECOND_FAULT = math.log(1e-3)
"""Chance that a second, independent fault starts within the same incident (assumed)."""

_COMMON_CAUSE = math.log(1.5e-4)
"""Log prior of a cause on no record that takes down several links at once that do not all meet at
one node: a conduit that nobody drew, power, a controller, a command (assumed). Those that do have
likelier ones there."""

_TOGETHER_S = 5.0
_AT_ONCE = math.log(_TOGETHER_S / 86_400)


class Likelihood:
    """Scores fault sets against one observation.

    `loads`: offered bit/s per arc (n_arcs,) in `normal` after faults (`loads_after`).
    """

    def __init__(
        self,
        observation: Observation,
        normal: NetworkState,
        loads: Callable[[Sequence[Fault]], FloatArray],
        planned: Sequence[PlannedWork] = (),
    ) -> None:
        self.observation = observation
        self.normal = normal
        self.loads_after = loads
        self._planned = planned
        self._normal_loads = loads(())

    def evidence(self, faults: Sequence[Fault]) -> list[Evidence]:
        """Every observation that weighs for or against `faults`, in nats against "nothing is
        wrong". What one device claims weighs CLAIM_NATS at most.
        """
        found = [
            *self._adjacencies(faults),
            *(e for f in faults for e in f.evidence(self.observation, self.normal)),
            *self._loads(faults),
            *self._flow_mixes(faults),
        ]
        return list(_bounded(found))

    def log_prior(self, faults: Sequence[Fault]) -> float:
        """Log prior odds of `faults`; independent faults at the same moment are improbable.

        What is wrong in the configuration of one device came with one commit. Links that went down
        together and meet at no node may have a common cause for which there is no other word.
        """
        total = self._independent_prior(faults)
        for apart in self.at_once_and_apart(faults):
            alone = self._independent_prior(apart)
            total += float(np.logaddexp(alone, _COMMON_CAUSE)) - alone
        return total

    def _independent_prior(self, faults: Sequence[Fault]) -> float:
        total = sum(fault.log_prior() for fault in faults)
        total += SECOND_FAULT * max(0, _independent(faults) - 1)
        times = sorted(t for f in faults for t in f.onsets(self.observation))
        together = sum(1 for a, b in pairwise(times) if b - a < _TOGETHER_S)
        return total + together * _AT_ONCE

    def at_once_and_apart(self, faults: Sequence[Fault]) -> Iterator[list[Fault]]:
        """Groups of links that went down within seconds of each other, and meet at no one node."""
        topology, groups = self.normal.topology, list[list[Fault]]()
        last_s = -math.inf
        begun = ((t, f) for f in faults if f.only_links_down for t in f.onsets(self.observation))
        for time_s, fault in sorted(begun, key=lambda one: (one[0], one[1].id)):
            if time_s - last_s >= _TOGETHER_S:
                groups.append([])
            groups[-1].append(fault)
            last_s = time_s
        for group in groups:
            links = [topology.link(x) for f in group for x in f.links_down(topology)]
            if len(group) > 1 and not set.intersection(*({x.a, x.b} for x in links)):
                yield group

    def _adjacencies(self, faults: Sequence[Fault]) -> list[Evidence]:
        topology = self.normal.topology
        supposed = set[str]().union(*(f.links_down(topology) for f in faults))
        unsteady = set[str]().union(*(f.unsteady_links for f in faults)) - supposed
        dark = {node for f in faults for node in f.dark_nodes}
        found: list[Evidence] = []
        for link in sorted(supposed | self.observation.down_since.keys()):
            seen = link in self.observation.down_since
            if seen and link in unsteady:
                found.append(self._lost(link, math.log(HALF / ADJACENCY_SPURIOUS)))
            elif seen and link in supposed:
                found.append(self._lost(link, _DOWN + self.held_nats(link)))
            elif link in supposed and dark >= {topology.link(link).a, topology.link(link).b}:
                # Nobody is left to tell.
                continue
            elif link in supposed:
                ratio = math.log(ADJACENCY_MISSED / (1 - ADJACENCY_SPURIOUS))
                found.append(
                    Evidence(
                        observation=f"no end of {link} lost its adjacency",
                        log_likelihood_ratio=ratio,
                    )
                )
        return found

    def _lost(self, link: str, ratio: float) -> Evidence:
        """That the adjacency over `link` is down."""
        text, by = f"adjacency over {link} is down", self.observation.one_end.get(link, "")
        if by:
            text = f"{text}, claimed by {by} alone"
        return Evidence(observation=text, log_likelihood_ratio=ratio, claimed_by=by)

    def held_nats(self, link: str) -> float:
        """What it adds that both ends have held `link` down for so long; 0 where one end does."""
        if self.observation.one_end.get(link):
            return 0.0
        held_min = max(0.0, self.observation.now_s - self.observation.down_since[link]) / 60.0
        return min(_HELD_NATS * held_min, _MOST_HELD_NATS)

    def _loads(self, faults: Sequence[Fault]) -> list[Evidence]:
        if self.observation.rounds == 0:
            return []
        gain = self.load_ratios(faults)
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

    def load_ratios(self, faults: Sequence[Fault]) -> FloatArray:
        """(n_arcs,) log-likelihood ratio of each measured load, under `faults` against normal."""
        return LOAD_TEMPER * (self.load_terms(faults) - self.load_terms(()))

    def load_terms(self, faults: Sequence[Fault]) -> FloatArray:
        """(n_arcs,) log density of each load, but for a constant; 0 where none was read."""
        observation = self.observation
        offered = self.loads_after(faults)
        bias = np.exp(observation.load_bias)
        capacity = self._capacity_after(faults)
        expected = np.minimum(offered * bias, capacity)
        moved = _MOVED_TRAFFIC_SPREAD * np.abs(offered - self._normal_loads)
        sigma = np.sqrt(
            (observation.load_sigma * expected) ** 2 + moved**2 + (0.01 * capacity) ** 2
        )
        z = (observation.sent_bps - expected) / sigma
        degrees = _STUDENT_DEGREES
        terms = -(degrees + 1) / 2 * np.log1p(z**2 / degrees) - np.log(sigma)
        return np.where(np.isfinite(observation.sent_bps), terms, 0.0)

    def _flow_mixes(self, faults: Sequence[Fault]) -> list[Evidence]:
        """How what flows towards nodes are like weighs, where a fault has a say in it."""
        mix, nodes = self.observation.flow_mix, self.normal.topology.nodes
        if mix is None:
            return []
        gain = (mix.log_density(self.expected_mix(faults)) - mix.log_density(mix.usual)).sum(axis=0)
        return [
            Evidence(
                observation=f"flows towards {nodes[i].id} have {mix.size[i]:.2f} times the usual "
                f"size and {mix.sources[i]:.2g} times the addresses to a flow",
                log_likelihood_ratio=float(gain[i]),
                claimed_by=mix.one_source.get(nodes[i].id, "") if gain[i] > 0 else "",
            )
            for i in np.flatnonzero(np.abs(gain) > 0.5).tolist()
        ]

    def expected_mix(self, faults: Sequence[Fault]) -> Expected:
        """What flows are like under `faults`, where flow records were seen."""
        mix = self.observation.flow_mix
        assert mix is not None
        expected = mix.usual
        for fault in faults:
            expected = fault.mixes(expected, mix, self.normal.topology)
        return expected

    def _capacity_after(self, faults: Sequence[Fault]) -> FloatArray:
        """(n_arcs,) of what is left of every link, bit/s."""
        state = self.normal
        for fault in faults:
            state = fault.after(state)
        return np.repeat([x.capacity_bps for x in state.topology.links], 2)


def _bounded(evidence: Sequence[Evidence]) -> Iterator[Evidence]:
    """However much one device claims alone, it is one device that says so."""
    left: dict[str, float] = {}
    for one in evidence:
        weight = one.log_likelihood_ratio
        if not one.claimed_by or weight <= 0:
            yield one
            continue
        most = left.get(one.claimed_by, CLAIM_NATS)
        left[one.claimed_by] = most - min(weight, most)
        yield one.model_copy(update={"log_likelihood_ratio": min(weight, most)})


def _independent(faults: Sequence[Fault]) -> int:
    """How many of `faults` are independent of one another."""
    commits: list[frozenset[str]] = []
    for nodes in (frozenset(fault.configured_nodes) for fault in faults):
        same = [known for known in commits if known & nodes]
        commits = [known for known in commits if not known & nodes]
        commits.append(nodes.union(*same))
    return len(commits)
