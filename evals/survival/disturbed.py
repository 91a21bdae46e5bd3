"""The watch itself is disturbed in the middle of incidents: what it says of it, and what it costs.

A play is a scene with something done to the watch, once or many times; it is judged as a killed one
is (`judge`), and beyond that:

7. named: while it lasts, every other process reads its name; after it, nothing.
8. late: no fault is noticed later than twice as long after it began as without a disturbance.
   Noticed is what is in an incident, or told while none can be opened.
9. calls: people are called about each disturbance once, and about nothing twice; nothing that was
   to be told is lost.
10. ended: a watch that is told to end ends, and holds nothing afterwards.
"""

import json
import random
import threading
from collections import Counter
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory

from pydantic import PositiveInt

from channels.cli.ending import stopping
from evals.campaigns.campaign import Campaign, Spec
from evals.campaigns.records import Record, code_text
from evals.stage import stage
from evals.survival.disturbances import DISTURBANCES
from evals.survival.disturbances.disturbance import Disturbance, Place
from evals.survival.evidence import NETWORK, Evidence, gather
from evals.survival.fault_injection import StruckNetwork, struck_stores
from evals.survival.judge import Violation, end_of, judge
from evals.survival.kill_points import Passage
from evals.survival.movable_clock import MovableClock
from evals.survival.scenes import SCENES, Outsider, SceneName, minds
from graphs.state_directory import StateDirectory
from graphs.watch import POLL_S
from graphs.workplace import Workplace
from tools.journal.lease_rows import network_subject
from tools.journal.watch_notes import note_of
from tools.network.emulated.network import EmulatedNetwork
from twin.errors import NoctuaError
from twin.nouns.base import Noun
from twin.nouns.incident import TERMINAL_PHASES

_LEAST_S, _MOST_S = 60.0, 300.0
"""How long a disturbance lasts, of the network's time."""

_BEFORE_S = 120.0
"""A first disturbance may begin so long before the fault, and so hide it."""

_PLACES = 60
"""It begins at one of so many places (`kill_points`) that a step passes, or after the step."""

_STILL_S = 5 * 3600.0
_AFTER_S = 1800.0


class Play(Noun):
    """A scene, disturbed `times` times. `arm`: what is done, "" for nothing; `draw`: when."""

    scene: SceneName
    seed: int
    arm: str = ""
    times: int = 0
    draw: int = 0


class Disturbed(Noun):
    """What came of it. `noticed_s`: from the fault until it was noticed; `ended_s`: the last
    incident, since the start; `disturbed`: how often it was; `handed_over`: why people had to
    take over, in words.
    """

    play: Play
    noticed_s: float
    usual_s: float
    ended_s: float
    disturbed: int
    calls: int
    ends: tuple[str, ...]
    violations: tuple[Violation, ...]
    handed_over: tuple[str, ...] = ()


class DisturbedSpec(Spec):
    """Scenes and what is done to the watch. `once`: plays with one disturbance; `often`: how many
    one more play has.
    """

    cases: tuple[SceneName, ...]
    once: PositiveInt
    often: PositiveInt


DisturbedRecord = Record[Play, Disturbed]


def _plays(spec: DisturbedSpec) -> list[Play]:
    return [
        Play(scene=scene, seed=seed, arm=arm, times=times, draw=draw)
        for scene in spec.cases
        for seed in spec.seeds
        for arm in spec.arms
        for times, draw in [*((1, n + 1) for n in range(spec.once)), (spec.often, 1)]
    ]


def play_disturbed(play: Play) -> Disturbed:
    """Play it in a directory that is gone afterwards. Raises BadInput where it cannot be played."""
    usual = _calm(play.scene, play.seed) if play.arm else None
    with TemporaryDirectory(prefix="disturbed-") as folder:
        return _Stand(Path(folder), play, usual).play()


@cache
def _calm(scene: SceneName, seed: int) -> Disturbed:
    return play_disturbed(Play(scene=scene, seed=seed))


class _Windows:
    """When the watch is disturbed: begun at a place within a step, ended between two steps."""

    def __init__(self, play: Play, disturbance: Disturbance, fault_s: float, span_s: float) -> None:
        draws = random.Random(f"{play.scene} {play.seed} {play.arm} {play.times} {play.draw}")
        slot_s = (span_s + _BEFORE_S) / play.times
        self._due = []
        for number in range(play.times):
            lasts_s = min(draws.uniform(_LEAST_S, _MOST_S), slot_s / 2)
            # Between two of them it is seen to be over.
            spare_s = max(0.0, slot_s - lasts_s - 2 * POLL_S)
            begins_s = fault_s - _BEFORE_S + number * slot_s + draws.uniform(0.0, spare_s)
            if play.times == 1 and play.draw % 2:
                # What hides a fault is worth more than what comes later.
                begins_s = fault_s + draws.uniform(-_BEFORE_S, _BEFORE_S)
            self._due.append((begins_s, begins_s + lasts_s, draws.randrange(_PLACES)))
        self._disturbance = disturbance
        self._left = -1
        self._until_s = 0.0
        self.place: Place | None = None
        self.begun = 0
        self.is_on = False

    @property
    def are_over(self) -> bool:
        """Whether no disturbance is on or to come."""
        return not (self._due or self.is_on)

    def before_step(self, now_s: float) -> None:
        """End what is over; a disturbance that is due begins within this step."""
        if self.is_on and now_s >= self._until_s and self.place is not None:
            self._disturbance.end(self.place)
            self.is_on = False
        if not self.is_on and self._due and now_s >= self._due[0][0]:
            _, self._until_s, self._left = self._due.pop(0)

    def after_step(self) -> None:
        """What did not find its place within the step begins now."""
        if self._left >= 0:
            self._begin()

    def before(self, place: str) -> None:
        """A place of the step: here?"""
        if self._left == 0:
            self._begin()
        elif self._left > 0:
            self._left -= 1

    def after(self, place: str, error: type[NoctuaError]) -> None:
        """As before it."""
        self.before(place)

    def _begin(self) -> None:
        self._left = -1
        if self.place is not None:
            self.begun += 1
            self.is_on = self._disturbance.condition is not None
            self._disturbance.begin(self.place)


class _Stand:
    """One play, from the start to the end of all that came of it."""

    def __init__(self, folder: Path, play: Play, usual: Disturbed | None) -> None:
        self._folder = folder
        self._play = play
        self._usual = usual
        self._scene = SCENES[play.scene]
        self._calls_file = folder / "calls"
        self._noticed_s: float | None = None
        self._ended_s = 0.0
        self._wrong: list[Violation] = []

    def play(self) -> Disturbed:
        """Play it, and judge what is left."""
        disturbance = DISTURBANCES[self._play.arm] if self._play.arm else DISTURBANCES["hangup"]
        file = self._folder / "apart" / "live.sqlite"
        network = stage(self._scene.case, self._play.seed, file, NETWORK)
        began_s = network.now_s()
        fault_s = began_s + self._scene.case.truth.events[0].at_s
        span_s = self._usual.ended_s - (fault_s - began_s) if self._usual else 0.0
        windows = _Windows(self._play, disturbance, fault_s, span_s) if self._play.arm else None
        try:
            with disturbance.room(self._folder) as state:
                self._prepare(state)
                lives = 1
                while self._live(state, network, windows, began_s):
                    lives += 1
                    self._judge_end_of_life(state)
                told = windows.begun if windows and disturbance.condition is None else 0
                if lives != told + 1:
                    self._blame("ended", f"told to end {told} times, and lived {lives}")
                network.close()
                found = gather(state, network=file)
                handed_over = self._handed_over(state)
                calls = self._calls()
                self._judge_calls(state, windows, disturbance, calls)
        finally:
            network.close()
        outcome = self._outcome(found, fault_s, windows, len(calls))
        return outcome.model_copy(update={"handed_over": handed_over})

    def _prepare(self, state: Path) -> None:
        settings = {"command": ["/bin/sh", "-c", 'cat >> "$0"', str(self._calls_file)]}
        (state / "on_event.yaml").write_text(json.dumps(settings), encoding="utf-8")

    def _live(
        self, state: Path, network: EmulatedNetwork, windows: _Windows | None, began_s: float
    ) -> bool:
        """One life of the watch; whether another follows it."""
        clock = MovableClock(network)
        passage = Passage(windows or _Nothing())
        last_s, quiet_s, steps_on, steps_off = began_s + _STILL_S, 0.0, 0, 2
        with (
            stopping(threading.Event()) as stop,
            Workplace(
                state,
                StruckNetwork(network, passage),
                clock,
                minds=minds(),
                approver=Outsider(StateDirectory(state).journal_file),
                stop=stop.is_set,
                tolerant=True,
                stores=struck_stores(passage),
            ) as workplace,
        ):
            if windows is not None:
                windows.place = Place(state, clock)
            while network.now_s() < last_s and quiet_s < _AFTER_S and not stop.is_set():
                if windows is not None:
                    windows.before_step(network.now_s())
                is_on = windows is not None and windows.is_on
                workplace.watch.step()
                if windows is not None:
                    windows.after_step()
                # A step in which it begins may say either, and so may the first one after it.
                began = windows is not None and windows.is_on and not is_on
                steps_on = steps_on + 1 if is_on else 0
                steps_off = 0 if is_on or began else steps_off + 1
                self._look(state, workplace, network.now_s(), steps_on, steps_off)
                clock.wait_until(clock.now_s() + POLL_S)
                is_quiet = (windows is None or windows.are_over) and _is_quiet(workplace)
                quiet_s = quiet_s + POLL_S if is_quiet else 0.0
                if not is_quiet:
                    self._ended_s = network.now_s() - began_s
            return stop.is_set()

    def _look(
        self, state: Path, workplace: Workplace, now_s: float, steps_on: int, steps_off: int
    ) -> None:
        note = note_of(state, NETWORK)
        opened = workplace.journal.incident_count(NETWORK) > 0
        if self._noticed_s is None and (opened or note.unrecorded):
            self._noticed_s = now_s
        wanted = DISTURBANCES[self._play.arm].condition if self._play.arm else None
        kinds = {condition.kind for condition in note.conditions}
        if steps_on >= 1 and wanted is not None and wanted not in kinds:
            self._blame("named", f"{now_s:.0f}: it is on, and what stands is {sorted(kinds)}")
        if steps_off >= 2 and kinds:
            self._blame("named", f"{now_s:.0f}: it is over, and {sorted(kinds)} still stands")

    def _judge_end_of_life(self, state: Path) -> None:
        """A watch that was told to end has let go of everything."""
        directory = StateDirectory(state)
        if left := sorted(path.name for path in directory.locks.iterdir()):
            self._blame("ended", f"locks are left: {', '.join(left)}")
        with directory.made_journal() as journal:
            lease = journal.lease(network_subject(NETWORK))
            if lease is None or lease.holder:
                self._blame("ended", "the lease on the network was not released")

    def _calls(self) -> list[dict[str, str]]:
        if not self._calls_file.exists():
            return []
        return [json.loads(line) for line in self._calls_file.read_text("utf-8").splitlines()]

    def _judge_calls(
        self,
        state: Path,
        windows: _Windows | None,
        disturbance: Disturbance,
        calls: Sequence[dict[str, str]],
    ) -> None:
        for notice_id, count in Counter(call["id"] for call in calls).items():
            if count > 1:
                self._blame("calls", f"{notice_id} was sent {count} times")
        about = Counter(call["type"] for call in calls)
        if windows is not None and disturbance.condition is not None:
            told = about[f"watch.{disturbance.condition}"]
            if told != windows.begun:
                self._blame("calls", f"{windows.begun} disturbances, and {told} calls about them")
        with StateDirectory(state).made_journal() as journal:
            if unsent := journal.unsent_notices(NETWORK):
                self._blame("calls", f"{len(unsent)} notices were not sent")

    def _handed_over(self, state: Path) -> tuple[str, ...]:
        with StateDirectory(state).made_journal() as journal:
            ids = [r.incident.id for r in journal.incidents(network=NETWORK)]
            told = [event for i in ids for event in journal.timeline(i)]
        return tuple(event.text for event in told if event.kind == "escalated")

    def _outcome(
        self, found: Evidence, fault_s: float, windows: _Windows | None, calls: int
    ) -> Disturbed:
        noticed_s = (self._noticed_s or float("inf")) - fault_s
        usual_s = self._usual.noticed_s if self._usual else noticed_s
        if noticed_s > 2 * usual_s:
            self._blame("late", f"noticed after {noticed_s:.0f} s, and usually {usual_s:.0f} s")
        return Disturbed(
            play=self._play,
            noticed_s=noticed_s,
            usual_s=usual_s,
            ended_s=self._ended_s,
            disturbed=windows.begun if windows else 0,
            calls=calls,
            ends=tuple(end_of(found, r.incident.id) for r in found.incidents),
            violations=(*self._wrong, *judge(found, self._scene.causes)),
        )

    def _blame(self, rule: str, text: str) -> None:
        self._wrong.append(Violation(rule=rule, text=text))


class _Nothing:
    """Strikes nothing."""

    def before(self, place: str) -> None:
        """Nothing."""

    def after(self, place: str, error: type[NoctuaError]) -> None:
        """Nothing."""


def _is_quiet(workplace: Workplace) -> bool:
    phases = [r.phase for r in workplace.journal.incidents()]
    return bool(phases) and all(phase in TERMINAL_PHASES for phase in phases)


def disturbed_markdown(records: Sequence[DisturbedRecord]) -> str:
    """A row for each scene and disturbance, and every violation. A play that raised is violated."""
    lines = [
        "| scene | disturbance | plays | disturbed | noticed after, s (usually; at most) | calls "
        "| ends | violated |",
        "|---|---|--:|--:|---|--:|---|--:|",
    ]
    groups: dict[tuple[str, str], list[DisturbedRecord]] = {}
    for record in records:
        groups.setdefault((record.play.scene, record.play.arm), []).append(record)
    for (scene, arm), of_one in groups.items():
        lines.append(_row(scene, arm, of_one))
    for record in records:
        wrong = record.outcome.violations if record.outcome else ()
        for violation in wrong:
            lines.append(f"- {_named(record.play)}: {violation.rule}: {violation.text}")
        for why in record.outcome.handed_over if record.outcome else ():
            lines.append(f"- {_named(record.play)}: handed over: {why}")
        if record.error:
            lines.append(f"- {_named(record.play)}: raised {record.error}")
    return "\n".join([*lines, "", f"Played by {code_text(records)}."])


def _row(scene: str, arm: str, records: Sequence[DisturbedRecord]) -> str:
    results = [r.outcome for r in records if r.outcome is not None]
    ends = Counter(end for r in results for end in r.ends)
    violated = sum(r.outcome is None or bool(r.outcome.violations) for r in records)
    usual = max((r.usual_s for r in results), default=0.0)
    most = max((r.noticed_s for r in results), default=0.0)
    return (
        f"| {scene} | {arm} | {len(records)} | {sum(r.disturbed for r in results)} "
        f"| {usual:.0f}; {most:.0f} | {sum(r.calls for r in results)} "
        f"| {', '.join(f'{count} {end}' for end, count in sorted(ends.items()))} | {violated} |"
    )


def _named(play: Play) -> str:
    return f"{play.scene} {play.arm} seed {play.seed}, {play.times} times, draw {play.draw}"


CAMPAIGN = Campaign(
    name="disturbed",
    file=files(__package__) / "disturbed.yaml",
    spec=DisturbedSpec,
    record=DisturbedRecord,
    plays=_plays,
    together=lambda play: f"{play.scene} {play.seed}",
    play=play_disturbed,
    table=disturbed_markdown,
)
