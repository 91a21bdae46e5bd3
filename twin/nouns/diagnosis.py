"""What could be the cause, and what speaks for and against it."""

from collections.abc import Mapping, Sequence
from typing import Literal

from twin.events.fault import Fault
from twin.nouns.base import IfGiven, Noun
from twin.nouns.evidence import Evidence

Observable = Literal[
    "adjacency_down", "silent_loss", "queue_drops", "weight_change", "traffic_surge"
]
"""What telemetry and configurations show by themselves, and code can look up."""


class Refuter(Noun):
    """What would speak against a cause: `observable` at `resource`, present (`seen`) or absent.

    `resource`: a link id for adjacency_down, a node for traffic_surge, else "node|link".
    """

    observable: Observable
    resource: str
    seen: bool


class Refutation(Refuter):
    """The same, looked up. `verdict` "not_observable": nothing that would show it was read."""

    verdict: Literal["refuted", "not_refuted", "not_observable"]


class Hypothesis(Noun):
    """A set of faults that together would explain the symptoms.

    `log_likelihood` is relative to "nothing is wrong" (nats); `probability` is its share among the
    hypotheses that were tested, prior included. `source`: who proposed it. `refutations`: what a
    mind said would speak against it, and whether it does.
    """

    id: str
    faults: tuple[Fault, ...]
    log_likelihood: float
    probability: float
    evidence_for: tuple[Evidence, ...]
    evidence_against: tuple[Evidence, ...]
    unexplained: tuple[str, ...] = ()
    source: Literal["graph", "mind"] = "graph"
    refutations: tuple[Refutation, ...] = ()

    @property
    def claim(self) -> str:
        """What one device claims and nothing bears out, in words; "" if nothing rests on that."""
        claims = (e.observation for e in self.evidence_for if e.claimed_by)
        return next(claims, "")


class Disagreement(Noun):
    """A mind believes in another cause than the one that physics ranks first; physics decides.

    `cause`: what `mind` believes in, "" for nothing that was tested. `best`: what the likelihood
    ranks first, "" if nothing convinces. `log_odds`: by how much `best` (without one, "nothing is
    wrong") is ahead of `cause` (nats, prior included). `refutations`: of `cause`.
    """

    mind: str
    cause: str
    best: str
    log_odds: float
    refutations: tuple[Refutation, ...] = ()


def disagreement_text(found: Disagreement) -> str:
    """The disagreement in one sentence, refutations included."""
    believed = found.cause or "nothing that was tested"
    ranked = f"ranks {found.best} first" if found.best else "is convinced by nothing"
    told = f"{found.mind} believes in {believed}; the physics {ranked}, and decides"
    odds = f" ({found.log_odds:.1f} nats ahead)" if found.log_odds > 0 else ""
    return told + odds + "".join(f"; {refutation_text(r)}" for r in found.refutations)


def refutation_text(refutation: Refutation) -> str:
    """What would refute a cause, and whether it was observed."""
    presence = "" if refutation.seen else "no "
    what = f"{presence}{refutation.observable.replace('_', ' ')} at {refutation.resource}"
    verdict = {
        "refuted": "which is so: refuted",
        "not_refuted": "which is not so: not refuted",
        "not_observable": "which nothing that was read would show",
    }[refutation.verdict]
    return f"it would be refuted by {what}, {verdict}"


class DeviceRead(Noun):
    """A device that was read, and whether it `differs` from what it ran before. `expected_nats`:
    what that was expected to tell; None where the device had reported a commit.
    """

    node: str
    differs: bool
    expected_nats: float | None = None


def reads_text(reads: Sequence[DeviceRead]) -> str:
    """What was asked, why, and what it told, in one sentence; "" where nothing was read."""
    told = []
    for read in reads:
        nats = read.expected_nats
        why = "it reported a commit" if nats is None else f"expected to tell {nats:.2f} nats"
        what = "runs otherwise than before" if read.differs else "runs what it ran before"
        told.append(f"{read.node} ({why}) {what}")
    return "; ".join(told)


class Diagnosis(Noun):
    """Ranked hypotheses, best first.

    `verdict`: "found" (one stands out), "ambiguous" (the first `indistinguishable` hypotheses
    cannot be told apart by what was seen; `would_separate` names the observation that could),
    "unknown" (nothing fits; `suspected_location` says where), or "healthy" (nothing is wrong).
    `work`: announced work that it has to do with, by id: in what it was not kept, or what it makes
    worse, in words. `reads`: the devices that were read for it, in order.
    """

    verdict: Literal["found", "ambiguous", "unknown", "healthy"]
    hypotheses: tuple[Hypothesis, ...]
    indistinguishable: tuple[str, ...] = ()
    would_separate: str = ""
    suspected_location: tuple[str, ...] = ()
    statement: str
    disagreement: Disagreement | None = None
    work: IfGiven[Mapping[str, str]] = None
    reads: IfGiven[tuple[DeviceRead, ...]] = None

    @property
    def cause(self) -> tuple[Fault, ...]:
        """The faults of the likeliest hypothesis, none where nothing was found."""
        if self.verdict not in ("found", "ambiguous") or not self.hypotheses:
            return ()
        return self.hypotheses[0].faults


def cause_text(diagnosis: Diagnosis) -> str:
    """What was found, in words of ours, whatever the diagnosis' statement says."""
    if diagnosis.verdict == "healthy":
        return "nothing is found to be wrong"
    if diagnosis.verdict == "unknown" or not diagnosis.hypotheses:
        return "no cause is found"
    best = diagnosis.hypotheses[0].id.replace("_", " ").replace("@", " of ")
    if diagnosis.verdict == "ambiguous":
        return (
            f"the cause is one of {len(diagnosis.indistinguishable)} that cannot be told apart, "
            f"{best}"
        )
    return f"the cause is {best}"


LogKind = Literal[
    "link_flap",
    "routing_adjacency",
    "hardware_error",
    "power",
    "memory",
    "congestion",
    "configuration_commit",
    "maintenance",
    "security",
    "suspicious_instruction",
    "unknown",
]
"""What a log line tells of. "suspicious_instruction": it speaks to whoever reads it, and wants
something."""


class LogFinding(Noun):
    """What a reader made of a device's log line: data, whatever the line says.

    `node`: who sent it, by the envelope. `quote`: the words it rests on, inside «» (`UntrustedText`
    quoted). `times`: how often the line came. `read_by`: the mind.
    """

    kind: LogKind
    node: str
    time_s: float
    times: int
    quote: str
    confidence: Literal["low", "medium", "high"]
    read_by: str


LOG_RECORD = "log_record"
"""The name under which an incident's LogRecord is kept in the journal."""


class LogRecord(Noun):
    """What was read of devices' logs for one incident so far. `read`: which lines were shown."""

    findings: tuple[LogFinding, ...] = ()
    read: tuple[str, ...] = ()
