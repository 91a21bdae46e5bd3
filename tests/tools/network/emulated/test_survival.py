"""The network does not notice when the process that runs it dies."""

import math
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from tools.network.emulated import EmulatedNetwork
from tools.network.emulated.case_truth import (
    CaseTruth,
    PlannedAction,
    Repair,
    TimedEvent,
)
from tools.network.emulated.truth_view import TruthView
from twin.errors import NetworkError
from twin.events.faults.fiber_cut import FiberCut
from twin.events.faults.igp_weight_misconfig import IgpWeightMisconfig
from twin.events.faults.traffic_spike import TrafficSpike
from twin.nouns.plan import Dispatch
from twin.nouns.telemetry import InterfaceCounters, Telemetry

Start = Callable[..., EmulatedNetwork]

BUSY = CaseTruth(
    events=(
        TimedEvent(
            at_s=700,
            fault=FiberCut(duct="duct-1", links=("A-B-1", "F-A")),
            repair=Repair(travel_s=300, repair_s=400),
        ),
        TimedEvent(at_s=1000, fault=IgpWeightMisconfig(node="C", link="C-D", weight=40)),
        TimedEvent(at_s=1500, until_s=2400, fault=TrafficSpike(target="D", factor=3.0)),
    ),
    planned_actions=(
        PlannedAction(at_s=1300, until_s=2000, link="E-F", what="drain", change_id="CHG-1"),
    ),
)


def _bytes(telemetry: Sequence[Telemetry]) -> list[tuple[object, ...]]:
    """Everything that was received, as values that compare by content."""
    return [
        tuple(
            value.tobytes() if isinstance(value, np.ndarray) else value
            for value in (getattr(item, name) for name in item.__slots__)
        )
        for item in telemetry
    ]


def _act(network: EmulatedNetwork, since_s: float) -> None:
    """What an operator does at some moments of the busy case."""
    if since_s == 870:
        network.dispatch(
            Dispatch(
                id="d1",
                incident_id="i1",
                place="A",
                links=("F-A",),
                text="",
                requested_s=network.now_s(),
            )
        )
    if since_s == 1110:
        device = network.running("C")
        repaired = device.interface("C-D").model_copy(update={"igp_weight": 10})
        network.stage("fix", device.with_interface(repaired))
        network.commit("C", "fix", 200.0)
    if since_s == 1170:
        network.confirm("C", "fix")


def _run(
    network: EmulatedNetwork, path: Path, deaths: Sequence[int], step: int
) -> tuple[list[tuple[object, ...]], EmulatedNetwork]:
    begin = network.now_s()
    received: list[Telemetry] = []
    for since in range(step, 3000 + 1, step):
        network.advance(begin + since)
        _act(network, float(since))
        received += _new(network.poll(), received)
        if since in deaths:
            network.close()
            network = EmulatedNetwork.open(path)
    return _bytes(received), network


def _new(batch: Sequence[Telemetry], received: Sequence[Telemetry]) -> list[Telemetry]:
    """Whoever opens the network anew is given the last batch again."""
    last_s = max((item.received_s for item in received), default=-math.inf)
    return [item for item in batch if item.received_s > last_s]


def test_batch_whose_answer_got_lost_is_given_again_to_who_names_what_it_has(
    start: Start,
) -> None:
    network = start(BUSY)
    begin_s = network.now_s()
    network.advance(begin_s + 600)
    kept = network.poll(0.0)
    network.advance(begin_s + 660)
    lost = network.poll(kept[-1].received_s)
    network.advance(begin_s + 720)
    again = network.poll(kept[-1].received_s)
    assert _bytes(again)[: len(lost)] == _bytes(lost)
    assert len(again) > len(lost) > 0
    assert network.poll(again[-1].received_s) == []
    network.advance(begin_s + 780)
    more = network.poll(0.0)
    assert min(item.received_s for item in more) > again[-1].received_s, "that was kept"


def test_batch_that_may_have_died_with_its_reader_is_given_again(
    start: Start, tmp_path: Path
) -> None:
    network = start(BUSY)
    network.advance(network.now_s() + 600)
    first = network.poll()
    network.advance(network.now_s() + 60)
    second = network.poll()
    network.close()
    again = EmulatedNetwork.open(tmp_path / "six.db")
    assert _bytes(again.poll()) == _bytes(second)
    assert _bytes(first)[-1] not in _bytes(second)
    again.advance(again.now_s() + 60)
    third = again.poll()
    again.close()
    assert min(item.received_s for item in third) > max(item.received_s for item in second)


@pytest.mark.slow
def test_same_seed_gives_the_same_bytes_however_often_it_dies(start: Start, tmp_path: Path) -> None:
    whole, one = _run(start(BUSY, name="one"), tmp_path / "one.db", (), 30)
    parts, two = _run(
        start(BUSY, name="two"), tmp_path / "two.db", (60, 720, 900, 1140, 1350, 2010, 2970), 30
    )
    assert len(whole) > 200
    assert parts == whole
    first, second = TruthView(one), TruthView(two)
    assert first.breach_s() == second.breach_s()
    assert (first.totals.lost_bits == second.totals.lost_bits).all()
    assert one.running_configuration() == two.running_configuration()
    two.close()


@pytest.mark.slow
def test_death_in_the_middle_of_convergence_changes_nothing(start: Start, tmp_path: Path) -> None:
    whole, _ = _run(start(BUSY, name="one"), tmp_path / "one.db", (), 3)
    deaths = (702, 705, 708, 1002, 1113, 1302, 1572, 2004)
    parts, two = _run(start(BUSY, name="two"), tmp_path / "two.db", deaths, 3)
    assert parts == whole
    two.close()


@pytest.mark.slow
def test_looking_more_often_changes_nothing(start: Start, tmp_path: Path) -> None:
    seldom, _ = _run(start(BUSY, name="one"), tmp_path / "one.db", (), 30)
    often, _ = _run(start(BUSY, name="two"), tmp_path / "two.db", (), 3)
    assert often == seldom


@pytest.mark.slow
def test_other_seed_gives_other_bytes(start: Start, tmp_path: Path) -> None:
    one, _ = _run(start(BUSY, name="one"), tmp_path / "one.db", (), 30)
    two, _ = _run(start(BUSY, name="two", seed=4), tmp_path / "two.db", (), 30)
    assert one != two


def test_reopening_after_long_peace_does_not_replay_all_of_it(start: Start, tmp_path: Path) -> None:
    network = start()
    for _ in range(120):
        network.advance(network.now_s() + 30)
        network.poll()
    counters = network.physical.flowing
    network.close()
    again = EmulatedNetwork.open(tmp_path / "six.db")
    assert len(again.physical.samples) < 60
    assert (again.physical.flowing.offered == counters.offered).all()
    again.close()


def test_killed_process_leaves_a_commit_that_returns(start: Start, tmp_path: Path) -> None:
    network = start(mismatch=0)
    before = network.running("B")
    network.close()
    path = tmp_path / "six.db"
    script = f"""
import os, signal
from pathlib import Path
from tools.network.emulated import EmulatedNetwork
network = EmulatedNetwork.open(Path({str(path)!r}))
network.advance(network.now_s() + 45)
device = network.running("B")
changed = device.interface("B-E").model_copy(update={{"igp_weight": 77}})
network.stage("c1", device.with_interface(changed))
network.commit("B", "c1", 120.0)
os.kill(os.getpid(), signal.SIGKILL)
"""
    ended = subprocess.run([sys.executable, "-c", script], check=False)
    assert ended.returncode == -9
    again = EmulatedNetwork.open(path)
    assert again.now_s() == 1_800_000_045.0
    assert again.running("B").interface("B-E").igp_weight == 77
    again.advance(again.now_s() + 121)
    assert again.running("B") == before
    readings = [item for item in again.poll() if isinstance(item, InterfaceCounters)]
    assert {node.id: 6 for node in again.inventory().topology.nodes} == Counter(
        record.node for record in readings
    )
    again.close()


@pytest.mark.parametrize("table", ["clock", "identity"])
def test_file_that_lacks_what_was_written_is_called_damaged(
    start: Start, tmp_path: Path, table: str
) -> None:
    start().close()
    path = tmp_path / "six.db"
    connection = sqlite3.connect(path)
    connection.execute(f"DELETE FROM {table}")
    connection.commit()
    connection.close()
    with pytest.raises(NetworkError, match=r"six\.db.*(damaged|not an emulated network)"):
        EmulatedNetwork.open(path)


def test_file_of_garbage_is_no_network(start: Start, tmp_path: Path) -> None:
    start().close()
    path = tmp_path / "six.db"
    body = bytearray(path.read_bytes())
    body[4096:] = bytes(255 for _ in body[4096:])
    path.write_bytes(body)
    with pytest.raises(NetworkError, match=r"six\.db"):
        EmulatedNetwork.open(path)
