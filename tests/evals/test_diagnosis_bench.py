"""Recorded incidents, who names their causes, and what is counted."""

import numpy as np
import pytest

from evals.campaigns.campaign import load_spec
from evals.campaigns.records import Record
from evals.diagnosis.bench import (
    CAMPAIGN,
    Benched,
    Play,
    bench_markdown,
    judged,
    play_recording,
)
from evals.diagnosis.methods import METHODS, UNKNOWING, Answer
from evals.diagnosis.recording import LOOKS_S, Thinned, faulty_device, looks
from evals.diagnosis.scene import KINDS, drawn_scene
from evals.truth import parts_of
from tests.twin.tracking.square import Counters, flows, inventory, probes
from twin.errors import NetworkError
from twin.events.fault import Fault
from twin.events.faults.demand_surge import DemandSurge
from twin.events.faults.device_down import DeviceDown
from twin.events.faults.fiber_cut import FiberCut
from twin.events.faults.high_latency import HighLatency
from twin.events.faults.link_down import LinkDown
from twin.events.faults.link_flap import LinkFlap
from twin.events.faults.power_feed_loss import PowerFeedLoss
from twin.events.faults.router_overload import RouterOverload
from twin.events.faults.silent_egress_packet_loss import SilentEgressPacketLoss
from twin.events.faults.traffic_spike import TrafficSpike
from twin.nouns.telemetry import FlowRound, InterfaceCounters, ProbeRound

ABILENE = "sndlib/abilene"
AB, BC = LinkDown(link="A-B"), LinkDown(link="B-C")


def _play(*kinds: str, case: str = ABILENE, severity: int = 2, seed: int = 1) -> Play:
    return Play.model_validate(
        {
            "case": case,
            "kinds": kinds,
            "severity": severity,
            "seed": seed,
            "missing": 0.1,
            "arms": list(METHODS),
        }
    )


@pytest.mark.parametrize("kind", [k for k in KINDS if k != "fiber_cut"])
def test_same_key_draws_the_same_fault_and_another_key_another(kind: str) -> None:
    # Abilene has no site with several devices.
    case = "topozoo/Aconet" if kind == "power_feed_loss" else ABILENE
    first, again, other = (drawn_scene(case, (kind,), 1, seed) for seed in (5, 5, 6))
    assert first is not None
    assert other is not None
    assert first == again
    assert first.case.truth != other.case.truth


def test_faults_of_one_recording_touch_nothing_in_common() -> None:
    for seed in range(3):
        scene = drawn_scene(ABILENE, ("link_down", "silent_egress_packet_loss"), 1, seed)
        assert scene is not None
        one, two = (event.fault for event in scene.case.truth.events)
        parts = [{p for r in fault.resources for p in parts_of(r)} for fault in (one, two)]
        assert not parts[0] & parts[1]


def test_network_that_has_no_place_for_the_faults_is_left_out_and_counted() -> None:
    """Abilene has no duct on record with more than one link."""
    played = play_recording(_play("fiber_cut"))
    assert (played.faults, played.looks) == ((), ())
    record = Record[Play, Benched](
        campaign=CAMPAIGN.name, play=_play("fiber_cut"), commit="c", cpu_s=1.0, outcome=played
    )
    assert "no place for them: 1" in bench_markdown([record])


@pytest.mark.parametrize(
    ("named", "exact", "false"),
    [
        ((AB, BC), True, False),
        ((FiberCut(duct="", links=("A-B", "B-C")),), True, False),
        ((AB,), False, False),
        ((AB, LinkDown(link="C-D")), False, True),
        ((), False, False),
    ],
)
def test_only_all_that_is_wrong_and_nothing_else_is_exactly_right(
    named: tuple[LinkDown | FiberCut, ...], exact: bool, false: bool
) -> None:
    said = judged("somebody", Answer(named, place="A-B", p=0.9), (AB, BC))
    assert (said.exact, said.false, said.place) == (exact, false, True)


DEAD = DeviceDown(node="A", links=("A-B", "A-D"))
POWERLESS = PowerFeedLoss(site="A", nodes=("A", "D"), links=("A-B", "A-D", "C-D"))
LATE = HighLatency(link="A-B", added_s=0.01)
BUSY = RouterOverload(node="A", links=("A-B", "A-D"), fraction=0.02)
LOST = tuple(SilentEgressPacketLoss(node="A", link=link, fraction=0.02) for link in ("A-B", "A-D"))


@pytest.mark.parametrize(
    ("truth", "named", "exact", "false"),
    [
        (DEAD, (AB, LinkDown(link="A-D")), True, False),
        (DEAD, (FiberCut(duct="", links=("A-B", "A-D")),), True, False),
        (DEAD, (AB,), False, False),
        (POWERLESS, (DEAD, DeviceDown(node="D", links=("A-D", "C-D"))), True, False),
        (POWERLESS, (AB, LinkDown(link="A-D"), LinkDown(link="C-D")), True, False),
        (POWERLESS, (DEAD,), False, False),
        (DEAD, (AB, LinkDown(link="A-D"), BC), False, True),
        (BUSY, LOST, True, False),
        (BUSY, LOST[:1], False, False),
        (BUSY, (*LOST, LATE), False, True),
        (LinkFlap(link="A-B", period_s=60.0), (AB,), False, True),
        (DemandSurge(factor=2.0), (TrafficSpike(target="A", factor=2.0),), False, True),
    ],
)
def test_only_who_does_not_know_a_kind_may_name_it_by_its_parts_and_by_all_of_them(
    truth: Fault, named: tuple[Fault, ...], exact: bool, false: bool
) -> None:
    said = judged(UNKNOWING, Answer(named, place="A"), (truth,))
    assert (said.exact, said.false) == (exact, false)
    knowing = judged("noctua", Answer(named, place="A"), (truth,))
    assert (knowing.exact, knowing.false) == (False, True)


@pytest.mark.parametrize("missing", [0.0, 0.3])
def test_so_large_a_share_of_readings_probes_and_flow_records_is_taken_out(missing: float) -> None:
    known = inventory()
    thin = Thinned(missing, np.random.default_rng(1))
    read = [record for _ in range(300) for record in Counters().read()]
    seen = [probes(known, 0.0)] * 600
    sent = [flows(known.peak_traffic.rates_bps, 300.0)] * 200
    arrived = thin([*read, *seen, *sent], 0.0)
    gone: dict[type, list[float]] = {InterfaceCounters: [], ProbeRound: [], FlowRound: []}
    for record in arrived:
        match record:
            case InterfaceCounters():
                gone[InterfaceCounters].append(np.isnan(record.sent_bytes).mean())
            case ProbeRound():
                gone[ProbeRound].append(np.isnan(record.sent).mean())
            case FlowRound():
                gone[FlowRound].append(np.isnan(record.rates_bps).mean())
    for shares in gone.values():
        assert np.mean(shares) == pytest.approx(missing, abs=0.06)


def test_play_that_raised_counts_as_felt_and_not_named() -> None:
    record = Record[Play, Benched](
        campaign=CAMPAIGN.name, play=_play("link_down"), commit="c", cpu_s=1.0, error="OSError: no"
    )
    table = bench_markdown([record])
    assert "| one fault | noctua | 1 |" in table
    assert "raised an error" in table


def test_seeds_for_tuning_and_for_reporting_do_not_meet() -> None:
    spec = load_spec(CAMPAIGN)
    tuned = spec.model_copy(update={"seeds": (1, 2, 3), "doubles": 90, "triples": 40})
    assert min(play.seed for play in CAMPAIGN.plays(spec)) >= 1000
    assert max(play.seed for play in CAMPAIGN.plays(tuned)) < 100
    sizes = [len(play.kinds) for play in CAMPAIGN.plays(spec) if play.only is None]
    assert [sizes.count(n) for n in (1, 2, 3)] == [600 + 180 + 60, 150, 50]


def test_each_fault_of_a_set_is_played_alone_as_it_was_in_the_set() -> None:
    kinds = ("link_down", "silent_egress_packet_loss")
    scene = drawn_scene(ABILENE, kinds, 2, 1)
    assert scene is not None
    alone = scene.alone(1)
    assert alone.case.truth.events == scene.case.truth.events[1:]
    assert (alone.case.world, alone.onset_s) == (scene.case.world, scene.onset_s)
    spec = load_spec(CAMPAIGN).model_copy(update={"seeds": (1,), "doubles": 1, "triples": 1})
    plays = [play for play in CAMPAIGN.plays(spec) if len(play.kinds) > 1]
    assert [play.only for play in plays] == [None, None, 0, 1, 0, 1, 2]


@pytest.mark.parametrize(("felt", "counted"), [((True, True), 1), ((True, False), 0)])
def test_sets_of_faults_that_are_each_felt_by_itself_are_counted_apart(
    felt: tuple[bool, bool], counted: int
) -> None:
    whole = _play("link_down", "packet_loss").model_copy(update={"arms": ("noctua",)})

    def record(play: Play, is_felt: bool) -> Record[Play, Benched]:
        said = {
            "method": "noctua",
            "causes": [{"kind": "link_down", "resources": ["A-B"]}],
            "exact": True,
            "false": False,
            "place": True,
            "p": 0.9,
        }
        outcome = {
            "faults": [{"kind": "link_down", "resources": ["A-B"]}],
            "rejected": 0,
            "looks": [
                {
                    "at_s": LOOKS_S[-1],
                    "felt": is_felt,
                    "said": [said] if play.only is None else [],
                }
            ],
        }
        return Record[Play, Benched](
            campaign=CAMPAIGN.name,
            play=play,
            commit="c",
            cpu_s=1.0,
            outcome=Benched.model_validate(outcome),
        )

    alone = [
        record(whole.model_copy(update={"only": i, "arms": ()}), is_felt)
        for i, is_felt in enumerate(felt)
    ]
    table = bench_markdown([record(whole, True), *alone])
    assert "| two faults | noctua | 1 | 1 |" in table
    assert f"| two faults, each felt by itself | noctua | {counted} | " in table


@pytest.mark.slow
def test_silent_device_reports_nothing_and_its_probes_and_neighbours_do() -> None:
    """A link is down, and one end of it says nothing any more: the other end does."""
    scene = drawn_scene(ABILENE, ("link_down",), 2, 1)
    assert scene is not None
    (event,) = scene.case.truth.events
    look = next(looks(scene, 1, 0.0, silent=True))
    tracker = look.situation.tracker
    device = faulty_device(tracker.topology, event.fault)
    assert tracker.coverage.missed(tracker.now_s)[device] > 4
    with pytest.raises(NetworkError):
        look.situation.network.running(device)
    assert event.fault.resources[0] in tracker.down_links


def test_what_is_everywhere_has_no_faulty_device() -> None:
    scene = drawn_scene(ABILENE, ("demand_surge",), 2, 1)
    assert scene is not None
    assert list(looks(scene, 1, 0.0, silent=True)) == []


def test_harder_conditions_have_a_table_of_their_own() -> None:
    felt = Benched.model_validate(
        {
            "faults": [{"kind": "link_down", "resources": ["A-B"]}],
            "rejected": 0,
            "looks": [
                {
                    "at_s": LOOKS_S[-1],
                    "felt": True,
                    "said": [judged("noctua", Answer((AB,), p=0.9), (AB,)).model_dump()],
                }
            ],
        }
    )
    plays = [_play("link_down"), _play("link_down").model_copy(update={"silent": True})]
    records = [
        Record[Play, Benched](
            campaign=CAMPAIGN.name, play=play, commit="c", cpu_s=1.0, outcome=felt
        )
        for play in plays
    ]
    table = bench_markdown(records)
    assert "| one fault | noctua | 1 |" in table
    assert "| 10% of samples missing, faulty device silent | all | 1 | 1 |" in table
    assert "silent |" not in bench_markdown(records[:1])


@pytest.mark.slow
@pytest.mark.parametrize(
    "play",
    [
        _play("link_down"),
        _play("silent_egress_packet_loss"),
        _play(*["link_down"] * 3, case="sndlib/nobel-eu", severity=1),
    ],
    ids=lambda play: " ".join(play.kinds),
)
def test_recording_is_looked_at_three_times_by_everybody_and_named_exactly_by_us(
    play: Play,
) -> None:
    played = play_recording(play)
    assert [look.at_s for look in played.looks] == list(LOOKS_S)
    for look in played.looks:
        assert [said.method for said in look.said] == list(METHODS)
    ours = played.looks[-1].said[0]
    assert played.looks[-1].felt
    assert ours.exact
    assert not ours.false
    assert ours.p is not None
    assert ours.p > 0.9
