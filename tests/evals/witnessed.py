"""Plays that nobody played: what a witness might have seen, in a few words."""

from evals.arm import ArmResult, NamedCause
from evals.delays import NO_DELAYS
from evals.witness import Diagnosed, Told, Witnessed

DOWN = NamedCause(kind="link_down", resources=("a--b",))
OTHER = NamedCause(kind="link_down", resources=("c--d",))


def result(
    minutes: dict[str, float] | None = None, *, outcomes: int = 0, outcomes_inside: int = 0
) -> ArmResult:
    """A play in which services were so many minutes in breach, of a fault that was repaired."""
    lost = minutes or {}
    return ArmResult(
        arm="noctua",
        case="c-1",
        seed=1,
        mismatch=1,
        delays=NO_DELAYS,
        slo_minutes=lost,
        slo_minutes_total=sum(lost.values()),
        services_hit=len(lost),
        lost_bits=0.0,
        detect_s=60.0,
        mitigate_s=None,
        resolve_s=None,
        changes=0,
        phase="resolved",
        incidents=1,
        false_incidents=0,
        causes=(DOWN,),
        cause_correct=True,
        location_correct=True,
        repaired=True,
        still_in_breach=(),
        seen_in_breach=(),
        escalated=False,
        chose_nothing=False,
        rolled_back=0,
        outcomes=outcomes,
        outcomes_inside=outcomes_inside,
        devices_left_changed=0,
        wall_s=1.0,
    )


def seen(minutes: dict[str, float] | None = None, **more: object) -> Witnessed:
    """A play of 0 to 10,000 s with the fault DOWN from 600 s on; `more`: other fields."""
    bare = Witnessed(
        result=result(minutes), starts_s=0.0, ends_s=10_000.0, faults=(DOWN,), began_s=(600.0,)
    )
    return bare.model_copy(update=more)


def told(
    *causes: NamedCause, at_s: float = 700.0, until_s: float | None = None, **more: object
) -> Told:
    """An incident since `at_s` that named `causes` 60 s later; `more`: other fields."""
    bare = Told(
        id="live-0001",
        detected_s=at_s,
        open=((at_s, until_s),),
        diagnoses=(Diagnosed(at_s=at_s + 60.0, causes=causes),) if causes else (),
    )
    return bare.model_copy(update=more)
