"""What another monitoring system says is wrong with the network.

It is said of a part of the network, and of nothing that was measured here: an observation that may
be false, and that may be missing.
"""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from twin.nouns.base import Noun

AlertClaim = Literal[
    "adjacency_down",
    "queue_drops",
    "silent_loss",
    "late_link",
    "configuration_change",
    "traffic_surge",
    "service_breach",
    "trouble",
]
"""What an alert says: that the symptom of that kind is there, or "trouble", whatever it is."""

Chance = Annotated[float, Field(gt=0.0, lt=1.0)]


class Alert(Noun):
    """What alerts of one rule say of one part of the network.

    `rule`: that of the operator's mapping by which it was read. `resource`: as in `Symptom`; a
    "trouble" may be of a link, an egress, a node or a service. `starts_s`, `ends_s`: the network's
    clock; None while one of them is firing. `alerts`: how many say so. `false_rate`,
    `missed_rate`: of what the rule says, so much is about nothing; of what it should say, it does
    not say so much.
    """

    rule: str
    claims: AlertClaim
    resource: str
    starts_s: float
    ends_s: float | None = None
    alerts: int = 1
    false_rate: Chance
    missed_rate: Chance

    @property
    def id(self) -> str:
        """rule:claims:resource."""
        return f"{self.rule}:{self.claims}:{self.resource}"

    @property
    def is_firing(self) -> bool:
        """Whether it is still said."""
        return self.ends_s is None


@dataclass(frozen=True, slots=True)
class AlertRound:
    """All that alerts say at `time_s`, and what they said lately; the network's clock."""

    time_s: float
    alerts: tuple[Alert, ...]
