"""How what alerts say weighs for or against causes: an observation that may be false or missing."""

import math
from collections.abc import Iterable, Iterator, Sequence

from twin.diagnosis.explaining import unexplained
from twin.diagnosis.something_else import holds
from twin.events.fault import Fault
from twin.nouns.alert import Alert
from twin.nouns.evidence import CLAIM_NATS, Evidence
from twin.nouns.incident import Symptom
from twin.tracking.belief import Belief
from twin.whatif.supposed import Supposed

_FELT = frozenset({"service_breach"})
"""Any cause may bring it: that it is said tells none from another."""


def alerted(
    belief: Belief, normal: Supposed, faults: Sequence[Fault], alerts: Sequence[Alert]
) -> list[Evidence]:
    """What `alerts` say, in nats against "nothing is wrong" in the network `normal`.

    An alert that `faults` bring about speaks for them by the chance that it is sent then, over the
    chance that it is false. Of several that say the same of one part, the best rule counts, and all
    together weigh no more than what one device claims. That nothing is said is no evidence: nobody
    knows which parts a rule of others watches.
    """
    best = dict[tuple[str, str], tuple[float, Alert]]()
    for alert in alerts:
        if alert.claims in _FELT or not _is_explained(belief, normal, faults, alert):
            continue
        weight = math.log((1.0 - alert.missed_rate) / alert.false_rate)
        said = (alert.claims, alert.resource)
        best[said] = max(best.get(said, (0.0, alert)), (weight, alert), key=lambda one: one[0])
    return list(_bounded(sorted(best.values(), key=lambda one: (-one[0], one[1].id))))


def _bounded(weighed: Iterable[tuple[float, Alert]]) -> Iterator[Evidence]:
    left = CLAIM_NATS
    for weight, alert in weighed:
        counts = min(weight, left)
        left -= counts
        if counts > 0.0:
            text = f"an alert ({alert.rule}) says {alert.claims} of {alert.resource}"
            yield Evidence(observation=text, log_likelihood_ratio=counts)


def _is_explained(belief: Belief, normal: Supposed, faults: Sequence[Fault], alert: Alert) -> bool:
    """Whether `faults` bring about the symptom that is said, or sit where trouble is said."""
    if alert.claims == "trouble":
        topology = normal.base.topology
        sits = {r for fault in faults for r in fault.resources}
        return any(holds(topology, alert.resource, resource) for resource in sits)
    said = Symptom(
        kind=alert.claims,
        resource=alert.resource,
        first_seen_s=alert.starts_s,
        last_seen_s=alert.starts_s,
        magnitude=1.0,
        alarms=alert.alerts,
    )
    return bool(faults) and not unexplained(belief, normal, faults, [said])
