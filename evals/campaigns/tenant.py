"""Twenty days of one network with an incident a day, kinds and links repeating.

Against every third incident people reject whatever is planned, and it stays for more than a day:
it is escalated and left. Every fault has to be found as if it had come alone (the control plays it
on a network of that evening with nothing before it), and every midnight what `handover` says is
held against the truth.

A day is a play. Its state directory and its network are in the spec's `folder` and go on from where
they stand, also within a day that was killed.
"""

from collections.abc import Iterable, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Literal

from pydantic import Field

from channels.handover import NetworkHandover
from channels.verbs import handover
from evals.approvers import TrustingPeople
from evals.arm import NamedCause
from evals.campaigns.campaign import Campaign, Spec
from evals.campaigns.records import Record, code_text, raised_text
from evals.delays import draw_delays
from evals.promises import diagnosed_s, extent, in_time, share_line
from evals.stage import Case, stage
from evals.truth import Recorder, named, parts_of
from evals.unseen import KINDS, Ground, neutral_id, numbers_for, severe, timed
from evals.witness import Witness, left_in_force, told_in, witness
from graphs.state_directory import StateDirectory
from graphs.watch import POLL_S
from graphs.workplace import Workplace
from tools.network.emulated.case_truth import CaseTruth, Repair, TimedEvent
from tools.network.emulated.case_world import CaseWorld
from tools.network.emulated.network import EmulatedNetwork
from twin.nouns.base import Noun

Arm = Literal["noctua", "alone"]

DAYS = 20
"""Of the case; fewer may be played."""

_DAY_S = 86_400.0
_FIRST_DAY_S = 1_772_496_000.0
"""2026-03-03T00:00:00Z."""

_FAULT_S = 18 * 3600.0
_BEFORE_S = 3600.0
_AFTER_S = 3 * 3600.0
_NETWORK = "live"
_LINKS = 4
"""Faults come back to so many links."""

_LEFT = ("silent_egress_packet_loss", "traffic_spike")
"""Kinds that last for more than a day where they are left."""

_LEFT_FOR_S = 26 * 3600.0
_REJECTED_FOR_S = 4 * 3600.0
_LATELY_S = 1800.0


class TenantSpec(Spec):
    """`cases`: topologies. `folder`: where state directories are kept from day to day."""

    arms: tuple[Arm, ...]
    days: int = Field(ge=1, le=DAYS)
    folder: str


class Play(Noun):
    """One day (from 1), or (`arm` "alone") its fault by itself."""

    case: str
    arm: Arm
    seed: int
    day: int
    folder: str


class Day(Noun):
    """What came of a day.

    `found_s`: seconds from the fault to the diagnosis that names it, None if never that day.
    `mistakes`: of the handover at midnight, in words; `open`: incidents that it says are open or
    with people.
    """

    fault: NamedCause
    is_left: bool
    found_s: float | None
    mistakes: tuple[str, ...] = ()
    open: int = 0


TenantRecord = Record[Play, Day]


def is_left(day: int) -> bool:
    """Whether people reject what is planned against the fault of that day."""
    return day % 3 == 0


def tenancy(topology: str, seed: int) -> Case:
    """All days of one network."""
    world = CaseWorld(
        id=neutral_id("tenant", topology, seed),
        topology=topology,
        mismatch=1,
        traffic_scale=1.2,
        starts_s=_FIRST_DAY_S,
        duration_s=DAYS * _DAY_S,
    )
    ground = Ground.of(world)
    return Case(world, CaseTruth(events=tuple(_event(ground, day, seed) for day in _days(DAYS))))


def _event(ground: Ground, day: int, seed: int) -> TimedEvent:
    numbers = numbers_for("tenant", ground.inventory.topology.name, seed, day)
    at_s = (day - 1) * _DAY_S + _FAULT_S
    left = is_left(day)
    kinds = _LEFT if left else KINDS
    number = day // 3 - 1 if left else day - 1 - day // 3
    few = ground.busy[:_LINKS]
    kind = kinds[number % len(kinds)]
    # Ducts are few anyway, and may have none of these links.
    others = {x.id for x in ground.busy} - {x.id for x in few} if kind != "fiber_cut" else ()
    fault = ground.fault(kind, numbers, but=others)
    event = timed(severe(fault) if left else fault, at_s, numbers)
    if not left:
        return event
    if event.repair is None:
        return event.model_copy(update={"until_s": at_s + _LEFT_FOR_S})
    return event.model_copy(update={"repair": Repair(travel_s=3600.0, repair_s=_LEFT_FOR_S)})


def _days(count: int) -> range:
    return range(1, count + 1)


def evening(case: Case, day: int) -> Case:
    """The fault of that day on a network that has had no other."""
    event = case.truth.events[day - 1]
    before_s = event.at_s - _BEFORE_S
    until_s = None if event.until_s is None else event.until_s - before_s
    world = case.world.model_copy(
        update={
            "starts_s": case.world.starts_s + before_s,
            "duration_s": _BEFORE_S + _AFTER_S,
        }
    )
    moved = event.model_copy(update={"at_s": _BEFORE_S, "until_s": until_s})
    return Case(world, CaseTruth(events=(moved,)))


def _plays(spec: TenantSpec) -> list[Play]:
    """All controls, and the first day of each network."""
    return [
        Play(case=case, arm=arm, seed=seed, day=day, folder=spec.folder)
        for case in spec.cases
        for seed in spec.seeds
        for arm in spec.arms
        for day in _days(spec.days if arm == "alone" else 1)
    ]


def _later(spec: TenantSpec, known: Mapping[Play, TenantRecord]) -> list[Play]:
    """The day after the last of each network; none after one that raised."""
    found = []
    for first in _plays(spec):
        play = first
        while first.arm == "noctua" and play.day < spec.days:
            record = known.get(play)
            if record is None or record.error:
                break
            play = play.model_copy(update={"day": play.day + 1})
            found.append(play)
    return found


def _rejects(asked_s: float) -> bool:
    day, into_s = divmod(asked_s - _FIRST_DAY_S, _DAY_S)
    return is_left(int(day) + 1) and 0.0 <= into_s - _FAULT_S <= _REJECTED_FOR_S


def _play(play: Play) -> Day:
    case = tenancy(play.case, play.seed)
    fault = named((case.truth.events[play.day - 1].fault,))[0]
    if play.arm == "noctua":
        return play_day(case, play)
    seen = witness(evening(case, play.day), "noctua", play.seed, rejects=_rejects)
    at_s = seen.began_s[0]
    said_s = diagnosed_s(seen.incidents, [fault], at_s)
    return Day(
        fault=fault,
        is_left=is_left(play.day),
        found_s=None if said_s is None else said_s - at_s,
    )


def play_day(case: Case, play: Play) -> Day:
    """Go on with the network of `play` until the end of its day."""
    folder = Path(play.folder) / f"{case.id}-{play.seed}"
    directory = StateDirectory(folder)
    file = directory.network_file(_NETWORK)
    is_new = not file.exists()
    network = stage(case, play.seed, file, _NETWORK) if is_new else EmulatedNetwork.open(file)
    ends_s = _FIRST_DAY_S + play.day * _DAY_S
    looking = Witness()
    try:
        recorder = Recorder(network, case)
        people = TrustingPeople(draw_delays(case.id, play.seed).approve_s, _rejects)
        with Workplace(folder, network, recorder, approver=people) as workplace:
            people.answer_through(workplace.journal)
            while (now_s := recorder.now_s()) < ends_s:
                workplace.watch.step()
                looking(workplace, now_s)
                recorder.wait_until(max(now_s + POLL_S, recorder.now_s()))
            looking.hear(workplace.journal, recorder.now_s())
            told = told_in(workplace.journal, looking.diagnoses)
            in_force = left_in_force(workplace.journal, network.running_configuration())
        said = next(n for n in handover(directory, _DAY_S).networks if n.network == _NETWORK)
        latest = {t.id: t.diagnoses[-1].causes for t in told if t.diagnoses}
        active = named(recorder.view.active_faults())
        lately = [s for s in recorder.view.samples if s.time_s > ends_s - _LATELY_S]
        in_breach = any(bool(sample.breach.any()) for sample in lately)
    finally:
        network.close()
    event = case.truth.events[play.day - 1]
    at_s = case.world.starts_s + event.at_s
    wanted = named((event.fault,))
    others = [named((e.fault,))[0] for e in case.truth.events[: play.day - 1]]
    said_s = diagnosed_s(told, wanted, at_s, beside=others)
    return Day(
        fault=wanted[0],
        is_left=is_left(play.day),
        found_s=None if said_s is None else said_s - at_s,
        mistakes=tuple(mistakes(said, latest, active, in_force, in_breach=in_breach)),
        open=len({i.id for i in (*said.incidents, *said.with_people)}),
    )


def mistakes(
    said: NetworkHandover,
    causes: Mapping[str, tuple[NamedCause, ...]],
    active: Sequence[NamedCause],
    in_force: Sequence[str],
    *,
    in_breach: bool,
) -> Iterable[str]:
    """What a handover gets wrong. `causes`: of each incident, as last diagnosed. `active`: the
    faults in force. `in_force`: "node plan" of temporary changes on devices.
    """
    listed = dict.fromkeys(i.id for i in (*said.incidents, *said.with_people))
    for fault in active:
        if not any(extent([fault]) <= extent(causes.get(name, ())) for name in listed):
            yield f"no open incident has {_text(fault)}"
    true = extent(active)
    kept = {temporary.incident_id for temporary in said.temporary}
    for name in listed:
        if not (true & extent(causes.get(name, ())) or name in kept or in_breach):
            yield f"{name} is open, and nothing of it is there"
    places = {part for fault in active for r in fault.resources for part in parts_of(r)}
    for order in said.orders:
        if not places & set(order.order.links):
            yield f"order {order.order.id} is open, and there is nothing to repair"
    told = {f"{device.node} {t.plan_id}" for t in said.temporary for device in t.devices}
    yield from (f"{one} is in force and not said" for one in sorted(set(in_force) - told))
    yield from (f"{one} is said and not in force" for one in sorted(told - set(in_force)))


def _text(fault: NamedCause) -> str:
    return f"{fault.kind} of {', '.join(fault.resources)}"


def tenant_markdown(records: Sequence[TenantRecord]) -> str:
    """What was found, and which handovers were right; from the records alone."""
    alone = {
        (r.play.case, r.play.seed, r.play.day): r.outcome for r in records if r.play.arm == "alone"
    }
    days = sorted((r for r in records if r.play.arm == "noctua"), key=lambda r: r.play.day)
    verdicts: list[bool] = []
    blind = late = 0
    told: list[str] = []
    for record in days:
        play, day = record.play, record.outcome
        control = alone.get((play.case, play.seed, play.day))
        name = f"{play.case} {play.seed}, day {play.day}"
        if day is not None:
            told += [f"{name}: {mistake}" for mistake in day.mistakes]
        if control is None:
            continue
        if control.found_s is None:
            blind += 1
            continue
        found_s = None if day is None else day.found_s
        verdicts.append(found_s is not None)
        late += found_s is not None and not in_time(found_s, control.found_s)
        if found_s is None:
            told.append(f"{name}: not found: {_text(control.fault)}")
    right = sum(r.outcome is not None and not r.outcome.mistakes for r in days)
    lines = [
        f"{len(days)} network-days, {sum(is_left(r.play.day) for r in days)} of them with an "
        "incident that was left.\n\n",
        share_line("found as if it had come alone", sum(verdicts), len(verdicts)),
        f"- of these later than twice the control's time and two minutes: {late}\n",
        f"- left out, as the control did not name it either: {blind}\n",
        share_line("handover right at midnight", right, len(days)),
        *(f"- {text}\n" for text in told),
        raised_text(records, "and count as not found, with a wrong handover"),
        f"Run: `noctua campaign tenant`, {code_text(records)}.\n",
    ]
    return "".join(lines)


CAMPAIGN = Campaign(
    name="tenant",
    file=files(__package__) / "tenant.yaml",
    spec=TenantSpec,
    record=TenantRecord,
    plays=_plays,
    together=lambda play: f"{play.case} {play.seed}",
    play=_play,
    table=tenant_markdown,
    later=_later,
)
