"""What is screened, limited and refused, on nets of four routers worked out by hand."""

from collections.abc import Sequence
from functools import partial

import pytest

from agents.roles.remediator import DO_NOTHING, Proposal, ProposedRemedy, Proposer
from tests.twin.tracking.square import ENDS, inventory, topology
from twin.errors import Ungrounded, UnknownLink, UnknownNode
from twin.events.action import ProposedAction
from twin.events.actions.drain_link import DrainLink
from twin.events.actions.rate_limit import RateLimit
from twin.events.actions.revert_to_intended import RevertToIntended
from twin.events.actions.set_igp_weight import SetIgpWeight
from twin.events.faults.igp_weight_misconfig import IgpWeightMisconfig
from twin.events.faults.silent_egress_packet_loss import SilentEgressPacketLoss
from twin.nouns.inventory import Inventory
from twin.nouns.traffic import Demand, TrafficClass, TrafficMatrix
from twin.physics.questions import offered_totals
from twin.physics.twin import Twin
from twin.remedies.screening import Screen

LINE = (("A", "B"), ("B", "C"), ("C", "D"))
# B's 2.5 of D's 5 Gbit/s come over A: 10.5 on A-B, which carries 10.
CROWDED = (("A", "B", 8e9), ("D", "B", 5e9))


def _screen(
    demands: Sequence[tuple[str, str, float]],
    ends: Sequence[tuple[str, str]] = ENDS,
    down: Sequence[str] = (),
) -> Screen:
    known = inventory(topology(ends), demands=demands)
    twin = Twin(known)
    return Screen(twin.state(down_links=down), known.intended, partial(offered_totals, twin))


def _mixed(*demands: tuple[str, str, TrafficClass, float]) -> Screen:
    known = inventory()
    twin = Twin(known)
    traffic = TrafficMatrix.from_demands(
        known.peak_traffic.nodes,
        [Demand(source=a, target=b, traffic_class=c, rate_bps=rate) for a, b, c, rate in demands],
    )
    return Screen(twin.state(traffic=traffic), known.intended, partial(offered_totals, twin))


# Drains


def test_drain_of_the_only_way_is_refused() -> None:
    refusal = _screen((("A", "B", 1e9),), LINE).refusal(DrainLink(link="B-C"))
    assert refusal == "drain B-C would leave nodes with no other way"


def test_drain_that_partitions_because_another_link_is_down_is_refused() -> None:
    assert _screen((("A", "B", 1e9),)).refusal(DrainLink(link="B-C")) is None
    refusal = _screen((("A", "B", 1e9),), down=["C-D"]).refusal(DrainLink(link="B-C"))
    assert refusal is not None
    assert "no other way" in refusal


def test_drain_that_overloads_the_other_way_is_refused() -> None:
    # 8 Gbit/s would go A-D-C-B, where A sends D 3 already.
    refusal = _screen((("A", "B", 8e9), ("A", "D", 3e9))).refusal(DrainLink(link="A-B"))
    assert refusal == "drain A-B would load a link to 110%"


def test_drain_whose_traffic_finds_room_is_not_refused() -> None:
    screen = _screen((("A", "B", 8e9), ("A", "D", 1e9)))
    assert screen.refusal(DrainLink(link="A-B")) is None
    assert screen.measure((DrainLink(link="A-B"),)).max_utilisation == pytest.approx(0.9)


def test_only_drains_are_refused_for_what_they_would_do() -> None:
    screen = _screen((("A", "B", 8e9), ("A", "D", 3e9)))
    assert screen.refusal(SetIgpWeight(node="A", link="A-B", weight=60)) is None


# Screening


def test_trouble_names_the_egress_that_is_over_comfort() -> None:
    screen = _screen(CROWDED)
    assert screen.trouble() == (0,)
    # 10.5 Gbit/s offered, 9 are comfortable.
    assert screen.nothing.excess_bps == pytest.approx(1.5e9)
    assert screen.nothing.max_utilisation == pytest.approx(1.05)


def test_single_action_moves_traffic_off_the_egress_in_trouble() -> None:
    best, *others = _screen(CROWDED).best_single(())
    assert best.excess_bps == 0.0
    assert best.max_utilisation == pytest.approx(0.8)
    assert all(s.excess_bps < 1.5e9 for s in others), "what does not help is not proposed"


def test_no_trouble_needs_no_action() -> None:
    screen = _screen((("A", "B", 3e9),))
    assert screen.trouble() == ()
    assert screen.best_single(()) == []
    assert screen.rate_limits() == []


def test_wrong_weight_is_reverted_and_a_lossy_link_relieved() -> None:
    known = inventory(demands=(("A", "B", 8e9), ("A", "D", 3e9)))
    twin = Twin(known)
    wrong = IgpWeightMisconfig(node="A", link="A-B", weight=60)
    misled = Screen(wrong.after(twin.state()), known.intended, partial(offered_totals, twin))
    actions = [s.actions for s in misled.best_single((wrong,))]
    assert (RevertToIntended(node="A"),) in actions
    quiet = inventory(demands=(("A", "B", 1e9),))
    lossy = SilentEgressPacketLoss(node="A", link="A-B", fraction=0.05)
    twin = Twin(quiet)
    losing = Screen(lossy.after(twin.state()), quiet.intended, partial(offered_totals, twin))
    assert losing.nothing.excess_bps == pytest.approx(0.05e9)
    found = [s.actions for s in losing.best_single((lossy,))]
    assert (DrainLink(link="A-B"),) in found
    assert (SetIgpWeight(node="A", link="A-B", weight=60_000),) in found


def test_refused_drain_is_not_among_the_single_actions() -> None:
    found = _screen((("A", "B", 10.5e9), ("A", "D", 3e9))).best_single((), most=100)
    drains = [a.link for s in found for a in s.actions if isinstance(a, DrainLink)]
    assert "A-B" not in drains


# Rate limits


def test_rate_limit_leaves_the_other_classes_their_room() -> None:
    screen = _mixed(
        ("A", "B", TrafficClass.VOICE, 2e9),
        ("A", "B", TrafficClass.BUSINESS, 4e9),
        ("A", "B", TrafficClass.BEST_EFFORT, 6e9),
    )
    (limited,) = screen.rate_limits()
    # Eight of ten may be used, and six are somebody else's.
    assert limited.actions == (
        RateLimit(node="A", link="A-B", traffic_class=TrafficClass.BEST_EFFORT, rate_bps=2e9),
    )


def test_room_is_that_of_the_classes_on_that_egress_whatever_the_rest_of_the_network_sends() -> (
    None
):
    screen = _mixed(
        ("A", "B", TrafficClass.BUSINESS, 6.5e9),
        ("A", "B", TrafficClass.BEST_EFFORT, 4e9),
        ("C", "D", TrafficClass.BEST_EFFORT, 8e9),
    )
    (limited,) = screen.rate_limits()
    (action,) = limited.actions
    assert isinstance(action, RateLimit)
    assert action.rate_bps == pytest.approx(1.5e9)


def test_no_limit_where_the_other_classes_alone_fill_the_egress() -> None:
    screen = _mixed(
        ("A", "B", TrafficClass.BUSINESS, 9.5e9), ("A", "B", TrafficClass.BEST_EFFORT, 2e9)
    )
    assert screen.rate_limits() == []


# Grounding


def _proposal(*actions: ProposedAction) -> Proposal:
    return Proposal(remedies=(ProposedRemedy(actions=actions, reason="a try"),))


@pytest.fixture
def proposer() -> Proposer:
    return Proposer(_screen((("A", "B", 8e9), ("A", "D", 3e9))), ())


def test_doing_nothing_is_always_the_first_remedy(proposer: Proposer) -> None:
    answer = _proposal(SetIgpWeight(node="A", link="A-B", weight=20))
    for given in (answer, Proposal(remedies=())):
        nothing, *others = proposer.remedies(given)
        assert (nothing.id, nothing.actions) == (DO_NOTHING, ())
        assert [r.id for r in others] == ["R1"] * len(given.remedies)


def test_drain_that_would_overload_is_refused_in_an_answer(proposer: Proposer) -> None:
    with pytest.raises(Ungrounded, match="would load a link to 110%"):
        proposer.ground(_proposal(DrainLink(link="A-B")))


@pytest.mark.parametrize(
    ("action", "error"),
    [
        (DrainLink(link="A-C"), UnknownLink),
        (SetIgpWeight(node="A", link="B-C", weight=20), UnknownLink),
        (RevertToIntended(node="Z"), UnknownNode),
    ],
)
def test_action_on_what_does_not_exist_is_refused(
    proposer: Proposer, action: ProposedAction, error: type[Exception]
) -> None:
    with pytest.raises(error):
        proposer.ground(_proposal(action))


def test_sound_proposal_passes(proposer: Proposer) -> None:
    proposer.ground(_proposal(SetIgpWeight(node="A", link="A-B", weight=20)))


def test_remediator_is_told_what_stays_wrong(proposer: Proposer) -> None:
    task = Proposer(_screen(CROWDED), ()).task()
    assert task.excess_bps == 1_500_000_000
    assert task.max_utilisation == 1.05


def test_fixture_loads_are_as_the_comments_say() -> None:
    known: Inventory = inventory(demands=CROWDED)
    assert offered_totals(Twin(known), Twin(known).state())[0] == pytest.approx(10.5e9)
