"""Ranks root causes: candidates from the graph, each simulated, then judged by likelihood."""

import math
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Literal, assert_never

import numpy as np
from pydantic import Field

from agents.believed import links_of
from agents.candidates import Candidate, cause_id, propose_candidates
from agents.prompts import prompt
from agents.refutation import look_up
from agents.role import Role, Ungrounded
from agents.shown import first_of, shown_symptom
from agents.situation import Situation
from agents.wording import Wording
from tools.registry import Tool, grant
from twin.nouns.base import Noun
from twin.nouns.configuration import (
    MAX_IGP_WEIGHT,
    NetworkConfiguration,
    configuration_diff,
)
from twin.nouns.diagnosis import (
    Diagnosis,
    Disagreement,
    Evidence,
    Hypothesis,
    LogFinding,
    Refutation,
    Refuter,
)
from twin.nouns.fault import (
    Fault,
    FiberCut,
    IgpWeightMisconfig,
    LinkDown,
    SilentEgressPacketLoss,
    TrafficSpike,
)
from twin.nouns.incident import Incident, Symptom
from twin.nouns.state import with_fault
from twin.nouns.topology import Interface
from twin.physics.questions import offered_totals
from twin.synthesis.likelihood import Likelihood
from twin.synthesis.observation import observe

INDISTINGUISHABLE_NATS = 3.0
"""Two causes whose posterior odds are under 20:1 are reported as not told apart."""

_CONVINCING_NATS = 4.0
"""A cause has to beat "nothing is wrong" by this much to be a finding."""

MOST_RANKED = 8

MOST_ADDED = 4
"""Causes that a mind may add to one diagnosis: each is simulated."""

ADDED_PRIOR_NATS = math.log(0.1)
"""Log prior odds of a cause that a mind adds, against the same cause where graph or telemetry
proposed it: one cause in ten is assumed to leave no trace that proposes it. So an addition needs
ten times the evidence, and never has the better prior."""

_AND = " & "
_BEFORE_ONSET_S = 300.0
_TOLD_CAUSES = 16
_TOLD_TASK_SYMPTOMS = 16
_TOLD_SYMPTOMS = 6
_PLACES = 2
"""Decimals of log odds: a hundredth of a nat decides nothing."""

_MOST_SURGE = 100.0


class NoArguments(Noun):
    """This tool takes none."""


class ReadConfiguration(Noun):
    """Which device to read."""

    node: str


class TestCauses(Noun):
    """Sets of candidate ids; each set is simulated as one joint cause."""

    __test__ = False  # not a pytest class

    sets: tuple[tuple[str, ...], ...] = Field(min_length=1, max_length=400)


class AddCause(Noun):
    """A cause of your own. `refuted_by`: what would speak against it if it were so; at least one.
    `why`: what made you think of it."""

    fault: Fault
    refuted_by: tuple[Refuter, ...] = Field(min_length=1, max_length=4)
    why: Wording = Field(max_length=200)


class DiagnosisAnswer(Noun):
    """`ranking`: ids of tested causes, most likely first. `would_separate`: the observation that
    would tell the leading causes apart, "" if they are told apart. `own_view`: the id of the tested
    cause that you believe in, whatever the numbers say; "" if you go by the numbers. `statement`:
    for the operator."""

    verdict: Literal["found", "ambiguous", "unknown", "healthy"]
    ranking: tuple[str, ...]
    would_separate: str
    own_view: str
    statement: Wording


class Diagnoser:
    """One diagnosis of one incident. It keeps what it tested, so that answers can be grounded."""

    def __init__(
        self,
        situation: Situation,
        incident: Incident,
        log_findings: Sequence[LogFinding] = (),
    ) -> None:
        """`log_findings`: what the reader made of log lines."""
        self._situation = situation
        self._incident = incident
        self._findings = tuple(log_findings)
        self._tracker = situation.tracker
        self._running = self._tracker.running
        self._read: set[str] = set()
        self._candidates: dict[str, Candidate] = {}
        self._added: dict[str, Candidate] = {}
        self._refuters: dict[str, tuple[Refuter, ...]] = {}
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
                    "suggest, the likeliest first, each tested alone as by test_causes. "
                    "Configurations count only for devices that were read.",
                    arguments=NoArguments,
                    effect="read",
                    call=self.propose_causes,
                ),
                Tool(
                    name="test_causes",
                    description="Simulate sets of causes together in the twin and compare each "
                    "set with what was observed. Returns log posterior odds (nats) against "
                    "nothing being wrong, and the symptoms that each leaves unexplained.",
                    arguments=TestCauses,
                    effect="read",
                    call=self.test_causes,
                ),
                Tool(
                    name="add_cause",
                    description="Add a single cause that was not proposed, say what would refute "
                    "it, and have it tested alone. Returns its id, whether it is refuted, and "
                    "what test_causes returns.",
                    arguments=AddCause,
                    effect="read",
                    call=self.add_cause,
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
            since = self._incident.onset_s - _BEFORE_ONSET_S
            changed |= {n for n, t in self._tracker.changed_nodes.items() if t >= since}
        onset_s = self._incident.onset_s
        worst_last = sorted(symptoms, key=lambda s: s.kind.startswith("probe"))
        told = worst_last[:_TOLD_TASK_SYMPTOMS]
        return {
            "symptoms": [shown_symptom(s, onset_s) for s in told],
            "more_symptoms": len(symptoms) - len(told),
            "devices_with_commits": sorted(changed),
            "log_findings": [_shown_finding(f, onset_s) for f in self._findings],
        }

    # Tools
    # -----------------------------------------------------------------------------------------

    def read_configuration(self, arguments: ReadConfiguration) -> dict[str, object]:
        """Read one device; its differences make candidates."""
        now = self._situation.network.running(arguments.node)
        self._read.add(arguments.node)
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
        """Candidates from the graph and the trackers, each tested alone; the likeliest first."""
        observation = observe(self._tracker, self._running, self._incident.onset_s)
        found = propose_candidates(self._tracker, self._situation.graph, observation)
        self._candidates = {c.id: c for c in found}
        tested = [self._test((c.id,)) | {"reason": c.reason} for c in found]
        tested.sort(key=_likeliest_first)
        return {"causes": tested[:_TOLD_CAUSES], "more": max(0, len(tested) - _TOLD_CAUSES)}

    def test_causes(self, arguments: TestCauses) -> dict[str, object]:
        """Simulate and score; raises Ungrounded for an id that was not proposed."""
        tested = []
        for ids in arguments.sets:
            for candidate in ids:
                if candidate not in self._candidates and candidate not in self._added:
                    raise Ungrounded(f'cause "{candidate}" was not proposed; call propose_causes')
            tested.append(self._test(tuple(sorted(set(ids)))))
        tested.sort(key=_likeliest_first)
        return {"tested": tested}

    def add_cause(self, arguments: AddCause) -> dict[str, object]:
        """A cause that the mind thought of: grounded, its refuters looked up, and tested.

        One that is proposed already is not added: its parameters are those that telemetry gave.

        Raises:
            Ungrounded, UnknownLink, UnknownNode, UnknownSharedRiskGroup: it names what does not
                exist, or cannot be; or there are MOST_ADDED already.
        """
        self._ground_fault(arguments.fault)
        if not self._candidates:
            self.propose_causes(NoArguments())
        name = cause_id(arguments.fault)
        checked = self._look_up(arguments.refuted_by)
        self._refuters[name] = arguments.refuted_by
        if name not in self._candidates:
            if name not in self._added and len(self._added) == MOST_ADDED:
                raise Ungrounded(f"{MOST_ADDED} causes were added already; rank what there is")
            self._added[name] = Candidate(id=name, fault=arguments.fault, reason="a mind's own")
            self._forget(name)
        return self._test((name,)) | {
            "proposed_already": name in self._candidates,
            "refuted_by": [r.model_dump(mode="json") for r in checked],
        }

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
        if answer.own_view and answer.own_view not in self._tested:
            raise Ungrounded(f'own_view "{answer.own_view}" was not tested; add it, or say ""')

    # The result
    # ------------------------------------------------------------------------------------

    def diagnosis(self, answer: DiagnosisAnswer, finished_by: str = "") -> Diagnosis:
        """The answer with the evidence of each cause, and where its mind (`finished_by`) disagrees.

        The mind chooses which of those that cannot be told apart comes first; all else is ranked
        by the numbers.
        """
        close = self._close_to_best()
        first = [h for h in answer.ranking[:1] if h in close]
        order = first + [h for h in self._by_posterior() if h not in first]
        share = dict(zip(order, _softmax([self._log_posterior[h] for h in order]), strict=True))
        shown = order[:MOST_RANKED]
        if answer.own_view and answer.own_view not in shown:
            shown[-1] = answer.own_view
        hypotheses = tuple(
            self._tested[h].model_copy(
                update={"probability": share[h], "refutations": self._refutations(h)}
            )
            for h in shown
        )
        located = _locate(self._symptoms())
        return Diagnosis(
            verdict=answer.verdict,
            hypotheses=hypotheses,
            indistinguishable=tuple(close) if answer.verdict == "ambiguous" else (),
            would_separate=answer.would_separate,
            suspected_location=located,
            statement=answer.statement,
            disagreement=self._disagreement(answer, finished_by),
        )

    def _disagreement(self, answer: DiagnosisAnswer, mind: str) -> Disagreement | None:
        """Where the mind believes in what the numbers do not rank among the first."""
        close = self._close_to_best()
        view = answer.own_view
        if not view and (answer.verdict in ("found", "ambiguous") or not close):
            return None
        best = self._by_posterior()[0]
        if view in close or (view and self._same_extent(view, best)):
            return None
        behind = self._log_posterior.get(view, 0.0)
        return Disagreement(
            mind=mind,
            cause=view,
            best=best if close else "",
            log_odds=round(self._log_posterior[best] * bool(close) - behind, _PLACES),
            refutations=self._refutations(view),
        )

    @property
    def running(self) -> NetworkConfiguration:
        """The configurations as read during this diagnosis."""
        return self._running

    # Inside
    # ----------------------------------------------------------------------------------------

    def _symptoms(self) -> list[Symptom]:
        mine = {s.id for s in self._incident.symptoms}
        seen = self._tracker.book.since(self._incident.onset_s - _BEFORE_ONSET_S)
        return [s for s in seen if s.id in mine]

    def _ground_fault(self, fault: Fault) -> None:
        """Refuse what does not exist, and values that no fault has."""
        topology = self._situation.inventory.topology
        match fault:
            case FiberCut(duct=duct, links=links):
                for link in links:
                    topology.link(link)
                if not links or len(set(links)) < len(links):
                    raise Ungrounded("a fiber_cut names the links that it takes down, each once")
                if duct and not set(links) <= set(topology.shared_risk_group(duct).links):
                    raise Ungrounded(f'not all of these links run through "{duct}"')
            case LinkDown(link=link):
                topology.link(link)
            case IgpWeightMisconfig(node=node, link=link, weight=weight):
                self._running.device(node).interface(link)
                if not 1 <= weight <= MAX_IGP_WEIGHT:
                    raise Ungrounded(f"an IGP weight is 1 to {MAX_IGP_WEIGHT}, not {weight}")
            case TrafficSpike(target=target, factor=factor):
                topology.node(target)
                if not 1.0 < factor <= _MOST_SURGE:
                    raise Ungrounded(f"a surge has a factor above 1, to {_MOST_SURGE:.0f}")
            case SilentEgressPacketLoss(node=node, link=link, fraction=fraction):
                topology.arc_of(Interface(node=node, link=link))
                if not 0.0 < fraction <= 1.0:
                    raise Ungrounded("what an egress loses is a fraction above 0, to 1")
            case _:
                assert_never(fault)

    def _look_up(self, refuters: Sequence[Refuter]) -> tuple[Refutation, ...]:
        observation = observe(self._tracker, self._running, self._incident.onset_s)
        since_s = self._incident.onset_s - _BEFORE_ONSET_S
        changed = {n for n, t in self._tracker.changed_nodes.items() if t >= since_s}
        normal = self._tracker.normal_state(besides=self._incident.id)
        return tuple(look_up(r, observation, normal, changed - self._read) for r in refuters)

    def _refutations(self, name: str) -> tuple[Refutation, ...]:
        """As of what has been read by now, of every cause in the set `name`."""
        refuters = [r for cause in name.split(_AND) for r in self._refuters.get(cause, ())]
        return self._look_up(refuters) if refuters else ()

    def _forget(self, cause: str) -> None:
        """What was tested of `cause`, alone or with others."""
        for name in [n for n in self._tested if cause in n.split(_AND)]:
            del self._tested[name], self._log_posterior[name]

    def _candidate(self, name: str) -> Candidate:
        return self._candidates.get(name) or self._added[name]

    def _test(self, ids: tuple[str, ...]) -> dict[str, object]:
        """What the twin and the likelihood say of one set, as a mind is told it."""
        name = _AND.join(ids)
        if name not in self._tested:
            faults = tuple(self._candidate(i).fault for i in ids)
            likelihood = self._get_likelihood()
            evidence = likelihood.evidence(faults)
            gain = sum(e.log_likelihood_ratio for e in evidence)
            own = [i for i in ids if i not in self._candidates]
            prior = likelihood.log_prior(faults) + ADDED_PRIOR_NATS * len(own)
            # Rounded here, so that who reads it and who checks it compare the same numbers.
            self._log_posterior[name] = round(gain + prior, _PLACES)
            self._tested[name] = Hypothesis(
                id=name,
                faults=faults,
                log_likelihood=gain,
                probability=0.0,
                evidence_for=_strongest(evidence, 1),
                evidence_against=_strongest(evidence, -1),
                unexplained=self._unexplained(faults),
                source="mind" if own else "graph",
            )
        return {
            "id": name,
            "log_posterior": self._log_posterior[name],
            "unexplained": first_of(self._tested[name].unexplained, _TOLD_SYMPTOMS),
        }

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


def _likeliest_first(tested: Mapping[str, object]) -> tuple[float, str]:
    return -float(str(tested["log_posterior"])), str(tested["id"])


def _shown_finding(finding: LogFinding, onset_s: float) -> dict[str, object]:
    shown: dict[str, object] = {
        "kind": finding.kind,
        "node": finding.node,
        "seen_s": round(finding.time_s - onset_s),
        "confidence": finding.confidence,
    }
    # Words that were written to be obeyed are for people to read, and for no other mind.
    if finding.kind != "suspicious_instruction":
        shown["quote"] = finding.quote
    return shown


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
