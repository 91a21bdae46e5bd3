"""How long it takes from a click in a chat to the commit on the network, by the wall's clock."""

import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from channels.chat.thread import card_key
from evals.chat.chats import CHATS
from evals.chat.scene import NETWORK, stage_waiting
from evals.chat.stub import ChatName
from graphs.state_directory import StateDirectory
from tools.journal.journal import Journal
from tools.journal.lease_rows import network_subject
from twin.errors import DeadlineExceeded
from twin.nouns.base import Noun

LONGEST_S = 120.0


class Delay(Noun):
    """Wall seconds from a click: until the chat is told that it has arrived, it is on record as an
    answer, the change is committed on the devices, and the card has lost its buttons.
    """

    acknowledged_s: float
    recorded_s: float
    committed_s: float
    shown_s: float


class DelayReport(Noun):
    """One entry for each click."""

    delays: tuple[Delay, ...]

    @property
    def lines(self) -> list[str]:
        """The median of each, and the longest."""
        found = [f"{len(self.delays)} clicks, wall seconds: median (longest)"]
        for name in Delay.model_fields:
            values = [getattr(delay, name) for delay in self.delays]
            words = name.removesuffix("_s")
            found.append(f"  {words}: {statistics.median(values):.2f} ({max(values):.2f})")
        return found


def measure_delays(
    chat: ChatName, clicks: int, seed: int, tell: Callable[[str], None]
) -> DelayReport:
    """Click `clicks` times, each on a copy of one incident whose watch runs beside."""
    with TemporaryDirectory() as folder:
        staged = Path(folder) / "staged"
        tell("playing the incident up to its question")
        plan = stage_waiting(staged, seed, CHATS[chat].stub(), {"erin": "approver"})
        delays = []
        for number in range(clicks):
            copied = Path(shutil.copytree(staged, Path(folder) / str(number)))
            delays.append(_measure(chat, copied, plan))
            tell(f"click {number + 1} of {clicks}: committed after {delays[-1].committed_s:.2f} s")
            shutil.rmtree(copied)
    return DelayReport(delays=tuple(delays))


def _measure(chat: ChatName, folder: Path, plan: str) -> Delay:
    state, incident = StateDirectory(folder), plan.rpartition(".")[0]
    with ExitStack() as opened:
        stub = opened.enter_context(CHATS[chat].stub().serving())
        erin = stub.person("erin")
        stub.set_up(folder)
        stub.endpoint = opened.enter_context(CHATS[chat].speak(state, stub.environ))
        opened.enter_context(_watch(folder))
        journal = opened.enter_context(state.journal())
        key = card_key(incident, plan)
        until(lambda: stub.has_buttons(key))
        until(lambda: _is_watched(journal))
        click = stub.press(erin, key, "approve")
        begun_s = time.monotonic()
        stub.deliver(click)
        acknowledged_s = time.monotonic() - begun_s
        until(lambda: journal.approval_request(plan, 0.0).approval)
        recorded_s = time.monotonic() - begun_s
        shown = until_each(
            lambda: journal.events_of(incident, ("committed",)),
            lambda: not stub.has_buttons(key),
        )
        return Delay(
            acknowledged_s=acknowledged_s,
            recorded_s=recorded_s,
            committed_s=shown[0] - begun_s,
            shown_s=shown[1] - begun_s,
        )


@contextmanager
def _watch(folder: Path) -> Iterator[None]:
    start = "from channels.cli.start import main; main()"
    command = [sys.executable, "-c", start, "--state", str(folder), "watch"]
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(command, stdout=quiet, stderr=quiet, env=os.environ.copy())
    try:
        yield
    finally:
        process.terminate()
        process.wait()


def _is_watched(journal: Journal) -> bool:
    """Whether the watch has taken a step since it was started."""
    lease = journal.lease(network_subject(NETWORK))
    return any(w.holder == lease.holder and w.steps for w in journal.watches()) if lease else False


def until(so: Callable[[], object]) -> float:
    """Wait until it is so; when that was. Raises DeadlineExceeded."""
    return until_each(so)[0]


def until_each(*so: Callable[[], object]) -> list[float]:
    """Wait until all of them were so; when each was. Raises DeadlineExceeded."""
    begun_s, found = time.monotonic(), dict[int, float]()
    while len(found) < len(so):
        for place, look in enumerate(so):
            if place not in found and look():
                found[place] = time.monotonic()
        if time.monotonic() - begun_s > LONGEST_S:
            raise DeadlineExceeded(f"nothing came of it within {LONGEST_S:.0f} s")
        time.sleep(0.005)
    return [found[place] for place in range(len(so))]
