"""What cannot have been measured is masked, counted and told by device; by the intake alone."""

from dataclasses import fields

import numpy as np
import pytest

from evals.hostile.feeds import OpenDoor, poured
from evals.hostile.poisons import Vial
from tests.twin.tracking.square import START_S, Counters, flows, inventory, probes
from twin.nouns.left_out import Oddity
from twin.nouns.telemetry import Telemetry
from twin.tracking.intake import FLOWS, Intake

KNOWN = inventory(demands=(("A", "B", 1e9),))

POISONED = {
    "counters sent_bytes infinite": ("A", Oddity.NOT_FINITE),
    "counters received_bytes minus-one": ("A", Oddity.NEGATIVE),
    "counters time_s none": ("A", Oddity.STAMP),
    "counters without links": ("A", Oddity.UNREADABLE),
    "probes lost infinite": (KNOWN.probes[-1].source, Oddity.NOT_FINITE),
    "flows rates_bps 1e308": ("A", Oddity.IMPOSSIBLE),
    "flows flows 1e308": ("A", Oddity.IMPOSSIBLE),
    "flows fan_out 1e308": ("D", Oddity.IMPOSSIBLE),
    "flows from_s none": (FLOWS, Oddity.STAMP),
}
"""Poisons, with whom it is told of, and as what."""


def _odd_numbers(records: list[Telemetry]) -> int:
    """How many numbers of `records` cannot be; what was not read is none of them."""
    arrays = [getattr(r, f.name) for r in records for f in fields(r)]
    numbers = [a.astype(np.float64) for a in arrays if isinstance(a, np.ndarray)]
    return sum(int((np.isinf(a) | (a < 0) | (a > 1e300)).sum()) for a in numbers)


@pytest.mark.parametrize("poison", POISONED)
def test_poison_is_masked_and_told_of_its_source_by_the_intake_alone(poison: str) -> None:
    on = KNOWN.topology
    vial = Vial(on, "A", "A-B", "B", "C-D", START_S - 1.0, np.random.default_rng(1))
    clean: list[Telemetry] = [
        *Counters(on).read(),
        probes(KNOWN, START_S),
        flows(np.zeros((3, 4, 4)), START_S),
    ]
    arrived = list(poured(poison, vial)(clean, START_S))
    intake, open_door = Intake(on, probes=KNOWN.probes), OpenDoor(on, probes=KNOWN.probes)
    admitted = [r for r in (intake.admit(each, START_S) for each in arrived) if r is not None]
    source, oddity = POISONED[poison]
    assert [(one.source, set(one.times)) for one in intake.left_out()] == [(source, {oddity})]
    assert _odd_numbers(admitted) == 0
    # The control: with the door open the records are what they were, and nobody hears of it.
    let_in = [open_door.admit(each, START_S) for each in arrived]
    assert all(let is each for let, each in zip(let_in, arrived, strict=True))
    assert open_door.left_out() == ()
