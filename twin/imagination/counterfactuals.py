"""What a remedy would leave of a line of the register: searched and judged as in an incident."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from twin.events.phrases import what_if_text
from twin.events.what_if import WhatIf
from twin.imagination.enumeration import Costed, Enumerated
from twin.imagination.regimes import Regime
from twin.nouns.risk import Mitigation
from twin.nouns.state import NetworkState
from twin.physics.twin import Twin
from twin.remedies.objective import Outlook, expected_cost
from twin.remedies.screening import Screening

_LEAST_HOURS = 1e-9


def mitigation_of(
    twin: Twin, state: NetworkState, found: Enumerated, one: Costed, seed: int = 1
) -> Mitigation:
    """The best remedy of up to four changes for `one`, over all regimes. `state`: whose demand is
    that of the peak.
    """
    what_if = sum((found.elements[i].event for i in one.members), ())
    return _best(twin, state, what_if, found.regimes, seed)


@dataclass(frozen=True, slots=True)
class MitigationTask:
    """The best remedy for `what_if`, which strikes in `base`, for a runner to find; otherwise as
    `mitigation_of`.
    """

    base: NetworkState
    what_if: WhatIf
    regimes: tuple[Regime, ...]
    seed: int = 1

    @property
    def name(self) -> str:
        """See Task."""
        return what_if_text(self.what_if)

    def content(self) -> dict[str, Any]:
        """See Task."""
        return {
            "what_if": self.name,
            "regimes": [[regime.level, regime.share] for regime in self.regimes],
            "seed": self.seed,
        }

    def play(self, twin: Twin, before_step: Callable[[], None]) -> Mitigation:
        """See Task."""
        before_step()
        return _best(twin, self.base, self.what_if, self.regimes, self.seed)


def _best(
    twin: Twin, state: NetworkState, what_if: WhatIf, regimes: Sequence[Regime], seed: int
) -> Mitigation:
    failed = state
    for event in what_if:
        failed = event.after(failed)
    outlook = _outlook(regimes)
    usual = expected_cost(twin, state, outlook).breach_hours
    screening = Screening(twin, failed, outlook, seed=seed, margin=1.0)
    nothing = max(0.0, screening.nothing.cost.breach_hours - usual)
    best = min(
        screening.best(),
        key=lambda screened: (screened.cost.breach_hours, screened.cost.total),
        default=screening.nothing,
    )
    left = max(0.0, best.cost.breach_hours - usual)
    if nothing <= _LEAST_HOURS or left >= nothing:
        return Mitigation(actions=(), effectiveness=0.0)
    return Mitigation(actions=best.actions, effectiveness=1.0 - left / nothing)


def _outlook(regimes: Sequence[Regime]) -> Outlook:
    """An hour, at each level for its share; the highest first."""
    order = sorted(regimes, key=lambda regime: -regime.level)
    return Outlook(
        np.array([regime.level for regime in order]), np.array([regime.share for regime in order])
    )
