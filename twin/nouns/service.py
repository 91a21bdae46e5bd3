"""Who is served, and what they were promised."""

from twin.nouns.base import Noun
from twin.nouns.traffic_class import TrafficClass


class ServiceLevelObjective(Noun):
    """Bounds on every pair of a service; `None` promises nothing on that point.

    `loss`: fraction 0..1. `delay_s`: mean one-way delay in seconds. `availability`: fraction of
    time; a pair is unavailable while it loses more than UNAVAILABLE_LOSS of its traffic.
    """

    loss: float | None
    delay_s: float | None
    availability: float


UNAVAILABLE_LOSS = 0.5
"""Our definition: a pair that loses over half of its packets serves nobody."""


class Service(Noun):
    """What `customer` buys: directed (source, target) pairs in one class, under one objective."""

    id: str
    customer: str
    traffic_class: TrafficClass
    pairs: tuple[tuple[str, str], ...]
    objective: ServiceLevelObjective
