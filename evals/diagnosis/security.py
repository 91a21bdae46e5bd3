"""Attacks told from what only looks like them: floods from crowds and peaks, a breach from changes.

Recorded as the bench records, and looked at every minute. Who does not know kinds has thresholds.
"""

from collections.abc import Callable, Mapping, Sequence
from importlib.resources import files
from typing import cast

import numpy as np
from pydantic import Field

from evals.campaigns.campaign import Campaign, Spec
from evals.campaigns.records import Record, code_text, raised_text
from evals.diagnosis.methods import noctua
from evals.diagnosis.recording import Look, looks
from evals.diagnosis.scene import QUIET_S, Scene, Severity, drawn_scene
from evals.intervals import share_interval
from evals.stage import Case
from evals.truth import names_a_location, same_cause
from evals.unseen import Ground, drawn_world, numbers_for
from tools.network.emulated.case_truth import CaseTruth, DemandEpisode, PlannedAction
from tools.network.emulated.case_world import AnnouncedWork, CaseWorld
from twin.events.faults.access_breach import MANY_FAILED
from twin.nouns.base import Noun

LOOKS_S = tuple(60.0 * minute for minute in range(1, 13))

ATTACKS = ("tcp_syn_flood_attack", "web_dos_attack", "access_breach")

MANY = 3.0
"""Times the flows expected: what a threshold takes for a flood."""

_HALF_AN_HOUR_S = 1800.0
_PEAKS, _RAMP_S = (1.15, 1.35), 900.0
_CHANGES = ("igp_weight_misconfig", "unannounced_drain", "policer_misconfig", "blackhole_route")


class SecuritySpec(Spec):
    """`cases`: topologies. `kinds`: attacks and controls. `missing`: the share of samples that
    is.
    """

    kinds: tuple[str, ...]
    missing: float = Field(ge=0, lt=1)


class Play(Noun):
    """One recording, for all of `arms` to look at."""

    case: str
    kind: str
    seed: int
    missing: float
    arms: tuple[str, ...]


class Alarm(Noun):
    """Of one arm: when it first said that there is an attack, when it first named what is wrong,
    attack or not, and whether it did so at the last look; None for never.
    """

    arm: str
    alarm_s: float | None
    named_s: float | None
    exact: bool


class Watched(Noun):
    """`alarms`: none where the network has no place for it."""

    alarms: tuple[Alarm, ...]


SecurityRecord = Record[Play, Watched]


def _planned_change(play: Play) -> Scene:
    """Announced work that is done as announced: a link is drained, and taken back later."""
    key = ("security", play.case, play.kind, play.seed)
    numbers, world = numbers_for(*key), _world(play, *key)
    ground = Ground.of(world)
    link = ground.spare[int(numbers.integers(len(ground.spare)))].id
    begins_s = QUIET_S + float(numbers.uniform(0.0, 60.0))
    work = AnnouncedWork(id="CHG-1", links=(link,), at_s=begins_s - 60.0, until_s=begins_s + 3600.0)
    done = PlannedAction(
        at_s=begins_s, until_s=begins_s + 3000.0, link=link, what="drain", change_id=work.id
    )
    announced = world.model_copy(update={"planned_work": (work.planned(world.starts_s),)})
    return Scene(Case(announced, CaseTruth(planned_actions=(done,))), begins_s, 0)


def _benign_peak(play: Play) -> Scene:
    """More traffic within a quarter of an hour, of all or towards one node."""
    key = ("security", play.case, play.kind, play.seed)
    numbers, world = numbers_for(*key), _world(play, *key)
    nodes = Ground.of(world).inventory.topology.nodes
    target = nodes[int(numbers.integers(len(nodes)))].id if play.seed % 2 else None
    begins_s = QUIET_S + float(numbers.uniform(0.0, 60.0))
    peak = DemandEpisode(
        at_s=begins_s,
        until_s=begins_s + 5400.0,
        factor=round(float(numbers.uniform(*_PEAKS)), 2),
        ramp_s=_RAMP_S,
        target=target,
    )
    return Scene(Case(world, CaseTruth(demand_episodes=(peak,))), begins_s, 0)


def _flash_crowd(play: Play) -> Scene | None:
    return _of_fault(play, "traffic_spike")


def _unannounced_change(play: Play) -> Scene | None:
    """An operator's mistake, under no announced work."""
    return _of_fault(play, _CHANGES[play.seed % len(_CHANGES)])


def _of_fault(play: Play, kind: str) -> Scene | None:
    return drawn_scene(play.case, (kind,), cast("Severity", play.seed % 3), play.seed)


def _world(play: Play, *key: object) -> CaseWorld:
    return drawn_world(play.case, *key, duration_s=QUIET_S + 6000.0)


CONTROLS: Mapping[str, Callable[[Play], Scene | None]] = {
    "flash crowd": _flash_crowd,
    "planned change": _planned_change,
    "benign peak": _benign_peak,
    "unannounced change": _unannounced_change,
}
"""What is no attack."""


def _scene(play: Play) -> Scene | None:
    if play.kind in CONTROLS:
        return CONTROLS[play.kind](play)
    return _of_fault(play, play.kind)


class Said(Noun):
    """Of one arm at one look: whether there is an attack where one is, or anywhere; and whether all
    that is wrong is named.
    """

    attack: bool
    exact: bool


def _by_noctua(look: Look) -> Said:
    answer = noctua(look)
    attack = [f for f in answer.faults if f.kind in ATTACKS]
    exact = bool(answer.faults) and same_cause(answer.faults, look.faults)
    return Said(attack=bool(attack) and _is_there(look, attack[0].resources), exact=exact)


def _by_thresholds(look: Look) -> Said:
    """Flows beyond MANY times what is expected, or as many failed log-ins as are suspicious, or a
    commit that is nobody's: each is an attack.
    """
    tracker = look.situation.tracker
    told = tracker.demand.latest
    places = [s.resource for s in tracker.active_symptoms() if s.kind == "configuration_change"]
    signs = tracker.access_signs(tracker.now_s - _HALF_AN_HOUR_S)
    places += [node for node, sign in signs.items() if sign.failed >= MANY_FAILED]
    if told is not None:
        flows = tracker.flow_mix(told).flows
        nodes = tracker.demand.nodes
        places += [nodes[i] for i in np.flatnonzero(flows > MANY).tolist()]
    return Said(attack=bool(places) and _is_there(look, places), exact=False)


def _is_there(look: Look, places: Sequence[str]) -> bool:
    """Of an attack: whether it is at one of `places`; where none is, any place is wrong."""
    attacked = [f for f in look.faults if f.kind in ATTACKS]
    return not attacked or names_a_location(places, attacked)


ARMS: Mapping[str, Callable[[Look], Said]] = {
    "noctua": _by_noctua,
    "threshold alarms": _by_thresholds,
}

NAMES_CAUSES = ("noctua",)


def watch(play: Play) -> Watched:
    """Record it, and have every arm look once a minute."""
    scene = _scene(play)
    if scene is None:
        return Watched(alarms=())
    alarm_s, named_s = dict[str, float](), dict[str, float]()
    exact = dict.fromkeys(play.arms, False)
    for look in looks(scene, play.seed, play.missing, looks_s=LOOKS_S):
        for arm in play.arms:
            said = ARMS[arm](look)
            exact[arm] = said.exact
            if said.attack:
                alarm_s.setdefault(arm, look.at_s)
            if said.exact:
                named_s.setdefault(arm, look.at_s)
    return Watched(
        alarms=tuple(
            Alarm(arm=a, alarm_s=alarm_s.get(a), named_s=named_s.get(a), exact=exact[a])
            for a in play.arms
        )
    )


def _plays(spec: SecuritySpec) -> list[Play]:
    return [
        Play(case=case, kind=kind, seed=seed, missing=spec.missing, arms=spec.arms)
        for seed in spec.seeds
        for case in spec.cases
        for kind in spec.kinds
    ]


def _of(records: Sequence[SecurityRecord], kind: str, arm: str) -> list[Alarm]:
    """What `arm` said of each play of `kind`. One that raised missed an attack, or alarmed."""
    found = []
    for record in (r for r in records if r.play.kind == kind):
        if record.outcome is None:
            alarm_s = None if kind in ATTACKS else LOOKS_S[0]
            found.append(Alarm(arm=arm, alarm_s=alarm_s, named_s=None, exact=False))
        else:
            found += [one for one in record.outcome.alarms if one.arm == arm]
    return found


def security_markdown(records: Sequence[SecurityRecord]) -> str:
    """By attack and by control, from the records alone."""
    kinds = list(dict.fromkeys(r.play.kind for r in records))
    arms = list(dict.fromkeys(arm for r in records for arm in r.play.arms))
    lines = ["| attack | arm | plays | alarm, at the right place | after, median | named, last look"
             " | interval |",
             "|---|---|--:|--:|--:|--:|---|"]  # fmt: skip
    for kind in (k for k in kinds if k in ATTACKS):
        for arm in arms:
            mine = _of(records, kind, arm)
            found = [one.alarm_s for one in mine if one.alarm_s is not None]
            right = sum(one.exact for one in mine)
            low, high = share_interval(right, len(mine))
            after = f"{np.median(found) / 60:.0f} min" if found else "–"
            named = f"{right} | {low:.2f} to {high:.2f}" if arm in NAMES_CAUSES else "– | –"
            lines.append(f"| {kind} | {arm} | {len(mine)} | {len(found)} | {after} | {named} |")
    lines += ["", "| control | arm | plays | left alone: no attack named | interval |",
              "|---|---|--:|--:|---|"]  # fmt: skip
    for kind in (k for k in kinds if k not in ATTACKS):
        for arm in arms:
            mine = _of(records, kind, arm)
            alone = sum(one.alarm_s is None for one in mine)
            low, high = share_interval(alone, len(mine))
            lines.append(f"| {kind} | {arm} | {len(mine)} | {alone} | {low:.2f} to {high:.2f} |")
    notes = [raised_text(records, "and count as missed, or as an alarm"), code_text(records)]
    return "\n".join([*lines, "", *(note for note in notes if note), ""])


CAMPAIGN = Campaign(
    name="evals.diagnosis.security",
    file=files(__package__) / "security.yaml",
    spec=SecuritySpec,
    record=SecurityRecord,
    plays=_plays,
    together=lambda play: f"{play.case} {play.seed}",
    play=watch,
    table=security_markdown,
)
