"""What an arm's play was like, told by devices and the hidden truth, and what Noctua said of it.

A `Witnessed` is all that the campaigns of the promise count from. Whether a change broke something
is judged at the moment at which it ran: the true network as it then was, against the same with what
Noctua had just changed put back, at the same demand and with the same faults.
"""

import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from evals.approvers import TrustingPeople
from evals.arm import ArmResult, NamedCause
from evals.arms.noc import NocArm
from evals.arms.noctua import NoctuaArm
from evals.arms.nothing import nothing_arm
from evals.delays import draw_delays
from evals.stage import Case
from evals.truth import Recorder, named
from graphs.state_directory import StateDirectory
from graphs.workplace import Workplace
from tools.clock import SteadyClock
from tools.journal.journal import Journal
from tools.journal.records import Change, ChangeState, TimelineEvent
from tools.journal.standing import OVER
from tools.network.protocol import CommitState
from twin.errors import BadInput
from twin.nouns.base import Noun
from twin.nouns.configuration import NetworkConfiguration
from twin.nouns.diagnosis import Diagnosis
from twin.nouns.plan import Plan

ARMS = ("nothing", "noc", "noctua")

ANNOUNCED_PROBABILITY = 0.05
"""A forecast that gives a service this probability of being in breach has announced it."""

_JOINED_S = 60.0
"""Moments in breach that are no further apart are one spell."""

_ENDS = frozenset({"resolved", "closed", OVER})
_BEGINS = frozenset({"symptom", "reopened", "escalated", "diagnosed"})


class Spell(Noun):
    """A service was outside its objective, in truth. Unix seconds."""

    service: str
    from_s: float
    until_s: float


class Diagnosed(Noun):
    """What an incident's diagnosis said from `at_s` on."""

    at_s: float
    causes: tuple[NamedCause, ...]


class Told(Noun):
    """One incident. `open`: from and until when it was so, None for not ended; the first begins at
    its onset. `escalated_s`, `dispatched_s`: when first, None if never. `text`: title and timeline.
    """

    id: str
    detected_s: float
    open: tuple[tuple[float, float | None], ...]
    diagnoses: tuple[Diagnosed, ...]
    escalated_s: float | None = None
    dispatched_s: float | None = None
    text: str = ""


class Made(Noun):
    """What Noctua did to devices at one moment, as the true network takes it once settled.

    `what`: committed, or how an unconfirmed commit went back. `broken`, `healed`: services in
    breach with it and not without it, and the reverse. `announced`: those of `broken` of which the
    plan's forecast (of doing nothing, where it went back) said so. `shut`: links that it took down.
    `lost_before_bps`, `lost_after_bps`: without and with it.
    """

    plan: str
    at_s: float
    what: Literal["committed", "rolled back", "returned"]
    broken: tuple[str, ...] = ()
    announced: tuple[str, ...] = ()
    healed: tuple[str, ...] = ()
    shut: tuple[str, ...] = ()
    lost_before_bps: float = 0.0
    lost_after_bps: float = 0.0


class Ordered(Noun):
    """An order to the field."""

    at_s: float
    links: tuple[str, ...]


class Witnessed(Noun):
    """One play. Arms other than Noctua have a `result` and the case's own alone.

    `faults`, `began_s`: what the case has, in order, and since when. `ends_s`: of the case.
    `left`: "node plan" of every temporary change that a device still had when all was over.
    """

    result: ArmResult
    starts_s: float
    ends_s: float
    faults: tuple[NamedCause, ...]
    began_s: tuple[float, ...]
    spells: tuple[Spell, ...] = ()
    incidents: tuple[Told, ...] = ()
    changes: tuple[Made, ...] = ()
    orders: tuple[Ordered, ...] = ()
    left: tuple[str, ...] = ()


Rejects = Callable[[float], bool]


def witness(case: Case, arm: str, seed: int, rejects: Rejects = lambda _: False) -> Witnessed:
    """Play `case` with one of ARMS.

    People approve everything after the drawn delay, whatever number of them it takes; a plan that
    is asked about at a time of which `rejects` is true they reject.

    Raises:
        BadInput: no such arm.
    """
    others: dict[str, Callable[[], NocArm]] = {"nothing": nothing_arm, "noc": NocArm}
    if arm not in ARMS:
        raise BadInput(f'no arm "{arm}"; there are {", ".join(ARMS)}')
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if arm in others:
            return _of_case(case, others[arm]().play(case, seed, folder))
        looking = Witness()
        approver = TrustingPeople(draw_delays(case.id, seed).approve_s, rejects)
        result = NoctuaArm(approver=approver, on_step=looking).play(case, seed, folder)
        with Journal.open(StateDirectory(folder).journal_file) as journal:
            bare = _of_case(case, result)
            return bare.model_copy(
                update={
                    "spells": looking.spells(bare.ends_s),
                    "incidents": told_in(journal, looking.diagnoses),
                    "changes": tuple(looking.changes),
                    "orders": orders_in(journal),
                    "left": left_in_force(journal, looking.running),
                }
            )


def _of_case(case: Case, result: ArmResult) -> Witnessed:
    starts_s, events = case.world.starts_s, case.truth.events
    return Witnessed(
        result=result,
        starts_s=starts_s,
        ends_s=starts_s + case.world.duration_s,
        faults=tuple(named((event.fault,))[0] for event in events),
        began_s=tuple(starts_s + event.at_s for event in events),
    )


@dataclass
class Witness:
    """Looks on after every step of a watch over an emulated network.

    `diagnoses`: by incident. `changes`: Noctua's own.
    """

    diagnoses: dict[str, list[Diagnosed]] = field(default_factory=dict)
    changes: list[Made] = field(default_factory=list)
    _seq: int = -1
    _ran: NetworkConfiguration | None = None
    _recorder: Recorder | None = None

    def __call__(self, workplace: Workplace, _now_s: float) -> None:
        """After a step."""
        recorder = recorder_of(workplace)
        self._recorder = recorder
        self.changes += self._made(workplace.journal, recorder)
        seq = workplace.journal.last_event_seq()
        if seq != self._seq:
            self._seq = seq
            self.hear(workplace.journal, recorder.now_s())

    @property
    def running(self) -> NetworkConfiguration:
        """What devices run."""
        assert self._recorder is not None
        return self._recorder.network.running_configuration()

    def spells(self, until_s: float) -> tuple[Spell, ...]:
        """When services were in breach, until then; from ticks of 30 s."""
        if self._recorder is None:
            return ()
        view = self._recorder.view
        samples = [s for s in view.samples if s.time_s <= until_s]
        return tuple(
            Spell(service=service, from_s=from_s, until_s=last_s)
            for place, service in enumerate(view.services)
            for from_s, last_s in joined([s.time_s for s in samples if s.breach[place]])
        )

    def hear(self, journal: Journal, now_s: float) -> None:
        """Keep what the diagnoses say that said something else before."""
        for record in journal.incidents():
            name = record.incident.id
            diagnosis = journal.artefact(name, "diagnosis", Diagnosis)
            if diagnosis is None:
                continue
            known = self.diagnoses.setdefault(name, [])
            causes = named(diagnosis.cause)
            if known and known[-1].causes == causes:
                continue
            at_s = max(
                (e.time_s for e in journal.timeline(name) if e.kind == "diagnosed"), default=now_s
            )
            is_older = bool(known) and at_s <= known[-1].at_s
            known.append(Diagnosed(at_s=now_s if is_older else at_s, causes=causes))

    def _made(self, journal: Journal, recorder: Recorder) -> Iterable[Made]:
        """What Noctua's own changes of since the last look do to the true network."""
        network = recorder.network
        before, now = self._ran, network.running_configuration()
        self._ran = now
        if before is None or before == now:
            return
        known = {(c.node, c.change_id): c for c in journal.changes()}
        moved = [
            (change, record.state)
            for was, runs in zip(before.devices, now.devices, strict=True)
            if was != runs
            for record in network.commit_log(runs.node)[-1:]
            if (change := known.get((record.node, record.change_id))) is not None
        ]
        plans = dict.fromkeys(change.plan_id for change, _ in moved)
        for plan_id in plans:
            mine = [(c, s) for c, s in moved if c.plan_id == plan_id]
            yield _judged(journal.plan(plan_id), mine, before, now, recorder)


def recorder_of(workplace: Workplace) -> Recorder:
    """What records the play of an arm that operates through `workplace`."""
    clock = workplace.desk.clock
    assert isinstance(clock, SteadyClock)
    assert isinstance(clock.inside, Recorder)
    return clock.inside


def _judged(
    plan: Plan,
    moved: Sequence[tuple[Change, CommitState]],
    before: NetworkConfiguration,
    now: NetworkConfiguration,
    recorder: Recorder,
) -> Made:
    without = now
    shut: list[str] = []
    for change, _ in moved:
        was, runs = before.device(change.node), now.device(change.node)
        without = without.with_device(was)
        shut += [
            b.link
            for a, b in zip(was.interfaces, runs.interfaces, strict=True)
            if b.shut_down and not a.shut_down
        ]
    at_s = recorder.now_s()
    held = recorder.view.evaluate_steady(without, at_s)
    holds = recorder.view.evaluate_steady(now, at_s)
    state = moved[-1][1]
    back = state in (CommitState.ROLLED_BACK, CommitState.RETURNED)
    broken = set(holds.breached) - set(held.breached)
    forecasts = [plan.do_nothing] if back else [plan.forecast, *(s.forecast for s in plan.steps)]
    told = {
        service
        for forecast in forecasts
        for service, share in forecast.service_breach_probability.items()
        if share >= ANNOUNCED_PROBABILITY
    }
    return Made(
        plan=plan.id,
        at_s=at_s,
        what="rolled back"
        if state is CommitState.ROLLED_BACK
        else "returned"
        if state is CommitState.RETURNED
        else "committed",
        broken=tuple(sorted(broken)),
        announced=tuple(sorted(broken & told)),
        healed=tuple(sorted(set(held.breached) - set(holds.breached))),
        shut=tuple(sorted(set(shut))),
        lost_before_bps=float(held.lost_bps.sum()),
        lost_after_bps=float(holds.lost_bps.sum()),
    )


def joined(times_s: Sequence[float]) -> list[tuple[float, float]]:
    """First and last of each run of `times_s`, oldest first, that are at most a minute apart."""
    spans: list[tuple[float, float]] = []
    for time_s in times_s:
        if spans and time_s - spans[-1][1] <= _JOINED_S:
            spans[-1] = (spans[-1][0], time_s)
        else:
            spans.append((time_s, time_s))
    return spans


def told_in(journal: Journal, diagnoses: dict[str, list[Diagnosed]]) -> tuple[Told, ...]:
    """Every incident of the journal."""
    found = []
    for record in journal.incidents():
        incident, timeline = record.incident, journal.timeline(record.incident.id)
        found.append(
            Told(
                id=incident.id,
                detected_s=incident.detected_s,
                open=open_spans(incident.onset_s, timeline),
                diagnoses=tuple(diagnoses.get(incident.id, ())),
                escalated_s=_first_s(timeline, "escalated"),
                dispatched_s=_first_s(timeline, "dispatched"),
                text="\n".join([incident.title, *(e.text for e in timeline)]),
            )
        )
    return tuple(found)


def open_spans(
    onset_s: float, timeline: Sequence[TimelineEvent]
) -> tuple[tuple[float, float | None], ...]:
    """When an incident was open: one that was escalated until it is over, one that was merged into
    another until then.
    """
    spans: list[tuple[float, float | None]] = [(onset_s, None)]
    for event in timeline:
        since_s, until_s = spans[-1]
        ends = event.kind in _ENDS or (event.kind == "merged" and "into" in event.data)
        if ends and until_s is None:
            spans[-1] = (since_s, event.time_s)
        elif event.kind in _BEGINS and until_s is not None:
            spans.append((event.time_s, None))
    return tuple(spans)


def orders_in(journal: Journal) -> tuple[Ordered, ...]:
    """Every order to the field, oldest first."""
    found = [
        Ordered(at_s=entry.dispatch.requested_s, links=entry.dispatch.links)
        for record in journal.incidents()
        for entry in journal.dispatches(record.incident.id)
    ]
    return tuple(sorted(found, key=lambda o: o.at_s))


def left_in_force(journal: Journal, running: NetworkConfiguration) -> tuple[str, ...]:
    """ "node plan" of temporary changes that `running` still has, whatever the journal says. What
    two have made alike is the later one's.
    """
    left = {}
    confirmed = [
        (change, plans.get(change.plan_id))
        for record in journal.incidents()
        for plans in [{p.id: p for p in journal.plans(record.incident.id)}]
        for change in journal.changes(incident_id=record.incident.id)
        if change.state is ChangeState.CONFIRMED
    ]
    for change, plan in sorted(confirmed, key=lambda one: one[0].updated_s):
        for interface in _still_had(change, running):
            is_temporary = plan is not None and plan.temporary
            left[change.node, interface] = f"{change.node} {change.plan_id}" if is_temporary else ""
    return tuple(sorted(set(left.values()) - {""}))


def _still_had(change: Change, running: NetworkConfiguration) -> Iterable[str]:
    """Interfaces that run what the change made of them, and not what it was before."""
    pairs = zip(
        change.before.interfaces,
        change.candidate.interfaces,
        running.device(change.node).interfaces,
        strict=True,
    )
    return (meant.link for was, meant, runs in pairs if was != meant and runs == meant)


def _first_s(timeline: Sequence[TimelineEvent], kind: str) -> float | None:
    return next((e.time_s for e in timeline if e.kind == kind), None)
