"""Files that ought to be refused in a moment, or read without harm.

    python -m evals.hostile.files

`evals/hostile/bad_files.py` makes them. `read` does with one what a command would do that is given
it: what reads it is told by its suffix (READERS), a network where no other is named. The table has,
for each, what came of it in a process of its own, the seconds that it took, and the memory.
"""

import os
import resource
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from io import StringIO
from pathlib import Path

from rich.console import Console
from rich.text import Text

from agents.loop.minds import Minds
from agents.loop.role import Mind
from agents.playbook.policies import playbook
from channels.cli.networks_in_files import print_import
from channels.planning.importing import converted, imported
from channels.planning.reading import text_of
from channels.report.wording import plain
from evals.hostile.bad_files import SMALL, BadFile, bad_files
from evals.stage import designed_inventory, load_case
from graphs.inventory_file import kept_inventory
from graphs.state_directory import StateDirectory
from graphs.ticket_reading import read_for_causes
from graphs.tracker_file import kept_tracker
from tools.change.policy import load_policy
from tools.graph_store.earlier import past_incidents_of_before
from tools.models.settings import load_models
from tools.network.driver import network_entry
from tools.notification.on_event import load_ways
from twin.errors import NoctuaError
from twin.physics.twin import Twin
from twin.sources.formats.registry import FORMATS
from twin.sources.tickets import read_tickets
from twin.sources.traffic_matrix import read_traffic_matrix
from twin.sources.world import inventory_from_text

LONGEST_S = 10.0
"""Of one file, in processor time."""

MOST_BYTES = 2**30
"""Of memory, at the peak, above what its process began with."""

STOPPED_AT_BYTES = 8 * 2**30
"""Of address space: what runs away is stopped before it takes the machine along."""


# What reads them


def _network(file: Path) -> None:
    print_import(Console(file=StringIO(), width=80), imported(file, seed=1))
    for known in FORMATS:
        if known.write is not None:
            converted(file, known.short_name).encode("utf-8")


def _traffic(file: Path) -> None:
    beside = file.with_name("small.json")
    beside.write_text(SMALL, encoding="utf-8")
    topology = inventory_from_text(SMALL, "small.json").topology
    read_traffic_matrix(text_of(file), str(file), topology)
    imported(beside, seed=1, traffic=file)


def _tickets(file: Path) -> None:
    minds = Minds([Mind("playbook", playbook(), foreign=False)])
    tickets = read_tickets(text_of(file), str(file)).tickets
    read_for_causes(tickets, inventory_from_text(SMALL, "small.json"), minds)


def _scenario(file: Path) -> None:
    designed_inventory(load_case(str(file)).world)


def _kept(file: Path, place: Path) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(file.read_bytes())


def _inventory(file: Path) -> None:
    state = StateDirectory(file.parent)
    _kept(file, state.inventory_file("live"))
    kept_inventory(state, "live")


def _tracker(file: Path) -> None:
    state = StateDirectory(file.parent)
    _kept(file, state.tracker_file("live"))
    kept_tracker(state, "live", Twin(inventory_from_text(SMALL, "small.json")))


def _entry(file: Path) -> None:
    place = file.parent / "networks" / "live.yaml"
    _kept(file, place)
    network_entry(place.parent, "live")


READERS: Mapping[str, Callable[[Path], object]] = {
    ".traffic.csv": _traffic,
    ".traffic.json": _traffic,
    ".tickets.csv": _tickets,
    ".tickets.jsonl": _tickets,
    ".scenario.yaml": _scenario,
    ".policy.yaml": load_policy,
    ".on_event.yaml": load_ways,
    ".models.yaml": load_models,
    ".entry.yaml": _entry,
    ".inventory.json": _inventory,
    ".tracker.json": _tracker,
    ".knowledge.json": past_incidents_of_before,
}
"""By suffix; what has none of these is read as a network."""


class Outcome(StrEnum):
    """What came of a file. Only the first two are right."""

    READ = "read"
    REFUSED = "refused"
    TRACEBACK = "traceback"
    NO_ANSWER = "no answer"
    TOO_LARGE = "too much memory"


def read(file: Path) -> tuple[Outcome, str]:
    """Read `file` as its suffix says; what came of it, and the text of a refusal.

    What it raises besides NoctuaError comes out as it is: that is the traceback.
    """
    reader = next((r for suffix, r in READERS.items() if file.name.endswith(suffix)), _network)
    try:
        reader(file)
    except NoctuaError as refusal:
        return Outcome.REFUSED, plain(str(refusal), 2000)
    return Outcome.READ, ""


# How it went


@dataclass(frozen=True, slots=True)
class Finding:
    """One file that was read in a process of its own.

    `peak_bytes`: of memory, above what the process began with. `said`: the refusal, or the last
    line.
    """

    name: str
    outcome: Outcome
    seconds: float
    peak_bytes: int
    said: str


def read_apart(bad: BadFile, folder: Path) -> Finding:
    """Write `bad` into `folder` and read it in a process of its own.

    It is ended after LONGEST_S of processor time, or six times as long by the clock.
    """
    name, data, suffix = bad
    file, told, began = folder / f"file{suffix}", folder / "told", folder / "began"
    file.write_bytes(data)
    # Or the copy of it would count as the reader's.
    del data, bad
    child = os.fork()
    if child == 0:
        # It has its parent's memory, which may be a test run's of more than a gigabyte.
        began.write_text(str(_resident_bytes()), "ascii")
        _read_and_leave(file, told)
    _, status, used = os.wait4(child, 0)
    outcome, _, said = told.read_text("utf-8").partition(" ") if told.exists() else ("", "", "")
    found = {0: Outcome.READ, 1: Outcome.TRACEBACK, 2: Outcome.REFUSED}.get(
        os.waitstatus_to_exitcode(status), Outcome.NO_ANSWER
    )
    peak_bytes = used.ru_maxrss * 1024 - int(began.read_text("ascii"))
    if peak_bytes > MOST_BYTES and found in (Outcome.READ, Outcome.REFUSED):
        found = Outcome.TOO_LARGE
    return Finding(name, found, used.ru_utime + used.ru_stime, peak_bytes, f"{outcome} {said}")


def _resident_bytes() -> int:
    """Of this process, now. Source: proc(5), `statm`."""
    return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * resource.getpagesize()


def _read_and_leave(file: Path, told: Path) -> None:
    """In the child: never returns."""
    resource.setrlimit(resource.RLIMIT_CPU, (int(LONGEST_S), int(LONGEST_S) + 1))
    resource.setrlimit(resource.RLIMIT_AS, (STOPPED_AT_BYTES, STOPPED_AT_BYTES))
    signal.alarm(6 * int(LONGEST_S))
    code = 1
    try:
        outcome, said = read(file)
        code = 2 if outcome == Outcome.REFUSED else 0
    except BaseException as failure:  # a traceback is what is looked for
        said = " ".join(traceback.format_exception_only(failure)).strip()
    told.write_text(said, "utf-8", errors="backslashreplace")
    os._exit(code)


def main() -> int:
    """Print the table; 1 if a file was neither read nor refused within the bounds."""
    wanted = sys.argv[1:]
    counts: Counter[Outcome] = Counter()
    console = Console(width=160)
    begin = time.monotonic()
    for bad in bad_files():
        if wanted and not any(word in bad[0] for word in wanted):
            continue
        with tempfile.TemporaryDirectory() as folder:
            found = read_apart(bad, Path(folder))
        counts[found.outcome] += 1
        said = plain(found.said.replace(folder, ""), 110)
        console.print(
            Text(
                f"{found.name:<44} {found.outcome:<10} {found.seconds:6.2f} s "
                f"{found.peak_bytes / 2**20:6.0f} MiB  {said}"
            ),
            soft_wrap=True,
        )
    listed = ", ".join(f"{count} {outcome}" for outcome, count in counts.items())
    console.print(Text(f"{counts.total()} files: {listed}; {time.monotonic() - begin:.0f} s"))
    return int(any(outcome not in (Outcome.READ, Outcome.REFUSED) for outcome in counts))


if __name__ == "__main__":
    sys.exit(main())
