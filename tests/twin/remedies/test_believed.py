"""What remedies are tried on: the network with the cause in force, and the demand to come."""

from dataclasses import replace

import pytest

from agents.roles.situation import Situation
from tests.agents.conftest import Place
from tests.twin.tracking.square import (
    A_TO_B,
    START_S,
    Counters,
    adjacency,
    flows,
    inventory,
    loads_of,
)
from twin.events.faults.fiber_cut import FiberCut
from twin.events.faults.igp_weight_misconfig import IgpWeightMisconfig
from twin.events.faults.link_down import LinkDown
from twin.events.faults.silent_egress_packet_loss import SilentEgressPacketLoss as SilentLoss
from twin.events.faults.traffic_spike import TrafficSpike
from twin.nouns.topology import Interface
from twin.nouns.traffic import DailyProfile
from twin.physics.questions import offered_totals
from twin.remedies.believed import (
    REPAIR_HORIZON_S,
    believed_state,
    circuits_of,
    healed,
    links_of,
    loss_in_words,
    outlook,
    state_ahead,
)
from twin.remedies.objective import RepairTime
from twin.tracking.alarms import Alarm

CUT = FiberCut(duct="duct-1", links=("A-B", "A-D"))
DOWN = LinkDown(link="C-D")
LOSSY = SilentLoss(node="B", link="B-C", fraction=0.05)
WEIGHT = IgpWeightMisconfig(node="A", link="A-B", weight=50)
EGRESS = Interface(node="B", link="B-C")


@pytest.fixture
def situation(place: Place) -> Situation:
    return place(inventory())


def test_links_and_circuits_of_a_cause() -> None:
    assert links_of((CUT, LOSSY, WEIGHT)) == {"A-B", "A-D"}
    assert circuits_of((CUT, LOSSY, WEIGHT)) == ("A-B", "A-D", "B-C")
    assert circuits_of((WEIGHT,)) == ()


def test_cause_is_in_force_besides_what_is_known_to_be_down(situation: Situation) -> None:
    situation.tracker.ingest([adjacency(START_S, "A", "A-B", up=False)])
    running = situation.read_running()
    state = believed_state(situation, running, (DOWN, LOSSY))
    assert state.down_links == {"A-B", "C-D"}
    assert state.egress_loss == {EGRESS: 0.05}
    assert state.running == running


def test_causes_of_other_incidents_are_in_force_besides(situation: Situation) -> None:
    tracker, spike = situation.tracker, TrafficSpike(target="B", factor=2.0)
    tracker.attribute("live-0001", (LOSSY, WEIGHT))
    tracker.attribute("live-0002", (CUT,))
    running = situation.read_running()
    usual = believed_state(situation, running, ())
    assert usual.egress_loss == {EGRESS: 0.05}
    assert usual.running == running, "a weight that is wrong runs already, or does no more"
    assert usual.down_links == frozenset(), "they have come back since"
    tracker.attribute("live-0003", (spike,))
    surging = believed_state(situation, running, (spike,))
    assert surging.traffic.rates_bps == pytest.approx(spike.after(usual).traffic.rates_bps)


def test_demand_agrees_with_the_counters(situation: Situation) -> None:
    tracker, counters = situation.tracker, Counters(starts_s=START_S + 100)
    tracker.ingest([adjacency(START_S, "C", "C-D", up=False), *counters.read()])
    for _ in range(4):
        tracker.ingest(counters.after(1.4 * loads_of(situation.inventory)))
    state = believed_state(situation, situation.read_running(), (DOWN,))
    assert offered_totals(situation.twin, state)[A_TO_B] == pytest.approx(1.4 * 3e9, rel=0.01)


def test_senders_that_a_loss_holds_back_are_expected_with_what_they_send_when_all_is_well(
    situation: Situation,
) -> None:
    tracker, counters = situation.tracker, Counters(starts_s=START_S + 100)
    tracker.ingest(counters.read())
    sent = loads_of(situation.inventory)
    for _ in range(6):
        tracker.ingest(counters.after(sent))
    tracker.book.raise_alarm(Alarm("probe_loss", "A>B/business", counters.now_s, 1.0))
    sent[A_TO_B] = 0.5e9
    for _ in range(8):
        tracker.ingest(counters.after(sent, lost={A_TO_B: 1.0}))
    running, lossy = situation.read_running(), SilentLoss(node="A", link="A-B", fraction=1.0)
    state = believed_state(situation, running, (lossy,))
    assert offered_totals(situation.twin, state)[A_TO_B] == pytest.approx(3e9, rel=0.01)
    assert loss_in_words(situation, state) == (
        "senders that meet loss are expected to come back, with 2.5 Gbit/s more than they send "
        "now; 3 Gbit/s arrive nowhere today"
    )
    half = believed_state(situation, running, (lossy.model_copy(update={"fraction": 0.5}),))
    assert loss_in_words(situation, half).endswith("than they send now")
    assert loss_in_words(situation, believed_state(situation, running, ())) == ""
    # As a loss of another incident it lasts, whatever is done about this one.
    tracker.attribute("live-0001", (lossy.model_copy(update={"fraction": 0.5}),))
    others = believed_state(situation, running, ())
    assert others.egress_loss == half.egress_loss
    assert offered_totals(situation.twin, others)[A_TO_B] == pytest.approx(0.5e9, rel=0.01)
    assert loss_in_words(situation, others) == ""


@pytest.mark.parametrize(("sent_bps", "hold_back"), [(2.9e9, True), (2.98e9, False)])
def test_senders_hold_back_if_they_send_a_hundredth_less_than_when_all_is_well(
    situation: Situation, sent_bps: float, hold_back: bool
) -> None:
    tracker, counters = situation.tracker, Counters(starts_s=START_S + 100)
    tracker.ingest(counters.read())
    sent = loads_of(situation.inventory)
    for _ in range(6):
        tracker.ingest(counters.after(sent))
    tracker.book.raise_alarm(Alarm("probe_loss", "A>B/business", counters.now_s, 1.0))
    sent[A_TO_B] = sent_bps
    for _ in range(8):
        tracker.ingest(counters.after(sent, lost={A_TO_B: 0.05}))
    lossy = SilentLoss(node="A", link="A-B", fraction=0.05)
    state = believed_state(situation, situation.read_running(), (lossy,))
    assert bool(loss_in_words(situation, state)) is hold_back


def test_surge_is_as_large_as_the_latest_flow_record_says(situation: Situation) -> None:
    record = situation.inventory.peak_traffic.rates_bps.copy()
    record[:, :, 1] *= 3.5
    situation.tracker.ingest([flows(record, START_S + 300)])
    spike = TrafficSpike(target="B", factor=2.5)
    state = believed_state(situation, situation.read_running(), (spike,))
    assert state.traffic.rates_bps[:, :, 1].sum() == pytest.approx(3.5 * 3e9, rel=1e-3)
    assert state.traffic.rates_bps[:, :, 3].sum() == pytest.approx(2e9, rel=1e-3)


def test_demand_ahead_is_that_of_the_busiest_hour_before_the_repair(place: Place) -> None:
    # START_S is 08:00; at 10:00 the profile is at its peak, twice what it is now.
    hours = [0.5] * 24
    hours[10] = 1.0
    known = replace(inventory(), profile=DailyProfile(hourly=tuple(hours)))
    situation = place(known)
    situation.tracker.now_s = START_S
    assert (START_S % 86_400) / 3600 == 8.0
    assert REPAIR_HORIZON_S == 4 * 3600
    running = situation.read_running()
    now = believed_state(situation, running, ())
    ahead = state_ahead(situation, running, ())
    assert ahead.traffic.rates_bps.sum() == pytest.approx(2 * now.traffic.rates_bps.sum(), rel=0.02)
    situation.tracker.now_s = START_S + 2 * 3600
    peak = believed_state(situation, running, ())
    after_peak = state_ahead(situation, running, ())
    assert after_peak.traffic.rates_bps.sum() == pytest.approx(peak.traffic.rates_bps.sum())


def test_repair_undoes_the_physical_cause_and_nothing_else(situation: Situation) -> None:
    state = believed_state(situation, situation.read_running(), (CUT, LOSSY, DOWN))
    assert healed(state, (CUT,)).down_links == {"C-D"}
    assert healed(state, (CUT,)).egress_loss == {EGRESS: 0.05}
    repaired = healed(state, (CUT, LOSSY, DOWN))
    assert (repaired.down_links, repaired.egress_loss) == (frozenset(), {})


def test_remedies_count_from_ten_minutes_on_to_where_the_outage_is_as_likely_over(
    situation: Situation,
) -> None:
    """Half of the outages last longer than 7,200 s: seven quarters of an hour end before that."""
    situation.tracker.now_s = START_S
    repair = RepairTime()
    chances = [repair.survival(600.0 + 450.0 + 900.0 * i) for i in range(8)]
    assert chances[6] > 0.5 > chances[7]
    found = outlook(situation, START_S)
    assert found.hours.sum() == pytest.approx(sum(chances[:7]) / 4)
