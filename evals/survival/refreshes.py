"""One refresh of a risk register, killed at a place and asked for again: is anything lost or done
twice?

A play is a real process that refreshes the register of Abilene; a kill is a SIGKILL of it. What it
leaves is compared with what a refresh leaves that nobody has disturbed: the same register, the same
audit log and the same words, byte by byte; no model paid for what it was not asked; one trace.
"""

import os
import traceback
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from dataclasses import replace
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Literal

from agents.loop.minds import Minds
from agents.loop.role import Mind
from agents.playbook.policies import playbook
from channels.foresight import begun
from channels.planning.opening import open_planned
from channels.risks import refreshed
from evals.stage import stage
from evals.survival.evidence import NETWORK, network_file
from evals.survival.fault_injection import StruckJournal, struck_stores
from evals.survival.kill_points import Kill, Passage, Passing, Strike
from evals.survival.processes import forked
from evals.survival.scenes import SCENES
from graphs.checkpoints import FencedSaver
from graphs.foresight_study import RegisterRequest
from graphs.pruning import stores
from graphs.state_directory import StateDirectory
from graphs.workplace import Stores
from tools.journal.journal import Journal
from tools.journal.records import RefreshRecord
from tools.models.openai_compatible import chat_model
from tools.models.settings import ModelSettings
from tools.trace import incident_trace_id, read_trace, root_span_id
from twin.nouns.base import Noun
from twin.nouns.principal import AUTOMATIC, Principal
from twin.nouns.risk import RiskChanges

MOST_LIVES = 5

Guard = Literal["", "changes", "answers"]
"""What keeps a refresh from changing the register twice, and from asking a mind twice."""

REQUEST = RegisterRequest(lines=30, most=400, simulations=100)


class RefreshPlay(Noun):
    """`place`: of the kill, "" for none; `second`: of another, counted from the restart, 0 for
    none. `server`: that plays the roles, "" for the playbook alone. `without`: the guard that is
    taken out of the journal, to see that it is missed.
    """

    place: str = ""
    second: int = 0
    server: str = ""
    without: Guard = ""


class Left(Noun):
    """What a play has left: rows of the journal as they stand there, `audit` without its hashes.

    `answers`: of minds. `calls`: that were charged; `cut_off`: of these, those of which a death has
    left no answer. `threads`: of checkpoints. `strays`: spans that are not in the one trace of
    their refresh. `places`: that a process passed which was not struck. `crashes`: what ended a
    process besides a kill.
    """

    risks: tuple[str, ...]
    refreshes: tuple[str, ...]
    answers: tuple[str, ...]
    audit: tuple[str, ...]
    sound: bool
    calls: int
    threads: int
    strays: tuple[str, ...]
    kills: int
    cut_off: int = 0
    places: tuple[str, ...] = ()
    crashes: tuple[str, ...] = ()


class Apart:
    """Plays from a fresh interpreter: whoever makes one may have threads. Close it."""

    def __init__(self) -> None:
        self._pool = ProcessPoolExecutor(1, mp_context=get_context("spawn"))

    def play(self, folder: Path, play: RefreshPlay) -> Left:
        """As `play_in`."""
        return self._pool.submit(play_in, folder, play).result()

    def close(self) -> None:
        """End it."""
        self._pool.shutdown()


def play_in(folder: Path, play: RefreshPlay) -> Left:
    """Play it; `folder` becomes the state directory."""
    stage(SCENES["drained"].case, 1, network_file(folder), NETWORK).close()
    StateDirectory(folder).made_journal().close()
    kills, cut_off, crashes, places = 0, 0, list[str](), list[str]()
    for number in range(MOST_LIVES):
        report = folder / f"life-{number}"
        status = forked(partial(_live, folder, play, number, report))
        told = report.read_text("utf-8").splitlines() if report.exists() else []
        if os.WIFSIGNALED(status):
            kills += 1
            cut_off = _unanswered(folder)
        elif os.waitstatus_to_exitcode(status):
            crashes.append(f"process {number}: {' '.join(told[-3:])}")
        else:
            places = told
        if not os.WIFSIGNALED(status) or _has_ended(folder):
            break
    return _left(folder).model_copy(
        update={
            "kills": kills,
            "cut_off": cut_off,
            "places": tuple(places),
            "crashes": tuple(crashes),
        }
    )


def _unanswered(folder: Path) -> int:
    """Calls that have been charged so far, and of which no answer is kept."""
    with StateDirectory(folder).journal() as journal:
        known = journal.refreshes(NETWORK)
        return _charged(journal, known) - sum(len(record.answers) for record in known)


def _charged(journal: Journal, known: Sequence[RefreshRecord]) -> int:
    day_s = known[-1].begun_s if known else 0.0
    return sum(charges.calls for charges in journal.charged_refresh(NETWORK, day_s).values())


def _has_ended(folder: Path) -> bool:
    """Whether nothing is left to be asked for again."""
    with StateDirectory(folder).journal() as journal:
        known = journal.refreshes(NETWORK)
        return bool(known) and known[-1].ended_s is not None


def _live(folder: Path, play: RefreshPlay, number: int, report: Path) -> int:
    """The life of one process; what it returns is its exit code."""
    strike: Strike = Passing()
    if play.place and number == 0:
        strike = Kill(play.place)
    elif play.second and number == 1:
        strike = Kill(number=play.second)
    try:
        _refresh(folder, play, Passage(strike))
    except BaseException:
        report.write_text(traceback.format_exc(), "utf-8")
        return 1
    if isinstance(strike, Passing):
        report.write_text("\n".join(strike.places), "utf-8")
    return 0


def _refresh(folder: Path, play: RefreshPlay, passage: Passage) -> None:
    state = StateDirectory(folder)
    planned = open_planned(state, NETWORK, "peak", REQUEST.seed)
    refreshed(
        state,
        planned,
        begun(state, NETWORK, planned, REQUEST),
        minds_of(play.server),
        Principal(name="erin", provider=AUTOMATIC),
        lambda _done, _total: None,
        stores=_stores(passage, play.without),
    )


def _stores(passage: Passage, without: str) -> Stores:
    struck = struck_stores(passage)
    if not without:
        return struck

    def journal(path: Path, key_file: Path) -> Journal:
        opened = _FORGETFUL[without].open(path, key_file)
        opened.watch_over(passage)
        return opened

    return replace(struck, journal=journal)


class _ForgetsChanges(StruckJournal):
    """A journal that does not know what a refresh has changed."""

    def _changed_by(self, refresh_id: str) -> RiskChanges | None:
        return None


class _ForgetsAnswers(StruckJournal):
    """A journal that does not know what minds have said."""

    def refresh(self, refresh_id: str) -> RefreshRecord:
        """Without answers."""
        return super().refresh(refresh_id).model_copy(update={"answers": ()})


_FORGETFUL: dict[str, type[StruckJournal]] = {
    "changes": _ForgetsChanges,
    "answers": _ForgetsAnswers,
}


def minds_of(server: str) -> Minds:
    """The playbook, and before it a model of `server` where there is one."""
    ours = Mind("playbook", playbook(), foreign=False)
    if not server:
        return Minds((ours,))
    model = chat_model(ModelSettings(id="double", model="scripted", base_url=server), environ={})
    return Minds((Mind("openai:scripted", model, foreign=True), ours))


def _left(folder: Path) -> Left:
    state = StateDirectory(folder)
    with state.journal() as journal:
        # What a death has left of what has ended, whoever comes next drops first.
        with closing(FencedSaver.open(state.checkpoints_file, journal)) as checkpoints:
            checkpoints.drop_ended()
        known = journal.refreshes(NETWORK)
        lines = [
            line.model_dump(mode="json", include={"time_s", "actor", "action", "subject", "data"})
            for line in journal.audit_lines()
        ]
        return Left(
            risks=tuple(r.model_dump_json() for r in journal.risk_records(NETWORK)),
            refreshes=tuple(r.model_dump_json(exclude={"answers"}) for r in known),
            answers=tuple(a.model_dump_json(exclude={"data"}) for r in known for a in r.answers),
            audit=tuple(map(str, lines)),
            sound=journal.verify_audit().first_broken is None and journal.check_seals().sound,
            calls=_charged(journal, known),
            threads=stores(state, journal).threads,
            strays=tuple(_strays(state, [record.id for record in known])),
            kills=0,
        )


def _strays(state: StateDirectory, refreshes: Sequence[str]) -> Iterator[str]:
    known = {f"{incident_trace_id(name):032x}" for name in refreshes}
    for file in sorted(state.traces.glob("*.jsonl")):
        root = f"{root_span_id(int(file.stem, 16)):016x}"
        for span in read_trace(file):
            is_loose = span.name.startswith("invoke_workflow") and span.parent_id != root
            if file.stem not in known or span.trace_id != file.stem or is_loose:
                yield f"{span.name} in {file.name}"


def violations(found: Left, undisturbed: Left, asked: int = 0) -> tuple[str, ...]:
    """Everything in which a play differs from the `undisturbed` one. `asked`: how many requests the
    server of a model got.

    A call is charged before it is made. One that a death has cut off is made again, and no other.
    """
    same = ("risks", "refreshes", "answers", "audit", "sound", "threads", "strays", "crashes")
    wrong = [
        f"{name}: {getattr(found, name)} and not {getattr(undisturbed, name)}"
        for name in same
        if getattr(found, name) != getattr(undisturbed, name)
    ]
    needed = undisturbed.calls + found.cut_off
    if found.calls != needed or not undisturbed.calls <= asked <= needed:
        told = f"{found.calls} were charged, {asked} were made, and {needed} were needed"
        wrong.append(f"calls: {told}")
    return tuple(wrong)
