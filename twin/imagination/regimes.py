"""The hours of a day, in a few groups of like demand."""

from dataclasses import dataclass

import numpy as np

from twin.nouns.traffic import DailyProfile

REGIMES = 4


@dataclass(frozen=True, slots=True)
class Regime:
    """Demand of `level` times the peak, for `share` of all hours. `name`: for people."""

    name: str
    level: float
    share: float


def regimes_of(profile: DailyProfile, count: int = REGIMES) -> tuple[Regime, ...]:
    """The least demand first: about equally many hours each, at their mean level."""
    hours = np.sort(np.asarray(profile.hourly))
    parts = [part for part in np.array_split(hours, count) if len(part)]
    return tuple(
        Regime(
            name=f"{part.mean():.0%} of peak",
            level=float(part.mean()),
            share=len(part) / len(hours),
        )
        for part in parts
    )
