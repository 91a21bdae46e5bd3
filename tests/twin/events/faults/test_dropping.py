"""Egresses that drop without being full: a bundle that lost members, errors on the line."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from tests.twin.diagnosis.test_likelihood import BUILT, NORMAL, TWIN, likelihood, observed
from tests.twin.tracking.square import A_TO_B
from twin.errors import Ungrounded
from twin.events.fault import Fault
from twin.events.faults.link_capacity_bottleneck import LinkCapacityBottleneck
from twin.events.faults.packet_loss import PacketLoss
from twin.events.kinds import Clues
from twin.nouns.configuration import Policer
from twin.nouns.drops import Drops
from twin.nouns.evidence import CLAIM_NATS
from twin.nouns.observation import Observation
from twin.nouns.topology import Interface
from twin.nouns.traffic import TrafficClass

SHORT = LinkCapacityBottleneck(link="A-B", members=1)
ERRORS = PacketLoss(node="A", link="A-B", fraction=0.05)


def dropping(
    lost: Sequence[float], *, sent_bps: float = 5e9, probes_lose: bool = True
) -> Observation:
    """A sends `sent_bps` of the 10 Gbit/s of A-B, a tenth of it voice, and drops the shares `lost`
    of voice, business and best effort. Probes over the egress are of business.
    """
    seen = observed()
    assert seen.probes is not None
    wanted = np.zeros((BUILT.n_arcs, 3))
    wanted[A_TO_B] = np.array([0.1, 0.4, 0.5]) * sent_bps
    share = np.zeros_like(wanted)
    share[A_TO_B] = lost
    sent = np.where(wanted > 0, wanted, 1e9)
    found = Drops(
        sent_bps=sent,
        dropped_bps=sent * share / (1 - share),
        carried_bps=np.full(BUILT.n_arcs, 6e9),
        lately_bps=np.full(BUILT.n_arcs, np.nan),
        minutes=4.0,
        short={"A-B": 1},
    )
    gone = np.zeros(BUILT.n_arcs)
    gone[A_TO_B] = 300.0 * lost[1] if probes_lose else 0.0
    kinds = np.ones(BUILT.n_arcs, np.int64)
    probes = replace(seen.probes, lost=gone, classes=kinds)
    loads = seen.sent_bps.copy()
    loads[A_TO_B] = sent_bps
    return replace(seen, drops=found, probes=probes, sent_bps=loads)


def odds(seen: Observation, fault: Fault) -> float:
    """What speaks for it without loads, and its prior, in nats."""
    return sum(e.log_likelihood_ratio for e in fault.evidence(seen, NORMAL)) + fault.log_prior()


QUEUE, LINE = (0.0, 0.06, 0.06), (0.05, 0.05, 0.05)


def test_queue_that_spares_voice_is_a_short_bundle_and_losses_of_all_classes_are_errors() -> None:
    for seen, right, wrong in ((QUEUE, SHORT, ERRORS), (LINE, ERRORS, SHORT)):
        assert odds(dropping(seen), right) > 8
        assert odds(dropping(seen), right) > odds(dropping(seen), wrong) + 15


def test_drops_of_an_egress_that_is_nearly_full_need_no_fault_though_probes_feel_them() -> None:
    full = dropping(QUEUE, sent_bps=9e9)
    assert odds(full, SHORT) < 0
    assert odds(full, ERRORS) < 0


def test_what_the_sender_counts_alone_is_a_claim_until_probes_bear_it_out() -> None:
    claimed = dropping(LINE, probes_lose=False)
    assert odds(claimed, ERRORS) < 0
    nobody = replace(claimed, probes=None)
    (evidence,) = likelihood(nobody).evidence((ERRORS,))[:1]
    assert evidence.log_likelihood_ratio == CLAIM_NATS
    assert evidence.observation.endswith("drops 5.0%, claimed by A alone")


def test_both_are_proposed_where_an_egress_drops_below_its_capacity() -> None:
    clues = Clues(BUILT, NORMAL.running, dropping(QUEUE))
    assert [f for f, _ in LinkCapacityBottleneck.propose(clues)] == [SHORT]
    ((fault, reason),) = PacketLoss.propose(clues)
    assert fault.resources == ("A|A-B",)
    assert fault.fraction == pytest.approx(0.0543, abs=1e-4)
    assert reason == "A|A-B drops 5.4% and is not full"


@pytest.mark.parametrize(("lost", "probes_lose", "found"), [
    (0.0055, False, True),
    (0.0045, False, False),
    (0.0045, True, True),
])  # fmt: skip
def test_less_than_half_a_percent_is_suspected_only_where_probes_feel_it(
    lost: float, probes_lose: bool, found: bool
) -> None:
    seen = dropping((lost, lost, lost), probes_lose=False)
    assert seen.probes is not None
    if probes_lose:
        gone = np.zeros(BUILT.n_arcs)
        gone[A_TO_B] = 6.0
        seen = replace(seen, probes=replace(seen.probes, lost=gone))
    assert bool(list(PacketLoss.propose(Clues(BUILT, NORMAL.running, seen)))) == found


def test_nothing_is_proposed_where_the_egress_is_full_or_policed() -> None:
    full = Clues(BUILT, NORMAL.running, dropping(QUEUE, sent_bps=8e9))
    assert list(PacketLoss.propose(full)) == []
    limit = Policer(traffic_class=TrafficClass.BUSINESS, rate_bps=1e9)
    at = NORMAL.running.device("A").interface("A-B").model_copy(update={"policers": (limit,)})
    policed = replace(dropping(LINE), running=NORMAL.running.with_interface("A", at))
    assert list(PacketLoss.propose(Clues(BUILT, NORMAL.running, policed))) == []
    quiet = Clues(BUILT, NORMAL.running, observed())
    assert [*PacketLoss.propose(quiet), *LinkCapacityBottleneck.propose(quiet)] == []


def test_load_that_fits_into_what_is_left_speaks_for_the_short_bundle() -> None:
    """7 Gbit/s are expected of A-B; 5 are sent, and that is all that one member carries."""
    traffic = NORMAL.traffic.scaled(7 / 3)
    normal = replace(NORMAL, traffic=traffic)
    seen = observed()
    loads = 7 / 3 * seen.sent_bps
    loads[A_TO_B] = 5e9
    judge = likelihood(replace(seen, sent_bps=loads), normal)
    assert judge.load_ratios((SHORT,))[A_TO_B] > 1.0
    assert judge.load_ratios((ERRORS,))[A_TO_B] == 0.0


def test_short_bundle_carries_what_its_members_do_both_ways() -> None:
    after = SHORT.after(NORMAL)
    link = after.topology.link("A-B")
    assert (link.members, link.capacity_bps) == (1, 5e9)
    assert SHORT.after(after) is after
    assert (TWIN.of(after).compiled.capacity_bps[:2] == 5e9).all()


@pytest.mark.parametrize("members", [0, 2, 3])
def test_bundle_that_lost_members_has_some_left_and_not_all(members: int) -> None:
    with pytest.raises(Ungrounded, match=r"A-B has 2 members; .* 1 to 1 are left"):
        LinkCapacityBottleneck(link="A-B", members=members).check(BUILT, NORMAL.running)


@pytest.mark.parametrize("fraction", [0.0, 1.1])
def test_line_loses_a_fraction(fraction: float) -> None:
    with pytest.raises(Ungrounded, match="a fraction above 0"):
        PacketLoss(node="A", link="A-B", fraction=fraction).check(BUILT, NORMAL.running)


def test_repaired_line_loses_nothing() -> None:
    wrong = ERRORS.after(NORMAL)
    assert wrong.egress_loss == {Interface(node="A", link="A-B"): 0.05}
    assert ERRORS.repaired(wrong) == NORMAL


def test_full_egress_that_loses_voice_as_well_has_a_line_that_errs() -> None:
    seen = dropping(LINE, sent_bps=9e9)
    ((fault, reason),) = PacketLoss.propose(Clues(BUILT, NORMAL.running, seen))
    assert reason == "A|A-B drops 5.0% voice as well"
    assert odds(seen, fault) > 8
