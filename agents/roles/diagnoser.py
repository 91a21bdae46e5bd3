"""Ranks root causes: which are tested is a mind's choice, and how likely they are is not."""

from collections.abc import Sequence
from contextlib import suppress
from typing import Literal

from pydantic import Field

from agents.loop.role import Role
from agents.prompts import Prompt, prompt
from agents.roles.formatting import SymptomShown, first_of, shown_symptom
from agents.roles.situation import Situation
from agents.roles.wording import Wording
from tools.registry import Tool, grant
from twin.diagnosis.above import above_text
from twin.diagnosis.causes import (
    ADDED_PRIOR_NATS,
    BEFORE_ONSET_S,
    CONVINCING_NATS,
    INDISTINGUISHABLE_NATS,
    PLACES,
    Causes,
)
from twin.diagnosis.next_look import NextLook
from twin.diagnosis.refutation import look_up
from twin.diagnosis.something_else import SomethingElse
from twin.errors import NetworkError, Ungrounded
from twin.events.fault import FAULT_KINDS, AnyFault, Fault
from twin.knowledge.causal import RankedCause
from twin.knowledge.fate import shared_ducts
from twin.knowledge.past import AND, PastCauses, PastIncident
from twin.nouns.base import IfGiven, Noun
from twin.nouns.configuration import (
    NetworkConfiguration,
    configuration_diff,
)
from twin.nouns.counted import counted
from twin.nouns.diagnosis import (
    DeviceRead,
    Diagnosis,
    Disagreement,
    Hypothesis,
    LogFinding,
    LogKind,
    Refutation,
    Refuter,
)
from twin.nouns.incident import Incident, Symptom
from twin.remedies.at_work import worsened_by

MOST_RANKED = 8

MOST_READS = 8
"""Devices that one diagnosis is to read (assumed: a log-in to each, while customers wait)."""

_TOLD_CAUSES = 16
_TOLD_TASK_SYMPTOMS = 16
_TOLD_SYMPTOMS = 6
_TOLD_LOOKS = 3
_TOLD_ABOVE = 2
_MOSTLY = 0.75
"""What would take down as much again beside them lies under them by chance (assumed)."""

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


class FindingShown(Noun):
    """What a reader made of a log line. `quote`: left out where the line wants to be obeyed."""

    kind: LogKind
    node: str
    seen_s: int
    confidence: Literal["low", "medium", "high"]
    quote: IfGiven[str] = None


class DiagnoserTask(Noun):
    """What the diagnoser is told; times are seconds after the onset. `not_reported_yet`: telemetry
    of which nothing has come that was measured since. `common_causes`: of the knowledge graph, what
    alone would take several of the links down that are, and little else."""

    symptoms: tuple[SymptomShown, ...]
    more_symptoms: int
    devices_with_commits: tuple[str, ...]
    not_reported_yet: IfGiven[tuple[str, ...]] = None
    common_causes: IfGiven[tuple[str, ...]] = None
    log_findings: tuple[FindingShown, ...]


class ConfigurationResult(Noun):
    """Differences of what a device runs, as unified diffs; "" where there is none."""

    node: str
    changed_since_before: str
    differs_from_intended: str


class TestedCause(Noun):
    """One set of causes. `log_posterior`: log odds (nats) against nothing being wrong, prior
    included. `unexplained`: symptoms that it would not bring about. `seen_before`: what earlier
    incidents with that cause add (nats), among causes that cannot be told apart only."""

    __test__ = False  # not a pytest class

    id: str
    log_posterior: float
    unexplained: tuple[str, ...]
    seen_before: IfGiven[float] = None


class ProposedCause(TestedCause):
    """`reason`: what suggests it."""

    reason: str


class ProposedCauses(Noun):
    """The likeliest first; `more`: how many less likely ones there are. `sets`: the likeliest with
    whichever other makes it likelier, and so on, and what cannot be told from the best.
    `something_else`: what there is no word for, where it is likelier than all that was tested.
    `next_looks`: devices that were not read and are worth it, the most telling first."""

    causes: tuple[ProposedCause, ...]
    more: int
    sets: tuple[TestedCause, ...] = ()
    something_else: IfGiven[SomethingElse] = None
    next_looks: IfGiven[tuple[NextLook, ...]] = None


class TestedCauses(Noun):
    """The likeliest first. `something_else`: as in what was proposed."""

    __test__ = False  # not a pytest class

    tested: tuple[TestedCause, ...]
    something_else: IfGiven[SomethingElse] = None


class AddedCause(TestedCause):
    """`proposed_already`: it has the parameters that telemetry gave. `refuted_by`: looked up."""

    proposed_already: bool
    refuted_by: tuple[Refutation, ...]


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


def instructions() -> Prompt:
    """What the diagnoser is told, with the figures that code decides by."""
    return prompt(
        "diagnoser",
        added_nats=-ADDED_PRIOR_NATS,
        indistinguishable_nats=INDISTINGUISHABLE_NATS,
        convincing_nats=CONVINCING_NATS,
        most_reads=MOST_READS,
    )


class Diagnoser:
    """One diagnosis of one incident. It keeps what it tested, so that answers can be grounded."""

    def __init__(
        self,
        situation: Situation,
        incident: Incident,
        log_findings: Sequence[LogFinding] = (),
        kinds: Sequence[type[AnyFault]] = FAULT_KINDS,
    ) -> None:
        """`log_findings`: what the reader made of log lines. `kinds`: of causes that are known."""
        self._situation = situation
        self._incident = incident
        self._findings = tuple(log_findings)
        self._tracker = situation.tracker
        self._past = self._past_causes()
        self._causes = Causes(situation, incident, self._shared_ducts, kinds, self._past)
        self._read: set[str] = set()
        self._reads: list[DeviceRead] = []
        self._expected_nats: dict[str, float] = {}
        self._refuters: dict[str, tuple[Refuter, ...]] = {}

    def role(self) -> Role[DiagnosisAnswer]:
        """The role with its tools bound to this incident."""
        return Role(
            name="diagnoser",
            prompt=instructions(),
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
                    "suggest, the likeliest first, each tested alone as by test_causes, and sets "
                    "of them grown from the likeliest as long as another makes it likelier. "
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

    def task(self) -> DiagnoserTask:
        """What the diagnoser is told."""
        symptoms = self._causes.symptoms()
        changed = {s.resource for s in symptoms if s.kind == "configuration_change"}
        silent = not any(s.kind in ("adjacency_down", "silent_loss") for s in symptoms)
        if silent:
            # Reports get lost: with no other lead, whoever committed since the onset is read too.
            since = self._incident.onset_s - BEFORE_ONSET_S
            changed |= {n for n, t in self._tracker.changed_nodes.items() if t >= since}
        onset_s = self._incident.onset_s
        worst_last = sorted(symptoms, key=lambda s: s.kind.startswith("probe"))
        told = worst_last[:_TOLD_TASK_SYMPTOMS]
        return DiagnoserTask(
            symptoms=tuple(shown_symptom(s, onset_s) for s in told),
            more_symptoms=len(symptoms) - len(told),
            devices_with_commits=tuple(sorted(changed)),
            not_reported_yet=self._causes.observation().unreported or None,
            common_causes=self._common_causes() or None,
            log_findings=tuple(_shown_finding(f, onset_s) for f in self._findings),
        )

    # Tools
    # -----------------------------------------------------------------------------------------

    def read_configuration(self, arguments: ReadConfiguration) -> ConfigurationResult:
        """Read one device; its differences make candidates."""
        now = self._situation.network.running(arguments.node)
        self._read.add(arguments.node)
        before = self._tracker.expected(now)
        self._reads.append(
            DeviceRead(
                node=now.node,
                differs=now != before,
                expected_nats=self._expected_nats.get(now.node),
            )
        )
        intended = self._situation.inventory.intended.device(arguments.node)
        self._causes.take(now)
        return ConfigurationResult(
            node=arguments.node,
            changed_since_before=configuration_diff(before, now),
            differs_from_intended=configuration_diff(intended, now),
        )

    def propose_causes(self, _: NoArguments) -> ProposedCauses:
        """Candidates from the graph and the trackers, each tested alone, the likeliest first; and
        what sets of them are likelier.
        """
        self._read_ends()
        found = self._causes.propose()
        tested = [
            ProposedCause(**dict(self._told(self._causes.test([c.id]))), reason=c.reason)
            for c in found
        ]
        tested.sort(key=_likeliest_first)
        grown = tuple(self._told(found) for found in self._causes.grow())
        looks = self._causes.next_looks(self._read)[:_TOLD_LOOKS]
        self._expected_nats |= {look.node: look.tells_nats for look in looks}
        return ProposedCauses(
            causes=tuple(tested[:_TOLD_CAUSES]),
            more=max(0, len(tested) - _TOLD_CAUSES),
            sets=grown,
            something_else=self._causes.something_else(),
            next_looks=looks or None,
        )

    def test_causes(self, arguments: TestCauses) -> TestedCauses:
        """Simulate and score; raises Ungrounded for an id that was not proposed."""
        tested = []
        for ids in arguments.sets:
            for candidate in ids:
                if candidate not in self._causes:
                    raise Ungrounded(f'cause "{candidate}" was not proposed; call propose_causes')
            tested.append(self._told(self._causes.test(ids)))
        tested.sort(key=_likeliest_first)
        return TestedCauses(tested=tuple(tested), something_else=self._causes.something_else())

    def add_cause(self, arguments: AddCause) -> AddedCause:
        """A cause that the mind thought of: grounded, its refuters looked up, and tested.

        One that is proposed already is not added: its parameters are those that telemetry gave.

        Raises:
            Ungrounded, UnknownLink, UnknownNode, UnknownSharedRiskGroup: it names what does not
                exist, or cannot be; or there are MOST_ADDED already.
        """
        arguments.fault.check(self._situation.inventory.topology, self._causes.running)
        if not self._causes.proposed:
            self.propose_causes(NoArguments())
        name = arguments.fault.id
        checked = self._look_up(arguments.refuted_by)
        self._refuters[name] = arguments.refuted_by
        self._causes.add(arguments.fault)
        return AddedCause(
            **dict(self._told(self._causes.test([name]))),
            proposed_already=name in self._causes.proposed,
            refuted_by=checked,
        )

    def ground(self, answer: DiagnosisAnswer) -> None:
        """Refuse causes that were not tested, and a certainty that the numbers do not give."""
        for cause in answer.ranking:
            if cause not in self._causes.tested:
                raise Ungrounded(f'"{cause}" was not tested; rank only what test_causes returned')
        if answer.verdict in ("found", "ambiguous") and not answer.ranking:
            raise Ungrounded(f'verdict "{answer.verdict}" needs a ranking of tested causes')
        close = self._causes.leading()
        if answer.verdict == "found" and len(close) > 1:
            raise Ungrounded(f"{', '.join(close)} cannot be told apart; the verdict is ambiguous")
        other = self._causes.something_else()
        if answer.verdict in ("found", "ambiguous") and other is not None:
            raise Ungrounded(
                f"something that there is no kind for, at {other.place}, is likelier than all that "
                'was tested: the verdict is "unknown"'
            )
        if answer.verdict in ("found", "ambiguous") and answer.ranking[0] not in close:
            raise Ungrounded(
                f'"{answer.ranking[0]}" is not among the likeliest ({", ".join(close) or "none"})'
            )
        if answer.verdict == "healthy" and (wrong := self._still_wrong()):
            raise Ungrounded(f'{wrong}: where no cause is found, the verdict is "unknown"')
        if answer.own_view and answer.own_view not in self._causes.tested:
            raise Ungrounded(f'own_view "{answer.own_view}" was not tested; add it, or say ""')

    def _still_wrong(self) -> str:
        """What is seen of the incident now, "" for nothing."""
        active = [s.id for s in self._causes.symptoms() if s.active]
        if active:
            return (
                f"{counted(len(active), 'symptom is', 'symptoms are')} active, {active[0]} "
                "among them"
            )
        hurt = len(self._tracker.services.in_breach_now)
        return f"{counted(hurt, 'service is', 'services are')} in breach" if hurt else ""

    # The result
    # ------------------------------------------------------------------------------------

    def diagnosis(self, answer: DiagnosisAnswer, finished_by: str = "") -> Diagnosis:
        """The answer with the evidence of each cause, and where its mind (`finished_by`) disagrees.

        The mind chooses which of those that cannot be told apart comes first; all else is ranked
        by the numbers.
        """
        close = self._causes.leading()
        first = [h for h in answer.ranking[:1] if h in close]
        order = first + [h for h in self._causes.ranked() if h not in first]
        share = self._causes.with_past(self._causes.probabilities())
        shown = order[:MOST_RANKED]
        if answer.own_view and answer.own_view not in shown:
            shown[-1] = answer.own_view
        hypotheses = tuple(
            self._causes.tested[h].model_copy(
                update={"probability": share[h], "refutations": self._refutations(h)}
            )
            for h in shown
        )
        other = self._causes.something_else()
        located = _locate(self._causes.symptoms(), other.place if other else "")
        found = answer.verdict in ("found", "ambiguous") and bool(hypotheses)
        work = self._announced_work(hypotheses[0].faults if found else ())
        return Diagnosis(
            verdict=answer.verdict,
            hypotheses=hypotheses,
            indistinguishable=tuple(close) if answer.verdict == "ambiguous" else (),
            would_separate=answer.would_separate,
            suspected_location=located,
            statement="; ".join(
                [
                    _with_claim(answer, hypotheses),
                    *(self._above(hypotheses[0].id) if found else ()),
                    *(self._besides(hypotheses[0].id) if found else ()),
                    *(self._seen_before(hypotheses[0].id) if found else ()),
                    *work.values(),
                ]
            ),
            work=work or None,
            reads=tuple(self._reads) or None,
            disagreement=self._disagreement(answer, finished_by),
        )

    def _above(self, cause: str) -> list[str]:
        """What took down at once what meets nowhere, as far as there are words for it."""
        told = []
        for links in self._causes.above(cause):
            under = (one for one in self._under(links) if len(one.explains) == len(links))
            record = [" ".join(one.thing) for one in under if one.jaccard >= _MOSTLY]
            told.append(above_text(self._tracker.topology, links, record[:_TOLD_ABOVE]))
        return told

    def _besides(self, cause: str) -> list[str]:
        """Where something else is wrong as well, for which there is no kind."""
        other = self._causes.beside(cause)
        if other.log_posterior <= self._causes.log_posterior[cause]:
            return []
        return [f"besides, something that there is no kind for, at {other.place}"]

    def _seen_before(self, cause: str) -> list[str]:
        """How many earlier incidents had this cause, where that is why it comes first."""
        if not self._causes.recalled(cause) or len(self._causes.leading()) < 2:
            return []
        most = max(self._past.counts.get(fault, 0) for fault in cause.split(AND))
        return [f"it was the cause of {counted(most, 'earlier incident')}"]

    def _past_causes(self) -> PastCauses:
        # As of the last snapshot, which is there when the server of the graph is not.
        known = self._situation.graph.snapshot()
        places = (known.index["incident", name] for name in known.ids("incident"))
        past = (PastIncident.of(known.thing(place)) for place in places)
        return PastCauses.of(past, self._incident.id)

    def _announced_work(self, cause: Sequence[Fault]) -> dict[str, str]:
        """What there is to say of announced work, by its id."""
        ids = [work.id for work in self._situation.inventory.planned_work]
        told = [self._tracker.departure(s) for s in self._causes.symptoms() if s.active]
        departures = {i: text for text in told for i in ids if text.startswith(f"{i} ")}
        worse = worsened_by(self._situation, self._causes.running, cause)
        return {w.work.id: w.describe() for w in worse} | departures

    def _disagreement(self, answer: DiagnosisAnswer, mind: str) -> Disagreement | None:
        """Where the mind believes in what the numbers do not rank among the first."""
        close = self._causes.leading()
        view = answer.own_view
        if not view and (answer.verdict in ("found", "ambiguous") or not close):
            return None
        best = self._causes.ranked()[0]
        if view in close or (view and self._causes.same_extent(view, best)):
            return None
        behind = self._causes.log_posterior.get(view, 0.0)
        return Disagreement(
            mind=mind,
            cause=view,
            best=best if close else "",
            log_odds=round(self._causes.log_posterior[best] * bool(close) - behind, PLACES),
            refutations=self._refutations(view),
        )

    @property
    def running(self) -> NetworkConfiguration:
        """The configurations as read during this diagnosis."""
        return self._causes.running

    # Inside
    # ----------------------------------------------------------------------------------------

    def _read_ends(self) -> None:
        """Once: what both ends of the links that are down run. No field is sent to a link that
        somebody has shut, whether or not its commit was reported.
        """
        if self._causes.proposed:
            return
        topology = self._situation.inventory.topology
        down = [topology.link(link) for link in self._causes.observation().down_since]
        for node in sorted({node for link in down for node in (link.a, link.b)} - self._read):
            # What cannot be read shows nothing: it goes on without.
            with suppress(NetworkError):
                self._causes.take(self._situation.network.running(node))
                self._read.add(node)

    def _common_causes(self) -> tuple[str, ...]:
        """What lies under several of the links that are down, a line each, the likeliest first."""
        found = self._under(sorted(self._causes.observation().down_since))
        return tuple(
            f"{' '.join(one.thing)} would take down {', '.join(x for _, x in one.explains)} "
            f"({one.jaccard:.0%} of what it would take down and what is down)"
            for one in found
            if len(one.explains) > 1
        )

    def _under(self, down: Sequence[str]) -> tuple[RankedCause, ...]:
        """What in the knowledge graph alone would take the links `down`, the likeliest first."""
        known = self._situation.dependencies()
        links = [("link", x) for x in down if ("link", x) in known.snapshot][:_TOLD_TASK_SYMPTOMS]
        return known.causal.causes(links, _TOLD_SYMPTOMS) if len(links) > 1 else ()

    def _shared_ducts(self, links: Sequence[str]) -> list[tuple[str, tuple[str, ...]]]:
        built = self._tracker.topology.link_index
        found = shared_ducts(self._situation.graph.snapshot(), links)
        # The graph may have links that are not there any more, or not yet.
        return [(duct, tuple(link for link in held if link in built)) for duct, held in found]

    def _look_up(self, refuters: Sequence[Refuter]) -> tuple[Refutation, ...]:
        since_s = self._incident.onset_s - BEFORE_ONSET_S
        changed = {n for n, t in self._tracker.changed_nodes.items() if t >= since_s}
        observation, normal = self._causes.observation(), self._causes.normal_state()
        return tuple(look_up(r, observation, normal, changed - self._read) for r in refuters)

    def _refutations(self, name: str) -> tuple[Refutation, ...]:
        """As of what has been read by now, of every cause in the set `name`."""
        refuters = [r for cause in name.split(AND) for r in self._refuters.get(cause, ())]
        return self._look_up(refuters) if refuters else ()

    def _told(self, found: Hypothesis) -> TestedCause:
        """What the twin and the likelihood say of one set, as a mind is told it."""
        return TestedCause(
            id=found.id,
            log_posterior=self._causes.log_posterior[found.id],
            unexplained=first_of(found.unexplained, _TOLD_SYMPTOMS),
            seen_before=round(self._past.nats(found.id.split(AND)), PLACES) or None,
        )


def _with_claim(answer: DiagnosisAnswer, hypotheses: Sequence[Hypothesis]) -> str:
    """The statement, and what a single device claims where nothing that was tested convinces."""
    claim = hypotheses[0].claim if hypotheses and answer.verdict == "unknown" else ""
    return f"{answer.statement}; {claim}" if claim else answer.statement


def _likeliest_first(tested: TestedCause) -> tuple[float, str]:
    return -tested.log_posterior, tested.id


def _shown_finding(finding: LogFinding, onset_s: float) -> FindingShown:
    return FindingShown(
        kind=finding.kind,
        node=finding.node,
        seen_s=round(finding.time_s - onset_s),
        confidence=finding.confidence,
        # Words that were written to be obeyed are for people to read, and for no other mind.
        quote=None if finding.kind == "suspicious_instruction" else finding.quote,
    )


def _locate(symptoms: Sequence[Symptom], first: str) -> tuple[str, ...]:
    order = (
        "adjacency_down",
        "silent_loss",
        "late_link",
        "configuration_change",
        "flow_surge",
        "traffic_surge",
        "queue_drops",
    )
    ranked = sorted(
        (s for s in symptoms if s.kind in order),
        key=lambda s: (order.index(s.kind), s.first_seen_s),
    )
    places = [first, *(s.resource for s in ranked)] if first else [s.resource for s in ranked]
    return tuple(dict.fromkeys(places))[:5]
