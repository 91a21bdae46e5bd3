"""From what an arm did, and what really happened, to an `ArmResult`: one rule for all arms."""

import time
from dataclasses import dataclass

import numpy as np

from evals.arm import ArmResult, EndPhase
from evals.delays import HumanDelays
from evals.truth import (
    Recorder,
    Trouble,
    bench,
    named,
    names_a_location,
    same_cause,
)
from twin.events.fault import Fault

OVERTIME_S = 6 * 3600.0
"""How long an arm may go on after the case's end to close what it has open."""


HIT_MINUTES = 1.0
"""A service is counted as hit from this much on: every change of routing blinks for a second."""

_SETTLED_S = 60.0


@dataclass(frozen=True, slots=True)
class IncidentAccount:
    """One incident (or ticket) as the arm tells of it; times in Unix seconds.

    `paged`: whether a person was called with cause and place while it went on.
    """

    onset_s: float
    detected_s: float
    closed_s: float | None
    phase: EndPhase
    causes: tuple[Fault, ...]
    locations: tuple[str, ...]
    paged: bool = False


@dataclass(frozen=True, slots=True)
class Account:
    """What an arm says it did. `mitigated_s`: when each mitigating change took effect
    that was then confirmed."""

    incidents: tuple[IncidentAccount, ...]
    mitigated_s: tuple[float, ...]
    changes: int
    rolled_back: int
    chose_nothing: bool = False
    outcomes: int = 0
    outcomes_inside: int = 0


def score(
    arm: str, recorder: Recorder, account: Account, delays: HumanDelays, started: float
) -> ArmResult:
    """The result of one run. `started`: `time.perf_counter()` when it began."""
    trouble = recorder.trouble()
    true, false = _split(account, trouble)
    left = None if trouble is None else _left_in_breach(recorder, trouble, account)
    causes = tuple(f for i in true for f in i.causes)
    minutes = {s: round(seconds / 60, 3) for s, seconds in sorted(recorder.breach_s.items())}
    world = recorder.case.world
    return ArmResult(
        arm=arm,
        case=world.id,
        seed=recorder.network.identity.seed,
        mismatch=world.mismatch,
        delays=delays,
        slo_minutes=minutes,
        slo_minutes_total=round(sum(minutes.values()), 3),
        services_hit=sum(1 for lost in minutes.values() if lost >= HIT_MINUTES),
        lost_bits=recorder.lost_bits,
        detect_s=_after(trouble, [min(i.detected_s for i in true)] if true else []),
        mitigate_s=_after(trouble, _mitigations(trouble, account)),
        resolve_s=_resolved(trouble, true),
        changes=account.changes,
        phase=_phase(account),
        incidents=len(account.incidents),
        false_incidents=len(false),
        causes=named(causes),
        cause_correct=None if trouble is None else same_cause(causes, trouble.faults),
        location_correct=None if trouble is None else _located(true, trouble),
        repaired=None if left is None else not left,
        still_in_breach=left or (),
        seen_in_breach=() if trouble is None else _seen_in_breach(recorder, trouble, account),
        escalated=any(i.phase == "escalated" or i.paged for i in account.incidents),
        chose_nothing=account.chose_nothing,
        rolled_back=account.rolled_back,
        outcomes=account.outcomes,
        outcomes_inside=account.outcomes_inside,
        devices_left_changed=_left_changed(recorder, trouble),
        wall_s=round(time.perf_counter() - started, 2),
    )


def _split(
    account: Account, trouble: Trouble | None
) -> tuple[list[IncidentAccount], list[IncidentAccount]]:
    true, false = list[IncidentAccount](), list[IncidentAccount]()
    for incident in account.incidents:
        is_true = trouble is not None and trouble.covers(incident.onset_s)
        (true if is_true else false).append(incident)
    return true, false


def _mitigations(trouble: Trouble | None, account: Account) -> list[float]:
    if trouble is None:
        return []
    return [t for t in account.mitigated_s if trouble.starts_s <= t < trouble.ends_s]


def _left_in_breach(recorder: Recorder, trouble: Trouble, account: Account) -> tuple[str, ...]:
    """What the configuration after the last mitigation leaves in breach until the trouble ends."""
    judged_s = _judged_s(trouble, account)
    before = recorder.configuration_at(trouble.starts_s - 1.0)
    found = bench(recorder.network, before, judged_s, trouble.ends_s)
    return found.breaches(recorder.configuration_at(judged_s))


def _judged_s(trouble: Trouble, account: Account) -> float:
    return max([trouble.decision_s, *_mitigations(trouble, account)])


def _seen_in_breach(recorder: Recorder, trouble: Trouble, account: Account) -> tuple[str, ...]:
    since_s = _judged_s(trouble, account) + _SETTLED_S
    rows = [s.breach for s in recorder.view.samples if since_s <= s.time_s < trouble.ends_s]
    if not rows:
        return ()
    share = np.mean(rows, axis=0)
    services = recorder.view.services
    return tuple(s for s, part in zip(services, share, strict=True) if part > 0.5)


def _after(trouble: Trouble | None, times_s: list[float]) -> float | None:
    return round(max(times_s) - trouble.starts_s, 1) if trouble is not None and times_s else None


def _resolved(trouble: Trouble | None, true: list[IncidentAccount]) -> float | None:
    closed = [i.closed_s for i in true if i.phase == "resolved" and i.closed_s is not None]
    return _after(trouble, closed) if len(closed) == len(true) else None


def _phase(account: Account) -> EndPhase:
    phases = {i.phase for i in account.incidents}
    order: tuple[EndPhase, ...] = ("open", "escalated", "resolved")
    return next((p for p in order if p in phases), "no incident")


def _located(true: list[IncidentAccount], trouble: Trouble) -> bool:
    said = [r for i in true for f in i.causes for r in f.resources]
    said += [where for i in true for where in i.locations]
    return names_a_location(said, trouble.faults)


def _left_changed(recorder: Recorder, trouble: Trouble | None) -> int:
    starts = recorder.case.world.starts_s if trouble is None else trouble.starts_s - 1.0
    before = recorder.configuration_at(starts)
    now = recorder.network.running_configuration()
    return sum(a != b for a, b in zip(before.devices, now.devices, strict=True))
