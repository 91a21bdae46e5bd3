"""What an arm of a comparison is, and what is kept of one run of it."""

from pathlib import Path
from typing import Literal, Protocol

from evals.delays import HumanDelays
from evals.stage import Case
from twin.nouns.base import Noun

EndPhase = Literal["resolved", "escalated", "open", "no incident"]


class NamedCause(Noun):
    """One fault as an arm, or the truth, names it."""

    kind: str
    resources: tuple[str, ...]


class ArmResult(Noun):
    """One run of one arm on one realisation; what services felt is the truth, not what was seen.

    `slo_minutes`: minutes in breach per service from the start to the end of the case, above zero.
    `lost_bits`: offered and not delivered in that time. `detect_s`, `mitigate_s`, `resolve_s`:
    seconds after the fault began, None if never; `mitigate_s` is when the last mitigating change
    took effect that was kept and came before the trouble ended. `changes`: commits that were
    confirmed, one per device. `phase`: of the worst incident. `false_incidents`: those that began
    while nothing was wrong.

    `cause_correct`: the named causes are the true ones; faults that take links down are compared by
    the links (so link_down of each link of a duct is as right as its fiber_cut), all others by kind
    and resources; None where nothing was wrong. `location_correct`: one true resource is named.
    `repaired`: see `evals.truth`; None where nothing was wrong. `still_in_breach`: what the judged
    configuration leaves in breach; `seen_in_breach`: what really was, in most of the 30 s samples
    from a minute after that moment until the trouble ended. `chose_nothing`: the last decision was
    to change nothing. `outcomes`, `outcomes_inside`: predicted intervals that were read back, and
    those that held. `devices_left_changed`: whose configuration at the end is not the one before
    the fault.
    """

    arm: str
    case: str
    seed: int
    mismatch: int
    delays: HumanDelays
    slo_minutes: dict[str, float]
    slo_minutes_total: float
    services_hit: int
    lost_bits: float
    detect_s: float | None
    mitigate_s: float | None
    resolve_s: float | None
    changes: int
    phase: EndPhase
    incidents: int
    false_incidents: int
    causes: tuple[NamedCause, ...]
    cause_correct: bool | None
    location_correct: bool | None
    repaired: bool | None
    still_in_breach: tuple[str, ...]
    seen_in_breach: tuple[str, ...]
    escalated: bool
    chose_nothing: bool
    rolled_back: int
    outcomes: int
    outcomes_inside: int
    devices_left_changed: int
    wall_s: float


class Arm(Protocol):
    """Somebody who operates, or does not operate, the network of a case."""

    @property
    def name(self) -> str:
        """As in the tables."""
        ...

    def play(self, case: Case, seed: int, folder: Path) -> ArmResult:
        """Play the realisation `seed` of `case` in the new folder `folder`."""
        ...


def at_mismatch(case: Case, level: Literal[0, 1, 2]) -> Case:
    """The case at another mismatch level."""
    return Case(case.world.model_copy(update={"mismatch": level}), case.truth)
