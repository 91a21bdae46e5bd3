"""What was learned is kept when it matters, and telemetry that was not kept is given again."""

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import pairwise
from pathlib import Path

import pytest

from evals.stage import stage
from graphs.tracker_file import KEEP_S, TrackerFile
from graphs.watch import POLL_S
from graphs.workplace import Workplace
from tests.graphs.stagehand import LOSSY, case
from tests.twin.tracking.square import START_S, adjacency, inventory, probes, tracker_of
from tools.network.emulated import EmulatedNetwork, SimulatedClock
from twin.events.fault import Fault
from twin.events.faults.link_down import LinkDown


@contextmanager
def _watching(folder: Path, *struck: tuple[float, Fault]) -> Iterator[Workplace]:
    with (
        closing(stage(case(*struck), 1, folder / "networks" / "live.sqlite")) as network,
        Workplace(folder, network, SimulatedClock(network)) as workplace,
    ):
        yield workplace


def _step(workplace: Workplace) -> None:
    workplace.watch.step()
    clock = SimulatedClock(workplace.network)  # type: ignore[arg-type]  # the stage is an emulated network
    clock.wait_until(clock.now_s() + POLL_S)


def test_quiet_watch_writes_now_and_then(tmp_path: Path) -> None:
    file = tmp_path / "trackers" / "live.json"
    with _watching(tmp_path) as workplace:
        written = []
        for _ in range(41):
            _step(workplace)
            written.append(file.stat().st_ino)
    writes = sum(before != after for before, after in pairwise(written))
    assert writes == 40 * POLL_S // KEEP_S


def test_tracker_is_kept_before_its_telemetry_is_said_to_be(tmp_path: Path) -> None:
    tracker = tracker_of(inventory())
    file = TrackerFile(tmp_path / "live.json", tracker)
    assert file.kept_s == 0.0
    file.keep_if_due()
    assert (tmp_path / "live.json").exists()
    tracker.ingest([probes(tracker.inventory, START_S + 10)])
    file.keep_if_due()
    assert file.kept_s == START_S + 10, "never before: it is more than KEEP_S ago"
    tracker.ingest([probes(tracker.inventory, START_S + 40)])
    file.keep_if_due()
    assert file.kept_s == START_S + 10, "it is only learned"
    tracker.ingest([adjacency(START_S + 50, "A", "A-B", up=False)])
    file.keep_if_due()
    assert file.kept_s == START_S + 50
    tracker.attribute("live-0001", (LinkDown(link="A-B"),))
    before = (tmp_path / "live.json").read_bytes()
    file.keep_if_due()
    assert (tmp_path / "live.json").read_bytes() != before, "it was decided"
    tracker.ingest([probes(tracker.inventory, START_S + 60)])
    file.keep()
    assert file.kept_s == START_S + 60


def test_who_has_learned_nothing_does_not_replace_what_another_has(tmp_path: Path) -> None:
    tracker = tracker_of(inventory())
    mine = TrackerFile(tmp_path / "live.json", tracker)
    mine.keep()
    other = tracker_of(inventory())
    theirs = TrackerFile(tmp_path / "live.json", other)
    tracker.ingest([adjacency(START_S, "A", "A-B", up=False)])
    mine.keep_if_due()
    kept = (tmp_path / "live.json").read_bytes()
    theirs.keep()
    assert (tmp_path / "live.json").read_bytes() == kept


def test_what_could_not_be_written_is_not_said_to_be_kept(tmp_path: Path) -> None:
    folder = tmp_path / "trackers"
    tracker = tracker_of(inventory())
    file = TrackerFile(folder / "live.json", tracker)
    tracker.ingest([adjacency(START_S, "A", "A-B", up=False)])
    with pytest.raises(FileNotFoundError):
        file.keep_if_due()
    assert file.kept_s == 0.0
    folder.mkdir()
    file.keep_if_due()
    assert file.kept_s == START_S


def test_killed_watch_is_given_again_what_it_had_only_learned(tmp_path: Path) -> None:
    with _watching(tmp_path) as workplace:
        for _ in range(30):
            _step(workplace)
        workplace.watch.step()
        kept_s, file = workplace.watch._learned.kept_s, tmp_path / "trackers" / "live.json"
        assert workplace.tracker.now_s - kept_s > 3 * POLL_S
        as_it_was = file.read_bytes()
        expected = workplace.tracker
    # As if it had been killed: the last save, at closing, never was.
    file.write_bytes(as_it_was)
    with (
        closing(EmulatedNetwork.open(tmp_path / "networks" / "live.sqlite")) as network,
        Workplace(tmp_path, network, SimulatedClock(network)) as revived,
    ):
        assert revived.tracker.now_s == kept_s
        revived.watch.step()
        assert revived.tracker.now_s == expected.now_s
        assert len(revived.tracker.rates) >= 2, "the rates of the time since are there as well"
        found, known = revived.tracker.intake.summary(), expected.intake.summary()
        assert found.received == known.received, "nothing is lost, and nothing is taken twice"


def test_symptom_of_an_incident_is_on_disk(tmp_path: Path) -> None:
    with _watching(tmp_path, (600.0, LOSSY)) as workplace:
        while not workplace.journal.incidents():
            _step(workplace)
        (record,) = workplace.journal.incidents()
        kept = json.loads((tmp_path / "trackers" / "live.json").read_text(encoding="utf-8"))
        assert {s.id for s in record.incident.symptoms} <= {
            f"{s['kind']}:{s['resource']}" for s in kept["book"]["symptoms"]
        }
