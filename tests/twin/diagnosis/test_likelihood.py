"""The likelihood of hand-made observations, under the cause that made them and under others."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pytest

from tests.twin.tracking.square import (
    A_TO_B,
    START_S,
    inventory,
    loads_of,
    topology,
)
from twin.diagnosis.causes import CONVINCING_NATS
from twin.diagnosis.likelihood import Likelihood
from twin.events.fault import Fault
from twin.events.faults.fiber_cut import FiberCut
from twin.events.faults.igp_weight_misconfig import IgpWeightMisconfig
from twin.events.faults.link_down import LinkDown
from twin.events.faults.silent_egress_packet_loss import SilentEgressPacketLoss
from twin.events.faults.traffic_spike import TrafficSpike
from twin.nouns.configuration import NetworkConfiguration
from twin.nouns.evidence import AGREE_NATS, CLAIM_NATS
from twin.nouns.observation import Crossings, Observation
from twin.nouns.state import NetworkState
from twin.nouns.telemetry import FloatArray
from twin.nouns.topology import Interface
from twin.physics.questions import offered_totals
from twin.physics.twin import Twin
from twin.whatif.supposed import Supposed

DUCT = FiberCut(duct="duct-1", links=("A-B", "A-D"))
# A fifth router keeps A in reach when both links of its duct are cut.
NODES = ("A", "B", "C", "D", "E")
ENDS = (("A", "B"), ("B", "C"), ("C", "D"), ("A", "D"), ("A", "E"), ("C", "E"))
BUILT = topology(ENDS, {"duct-1": ("A-B", "A-D")}, NODES)
KNOWN = inventory(
    BUILT,
    demands=(("A", "B", 3e9), ("A", "D", 2e9), ("C", "D", 2e9), ("B", "C", 1e9), ("A", "E", 1e9)),
)
TWIN = Twin(KNOWN)
NORMAL = TWIN.state()
# Each egress has a probe of its own.
PROBED = np.array(
    [[BUILT.node_index[n] for n in ends] for ends in ENDS for ends in (ends, ends[::-1])]
)

SPIKE = TrafficSpike(target="B", factor=2.5)
LOSSY = SilentEgressPacketLoss(node="A", link="A-B", fraction=0.03)
WEIGHT = IgpWeightMisconfig(node="A", link="A-B", weight=50)
DOWN = LinkDown(link="A-B")
EVERYTHING: tuple[Fault, ...] = (
    *(LinkDown(link=link.id) for link in BUILT.links),
    DUCT,
    WEIGHT,
    IgpWeightMisconfig(node="C", link="C-D", weight=50),
    SPIKE,
    TrafficSpike(target="D", factor=2.5),
    LOSSY,
    SilentEgressPacketLoss(node="C", link="C-D", fraction=0.03),
)


def observed(
    *faults: Fault,
    down_since: Mapping[str, float] | None = None,
    running: NetworkConfiguration | None = None,
    rounds: int = 3,
) -> Observation:
    """What would be seen, without any noise, with `faults` in force."""
    state = NORMAL
    for fault in faults:
        state = fault.after(state)
    loss, ratio = np.zeros(BUILT.n_arcs), np.ones(len(NODES))
    for fault in faults:
        if isinstance(fault, SilentEgressPacketLoss):
            loss[_arc(fault)] = fault.fraction
        if isinstance(fault, TrafficSpike):
            ratio[BUILT.node_index[fault.target]] = fault.factor
    down = dict.fromkeys(state.down_links, START_S)
    return Observation(
        rounds=rounds,
        sent_bps=np.minimum(offered_totals(TWIN, state), 10e9),
        load_bias=np.zeros(BUILT.n_arcs),
        load_sigma=np.full(BUILT.n_arcs, 0.1),
        loss=loss,
        loss_sigma=np.full(BUILT.n_arcs, 0.002),
        drop_fraction=np.zeros(BUILT.n_arcs),
        inbound_ratio=ratio,
        inbound_sigma=np.full(len(NODES), 0.15),
        down_since=dict(down_since) if down_since is not None else down,
        running=running or state.running,
        probes=_probed(loss),
    )


def _probed(loss: FloatArray) -> Crossings:
    """A probe over every egress, and nothing else, of which 300 packets were sent."""
    sent = np.full(BUILT.n_arcs, 300.0)
    nothing = np.zeros(BUILT.n_arcs)
    return Crossings(
        sent=sent, lost=sent * loss, usual=nothing, shares=np.eye(BUILT.n_arcs), ends=PROBED
    )


def _arc(fault: SilentEgressPacketLoss) -> int:
    link = BUILT.link(fault.link)
    return 2 * BUILT.link_index[fault.link] + (0 if fault.node == link.a else 1)


def likelihood(observation: Observation, normal: NetworkState = NORMAL) -> Likelihood:
    return Likelihood(observation, normal, Supposed(TWIN, normal).loads)


def posterior(judge: Likelihood, faults: Sequence[Fault]) -> float:
    """Log odds against nothing being wrong."""
    evidence = sum(e.log_likelihood_ratio for e in judge.evidence(faults))
    return evidence + judge.log_prior(faults)


@pytest.mark.parametrize("cause", [DOWN, DUCT, WEIGHT, SPIKE, LOSSY], ids=lambda f: f.kind)
def test_each_kind_of_fault_is_the_likeliest_explanation_of_what_it_brings_about(
    cause: Fault,
) -> None:
    judge = likelihood(observed(cause))
    ranked = sorted(EVERYTHING, key=lambda f: -posterior(judge, (f,)))
    assert ranked[0] == cause
    assert posterior(judge, (cause,)) > 4.0
    assert posterior(judge, (cause,)) > posterior(judge, (ranked[1],)) + 3.0


def test_nothing_is_blamed_for_a_healthy_network() -> None:
    judge = likelihood(observed())
    assert all(posterior(judge, (fault,)) < 0 for fault in EVERYTHING)


@pytest.mark.parametrize("cause", [DOWN, WEIGHT, SPIKE, LOSSY], ids=lambda f: f.kind)
def test_second_fault_that_explains_nothing_more_makes_it_less_likely(cause: Fault) -> None:
    judge = likelihood(observed(cause))
    others = (f for f in (WEIGHT, SPIKE, LOSSY, LinkDown(link="B-C")) if f != cause)
    for other in others:
        assert posterior(judge, (cause, other)) < posterior(judge, (cause,)) - 3.0


def test_two_faults_at_once_are_likelier_together_than_each_alone() -> None:
    judge = likelihood(observed(LOSSY, LinkDown(link="C-D")))
    both = posterior(judge, (LOSSY, LinkDown(link="C-D")))
    assert both > posterior(judge, (LOSSY,)) + 3.0
    assert both > posterior(judge, (LinkDown(link="C-D"),)) + 3.0


@pytest.mark.parametrize(("factor", "is_worth_it"), [(1.80, False), (1.90, True)])
def test_second_fault_has_to_weigh_more_than_its_own_rarity(
    factor: float, is_worth_it: bool
) -> None:
    """Without counters, D weighs ln(0.15 / hypot(0.15, 0.1)) + (ln f)^2 / (2 x 0.15^2):

    7.49 nats for 1.80, 8.97 for 1.90, against ln 0.3 + ln 0.001 = -8.11.
    """
    second = TrafficSpike(target="D", factor=factor)
    judge = likelihood(observed(DOWN, second, rounds=0))
    assert (posterior(judge, (DOWN, second)) > posterior(judge, (DOWN,))) is is_worth_it


def test_causes_rank_as_often_as_they_happen_where_nothing_was_measured() -> None:
    judge = likelihood(observed())
    prior = {f.kind: judge.log_prior((f,)) for f in (DOWN, SPIKE, DUCT, WEIGHT, LOSSY)}
    assert prior["link_down"] == prior["traffic_spike"] > prior["fiber_cut"]
    assert prior["fiber_cut"] == prior["igp_weight_misconfig"] > prior["silent_egress_packet_loss"]


TWO_LINKS = (LinkDown(link="A-B"), LinkDown(link="A-D"))


def test_links_that_went_down_together_are_a_duct_rather_than_a_coincidence() -> None:
    together = likelihood(observed(DUCT, down_since={"A-B": START_S, "A-D": START_S + 1}))
    apart = likelihood(observed(DUCT, down_since={"A-B": START_S, "A-D": START_S + 600}))
    assert posterior(together, (DUCT,)) > posterior(together, TWO_LINKS) + 10.0
    advantage = posterior(together, (DUCT,)) - posterior(together, TWO_LINKS)
    later = posterior(apart, (DUCT,)) - posterior(apart, TWO_LINKS)
    # Five seconds in a day.
    assert advantage - later == pytest.approx(math.log(86_400 / 5))


@pytest.mark.parametrize(("apart_s", "is_a_coincidence"), [(4.0, True), (6.0, False)])
def test_two_links_within_five_seconds_are_a_coincidence_if_they_share_no_duct(
    apart_s: float, is_a_coincidence: bool
) -> None:
    apart = likelihood(observed(DUCT, down_since={"A-B": START_S, "A-D": START_S + apart_s}))
    alone = sum(apart.log_prior((link,)) for link in TWO_LINKS)
    # A second fault within an incident is one in a thousand, whenever it comes.
    coincidence = apart.log_prior(TWO_LINKS) - alone - math.log(1e-3)
    assert coincidence == pytest.approx(math.log(5 / 86_400) if is_a_coincidence else 0.0)


FAR_APART = (LinkDown(link="A-B"), LinkDown(link="C-D"))


@pytest.mark.parametrize(("apart_s", "has_common_cause"), [(4.0, True), (6.0, False)])
def test_links_far_from_each_other_that_went_down_at_once_have_a_cause_without_a_name(
    apart_s: float, has_common_cause: bool
) -> None:
    """One in 1.5e-4, beside two coincident faults: 0.3 x 0.3 x 1e-3 x 5 / 86400 = 5e-9."""
    down = {"A-B": START_S, "C-D": START_S + apart_s}
    prior = likelihood(observed(*FAR_APART, down_since=down)).log_prior(FAR_APART)
    assert (prior == pytest.approx(math.log(1.5e-4), abs=1e-3)) is has_common_cause


@pytest.mark.parametrize(
    ("links", "has_common_cause"),
    [
        (("A-B", "B-C", "C-D"), True),
        (("A-B", "A-D", "A-E"), False),
        (("A-B", "B-C", "C-E", "A-E"), True),
    ],
    ids=["in a row", "at one node", "in a ring"],
)
def test_links_that_went_down_at_once_and_do_not_all_meet_at_one_node_have_one_cause(
    links: tuple[str, ...], has_common_cause: bool
) -> None:
    faults = tuple(LinkDown(link=link) for link in links)
    down = {link: START_S + i for i, link in enumerate(links)}
    judge = likelihood(observed(*faults, down_since=down))
    assert (judge.log_prior(faults) == pytest.approx(math.log(1.5e-4), abs=1e-3)) is (
        has_common_cause
    )
    assert list(judge.at_once_and_apart(faults)) == ([list(faults)] if has_common_cause else [])


@pytest.mark.parametrize(("minutes", "nats"), [(0.0, 0.0), (7.0, 7.0), (20.0, 20.0), (60.0, 20.0)])
def test_link_that_both_ends_hold_down_gathers_a_nat_a_minute_up_to_twenty(
    minutes: float, nats: float
) -> None:
    at_once = observed(DOWN)
    later = replace(at_once, now_s=START_S + 60.0 * minutes)
    gained = posterior(likelihood(later), (DOWN,)) - posterior(likelihood(at_once), (DOWN,))
    assert gained == pytest.approx(nats)


def test_link_that_one_end_alone_holds_down_gathers_nothing() -> None:
    claimed = replace(observed(DOWN), one_end={DOWN.link: "A"})
    later = replace(claimed, now_s=START_S + 1200.0)
    assert posterior(likelihood(later), (DOWN,)) == posterior(likelihood(claimed), (DOWN,))


def test_duct_on_record_is_likelier_than_one_that_nobody_recorded() -> None:
    judge = likelihood(observed(DUCT))
    unrecorded = DUCT.model_copy(update={"duct": ""})
    difference = posterior(judge, (DUCT,)) - posterior(judge, (unrecorded,))
    assert difference == pytest.approx(math.log(10))
    assert posterior(judge, (unrecorded,)) > posterior(judge, TWO_LINKS)


def test_duct_with_a_link_that_stayed_up_is_not_the_cause() -> None:
    judge = likelihood(observed(DOWN))
    assert posterior(judge, (DOWN,)) > posterior(judge, (DUCT,)) + 3.0
    against = [e for e in judge.evidence((DUCT,)) if e.log_likelihood_ratio < 0]
    assert "no end of A-D lost its adjacency" in {e.observation for e in against}


def test_adjacencies_weigh_as_often_as_their_reports_are_lost_or_wrong() -> None:
    """One report in a hundred is lost; one in ten thousand is of a link that is up."""
    seen, silent = (
        likelihood(observed(*faults, rounds=0)).evidence((DOWN,)) for faults in ((DOWN,), ())
    )
    assert [e.log_likelihood_ratio for e in seen] == [pytest.approx(math.log(0.99 / 1e-4))]
    assert [e.log_likelihood_ratio for e in silent] == [pytest.approx(math.log(0.01), abs=0.01)]


def test_weight_that_was_always_different_from_what_is_intended_is_not_blamed() -> None:
    """It was so before the incident: the normal state has it already."""
    before = WEIGHT.after(NORMAL)
    seen = observed(WEIGHT, SPIKE, running=before.running)
    judge = likelihood(seen, before)
    assert posterior(judge, (WEIGHT,)) < -4.0
    assert posterior(judge, (SPIKE,)) > 4.0


def test_weight_that_the_device_does_not_run_is_not_blamed_for_loads_that_look_alike() -> None:
    seen = observed(DOWN, running=NORMAL.running)
    judge = likelihood(replace(seen, down_since={}))
    assert posterior(judge, (WEIGHT,)) < posterior(judge, (DOWN,))
    (evidence,) = [e for e in judge.evidence((WEIGHT,)) if "weight" in e.observation]
    assert evidence.log_likelihood_ratio < -10


def test_weight_that_changed_without_moving_any_load_is_still_nearly_certain() -> None:
    """Reading the device back is near-certain evidence: loads within their noise do not undo it."""
    idle = IgpWeightMisconfig(node="B", link="B-C", weight=12)
    seen = observed(idle)
    noise = np.random.default_rng(4).normal(0.0, 0.1, BUILT.n_arcs)
    judge = likelihood(replace(seen, sent_bps=seen.sent_bps * np.exp(noise)))
    assert posterior(judge, (idle,)) > 4.0
    assert max(EVERYTHING, key=lambda f: posterior(judge, (f,))) != idle
    assert posterior(judge, (idle,)) > max(posterior(judge, (f,)) for f in EVERYTHING)


def test_loss_far_beyond_its_noise_is_not_discounted_by_loads_that_do_not_fit() -> None:
    """A fifth more load everywhere says nothing about 3 % that do not arrive."""
    seen = observed(LOSSY)
    judge = likelihood(replace(seen, sent_bps=1.2 * seen.sent_bps))
    assert posterior(judge, (LOSSY,)) > 10.0
    (evidence,) = [e for e in judge.evidence((LOSSY,)) if "does not arrive" in e.observation]
    assert evidence.log_likelihood_ratio > 20.0


@pytest.mark.parametrize("probes", [None, _probed(np.zeros(BUILT.n_arcs))], ids=["none", "well"])
def test_loss_that_one_device_claims_and_no_probe_bears_out_convinces_nobody(
    probes: Crossings | None,
) -> None:
    judge = likelihood(replace(observed(LOSSY), probes=probes))
    assert posterior(judge, (LOSSY,)) < CONVINCING_NATS
    claim = judge.evidence((LOSSY,))[0]
    assert claim.log_likelihood_ratio == CLAIM_NATS
    assert claim.observation == "3.0% of what A|A-B sends does not arrive, claimed by B alone"
    assert claim.claimed_by == "B"


def test_loss_of_which_probes_have_seen_too_little_stays_a_claim() -> None:
    """One of sixty packets is lost: 2.3 nats, of the 3 by which it would be borne out."""
    sent, nothing = np.full(BUILT.n_arcs, 60.0), np.zeros(BUILT.n_arcs)
    lost = np.eye(BUILT.n_arcs)[A_TO_B]
    few = Crossings(sent=sent, lost=lost, usual=nothing, shares=np.eye(BUILT.n_arcs), ends=PROBED)
    claim, probes, *_ = likelihood(replace(observed(LOSSY), probes=few)).evidence((LOSSY,))
    assert claim.log_likelihood_ratio == CLAIM_NATS
    assert claim.claimed_by == "B"
    assert 0.0 < probes.log_likelihood_ratio < AGREE_NATS
    assert probes.observation == "probes that cross it leave it open"


def test_small_loss_weighs_by_its_noise_and_a_tenth_of_itself() -> None:
    """0.6 %, with sigma 0.2 %: ln(2 / hypot(2, 0.6)) + 3^2 / 2."""
    small = LOSSY.model_copy(update={"fraction": 0.006})
    (claim, *_) = likelihood(replace(observed(small), probes=None)).evidence((small,))
    assert claim.log_likelihood_ratio == pytest.approx(4.457, abs=0.001)


def test_claim_is_of_the_end_that_says_more_than_before_or_is_at_odds_with_many() -> None:
    seen = replace(observed(LOSSY), probes=None)
    risen = np.zeros(BUILT.n_arcs)
    risen[A_TO_B] = 0.03
    (evidence, *_) = likelihood(replace(seen, risen=risen)).evidence((LOSSY,))
    assert evidence.claimed_by == "A"
    loss = seen.loss.copy()
    loss[BUILT.arc_of(Interface(node="C", link="B-C"))] = 0.03
    (evidence, *_) = likelihood(replace(seen, risen=risen, loss=loss)).evidence((LOSSY,))
    assert evidence.claimed_by == "B"


def test_links_that_one_device_says_are_down_weigh_as_one_claim() -> None:
    seen = observed(DUCT, rounds=0)
    both_ends = likelihood(seen)
    claimed = likelihood(replace(seen, one_end={"A-B": "A", "A-D": "A"}))
    assert posterior(both_ends, (DUCT,)) > CONVINCING_NATS > posterior(claimed, (DUCT,))
    told = [e for e in claimed.evidence((DUCT,)) if e.claimed_by]
    assert sum(e.log_likelihood_ratio for e in told) == CLAIM_NATS
    assert told[0].observation == "adjacency over A-B is down, claimed by A alone"
    loads = likelihood(replace(observed(DUCT), one_end={"A-B": "A", "A-D": "A"}))
    assert posterior(loads, (DUCT,)) > CONVINCING_NATS, "the loads of others bear it out"


def test_loss_and_link_that_one_device_claims_weigh_as_one_claim_together() -> None:
    seen = replace(observed(LOSSY), down_since={"B-C": START_S}, one_end={"B-C": "B"}, probes=None)
    told = [
        e for e in likelihood(seen).evidence((LinkDown(link="B-C"), LOSSY)) if e.claimed_by == "B"
    ]
    assert len(told) == 2
    assert sum(e.log_likelihood_ratio for e in told) == CLAIM_NATS


def test_surge_that_one_exporter_says_convinces_nobody() -> None:
    seen = observed(SPIKE, rounds=0)
    assert posterior(likelihood(seen), (SPIKE,)) > CONVINCING_NATS
    claimed = likelihood(replace(seen, one_source={"B": "A"}))
    assert posterior(claimed, (SPIKE,)) < CONVINCING_NATS
    (evidence,) = claimed.evidence((SPIKE,))
    assert evidence.observation.endswith("the expected traffic, claimed by A alone")


def test_probes_that_share_their_way_with_others_still_speak_of_it() -> None:
    """Half of its traffic crosses the egress; or all of its packets do, or none."""
    shares = np.array([[0.5]])
    sent, usual = np.array([600.0]), np.array([0.0])
    for lost, agrees in ((9.0, True), (18.0, True), (0.0, False)):
        probes = Crossings(
            sent=sent, lost=np.array([lost]), usual=usual, shares=shares, ends=PROBED[:1]
        )
        support = probes.support(0, 0.03)
        assert support is not None
        assert (support > AGREE_NATS) == agrees
    assert support == pytest.approx(math.log(0.25), abs=0.02), "half the ways do not cross it"


def test_loss_that_was_not_measured_weighs_nothing() -> None:
    seen = observed(LOSSY)
    loss = seen.loss.copy()
    loss[A_TO_B] = np.nan
    judge = likelihood(replace(seen, loss=loss))
    assert not [e for e in judge.evidence((LOSSY,)) if "does not arrive" in e.observation]


@pytest.mark.parametrize(
    ("cause", "nats"), [(DOWN, 3.344), (TrafficSpike(target="B", factor=5.0), 4.713)]
)
def test_load_is_weighed_by_half_with_what_was_moved_less_certain(
    cause: Fault, nats: float
) -> None:
    """What A sends over A-B, in Gbit/s, against 3 with sigma hypot(0.3, 0.1): Student, 4 degrees.

    Nothing, of 3 that were moved: sigma hypot(0.35 x 3, 0.1), z = 0 against 9.49.
    10, all that there is room for of 15: sigma hypot(1, 0.35 x 12, 0.1), z = 0 against 22.14.
    """
    ratios = likelihood(observed(cause)).load_ratios((cause,))
    assert ratios[A_TO_B] == pytest.approx(nats, abs=0.01)


def test_no_clean_round_means_no_evidence_from_loads() -> None:
    judge = likelihood(observed(SPIKE, rounds=0))
    (evidence,) = judge.evidence((SPIKE,))
    assert evidence.observation == "B draws 2.50 times the expected traffic"


def test_loads_are_told_by_egress_strongest_first() -> None:
    judge = likelihood(observed(WEIGHT))
    told = [e for e in judge.evidence((WEIGHT,)) if "Gbit/s" in e.observation]
    assert told
    sizes = [abs(e.log_likelihood_ratio) for e in told]
    assert sizes == sorted(sizes, reverse=True)
    assert loads_of(KNOWN)[A_TO_B] == 3e9
    assert any("A|A-B sends 0.0 Gbit/s" in e.observation for e in told)
