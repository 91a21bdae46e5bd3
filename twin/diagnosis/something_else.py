"""Something for which no kind here has a word, at a place: a hypothesis beside the others.

A kind predicts sharply what every channel shows. This one predicts broadly, and for the channels at
its place, so that it is likelier than a kind only where none fits. It stands alone, or beside a set
of faults that explains the rest.
"""

import math
from collections.abc import Sequence

import numpy as np

from twin.diagnosis.channels import Channels
from twin.diagnosis.likelihood import SECOND_FAULT
from twin.events.fault import Fault
from twin.nouns.base import Noun
from twin.nouns.evidence import MOST_NATS
from twin.nouns.telemetry import FloatArray

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
    return list(zip(places.names, odds.tolist(), strict=True))


def _here(channels: Channels, mixed: FloatArray) -> FloatArray:
    """(n_places,) sums of `mixed`; all probes of a place together weigh no more than they do for a
    fault, or where many cross it a loss would be of no kind.
    """
    probes = channels.places.summed(np.where(channels.is_probe, mixed, 0.0))
    rest = channels.places.summed(np.where(channels.is_probe, 0.0, mixed))
    return rest + np.clip(probes, -MOST_NATS, MOST_NATS)


def _mixed(surprise: FloatArray, share: float) -> FloatArray:
    return np.logaddexp(math.log1p(-share), math.log(share) + surprise)
