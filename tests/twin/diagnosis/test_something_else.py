"""Something that there is no kind for, weighed beside the kinds that there are."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from tests.twin.diagnosis.test_likelihood import (
    BUILT,
    DOWN,
    DUCT,
    LOSSY,
    NODES,
    NORMAL,
    PROBED,
    SPIKE,
    TWIN,
    WEIGHT,
    likelihood,
    observed,
)
from tests.twin.tracking.square import START_S
from twin.diagnosis.channels import Channels
from twin.diagnosis.something_else import beside, holds
from twin.events.fault import Fault
from twin.events.faults.blackhole_route import BlackholeRoute
from twin.events.faults.device_down import DeviceDown
from twin.events.faults.link_down import LinkDown
from twin.events.faults.link_flap import LinkFlap
from twin.events.faults.traffic_spike import TrafficSpike
from twin.events.faults.unannounced_drain import UnannouncedDrain
from twin.nouns.drops import Drops
from twin.nouns.evidence import CLAIM_NATS
from twin.nouns.observation import Observation
from twin.nouns.state import NetworkState
from twin.nouns.topology import Interface
from twin.physics.questions import offered_totals

LINK = BUILT.link("A-B")
EGRESS = Interface(node="A", link="A-B")
ARC = BUILT.arc_of(EGRESS)
HALF_LOST = LOSSY.model_copy(update={"fraction": 0.5})


def likeliest(
    seen: Observation, faults: Sequence[Fault] = (), normal: NetworkState = NORMAL
) -> tuple[str, float]:
    """Where something else is, and its odds against `faults` alone."""
    return max(beside(Channels(likelihood(seen, normal)), faults), key=lambda one: one[1])


def test_nowhere_in_a_healthy_network_is_something_else() -> None:
    assert likeliest(observed())[1] < -3.0


@pytest.mark.parametrize("cause", [DOWN, DUCT, WEIGHT, SPIKE, LOSSY], ids=lambda f: f.kind)
def test_beside_the_cause_that_explains_all_of_it_there_is_nothing_else(cause: Fault) -> None:
    assert likeliest(observed(cause), (cause,))[1] < -3.0


@pytest.mark.parametrize(
    ("cause", "places"),
    [
        (DOWN, {"A-B", "A", "B"}),
        (WEIGHT, {"A-B", "A", "B", str(EGRESS)}),
        (SPIKE, {"B"}),
        (LOSSY, {str(EGRESS)}),
    ],
    ids=lambda x: getattr(x, "kind", ""),
)
def test_a_cause_that_nobody_knows_is_something_else_where_it_is(
    cause: Fault, places: set[str]
) -> None:
    place, odds = likeliest(observed(cause))
    assert place in places
    assert odds > 0.0


@pytest.mark.parametrize(
    ("cause", "place"), [(DOWN, "A-B"), (UnannouncedDrain(link="A-B", nodes=("A",)), str(EGRESS))]
)
def test_what_takes_all_traffic_off_a_link_is_told_from_its_ends_by_where_it_goes(
    cause: Fault, place: str
) -> None:
    """With the two ends, other egresses of theirs carry more: that follows."""
    odds = dict[str, float]()
    for where, ratio in beside(Channels(likelihood(observed(cause))), ()):
        odds[where] = max(ratio, odds.get(where, ratio))
    ends = max(odds["A"], odds["B"])
    assert odds[place] == max(odds.values())
    assert odds[place] > ends + 3.0


def test_link_that_is_down_and_came_back_again_and_again_is_something_else_as_well() -> None:
    unread = np.full(BUILT.n_arcs, np.nan)
    down = replace(observed(DOWN), now_s=START_S, rounds=0, sent_bps=unread)
    back = replace(down, returns={"A-B": (1.0, 2.0, 3.0, 4.0, 5.0, 6.0)})
    steady, flapping = (likeliest(seen, (DOWN,)) for seen in (down, back))
    assert flapping[0] == "A-B"
    assert steady[1] < 0.0 < flapping[1]
    assert likeliest(back, (LinkFlap(link="A-B", period_s=60.0),))[1] < 0.0


def test_drops_far_from_full_are_the_less_an_accident_the_longer_they_last() -> None:
    fraction = np.zeros(BUILT.n_arcs)
    fraction[ARC] = 0.1
    nothing = np.zeros((BUILT.n_arcs, 3))
    unread = np.full(BUILT.n_arcs, np.nan)
    at_once = Drops(nothing, nothing, np.zeros(BUILT.n_arcs), unread, minutes=0.0, short={})
    seen = replace(observed(), drop_fraction=fraction, drops=at_once)
    later = replace(seen, drops=replace(at_once, minutes=10.0))
    assert likeliest(later)[0] == likeliest(seen)[0] == str(EGRESS)
    assert likeliest(later)[1] == pytest.approx(likeliest(seen)[1] + 10.0, abs=0.5)


@pytest.mark.parametrize(
    ("place", "held"),
    [
        ("everywhere", {"A", "A-B", "A|A-B", "B|A-B"}),
        ("A", {"A", "A-B", "A|A-B", "B|A-B"}),
        ("A-B", {"A-B", "A|A-B", "B|A-B"}),
        ("A|A-B", {"A|A-B"}),
        ("C", set()),
    ],
)
def test_place_holds_what_is_at_it(place: str, held: set[str]) -> None:
    resources = ("A", "A-B", "A|A-B", "B|A-B", "everywhere")
    assert {r for r in resources if holds(BUILT, place, r)} - {"everywhere"} == held
    assert holds(BUILT, place, "everywhere") == (place == "everywhere")


def test_what_two_causes_bring_about_is_one_of_them_and_something_else_at_the_other() -> None:
    seen = observed(LOSSY, SPIKE)
    for known, place in ((LOSSY, "B"), (SPIKE, str(EGRESS))):
        where, odds = likeliest(seen, (known,))
        assert (where, odds > 0.0) == (place, True)
    assert likeliest(seen, (LOSSY, SPIKE))[1] < -9.0


def test_a_link_that_is_held_down_for_longer_is_more_surely_something_else() -> None:
    seen = replace(observed(DOWN), now_s=max(observed(DOWN).down_since.values()))
    at_once, later = (likeliest(replace(seen, now_s=seen.now_s + s))[1] for s in (0.0, 600.0))
    assert later == pytest.approx(at_once + 10.0, abs=0.1)


def test_what_one_device_claims_is_no_more_than_a_claim() -> None:
    borne_out = observed(LOSSY)
    claimed = replace(borne_out, probes=None)
    assert likeliest(borne_out)[1] > 15.0
    assert likeliest(claimed)[1] < CLAIM_NATS - 3.0
    from_one_end = replace(observed(DOWN), one_end={"A-B": "A"}, now_s=1e9, rounds=0)
    silent = np.full(BUILT.n_arcs, np.nan)
    assert likeliest(replace(from_one_end, sent_bps=silent))[1] < CLAIM_NATS


def test_many_probes_over_a_lossy_egress_make_no_case_for_something_else() -> None:
    """As in a network whose probes nearly all cross one link."""
    seen = observed(HALF_LOST)
    few = seen.probes
    assert few is not None
    again = np.repeat(np.arange(len(few.sent)), 60)
    many = replace(
        few,
        sent=few.sent[again],
        lost=few.lost[again],
        usual=few.usual[again],
        shares=few.shares[again],
        ends=few.ends[again],
    )
    crossed = replace(seen, probes=many)
    known = sum(e.log_likelihood_ratio for e in likelihood(crossed).evidence((HALF_LOST,)))
    place, odds = likeliest(crossed)
    assert place == str(EGRESS)
    assert odds < known - 3.0


def test_less_than_nothing_is_not_lost() -> None:
    """Where more arrives than was sent, both ends were read at other moments."""
    loss = np.zeros(BUILT.n_arcs)
    loss[ARC] = -0.05
    assert likeliest(replace(observed(), loss=loss))[1] < -3.0


def test_what_was_not_read_speaks_for_nothing() -> None:
    unread = np.full(BUILT.n_arcs, np.nan)
    seen = replace(
        observed(),
        sent_bps=unread,
        loss=unread,
        drop_fraction=unread,
        inbound_ratio=np.full(len(NODES), np.nan),
        probes=None,
    )
    surprise = Channels(likelihood(seen)).surprises(())
    n_arcs = BUILT.n_arcs
    assert (surprise[: 3 * n_arcs] == 0.0).all()
    assert (surprise[-len(NODES) :] == 0.0).all()


def _dropping(*arcs: int) -> Observation:
    fraction = np.zeros(BUILT.n_arcs)
    fraction[list(arcs)] = 0.1
    return replace(observed(SPIKE), drop_fraction=fraction)


def test_drops_speak_for_the_fault_that_fills_the_egress_and_against_one_that_does_not() -> None:
    huge = SPIKE.model_copy(update={"factor": 4.0})
    full = [int(a) for a in np.flatnonzero(offered_totals(TWIN, huge.after(NORMAL)) > 10e9)]
    assert full
    dropping, quiet = Channels(likelihood(_dropping(*full))), Channels(likelihood(_dropping()))
    assert sum(e.log_likelihood_ratio for e in dropping.drops((huge,))) > 5.0 * len(full)
    assert sum(e.log_likelihood_ratio for e in quiet.drops((huge,))) < -3.0 * len(full)
    assert dropping.drops((LOSSY,)) == []


def test_node_behind_an_egress_that_drops_draws_less_for_its_senders_hold_back() -> None:
    ratio, d = np.ones(len(NODES)), BUILT.node_index["D"]
    ratio[d] = 0.85
    first, surprise = 4 * BUILT.n_arcs + len(BUILT.links), {}
    for name in ("A|A-D", "A|A-B"):
        seen = _dropping(BUILT.arc_of(Interface.parse(name)))
        less = replace(seen, inbound_ratio=ratio, inbound_sigma=np.full(len(NODES), 0.02))
        surprise[name] = Channels(likelihood(less)).surprises(())[first + d]
    assert surprise["A|A-B"] > 10.0, "nothing that D draws comes that way"
    assert surprise["A|A-D"] < 2.0


@pytest.mark.parametrize(
    "cause",
    [
        DeviceDown(node="A", links=("A-B", "A-D", "A-E")),
        BlackholeRoute(node="A", targets=("B",)),
    ],
    ids=lambda fault: fault.kind,
)
def test_probes_that_arrive_nowhere_because_of_the_cause_are_nothing_else(cause: Fault) -> None:
    seen = observed(cause)
    assert seen.probes is not None
    delivered = TWIN.assess(cause.after(NORMAL)).delivered[1, PROBED[:, 0], PROBED[:, 1]]
    assert (delivered == 0.0).any()
    felt = replace(seen, probes=replace(seen.probes, lost=300.0 * (1.0 - delivered)))
    assert likeliest(felt, (cause,))[1] < -3.0
    channels, gone = Channels(likelihood(felt)), np.flatnonzero(delivered == 0.0)
    unexplained, explained = (channels.surprises(f)[-len(PROBED) :][gone] for f in ((), (cause,)))
    assert (unexplained > 1.0).all()
    assert (explained < 0.0).all()


def test_probes_between_parts_that_no_link_joins_are_lost_to_the_cut() -> None:
    """A and B are joined still, and no link leads from them to the others."""
    cut = tuple(LinkDown(link=link) for link in ("B-C", "A-D", "A-E"))
    seen = observed(*cut)
    assert seen.probes is not None
    here = np.isin(seen.probes.ends, [BUILT.node_index[node] for node in ("A", "B")])
    apart = here[:, 0] != here[:, 1]
    felt = replace(seen, probes=replace(seen.probes, lost=300.0 * apart))
    channels = Channels(likelihood(felt))
    by_one = channels.surprises(cut[:1])[-len(PROBED) :]
    by_all = channels.surprises(cut)[-len(PROBED) :]
    assert (by_one[apart] > 1.0).all()
    assert (by_all[apart] < 0.0).all()


def test_drops_of_one_class_are_expected_of_probes_of_that_class_alone() -> None:
    """A tenth of best effort is dropped on A-B, and none of 300 probes over it is lost."""
    by_class, fraction = np.zeros((BUILT.n_arcs, 3)), np.zeros(BUILT.n_arcs)
    by_class[ARC, 2], fraction[ARC] = 1e8, 0.03
    seen = observed()
    assert seen.probes is not None
    drops = Drops(
        sent_bps=np.full((BUILT.n_arcs, 3), 9e8),
        dropped_bps=by_class,
        carried_bps=np.zeros(BUILT.n_arcs),
        lately_bps=np.full(BUILT.n_arcs, np.nan),
        minutes=5.0,
        short={},
    )
    surprises = []
    for traffic_class in (0, 2):
        probes = replace(seen.probes, classes=np.full(BUILT.n_arcs, traffic_class))
        told = replace(seen, drop_fraction=fraction, drops=drops, probes=probes)
        surprises.append(Channels(likelihood(told)).surprises(())[-BUILT.n_arcs :][ARC])
    voice, best_effort = surprises
    assert voice < 0.0 < best_effort


@pytest.mark.parametrize(
    ("lost", "lately_bps", "explained"),
    [
        ((0.0, 0.1, 0.1), 10.5e9, True),
        ((0.0, 0.1, 0.1), 7e9, False),
        ((0.1, 0.1, 0.1), 10.5e9, False),
    ],
    ids=["a full queue", "it is offered less than fits", "voice is lost as well"],
)
def test_surge_that_would_fill_an_egress_explains_what_a_full_queue_drops(
    lost: tuple[float, float, float], lately_bps: float, explained: bool
) -> None:
    """A sends B 3 Gbit/s of ten; four times that would be more than fits."""
    surge = TrafficSpike(target="B", factor=4.0)
    wanted = np.full((BUILT.n_arcs, 3), 1e8)
    wanted[ARC] = np.array([0.1, 0.4, 0.5]) * lately_bps
    share, fraction = np.zeros_like(wanted), np.zeros(BUILT.n_arcs)
    share[ARC], fraction[ARC] = lost, 0.1
    lately = np.full(BUILT.n_arcs, 3e8)
    lately[ARC] = lately_bps
    counted = Drops(
        sent_bps=wanted * (1 - share),
        dropped_bps=wanted * share,
        carried_bps=np.zeros(BUILT.n_arcs),
        lately_bps=lately,
        minutes=5.0,
        short={},
    )
    seen = replace(observed(surge), drop_fraction=fraction, drops=counted)
    told = {e.observation: e for e in Channels(likelihood(seen)).drops((surge,))}
    speaks = [e for text, e in told.items() if "A|A-B drops 10.0%" in text]
    assert bool(speaks) == explained
    assert all(e.log_likelihood_ratio > 5 for e in speaks)


def test_probes_that_would_have_no_way_speak_for_the_link_that_they_need() -> None:
    """A-E and C-E are all that E has: without both, nothing gets there, and all of it is lost."""
    both = (LinkDown(link="A-E"), LinkDown(link="C-E"))
    seen = observed(*both)
    assert seen.probes is not None
    of_e = (seen.probes.ends == BUILT.node_index["E"]).any(axis=1)
    lost = replace(seen, probes=replace(seen.probes, lost=np.where(of_e, seen.probes.sent, 0.0)))
    (cut_off,) = Channels(likelihood(lost)).by_probes_alone(both)
    (reached,) = Channels(likelihood(seen)).by_probes_alone(both)
    assert cut_off.log_likelihood_ratio > 10.0
    assert reached.log_likelihood_ratio < -10.0
    assert Channels(likelihood(lost)).by_probes_alone(both[:1]) == []
