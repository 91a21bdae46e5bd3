"""Something for which no kind here has a word, at a place: a hypothesis beside the others.

A kind predicts sharply what every channel shows. This one predicts broadly, and for the channels at
its place, so that it is likelier than a kind only where none fits. Where a link carries nothing any
more, it may be what takes the traffic off it: elsewhere it then shows what a drain would. It stands
alone, or beside a set of faults that explains the rest.
"""

import math
from collections.abc import Sequence

import numpy as np

from twin.diagnosis.channels import Channels
from twin.diagnosis.likelihood import SECOND_FAULT
from twin.events.fault import Fault
from twin.nouns.base import Noun
from twin.nouns.evidence import MOST_NATS
from twin.nouns.incident import EVERYWHERE
from twin.nouns.telemetry import FloatArray
from twin.nouns.topology import Interface, Topology

_LOG_PRIOR = math.log(0.1) + math.log(0.05)
"""One incident in ten is of no kind that is known, and it is at each place with a chance of one in
twenty (assumed): what counts is what is seen there, and not how many places a network has."""

_TAKE_PART = (0.2, 0.8)
"""Of the channels at its place, so many show it: few, or most (assumed)."""

_RIPPLE = 0.1
"""Of loads, losses, drops and probes elsewhere, so many show it as well, or none (assumed)."""


class SomethingElse(Noun):
    """`place`: a node, a link, "node|link", or EVERYWHERE. `log_posterior`: nats against nothing
    being wrong, with the prior.
    """

    place: str
    log_posterior: float


def beside(channels: Channels, faults: Sequence[Fault]) -> list[tuple[str, float]]:
    """Log odds of `faults` and something else, at each place, against `faults` alone."""
    surprise, places = channels.surprises(faults), channels.places
    here = np.logaddexp(*(_here(channels, _mixed(surprise, share)) for share in _TAKE_PART))
    ripple = np.where(channels.may_ripple, _mixed(surprise, _RIPPLE), 0.0)
    elsewhere = np.logaddexp(ripple.sum() - places.summed(ripple), 0.0)
    prior = _LOG_PRIOR + (SECOND_FAULT if faults else 0.0)
    odds = here + elsewhere - 2 * math.log(2.0) + prior
    found = list(zip(places.names, odds.tolist(), strict=True))
    for place, own, without in channels.emptied(faults, surprise):
        few, most = (channels.total(_mixed(surprise, share), own) for share in _TAKE_PART)
        moved = np.where(channels.may_ripple, surprise - without, 0.0)
        moved[own] = 0.0
        there = float(np.logaddexp(few, most)) - math.log(2.0)
        found.append((place, there + float(moved.sum()) + prior))
    return found


def holds(topology: Topology, place: str, resource: str) -> bool:
    """Whether `resource` is at `place`: the same, a link at a node, an egress at either, or all."""
    egress = Interface.named_by(resource)
    link = egress.link if egress else resource
    ends = topology.link(link) if link in topology.link_index else None
    return place in (EVERYWHERE, resource, link) or (ends is not None and place in (ends.a, ends.b))


def _here(channels: Channels, mixed: FloatArray) -> FloatArray:
    """(n_places,) sums of `mixed`; all probes of a place together weigh no more than they do for a
    fault, or where many cross it a loss would be of no kind.
    """
    probes = channels.places.summed(np.where(channels.is_probe, mixed, 0.0))
    rest = channels.places.summed(np.where(channels.is_probe, 0.0, mixed))
    return rest + np.clip(probes, -MOST_NATS, MOST_NATS)


def _mixed(surprise: FloatArray, share: float) -> FloatArray:
    return np.logaddexp(math.log1p(-share), math.log(share) + surprise)
