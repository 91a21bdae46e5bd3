"""What could be the cause, and what speaks for and against it."""

from typing import Literal

from twin.nouns.base import Noun
from twin.nouns.fault import Fault


class Evidence(Noun):
    """One observation and how it weighs: `log_likelihood_ratio` is against "nothing is wrong"
    (nats).
    """

    observation: str
    log_likelihood_ratio: float


class Hypothesis(Noun):
    """A set of faults that together would explain the symptoms.

    `log_likelihood` is relative to "nothing is wrong" (nats); `probability` is its share among the
    hypotheses that were tested, prior included. `source`: who proposed it.
    """

    id: str
    faults: tuple[Fault, ...]
    log_likelihood: float
    probability: float
    evidence_for: tuple[Evidence, ...]
    evidence_against: tuple[Evidence, ...]
    unexplained: tuple[str, ...] = ()
    source: Literal["graph", "mind"] = "graph"


class Diagnosis(Noun):
    """Ranked hypotheses, best first.

    `verdict`: "found" (one stands out), "ambiguous" (the first `indistinguishable` hypotheses
    cannot be told apart by what was seen; `would_separate` names the observation that could),
    "unknown" (nothing fits; `suspected_location` says where), or "healthy" (nothing is wrong).
    """

    verdict: Literal["found", "ambiguous", "unknown", "healthy"]
    hypotheses: tuple[Hypothesis, ...]
    indistinguishable: tuple[str, ...] = ()
    would_separate: str = ""
    suspected_location: tuple[str, ...] = ()
    statement: str
