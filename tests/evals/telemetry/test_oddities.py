"""Every oddity through the tracker: no symptom of a healthy network, no link missed, and loss that
is found or said to be unmeasured. The square's counters are written by hand.
"""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from evals.telemetry.oddities import CONTROL, ODDITIES, Wire, pour
from evals.telemetry.watches import Play, Scene, watched
from tests.twin.tracking.square import (
    A_TO_B,
    START_S,
    Counters,
    adjacency,
    flows,
    inventory,
    loads_of,
    probes,
    tracker_of,
)
from twin.nouns.inventory import Inventory
from twin.nouns.telemetry import Telemetry
from twin.tracking.tracker import Tracker

DEMANDS = (
    ("A", "B", 3e9),
    ("B", "A", 2e9),
    ("B", "C", 2.5e9),
    ("C", "B", 1.2e9),
    ("C", "D", 2e9),
    ("D", "C", 1e9),
    ("A", "D", 1.5e9),
    ("D", "A", 1.8e9),
)
PAIRS = (
    ("A", "B"),
    ("A", "C"),
    ("B", "A"),
    ("C", "A"),
    ("C", "B"),
    ("B", "C"),
    ("B", "D"),
    ("D", "B"),
    ("C", "D"),
)
ROUNDS, ODD, ONSET = 34, 8, 16
MOMENTS = {"A": 0.0, "B": 1.1, "C": 2.3, "D": 3.2}
"""Seconds after the round began at which each device is read; they differ a little every time."""


@pytest.fixture(scope="module")
def known() -> Inventory:
    return inventory(demands=DEMANDS, services=PAIRS)


def _polls(known: Inventory, scene: str) -> Iterator[tuple[float, list[Telemetry]]]:
    """What the square tells, poll by poll; "loss": 5 % of what A sends to B; "down": C-D."""
    numbers = np.random.default_rng(7)
    usual, counters = loads_of(known), Counters()
    for number in range(ROUNDS):
        records: list[Telemetry] = []
        is_wrong = number >= ONSET
        load = usual * (1 + 0.01 * numbers.standard_normal(len(usual)))
        if is_wrong and scene == "down":
            load[4:6] = 0.0
        lost = {A_TO_B: 0.05} if is_wrong and scene == "loss" else {}
        begun_s, at_s = counters.now_s, 0.0
        for node in sorted(MOMENTS):
            moment_s = MOMENTS[node] + float(numbers.random()) * 0.8
            counters.after(load, lost=lost, seconds=moment_s - at_s)
            at_s = moment_s
            records.append(counters.read_device(node))
        counters.after(load, lost=lost, seconds=30.0 - at_s)
        received_s = begun_s + 6.0
        records = [replace(r, received_s=received_s) for r in records]
        seen = probes(known, received_s + 1.0, lost=0.0)
        noise = 0.0001 * numbers.random(len(seen.delay_s))
        records.append(replace(seen, delay_s=seen.delay_s + noise))
        if number % 10 == 9:
            records.append(flows(known.peak_traffic.rates_bps, begun_s))
            records[-1] = replace(records[-1], received_s=begun_s + 5.0)
        if number == ONSET and scene == "down":
            for node in "CD":
                event = adjacency(begun_s + 1.0, node, "C-D", up=False)
                records.append(replace(event, received_s=begun_s + 2.0))
        yield begun_s + 30.0, records


def _watched(known: Inventory, oddity: str, scene: str) -> tuple[Tracker, set[str], bool]:
    """The tracker at the end; every symptom there was; whether A|A-B was ever unmeasured."""
    device, link = ("C", "C-D") if scene == "down" else ("A", "A-B")
    since_s = START_S + 30.0 * ODD
    wire = Wire(known.topology, device, link, since_s, np.random.default_rng(1))
    tracker, symptoms, unmeasured = tracker_of(known), set[str](), False
    for number, (now_s, records) in enumerate(_polls(known, scene)):
        arrived = pour(ODDITIES[oddity], records, wire, now_s)
        tracker.ingest(arrived, after_s=tracker.now_s, until_s=now_s)
        symptoms |= {s.id for s in tracker.active_symptoms()}
        unmeasured |= number > ONSET and not tracker.coverage.at(tracker.now_s).tells_loss_of(
            "A|A-B"
        )
    return tracker, symptoms, unmeasured


FEW = (
    CONTROL,
    "devices answer every other poll",
    "everything is out of order",
    "three polls come at once",
    "a clock is an hour behind",
    "counters are stamped 30 s behind",
    "events are stamped an hour behind",
    "an interface is frozen",
    "counters are in bits",
    "a probe sends nothing",
)
ALL = [
    pytest.param(name, marks=[] if name in FEW else [pytest.mark.slow], id=name)
    for name in ODDITIES
]


@pytest.mark.parametrize("oddity", ALL)
def test_healthy_network_has_no_symptom_whatever_its_telemetry_is_like(
    known: Inventory, oddity: str
) -> None:
    _, symptoms, _ = _watched(known, oddity, "healthy")
    assert symptoms == set()


@pytest.mark.parametrize("oddity", ALL)
def test_link_that_fails_is_found_and_nothing_else(known: Inventory, oddity: str) -> None:
    _, symptoms, _ = _watched(known, oddity, "down")
    assert symptoms == {"adjacency_down:C-D"}


@pytest.mark.parametrize("oddity", ALL)
def test_silent_loss_is_found_or_said_to_be_unmeasured(known: Inventory, oddity: str) -> None:
    _, symptoms, unmeasured = _watched(known, oddity, "loss")
    assert symptoms <= {"silent_loss:A|A-B"}
    assert symptoms or unmeasured
    assert symptoms or oddity != CONTROL


@pytest.mark.slow
@pytest.mark.parametrize(
    ("oddity", "scene"),
    [
        ("a clock is an hour behind", "down"),
        ("devices answer every other poll", "loss"),
        ("counters are in bits", "healthy"),
    ],
)
def test_whole_watch_makes_no_incident_of_odd_telemetry_and_misses_none(
    oddity: str, scene: Scene
) -> None:
    play = Play(case=oddity, topology="sndlib/abilene", scene=scene, seed=1)
    found = watched(play)
    assert (found.failed, found.false) == (0, ())
    if scene == "healthy":
        assert found.incidents == ()
        assert any("8 times" in sentence for sentence in found.faults)
    else:
        assert found.found_s is not None
