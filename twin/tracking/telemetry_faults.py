"""Which faults of telemetry are there now: begun, gone on with, over."""

from collections.abc import Iterable, Mapping
from typing import Any

from twin.nouns.telemetry_fault import TelemetryFault, TelemetryFaultKind

FORGOTTEN_S = 900.0
"""What has not been seen again for so long is over."""


class TelemetryFaults:
    """At most one fault of a kind for each source: it grows with the sources, never with time."""

    def __init__(self, kept: Iterable[Mapping[str, Any]] = (), now_s: float = float("inf")) -> None:
        """`kept`: what `dump` wrote; what claims to begin after `now_s` is forgotten."""
        self._seen_s: dict[tuple[str, TelemetryFaultKind], float] = {}
        self._faults: dict[tuple[str, TelemetryFaultKind], TelemetryFault] = {}
        for one in kept:
            fault = TelemetryFault.model_validate(one["fault"])
            if fault.since_s <= one["seen_s"] <= now_s:
                key = fault.source, fault.kind
                self._faults[key], self._seen_s[key] = fault, one["seen_s"]

    def note(
        self,
        source: str,
        kind: TelemetryFaultKind,
        now_s: float,
        *,
        since_s: float | None = None,
        amount: float = 0.0,
        links: Iterable[str] = (),
    ) -> None:
        """It is so at `now_s`; it began then, or at `since_s`, unless it was known."""
        key = source, kind
        known = self._faults.get(key)
        begun_s = now_s if since_s is None else since_s
        self._faults[key] = TelemetryFault(
            source=source,
            kind=kind,
            since_s=begun_s if known is None else known.since_s,
            amount=amount,
            links=tuple(sorted(links)),
        )
        self._seen_s[key] = now_s

    def clear(self, source: str, kind: TelemetryFaultKind) -> None:
        """It is over; clearing what is not there does nothing."""
        self._faults.pop((source, kind), None)
        self._seen_s.pop((source, kind), None)

    def forget(self, now_s: float) -> None:
        """What was not seen lately is over."""
        for source, kind in [k for k, at_s in self._seen_s.items() if at_s < now_s - FORGOTTEN_S]:
            self.clear(source, kind)

    def now(self) -> tuple[TelemetryFault, ...]:
        """What there is, by source and kind."""
        return tuple(self._faults[key] for key in sorted(self._faults))

    def dump(self) -> list[dict[str, Any]]:
        """JSON-able; the constructor takes it back."""
        return [
            {"fault": fault.model_dump(mode="json"), "seen_s": self._seen_s[key]}
            for key, fault in self._faults.items()
        ]
