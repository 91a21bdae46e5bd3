"""Ranks root causes: candidates from the graph, each simulated, then judged by likelihood."""

import math
from collections.abc import Sequence
from functools import partial
from typing import Literal

import numpy as np
from pydantic import Field

from agents.believed import links_of
from agents.candidates import Candidate, propose_candidates
from agents.prompts import prompt
from agents.role import Role, Ungrounded
from agents.situation import Situation
from tools.registry import Tool, grant
from twin.nouns.base import Noun
from twin.nouns.configuration import NetworkConfiguration, configuration_diff
from twin.nouns.diagnosis import Diagnosis, Evidence, Hypothesis
from twin.nouns.fault import Fault, FiberCut, LinkDown
from twin.nouns.incident import Incident, Symptom
from twin.nouns.state import with_fault
from twin.physics.questions import offered_totals
from twin.synthesis.likelihood import Likelihood
from twin.synthesis.observation import observe

INDISTINGUISHABLE_NATS = 3.0
"""Two causes whose posterior odds are under 20:1 are reported as not told apart."""

_CONVINCING_NATS = 4.0
"""A cause has to beat "nothing is wrong" by this much to be a finding."""


class NoArguments(Noun):
    """This tool takes none."""


class ReadConfiguration(Noun):
    """Which device to read."""

    node: str


class TestCauses(Noun):
    """Sets of candidate ids; each set is simulated as one joint cause."""

    __test__ = False  # not a pytest class

    sets: tuple[tuple[str, ...], ...] = Field(min_length=1, max_length=400)


class TestedCause(Noun):
    """What the twin and the likelihood say of one set."""

    id: str
    log_posterior: float
    unexplained: tuple[str, ...]


class DiagnosisAnswer(Noun):
    """`ranking`: ids of tested causes, most likely first. `would_separate`: the observation that
    would
    tell the leading causes apart, "" if they are told apart. `statement`: for the operator."""

    verdict: Literal["found", "ambiguous", "unknown", "healthy"]
    ranking: tuple[str, ...]
    would_separate: str
    statement: str


class Diagnoser:
    """One diagnosis of one incident. It keeps what it tested, so that answers can be grounded."""

    def __init__(self, situation: Situation, incident: Incident) -> None:
        self._situation = situation
        self._incident = incident
        self._tracker = situation.tracker
        self._running = self._tracker.running
        self._candidates: dict[str, Candidate] = {}
        self._tested: dict[str, Hypothesis] = {}
        self._log_posterior: dict[str, float] = {}
        self._likelihood: Likelihood | None = None

    def role(self) -> Role[DiagnosisAnswer]:
        """The role with its tools bound to this incident."""
        return Role(
            name="diagnoser",
            prompt=prompt("diagnoser"),
            tools=grant(
                Tool(
                    name="read_configuration",
                    description="Read what a device runs now; returns the difference to what it "
                    "ran before the incident and to what is intended.",
                    arguments=ReadConfiguration,
                    effect="read",
                    call=self.read_configuration,
                ),
                Tool(
                    name="propose_causes",
                    description="List single causes that the knowledge graph and the telemetry "
                    "suggest. Configurations count only for devices that were read.",
                    arguments=NoArguments,
                    effect="read",
                    call=self.propose_causes,
                ),
                Tool(
                    name="test_causes",
                    description="Simulate sets of proposed causes in the twin and compare each "
                    "with what was observed. Returns log posterior odds against nothing being "
                    "wrong, and the symptoms that each leaves unexplained.",
                    arguments=TestCauses,
                    effect="read",
                    call=self.test_causes,
                ),
            ),
            answer=DiagnosisAnswer,
            ground=self.ground,
        )

    def task(self) -> dict[str, object]:
        """What the diagnoser is told."""
        symptoms = self._symptoms()
        changed = {s.resource for s in symptoms if s.kind == "configuration_change"}
        silent = not any(s.kind in ("adjacency_down", "silent_loss") for s in symptoms)
        if silent:
            # Reports get lost: with no other lead, whoever committed since the onset is read too.
            since = self._incident.onset_s - 300
            changed |= {n for n, t in self._tracker.changed_nodes.items() if t >= since}
        return {
            "incident": self._incident.title,
            "symptoms": [s.model_dump(mode="json") for s in symptoms],
            "devices_with_commits": sorted(changed),
        }

    # Tools
    # -----------------------------------------------------------------------------------------

    def read_configuration(self, arguments: ReadConfiguration) -> dict[str, object]:
        """Read one device; its differences make candidates."""
        now = self._situation.network.running(arguments.node)
        before = self._tracker.baseline.device(arguments.node)
        intended = self._situation.inventory.intended.device(arguments.node)
        if now != self._running.device(arguments.node):
            # What was tested before was tested against another network.
            self._running = self._running.with_device(now)
            self._likelihood = None
            self._tested.clear()
            self._log_posterior.clear()
        return {
            "node": arguments.node,
            "changed_since_before": configuration_diff(before, now),
            "differs_from_intended": configuration_diff(intended, now),
        }

    def propose_causes(self, _: NoArguments) -> dict[str, object]:
        """Candidates from the graph and the trackers."""
        observation = observe(self._tracker, self._running, self._incident.onset_s)
        found = propose_candidates(self._tracker, self._situation.graph, observation)
        self._candidates = {c.id: c for c in found}
        return {"causes": [{"id": c.id, "reason": c.reason} for c in found]}

    def test_causes(self, arguments: TestCauses) -> dict[str, object]:
        """Simulate and score; raises Ungrounded for an id that was not proposed."""
        tested = []
        for ids in arguments.sets:
            for candidate in ids:
                if candidate not in self._candidates:
                    raise Ungrounded(f'cause "{candidate}" was not proposed; call propose_causes')
            tested.append(self._test(tuple(sorted(set(ids)))))
        tested.sort(key=lambda t: -t.log_posterior)
        return {"tested": [t.model_dump(mode="json") for t in tested]}

    def ground(self, answer: DiagnosisAnswer) -> None:
        """Refuse causes that were not tested, and a certainty that the numbers do not give."""
        for cause in answer.ranking:
            if cause not in self._tested:
                raise Ungrounded(f'"{cause}" was not tested; rank only what test_causes returned')
        if answer.verdict in ("found", "ambiguous") and not answer.ranking:
            raise Ungrounded(f'verdict "{answer.verdict}" needs a ranking of tested causes')
        close = self._close_to_best()
        if answer.verdict == "found" and len(close) > 1:
            raise Ungrounded(f"{', '.join(close)} cannot be told apart; the verdict is ambiguous")
        if answer.verdict in ("found", "ambiguous") and answer.ranking[0] not in close:
            raise Ungrounded(
                f'"{answer.ranking[0]}" is not among the likeliest ({", ".join(close) or "none"})'
            )

    # The result
    # ------------------------------------------------------------------------------------

    def diagnosis(self, answer: DiagnosisAnswer) -> Diagnosis:
        """The answer with the evidence of each cause."""
        order = list(answer.ranking) + [h for h in self._by_posterior() if h not in answer.ranking]
        share = _softmax([self._log_posterior[h] for h in order])
        hypotheses = tuple(
            self._tested[h].model_copy(update={"probability": p})
            for h, p in zip(order, share, strict=True)
        )
        located = _locate(self._symptoms())
        return Diagnosis(
            verdict=answer.verdict,
            hypotheses=hypotheses[:8],
            indistinguishable=tuple(self._close_to_best()) if answer.verdict == "ambiguous" else (),
            would_separate=answer.would_separate,
            suspected_location=located,
            statement=answer.statement,
        )

    @property
    def running(self) -> NetworkConfiguration:
        """The configurations as read during this diagnosis."""
        return self._running

    # Inside
    # ----------------------------------------------------------------------------------------

    def _symptoms(self) -> list[Symptom]:
        mine = {s.id for s in self._incident.symptoms}
        seen = self._tracker.book.since(self._incident.onset_s - 300)
        return [s for s in seen if s.id in mine]

    def _test(self, ids: tuple[str, ...]) -> TestedCause:
        name = " & ".join(ids)
        if name not in self._tested:
            faults = tuple(self._candidates[i].fault for i in ids)
            likelihood = self._get_likelihood()
            evidence = likelihood.evidence(faults)
            gain = sum(e.log_likelihood_ratio for e in evidence)
            self._log_posterior[name] = gain + likelihood.log_prior(faults)
            self._tested[name] = Hypothesis(
                id=name,
                faults=faults,
                log_likelihood=gain,
                probability=0.0,
                evidence_for=_strongest(evidence, 1),
                evidence_against=_strongest(evidence, -1),
                unexplained=self._unexplained(faults),
            )
        tested = self._tested[name]
        return TestedCause(
            id=name, log_posterior=self._log_posterior[name], unexplained=tested.unexplained
        )

    def _get_likelihood(self) -> Likelihood:
        if self._likelihood is None:
            observation = observe(self._tracker, self._running, self._incident.onset_s)
            self._likelihood = Likelihood(
                observation,
                self._tracker.normal_state(besides=self._incident.id),
                partial(offered_totals, self._situation.twin),
            )
        return self._likelihood

    def _unexplained(self, faults: Sequence[Fault]) -> tuple[str, ...]:
        """Symptoms of this incident that the faults do not bring about in the twin."""
        state = self._tracker.normal_state(besides=self._incident.id)
        for fault in faults:
            state = with_fault(state, fault)
        topology = state.topology
        capacity = np.repeat([x.capacity_bps for x in topology.links], 2)
        loads = offered_totals(self._situation.twin, state)
        busy = loads * np.exp(self._tracker.load_bias) / capacity > 0.85
        direct = {r for fault in faults for r in fault.resources}
        nodes = {r.split("|")[0] for r in direct}
        found = []
        for symptom in self._symptoms():
            match symptom.kind:
                case "adjacency_down" | "silent_loss":
                    explained = symptom.resource in direct
                case "configuration_change" | "traffic_surge":
                    explained = symptom.resource in nodes
                case "queue_drops":
                    node, link = symptom.resource.split("|")
                    end = topology.link(link)
                    arc = 2 * topology.link_index[link] + (0 if node == end.a else 1)
                    explained = bool(busy[arc]) or link in direct
                case _:
                    # A probe sees what it crosses; with any confirmed cause it is a consequence.
                    explained = bool(faults)
            if not explained:
                found.append(symptom.id)
        return tuple(found)

    def _by_posterior(self) -> list[str]:
        return sorted(self._tested, key=lambda h: (-self._log_posterior[h], h))

    def _close_to_best(self) -> list[str]:
        order = self._by_posterior()
        if not order or self._log_posterior[order[0]] < _CONVINCING_NATS:
            return []
        best = self._log_posterior[order[0]]
        return [
            h
            for h in order
            if best - self._log_posterior[h] < INDISTINGUISHABLE_NATS
            and not self._same_extent(h, order[0])
        ]

    def _same_extent(self, one: str, best: str) -> bool:
        """Whether two different causes are the same links down, told by two names."""
        return (
            one != best
            and _extent(self._tested[one].faults)
            == _extent(self._tested[best].faults)
            != frozenset()
        )


def _extent(faults: Sequence[Fault]) -> frozenset[str]:
    """The links that are down, if that is all that the faults are."""
    only_links = all(isinstance(f, LinkDown | FiberCut) for f in faults)
    return links_of(faults) if only_links else frozenset()


def _strongest(evidence: Sequence[Evidence], sign: int) -> tuple[Evidence, ...]:
    mine = [e for e in evidence if sign * e.log_likelihood_ratio > 0]
    return tuple(sorted(mine, key=lambda e: -abs(e.log_likelihood_ratio))[:6])


def _softmax(values: Sequence[float]) -> list[float]:
    if not values:
        return []
    top = max(*values, 0.0)
    weights = [math.exp(v - top) for v in values]
    # "Nothing is wrong" (log odds 0) has its share too.
    total = sum(weights) + math.exp(-top)
    return [w / total for w in weights]


def _locate(symptoms: Sequence[Symptom]) -> tuple[str, ...]:
    order = (
        "adjacency_down",
        "silent_loss",
        "configuration_change",
        "traffic_surge",
        "queue_drops",
    )
    ranked = sorted(
        (s for s in symptoms if s.kind in order),
        key=lambda s: (order.index(s.kind), s.first_seen_s),
    )
    return tuple(dict.fromkeys(s.resource for s in ranked))[:5]
