"""Whether what would speak against a cause was observed. No mind: it is looked up."""

import math
from collections.abc import Collection
from typing import assert_never

from twin.errors import BadInput, Ungrounded
from twin.events.faults.traffic_spike import SUSPECT_SURGE
from twin.nouns.diagnosis import Refutation, Refuter
from twin.nouns.observation import Observation
from twin.nouns.state import NetworkState
from twin.nouns.topology import Interface

_DROPS = 0.002
"""Share of what an egress sends that it has to drop for drops to be seen: as alarms count them."""


def look_up(
    refuter: Refuter, observation: Observation, normal: NetworkState, unread: Collection[str]
) -> Refutation:
    """`refuter` with its verdict. `normal`: the network before; `unread`: nodes that committed
    since, and whose configuration was not read.

    Raises:
        Ungrounded, UnknownNode, UnknownLink: the resource is not one of that observable's.
    """
    seen = _is_seen(refuter, observation, normal, unread)
    if seen is None:
        return Refutation(**dict(refuter), verdict="not_observable")
    return Refutation(**dict(refuter), verdict="refuted" if seen == refuter.seen else "not_refuted")


def _is_seen(
    refuter: Refuter, observation: Observation, normal: NetworkState, unread: Collection[str]
) -> bool | None:
    """Whether it is to be seen; None if nothing that would show it was read."""
    topology = normal.topology
    match refuter.observable:
        case "adjacency_down":
            return topology.link(refuter.resource).id in observation.down_since
        case "traffic_surge":
            node = topology.node(refuter.resource).id
            ratio = float(observation.inbound_ratio[topology.node_index[node]])
            return ratio > SUSPECT_SURGE if math.isfinite(ratio) else None
        case "weight_change":
            egress = _egress(refuter)
            runs = observation.running.device(egress.node).interface(egress.link)
            before = normal.running.device(egress.node).interface(egress.link)
            return None if egress.node in unread else runs.igp_weight != before.igp_weight
        case "silent_loss" | "queue_drops":
            egress = _egress(refuter)
            arc = topology.arc_of(egress)
            if observation.rounds == 0 or egress.link in observation.down_since:
                return None
            if refuter.observable == "silent_loss":
                value, limit = observation.loss[arc], observation.suspect_loss[arc]
            else:
                value, limit = observation.drop_fraction[arc], _DROPS
            return bool(value > limit) if math.isfinite(value) else None
        case _:
            assert_never(refuter.observable)


def _egress(refuter: Refuter) -> Interface:
    try:
        return Interface.parse(refuter.resource)
    except BadInput as exc:
        raise Ungrounded(f"{refuter.observable} is at an egress: {exc}") from exc
