"""Which services are better or worse off than before, as far as probes show it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from twin.nouns.inventory import Inventory
from twin.nouns.service import UNAVAILABLE_LOSS, Service
from twin.nouns.telemetry import FloatArray, ProbeRound

_SIGMAS = 4.0
"""A share of lost probes differs from another where it is so many standard errors away: dozens of
services are compared at every change."""

_DELAY_NOISE_S = 0.001
"""A service's delay is worse from here on: what probes measure jitters by less."""

_LOSS_NOISE = 0.003
"""So much beyond its bound a service has to lose to break it: what a few packets more show."""


@dataclass(frozen=True, slots=True)
class ServiceChange:
    """Ids of services, in the order of the inventory.

    `worse`, `better`: than before. `healed`: back within all objectives. `hurt_before`: outside one
    before.
    """

    worse: tuple[str, ...]
    better: tuple[str, ...]
    healed: tuple[str, ...]
    hurt_before: tuple[str, ...]


def service_change(
    inventory: Inventory, before: Sequence[ProbeRound], after: Sequence[ProbeRound]
) -> ServiceChange:
    """What services felt in the probe rounds `after`, against the rounds `before`.

    A service is as its worst pair. It is worse if it loses more than before, beyond its bound and
    beyond chance, or if it is slower than before and than its bound. Whose packets were lost and
    arrive late now is no worse. A service without a probe on either side is in none of the lists.
    """
    index = {(p.source, p.target, p.traffic_class): i for i, p in enumerate(inventory.probes)}
    earlier, later = _Seen.of(before), _Seen.of(after)
    found: dict[str, list[str]] = {"worse": [], "better": [], "healed": [], "hurt_before": []}
    for service in inventory.services:
        keys = [(a, b, service.traffic_class) for a, b in service.pairs]
        rows = [index[key] for key in keys if key in index]
        then, now = earlier.felt(rows), later.felt(rows)
        if then is None or now is None:
            continue
        was_hurt, is_hurt = then.breaks(service), now.breaks(service)
        for name, holds in (
            ("worse", now.is_worse_than(then, service)),
            ("better", was_hurt and (not is_hurt or then.loses_more_than(now))),
            ("healed", was_hurt and not is_hurt),
            ("hurt_before", was_hurt),
        ):
            if holds:
                found[name].append(service.id)
    return ServiceChange(**{name: tuple(ids) for name, ids in found.items()})


@dataclass(frozen=True, slots=True)
class _Felt:
    """The worst that the pairs of a service felt: share lost, of so many packets, and delay."""

    loss: float
    packets: float
    delay_s: float

    def breaks(self, service: Service) -> bool:
        return self._loses_too_much(service) or self._is_too_slow(service)

    def is_worse_than(self, then: "_Felt", service: Service) -> bool:
        if self._loses_too_much(service):
            return self.loses_more_than(then)
        return (
            self._is_too_slow(service)
            and not then._loses_too_much(service)
            and self.delay_s > then.delay_s + _DELAY_NOISE_S
        )

    def loses_more_than(self, other: "_Felt") -> bool:
        """Beyond what as many packets show by chance."""
        together = self.loss * self.packets + other.loss * other.packets
        share = together / (self.packets + other.packets)
        error = np.sqrt(share * (1.0 - share) * (1.0 / self.packets + 1.0 / other.packets))
        return bool(self.loss - other.loss > _SIGMAS * error)

    def _loses_too_much(self, service: Service) -> bool:
        bound = service.objective.loss
        return self.loss > (UNAVAILABLE_LOSS if bound is None else bound) + _LOSS_NOISE

    def _is_too_slow(self, service: Service) -> bool:
        bound = service.objective.delay_s
        return bound is not None and self.delay_s > bound


@dataclass(frozen=True, slots=True)
class _Seen:
    """Of some rounds: packets `sent` and `lost`, and the median `delay_s`, NaN where nothing
    arrived: (n_probes,) each, (0,) of no rounds.
    """

    sent: FloatArray
    lost: FloatArray
    delay_s: FloatArray

    @classmethod
    def of(cls, rounds: Sequence[ProbeRound]) -> "_Seen":
        if not rounds:
            return cls(np.zeros(0), np.zeros(0), np.zeros(0))
        sent, lost = np.stack([r.sent for r in rounds]), np.stack([r.lost for r in rounds])
        known = np.isfinite(sent) & np.isfinite(lost)
        return cls(
            np.where(known, sent, 0.0).sum(axis=0),
            np.where(known, lost, 0.0).sum(axis=0),
            median_seen([r.delay_s for r in rounds]),
        )

    def felt(self, rows: Sequence[int]) -> _Felt | None:
        """By the pairs that are probed in `rows`; None where none of these reported."""
        seen = [i for i in rows if self.sent.size and self.sent[i] > 0]
        if not seen:
            return None
        worst = max(seen, key=lambda i: self.lost[i] / self.sent[i])
        delays = [self.delay_s[i] for i in seen if np.isfinite(self.delay_s[i])]
        return _Felt(
            loss=float(self.lost[worst] / self.sent[worst]),
            packets=float(self.sent[worst]),
            delay_s=float(max(delays, default=0.0)),
        )


def median_seen(rows: Sequence[FloatArray]) -> FloatArray:
    """Of what is finite in each column, NaN where nothing is."""
    ordered = np.sort(np.stack(rows), axis=0)  # NaN comes last.
    count = np.isfinite(ordered).sum(axis=0)
    middle = ordered[np.maximum(count - 1, 0) // 2, np.arange(ordered.shape[1])]
    return np.asarray(np.where(count > 0, middle, np.nan))
