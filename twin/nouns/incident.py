"""Symptoms, and the incidents that they are folded into."""

from enum import StrEnum
from typing import Literal

from pydantic import Field

from twin.nouns.base import Noun

SymptomKind = Literal[
    "adjacency_down",
    "queue_drops",
    "silent_loss",
    "configuration_change",
    "traffic_surge",
    "flow_surge",
    "late_link",
    "probe_loss",
    "probe_delay",
    "service_breach",
    "alert",
]

EVERYWHERE = "everywhere"
"""The resource of what sits on no part of a network, but on all of it."""


class Symptom(Noun):
    """One thing that is not as it should be, folded from `alarms` raw alarms.

    `resource`: a link id, "node|link" for an egress, a node id, "source>target/class" for a probe
    path, a service id, or EVERYWHERE; of an alert, any of them. `magnitude`: adjacency, broken
    objective 1; drops, loss: fraction 0..1; delay: seconds above normal; surge: factor over the
    expected demand, or flows; alert: how many say so.
    `unmeasured`: it was active when it was measured last, and nothing is sent any more that would
    show whether it still is.
    """

    kind: SymptomKind
    resource: str
    first_seen_s: float
    last_seen_s: float
    magnitude: float
    alarms: int
    active: bool = True
    unmeasured: bool = Field(default=False, exclude_if=lambda value: not value)

    @property
    def id(self) -> str:
        """kind:resource."""
        return f"{self.kind}:{self.resource}"

    @property
    def state(self) -> str:
        """What is known of it, in words."""
        if self.active and self.unmeasured:
            return "cannot be measured"
        return "active" if self.active else "cleared"


class Severity(StrEnum):
    """Alarm severities of ITU-T X.733 that an incident can have."""

    CRITICAL = "critical"
    MAJOR = "major"
    MINOR = "minor"
    WARNING = "warning"


class Incident(Noun):
    """Symptoms that belong together. `onset_s` is the earliest sign, `detected_s` when it was
    opened. `risk`: the line of the risk register that it is about, where nothing has happened yet.
    """

    id: str
    network: str
    onset_s: float
    detected_s: float
    severity: Severity
    title: str
    symptoms: tuple[Symptom, ...]
    risk: str = Field(default="", exclude_if=lambda value: not value)


class Phase(StrEnum):
    """Where an incident stands (after TM Forum's trouble ticket states, with ours in between)."""

    DETECTED = "detected"
    DIAGNOSING = "diagnosing"
    PROPOSING = "proposing"
    IMAGINING = "imagining"
    SIMULATING = "simulating"
    PLANNING = "planning"
    AWAITING_APPROVAL = "awaiting_approval"
    ACTUATING = "actuating"
    VERIFYING = "verifying"
    AWAITING_REPAIR = "awaiting_repair"
    SOAKING = "soaking"
    RETURNING = "returning"
    RESOLVED = "resolved"
    ESCALATED = "escalated"


TERMINAL_PHASES = frozenset({Phase.RESOLVED, Phase.ESCALATED})
