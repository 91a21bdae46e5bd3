"""What a report says, as values: typed, JSON-able, every figure with the run that computed it."""

from channels.report.comparison import Comparison
from channels.report.minds import MindFacts
from channels.report.timing import Milestones, PlanCourse
from channels.report.topology_facts import TopologyFacts
from channels.views import IncidentView
from tools.journal.records import AuditLine, AuditReport, TimelineEvent
from twin.nouns.base import Noun
from twin.nouns.diagnosis import LogFinding
from twin.nouns.evidence import Evidence
from twin.nouns.forecast import Forecast, Interval
from twin.nouns.health import Health
from twin.nouns.next_failures import NextFailures
from twin.nouns.plan import BlastRadius, Source
from twin.nouns.service_impact import ServiceImpact


class SymptomFact(Noun):
    """One folded symptom. `magnitude`: with its unit. `state`: what was known of it last."""

    id: str
    kind: str
    resource: str
    first_seen_s: float
    last_seen_s: float
    magnitude: str
    alarms: int
    state: str


class AlarmFacts(Noun):
    """How many raw alarms were folded into how many symptoms, and those into one incident.

    `incidents_open`: incidents of the same network that were open at some time while this one was.
    """

    alarms: int
    symptoms: tuple[SymptomFact, ...]
    incidents_open: int


class ServiceFact(Noun):
    """A service that was outside its objective, for `minutes_lost` minutes."""

    service: str
    customer: str
    traffic_class: str
    minutes_lost: float


class ServiceFacts(Noun):
    """Who was hit. `measured` is False where nobody has counted yet. `as_of_s`: up to when it was
    counted; `final`: the incident has ended, and nothing is added any more.
    """

    measured: bool
    as_of_s: float | None
    final: bool
    hit: tuple[ServiceFact, ...]
    minutes_lost: float
    customers: tuple[str, ...]


class CauseFact(Noun):
    """A hypothesis in words. Log likelihoods are in nats, relative to "nothing is wrong".

    `refutations`: what a mind said would refute it, and whether it was observed.
    """

    id: str
    faults: tuple[str, ...]
    probability: float
    log_likelihood: float
    evidence_for: tuple[Evidence, ...]
    evidence_against: tuple[Evidence, ...]
    unexplained: tuple[str, ...]
    source: str
    refutations: tuple[str, ...]


class DiagnosisFacts(Noun):
    """What was found, ranked, and what could not be told apart.

    `equal_fit`: causes, in words, under which the observations are as likely as under the first,
    so that only the odds before any observation separate them. `disagreement`: in words, where a
    mind believes in another cause than the one that is ranked first; "" if it does not. `reads`:
    which devices were read, why, and what they told; "" for none.
    """

    verdict: str
    statement: str
    causes: tuple[CauseFact, ...]
    equal_fit: tuple[str, ...]
    indistinguishable: tuple[str, ...]
    would_separate: str
    suspected_location: tuple[str, ...]
    disagreement: str
    reads: str


class RemedyFact(Noun):
    """One remedy as simulated. `cost`: expected, in services in breach. `sources`: who proposed it,
    nobody of what an earlier version kept.
    """

    id: str
    actions: tuple[str, ...]
    sources: tuple[Source, ...]
    in_short: str
    reason: str
    cost: float
    breached_services: Interval
    max_utilisation: Interval
    lost_bps: Interval
    in_scenario: dict[str, float]
    rollouts: int
    seed: int
    chosen: bool


class GuidanceFacts(Noun):
    """What was said of the hours ahead, as it was heeded: a line each, with who said it and the
    words. `clipped`: what was left out or made smaller. `suspicious`: what wanted to be obeyed.
    `by`: the mind that read it.
    """

    points: tuple[str, ...]
    clipped: tuple[str, ...]
    suspicious: tuple[str, ...]
    by: str


class ScenarioFact(Noun):
    """A further fault that was imagined. `probability`: of it happening before the repair."""

    id: str
    fault: str
    probability: float
    why: str
    max_utilisation: float | None


class StepFact(Noun):
    """One commit on one device: its diff, the diff of its return, and where the change stands.

    `device_diff`: the device's own, where it says something else.
    """

    node: str
    actions: tuple[str, ...]
    diff: str
    device_diff: str
    return_diff: str
    state: str
    detail: str
    forecast: Forecast


class ApprovalFact(Noun):
    """What was asked, and who answered. `state`: as of the last entry in the journal.

    `automatic`: no person looked. `signed`: what there is to say of the signatures, "" if all hold.
    """

    state: str
    requested_s: float
    expires_s: float
    decision: str
    by: str
    reason: str
    automatic: bool
    decided_s: float | None
    plan_hash: str
    signed: str


class ObservedFact(Noun):
    """One egress after the change: what was forecast and what was measured, as utilisation."""

    egress: str
    forecast: Interval
    observed: float | None
    inside: bool | None


class PlanFacts(Noun):
    """One plan and what came of it. `observed`: in the order of the forecast.

    `needs_person`: why only a person may approve it, "" where the policy alone decides.
    """

    id: str
    hash: str
    purpose: str
    attempt: int
    actions: tuple[str, ...]
    way_back: tuple[str, ...]
    temporary: bool
    reason: str
    finished_by: str
    needs_person: str
    created_s: float
    state_hash: str
    steps: tuple[StepFact, ...]
    blast_radius: BlastRadius
    forecast: Forecast
    do_nothing: Forecast
    approval: ApprovalFact | None
    course: PlanCourse
    verdict: str
    observed: tuple[ObservedFact, ...]
    worse_services: tuple[str, ...]


class DispatchFact(Noun):
    """An order to the field, with its ticket."""

    id: str
    place: str
    links: tuple[str, ...]
    text: str
    requested_s: float
    state: str
    updated_s: float


class AuditFacts(Noun):
    """The incident's lines of the audit chain, and the state of the whole chain when gathered.

    `seals`: what came of comparing all of the journal with its seals, in words.
    """

    lines: tuple[AuditLine, ...]
    report: AuditReport
    seals: str


class Remaining(Noun):
    """What is still broken or temporary: in words, one line each."""

    broken: tuple[str, ...]
    temporary: tuple[str, ...]


class ReportFacts(Noun):
    """Everything that the report of one incident says. `as_of_s`: the journal's last entry.
    `health`: of its network when the report was made. `service_impact`: who is hit or at risk by
    the knowledge graph, None where it was not asked. `next_failures`: None where nothing was to be
    feared.
    """

    incident: IncidentView
    as_of_s: float
    health: Health
    closed: bool
    milestones: Milestones
    alarms: AlarmFacts
    services: ServiceFacts
    service_impact: ServiceImpact | None
    topology: TopologyFacts
    diagnosis: DiagnosisFacts | None
    log_findings: tuple[LogFinding, ...]
    guidance: GuidanceFacts | None
    remedies: tuple[RemedyFact, ...]
    scenarios: tuple[ScenarioFact, ...]
    next_failures: NextFailures | None
    plans: tuple[PlanFacts, ...]
    dispatches: tuple[DispatchFact, ...]
    remaining: Remaining
    next_steps: tuple[str, ...]
    minds: MindFacts
    timeline: tuple[TimelineEvent, ...]
    audit: AuditFacts
    comparisons: tuple[Comparison, ...]
