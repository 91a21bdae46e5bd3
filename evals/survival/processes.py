"""One play: process after process on one state directory, until nothing is open any more.

Every process is a real one, forked from a warmed-up parent that holds no thread and no open
database, and a kill is a real SIGKILL of it.
"""

import logging
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import cache, partial
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from evals.stage import stage
from evals.survival.evidence import NETWORK, gather, network_file
from evals.survival.fault_injection import StruckNetwork, struck_stores
from evals.survival.judge import Violation, end_of, judge
from evals.survival.kill_points import Kill, Passage, Passing, Strike, Timeouts
from evals.survival.scenes import SCENES, Outsider, Scene, SceneName, minds
from graphs.state_directory import StateDirectory
from graphs.watch import POLL_S
from graphs.workplace import Workplace
from tools.network.emulated.clock import SimulatedClock
from tools.network.emulated.network import EmulatedNetwork
from twin.errors import BadInput, NoctuaError
from twin.nouns.base import Noun
from twin.nouns.incident import TERMINAL_PHASES

MOST_LIVES = 40
"""Processes of one play: a start may fail by a timeout, and is made again by whoever starts it."""

OutageName = Literal["short", "long"]

OUTAGES: dict[OutageName, float] = {"short": 60.0, "long": 900.0}
"""Seconds from a death to the next start: within the return timer of 600 s, and beyond it."""

TIMEOUT_SHARE = 0.1

_STILL_S = 4 * 3600.0
"""An incident that is open for so long after the last start, in scenes of an hour, is lost."""

_AFTER_S = 1800.0
"""Watched on after the end: what was opened twice would show."""

_ENDED, _FAILED, _CRASHED = 0, 3, 4


class Play(Noun):
    """What is played. `place`: of the kill, "" for none; `second`: the place, counted from the
    restart, of a second kill, 0 for none; `draw`: which timeouts, 0 for none.
    """

    scene: SceneName
    seed: int
    place: str = ""
    outage: OutageName = "short"
    second: int = 0
    draw: int = 0

    @property
    def faults(self) -> str:
        """The class in the table."""
        if self.draw:
            return "timeouts"
        if not self.place:
            return "none"
        return f"kill, {self.outage} outage"


class Played(Noun):
    """What came of it. `ends`: of each incident; `struck`: timeouts that were given."""

    play: Play
    kills: int
    starts: int
    struck: int
    ends: tuple[str, ...]
    violations: tuple[Violation, ...]
    places: tuple[str, ...] = ()

    @property
    def missed(self) -> bool:
        """The process ended without passing where it was to be killed."""
        return bool(self.play.place) and not self.kills


def outages_of(names: str) -> tuple[OutageName, ...]:
    """ "short,long", or one of them. Raises BadInput."""
    wanted = names.split(",")
    if unknown := sorted(set(wanted) - OUTAGES.keys()):
        raise BadInput(f'no outage "{unknown[0]}"; there are {", ".join(OUTAGES)}')
    return tuple(name for name in OUTAGES if name in wanted)


def play_apart(folder: Path, play: Play) -> Played:
    """As `play_in`, from a fresh interpreter: whoever calls this may have threads."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(play_in, folder, play).result()


def play_one(play: Play) -> Played:
    """Play it in a directory that is gone afterwards."""
    with _directory() as folder:
        return play_in(Path(folder), play)


def _directory() -> "TemporaryDirectory[str]":
    """In memory where there is such a place: what a process wrote survives its kill there too."""
    memory = Path("/dev/shm")
    return TemporaryDirectory(prefix="survival-", dir=memory if memory.is_dir() else None)


def play_in(folder: Path, play: Play) -> Played:
    """Play it; `folder` becomes the state directory, with what was logged in `log.txt`."""
    _warm_up()
    folder.mkdir(parents=True, exist_ok=True)
    crashes, kills, struck, starts = [], 0, 0, 0
    for number in range(MOST_LIVES):
        starts += 1
        report = folder / f"life-{number}"
        status = forked(partial(_live, folder, play, number, report))
        told = report.read_text("utf-8").splitlines() if report.exists() else []
        struck += int(told[0]) if play.draw and told else 0
        if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL:
            kills += 1
        elif os.waitstatus_to_exitcode(status) == _ENDED:
            break
        elif os.waitstatus_to_exitcode(status) != _FAILED or not play.draw:
            crashes.append(f"process {number} ended with {status}: {' '.join(told[-3:])}")
            break
    else:
        crashes.append(f"{MOST_LIVES} processes did not suffice")
    found = gather(folder, tuple(crashes))
    passed = told if not (play.place or play.draw) else []
    return Played(
        play=play,
        kills=kills,
        starts=starts,
        struck=struck,
        ends=tuple(end_of(found, r.incident.id) for r in found.incidents),
        violations=judge(found, SCENES[play.scene].causes),
        places=tuple(passed),
    )


def forked(run: Callable[[], int]) -> int:
    """Run it in a process of its own, and wait for its end; the wait status."""
    if threading.active_count() > 1:
        raise RuntimeError(f"threads would be lost in a fork: {threading.enumerate()}")
    sys.stdout.flush()
    sys.stderr.flush()
    child = os.fork()
    if child == 0:
        code = _CRASHED
        try:
            code = run()
        finally:
            os._exit(code)
    return os.waitpid(child, 0)[1]


@cache
def _warm_up() -> None:
    """What is imported, compiled and cached once is not so again in every process."""
    with _directory() as folder:
        _operate(Path(folder), SCENES["drained"], seed=1, outage_s=0.0, strike=Passing())


def _live(folder: Path, play: Play, number: int, report: Path) -> int:
    """The life of one process; what it returns is its exit code."""
    logging.basicConfig(filename=folder / "log.txt", level=logging.INFO, force=True)
    strike = _strike(play, number)
    outage_s = OUTAGES[play.outage] if play.place else POLL_S
    try:
        _operate(folder, SCENES[play.scene], play.seed, outage_s, strike)
    except NoctuaError as error:
        report.write_text(f"{getattr(strike, 'count', 0)}\n{error}", "utf-8")
        return _FAILED
    except BaseException:
        report.write_text(f"0\n{traceback.format_exc()}", "utf-8")
        return _CRASHED
    if isinstance(strike, Passing):
        report.write_text("\n".join(strike.places), "utf-8")
    elif isinstance(strike, Timeouts):
        report.write_text(str(strike.count), "utf-8")
    return _ENDED


def _strike(play: Play, number: int) -> Strike:
    if play.draw:
        return Timeouts(TIMEOUT_SHARE, f"{play.scene} {play.seed} {play.draw} {number}")
    if play.place and number == 0:
        return Kill(play.place)
    if play.second and number == 1:
        return Kill(number=play.second)
    return Passing()


def _operate(folder: Path, scene: Scene, seed: int, outage_s: float, strike: Strike) -> None:
    """Watch until nothing has been open for a while, or something has been open for too long.

    `outage_s`: how long the network has lived unattended before this process, if it is not the
    first one.
    """
    network = _network(folder, scene, seed, outage_s)
    try:
        clock, passage = SimulatedClock(network), Passage(strike)
        with Workplace(
            folder,
            StruckNetwork(network, passage),
            clock,
            minds=minds(),
            approver=Outsider(StateDirectory(folder).journal_file),
            tolerant=True,
            stores=struck_stores(passage),
        ) as workplace:
            last_s = clock.now_s() + _STILL_S
            quiet_s = 0.0
            while clock.now_s() < last_s and quiet_s < _AFTER_S:
                workplace.watch.step()
                clock.wait_until(clock.now_s() + POLL_S)
                quiet_s = quiet_s + POLL_S if _is_quiet(workplace) else 0.0
    finally:
        network.close()


def _network(folder: Path, scene: Scene, seed: int, outage_s: float) -> EmulatedNetwork:
    file = network_file(folder)
    if not file.exists():
        return stage(scene.case, seed, file, NETWORK)
    network = EmulatedNetwork.open(file)
    network.advance(network.now_s() + outage_s)
    return network


def _is_quiet(workplace: Workplace) -> bool:
    phases = [r.phase for r in workplace.journal.incidents()]
    return bool(phases) and all(p in TERMINAL_PHASES for p in phases)
