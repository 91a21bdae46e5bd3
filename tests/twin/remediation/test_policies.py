"""Every policy keeps the contract, and orders and planners propose what their names say."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pytest

from tests.twin.remediation.evenings import over_c, square, wandered, worked_out
from twin.errors import BadInput
from twin.events.actions.drain_link import DrainLink
from twin.nouns.traffic import DailyProfile
from twin.physics.twin import Twin
from twin.remediation.choices import WAIT, Slot, choice, place
from twin.remediation.conformance import check_policy
from twin.remediation.disposal import dispose
from twin.remediation.episode import Episode
from twin.remediation.evening import Outage
from twin.remediation.playing import evening_of, play_evening, twin_of, with_twin
from twin.remediation.policies.at_random import at_random
from twin.remediation.policies.carried import carried, meeting_overload_bps
from twin.remediation.policies.clairvoyant import Clairvoyant
from twin.remediation.policies.nearest import hops_from_trouble, nearest
from twin.remediation.policies.shipped import ORDERS, POLICIES, shipped
from twin.remediation.policies.shortlist import Order, always_tried
from twin.remediation.policy import Policy, Proposals
from twin.remediation.situation import Situation
from twin.remedies.objective import DEVICE_WEIGHT, Outlook

NAMES = (*POLICIES, *(f"{order}-8" for order in ORDERS))


def _shipped(name: str) -> Policy:
    found = shipped(name)
    assert found is not None
    return found


@pytest.mark.parametrize("name", NAMES)
def test_policy_keeps_the_contract(name: str) -> None:
    few = 6 if name in ("rule", "local") else 20
    situations = [Episode(worked_out()).situation, *wandered(few), *wandered(few // 2, "services")]
    check_policy(_shipped(name), situations)


def test_clairvoyant_keeps_the_contract() -> None:
    evening = evening_of(twin_of("sndlib/polska"), 3)
    check_policy(Clairvoyant(evening), [Episode(evening).situation])


@dataclass
class _Proposes:
    """What is told, the first time and then."""

    first: Sequence[int]
    then: Sequence[int]

    def propose(self, situation: Situation) -> Proposals:
        found, self.first = self.first, self.then
        return Proposals(np.array(found))


@pytest.mark.parametrize(
    ("first", "then", "told"),
    [
        ([0], [0], "choice 0, which is not allowed"),
        ([over_c(2)], [over_c(2)], f"choice {over_c(2)}, which is not allowed"),
        ([-1], [-1], "choice -1, which is not allowed"),
        ([over_c(3)] * 2, [over_c(3)] * 2, "a choice twice"),
        ([over_c(3)], [over_c(4)], "something else when it is asked again"),
        ([0.5], [0.5], "array float64"),
    ],
)
def test_what_breaks_the_contract_is_told(
    first: Sequence[int], then: Sequence[int], told: str
) -> None:
    with pytest.raises(BadInput, match=told):
        check_policy(_Proposes(first, then), [Episode(worked_out()).situation])


# What each proposes


def test_sweeps_find_what_is_best_by_hand() -> None:
    situation = Episode(worked_out()).situation
    for name in ("horizon", "peak-only", "myopic", "beam", "local"):
        decision = dispose(situation, _shipped(name).propose(situation))
        # D's traffic goes all over C, by a weight of D, or one of C.
        assert decision.tried[decision.number] < 0.5 * decision.tried[WAIT], name


def test_sweeps_differ_in_the_hours_that_count() -> None:
    situation = next(s for s in wandered(200) if s.outlook.levels[0] > 1.2)
    ahead = situation.outlook
    over = {name: _shipped(name).propose(situation).over for name in ("peak-only", "myopic")}
    for name, level in (("peak-only", float(ahead.levels.max())), ("myopic", 1.0)):
        found = over[name]
        assert isinstance(found, Outlook)
        assert found.levels.tolist() == [level]
        assert found.hours.sum() == pytest.approx(ahead.hours.sum())
    assert _shipped("horizon").propose(situation).over is None


def test_horizon_finds_the_least_of_all_that_is_allowed() -> None:
    for situation in wandered(30):
        decision = dispose(situation, _shipped("horizon").propose(situation))
        least = situation.costs(situation.allowed).min()
        assert decision.tried[decision.number] == pytest.approx(least, abs=1e-8)


def test_clairvoyant_makes_no_change_just_before_the_repair() -> None:
    # One quarter lost costs 0.38, and a change 0.06; it knows how many quarters there are.
    soon = worked_out(quarters=1)
    lost = play_evening(soon, with_twin(Clairvoyant(soon)))
    assert lost.cost == pytest.approx(0.06)
    quiet = replace(soon, demand=soon.demand.scaled(0.96))
    # Of 12.48 Gbit/s 0.08 are lost for a quarter: 0.064, little more than a change.
    assert play_evening(quiet, with_twin(Clairvoyant(quiet))).cost == pytest.approx(0.06)
    quieter = replace(soon, demand=soon.demand.scaled(0.957))
    assert play_evening(quieter, with_twin(Clairvoyant(quieter))).choices == (WAIT,)
    assert play_evening(quieter, with_twin(_shipped("horizon"))).choices != (WAIT,)


def test_nearest_begins_at_the_ends_of_what_is_overloaded() -> None:
    situation = Episode(worked_out()).situation
    hops = hops_from_trouble(situation)
    tails = [square().inventory.topology.nodes[n].id for n in square().compiled.tail.tolist()]
    # Only A to B is overloaded; C and D are one hop from there.
    assert {node: int(h) for node, h in zip(tails, hops, strict=True)} == {
        "A": 0, "B": 0, "C": 1, "D": 1,
    }  # fmt: skip
    first = [tails[place(int(n))[0]] for n in nearest(situation)]
    assert set(first[: first.index("C")]) <= {"A", "B", "D"}
    assert set(first[-3:]) <= {"C", "D"}


def test_carried_is_what_meets_overload_on_its_way() -> None:
    situation = Episode(worked_out()).situation
    found = meeting_overload_bps(situation)
    by_egress = {
        str(square().inventory.topology.egress_of(arc)): bps for arc, bps in enumerate(found)
    }
    # Of 10.5 Gbit/s 0.5 are too much: of each bit over A-B that share, 2.5 of them from D.
    share = 0.5 / 10.5
    assert {name: bps for name, bps in by_egress.items() if bps} == {
        "A|A-B": pytest.approx(10.5e9 * share),
        "D|A-D": pytest.approx(2.5e9 * share),
    }
    order = [place(int(number))[0] for number in carried(situation)]
    topology = square().inventory.topology
    assert str(topology.egress_of(order[0])) == "A|A-B"
    assert "D|A-D" in {str(topology.egress_of(arc)) for arc in order[:14]}


@pytest.mark.parametrize("order", [at_random, nearest, carried])
def test_an_order_is_of_all_that_is_allowed(order: Order) -> None:
    for situation in wandered(20):
        ordered = order(situation)
        assert sorted({WAIT, *ordered.tolist()}) == situation.allowed.tolist()
        assert len(set(ordered.tolist())) == len(ordered)


def test_shortlists_are_the_first_of_their_order() -> None:
    situation = next(wandered(1))
    assert not always_tried(situation).size
    some, more = (_shipped(f"nearest-{k}").propose(situation).numbers for k in (5, 9))
    assert len(some) == 5
    assert more[:5].tolist() == some.tolist()
    everything = _shipped("random-100000").propose(situation).numbers
    assert sorted(everything.tolist()) == situation.allowed[1:].tolist()


@pytest.mark.parametrize("name", [f"{order}-1" for order in ORDERS])
def test_short_lists_hold_the_way_back_and_limits_besides_their_first(name: str) -> None:
    found = 0
    for situation in (*wandered(40), *wandered(20, "services")):
        wanted = {
            number
            for number in situation.allowed[1:].tolist()
            if place(number)[1] in (Slot.UNDRAIN, Slot.REVERT) or number in situation.limits
        }
        numbers = _shipped(name).propose(situation).numbers.tolist()
        assert wanted < set(numbers)
        assert len(numbers) == len(wanted) + 1
        found += len(wanted)
    assert found > 100


@pytest.mark.parametrize("name", [f"{order}-1" for order in ORDERS])
def test_drain_that_has_become_wrong_is_taken_back_by_the_shortest_list(name: str) -> None:
    evening = worked_out()
    inventory = evening.twin.inventory
    drain = DrainLink(link="C-D")
    running = drain.configured(inventory.intended, inventory.intended, inventory.topology)
    # All of D's 5 Gbit/s now go over A: of 13 that A-B is offered, it carries 10.
    situation = evening.situation(1, running)
    decision = dispose(situation, _shipped(name).propose(situation))
    back = choice(2 * inventory.topology.link_index["C-D"], Slot.UNDRAIN)
    # Two devices are saved besides, which would have to be taken back.
    assert decision.tried[back] < decision.tried[WAIT] - 2 * DEVICE_WEIGHT


def test_rule_proposes_one_change_where_traffic_is_lost_and_none_where_it_is_not() -> None:
    lossy = worked_out()
    calm = replace(lossy, demand=lossy.demand.scaled(0.5))
    found = {
        evening: _shipped("rule").propose(Episode(evening).situation) for evening in (lossy, calm)
    }
    assert not found[calm].numbers.size
    assert found[lossy].numbers.size == 1, "of remedies that are as good, that of the fewest"
    decision = dispose(Episode(lossy).situation, found[lossy])
    assert decision.number == found[lossy].numbers[0]
    # Half of the outages last no longer than two hours; ten minutes pass before it is in force.
    over = found[lossy].over
    assert over is not None
    assert over.hours.sum() < 2.0


def test_names_of_no_policy_are_none() -> None:
    assert shipped("nobody") is None
    assert shipped("nobody-5") is None
    with pytest.raises(BadInput, match="would propose nothing"):
        shipped("nearest-0")


def test_where_nothing_is_wrong_every_arc_is_as_near() -> None:
    evening = worked_out(quarters=2)
    healed = replace(
        evening, outages=(Outage(frozenset(), 0, 2),), demand=evening.demand.scaled(0.1)
    )
    situation = Episode(healed).situation
    assert not hops_from_trouble(situation).any()
    check_policy(_shipped("nearest-8"), [situation])
    check_policy(_shipped("carried-8"), [situation])


def test_what_is_due_is_left_until_traffic_is_lost() -> None:
    evening = worked_out(quarters=8)
    # Nothing is lost now; in two hours, on the way to the peak, there would be.
    profile = DailyProfile(hourly=tuple(0.9 + 0.1 * (hour in range(10, 14)) for hour in range(24)))
    record = replace(evening.twin.inventory, profile=profile)
    rising = replace(evening, twin=Twin(record), begins_s=8.9 * 3600.0)
    situation = Episode(rising).situation
    horizon, due = (dispose(situation, _shipped(n).propose(situation)) for n in ("horizon", "due"))
    assert horizon.number != WAIT
    assert due.number == WAIT
    now = Episode(evening).situation
    assert dispose(now, _shipped("due").propose(now)).number != WAIT
