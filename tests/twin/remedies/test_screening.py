"""What is kept of a search is judged with queues, policers and services."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise, permutations

import numpy as np
import pytest

from tests.twin.tracking.square import ENDS, inventory, topology
from twin.errors import UnknownLink
from twin.events.action import Action
from twin.events.actions.drain_link import DrainLink
from twin.events.actions.rate_limit import RateLimit
from twin.events.actions.remove_rate_limit import RemoveRateLimit
from twin.events.actions.revert_to_intended import RevertToIntended
from twin.events.actions.set_igp_weight import SetIgpWeight
from twin.events.faults.igp_weight_misconfig import IgpWeightMisconfig
from twin.forecasting import Uncertainty
from twin.nouns.inventory import Inventory
from twin.nouns.plan import Source
from twin.nouns.service import ServiceLevelObjective
from twin.nouns.topology import Interface
from twin.nouns.traffic import Demand, TrafficClass, TrafficMatrix
from twin.physics.twin import Twin
from twin.remedies.objective import DEVICE_WEIGHT, Outlook
from twin.remedies.screening import MARGIN, MOST_ACTIONS, Screening

LINE = (("A", "B"), ("B", "C"), ("C", "D"))
BEST_EFFORT, BUSINESS = TrafficClass.BEST_EFFORT, TrafficClass.BUSINESS
FLAT = Outlook.at(1.0, hours=2.0)
CERTAIN = Uncertainty(pair_sigma=0.0, common_sigma=0.0)


def _screening(
    known: Inventory, *demands: tuple[str, str, TrafficClass, float], margin: float = 1.0
) -> Screening:
    twin = Twin(known)
    traffic = TrafficMatrix.from_demands(
        known.peak_traffic.nodes,
        [Demand(source=a, target=b, traffic_class=c, rate_bps=rate) for a, b, c, rate in demands],
    )
    return Screening(twin, twin.state(traffic=traffic), FLAT, uncertainty=CERTAIN, margin=margin)


def _plain(
    demands: Sequence[tuple[str, str, float]],
    ends: Sequence[tuple[str, str]] = ENDS,
    down: Sequence[str] = (),
) -> Screening:
    twin = Twin(inventory(topology(ends), demands=demands))
    return Screening(twin, twin.state(down_links=down), FLAT, uncertainty=CERTAIN, margin=1.0)


# Judging


def test_measured_cost_is_what_the_twin_assesses_after_the_actions() -> None:
    known = inventory(demands=(("A", "B", 12e9), ("C", "D", 2e9)))
    twin = Twin(known)
    screening = Screening(twin, twin.state(), FLAT)
    for actions in ((), (DrainLink(link="B-C"),), (SetIgpWeight(node="A", link="A-B", weight=30),)):
        state = twin.state()
        for action in actions:
            running = action.configured(state.running, known.intended, known.topology)
            state = replace(state, running=running)
        assessed = twin.assess(replace(state, traffic=state.traffic.scaled(MARGIN)))
        expected = twin.assess(state)
        found = screening.measure(actions)
        assert found.cost.breach_hours == 2.0 * assessed.breached_services
        assert found.cost.lost_share_hours == pytest.approx(
            2.0 * assessed.lost_bps / (MARGIN * 14e9)
        )
        assert found.max_utilisation == pytest.approx(float(expected.utilisation.max()))


def test_what_is_kept_is_judged_with_a_margin_of_a_tenth() -> None:
    # At 9.5 Gbit/s A-B drops nothing, at 10.45 it does.
    twin = Twin(inventory(demands=(("A", "B", 9.5e9),)))
    assert MARGIN == 1.1
    assert Screening(twin, twin.state(), FLAT).nothing.cost.breach_hours == 2.0
    assert Screening(twin, twin.state(), FLAT, margin=1.0).nothing.cost.breach_hours == 0.0


def test_search_is_over_draws_of_the_demand() -> None:
    # A-B has room for what is expected, and not for a draw that is more than 5 % above it.
    twin = Twin(inventory(demands=(("A", "B", 9.5e9),)))
    unsure = Uncertainty(pair_sigma=0.3, common_sigma=0.0)
    certain = Screening(twin, twin.state(), FLAT, uncertainty=CERTAIN, margin=1.0)
    drawn = Screening(twin, twin.state(), FLAT, uncertainty=unsure)
    assert certain.best() == []
    assert drawn.best()[0].cost.total < drawn.nothing.cost.total


def test_best_come_first_and_all_beat_doing_nothing() -> None:
    screening = _plain((("A", "B", 8e9), ("D", "B", 5e9)))
    found = screening.best()
    totals = [s.cost.total for s in found]
    assert totals == sorted(totals)
    assert totals[-1] < screening.nothing.cost.total
    assert totals[0] == pytest.approx(DEVICE_WEIGHT)
    assert len(screening.best(most=2)) == 2
    assert len({s.actions for s in found}) == len(found)


# Services


def test_detour_that_breaks_a_delay_objective_gets_a_remedy() -> None:
    # A sends B everything over D and C: 3 ms in place of 1, with room on every link.
    known = inventory(demands=(("A", "B", 1e9),))
    service = known.services[0].model_copy(
        update={"objective": ServiceLevelObjective(loss=0.005, delay_s=0.002, availability=0.999)}
    )
    twin = Twin(replace(known, services=(service,)))
    detour = IgpWeightMisconfig(node="A", link="A-B", weight=60).after(twin.state())
    revert = RevertToIntended(node="A")
    screening = Screening(twin, detour, FLAT, extra=(revert,))
    assert screening.nothing.cost.breach_hours == 2.0
    assert screening.nothing.cost.lost_share_hours == pytest.approx(0.0, abs=1e-6)
    best, *others = screening.best()
    assert best.cost.breach_hours == 0.0
    assert (revert,) in [s.actions for s in (best, *others)]
    assert Screening(twin, detour, FLAT).best()[0].cost.breach_hours == 0.0
    assert best.cost.total == pytest.approx(DEVICE_WEIGHT)
    assert {a.node for a in best.actions if isinstance(a, SetIgpWeight | RevertToIntended)} == {"A"}


def test_remedy_for_an_overload_that_breaks_a_delay_objective_is_not_the_best() -> None:
    # D's 5 to B share A-B with A's 8. Over C alone they find room, but too late for the service.
    known = inventory(demands=(("A", "B", 8e9), ("D", "B", 5e9)), services=(("D", "B"),))
    found = Screening(Twin(known), Twin(known).state(), FLAT, margin=1.0).best()
    assert found[0].cost.breach_hours == 0.0


def test_limit_that_is_no_longer_needed_is_judged_where_the_caller_names_it() -> None:
    known = inventory(demands=(("A", "B", 1e9),))
    twin = Twin(known)
    limit = RateLimit(node="A", link="A-B", traffic_class=BUSINESS, rate_bps=5e8)
    limited = limit.configured(known.intended, known.intended, known.topology)
    remove = RemoveRateLimit(node="A", link="A-B", traffic_class=BUSINESS)
    best, *_ = Screening(twin, twin.state(running=limited), FLAT, extra=(remove,)).best()
    assert best.actions == (remove,)
    assert best.cost.breach_hours == 0.0


# Rate limits


def test_rate_limit_protects_the_other_class_and_its_cost_is_counted() -> None:
    # Business has 4 of the 11 Gbit/s on the only way, and shares their queue.
    known = inventory(topology(LINE), services=(("A", "B"),))
    screening = _screening(known, ("A", "B", BUSINESS, 4e9), ("A", "B", BEST_EFFORT, 7e9))
    assert screening.nothing.cost.breach_hours == 2.0
    (limited,) = screening.rate_limits()
    assert limited.actions == (
        RateLimit(node="A", link="A-B", traffic_class=BEST_EFFORT, rate_bps=4e9),
    )
    assert limited.cost.breach_hours == 0.0
    # 3 of 11 Gbit/s are dropped, for two hours.
    assert limited.cost.lost_share_hours == pytest.approx(2.0 * 3.0 / 11.0, rel=1e-3)
    assert limited.max_utilisation == pytest.approx(1.1), "what is offered, not what is let in"


def test_limit_upstream_relieves_what_lies_downstream() -> None:
    known = inventory(topology(LINE), services=(("B", "C"),))
    demands = (("A", "C", BEST_EFFORT, 9e9), ("B", "C", BUSINESS, 4e9))
    upstream = RateLimit(node="A", link="A-B", traffic_class=BEST_EFFORT, rate_bps=4e9)
    screening = _screening(known, *demands)
    assert screening.nothing.cost.breach_hours == 2.0
    assert screening.measure((upstream,)).cost.breach_hours == 0.0


def test_limit_leaves_what_has_to_be_left() -> None:
    known = inventory(topology(LINE))
    demands = (("A", "B", BUSINESS, 9e9), ("A", "B", BEST_EFFORT, 3e9))
    assert _screening(known, *demands).rate_limits() == []
    twin = Twin(known)
    traffic = TrafficMatrix.from_demands(
        known.peak_traffic.nodes,
        [Demand(source=a, target=b, traffic_class=c, rate_bps=r) for a, b, c, r in demands],
    )
    (screened,) = Screening(
        twin, twin.state(traffic=traffic), FLAT, least_limit_share=0.1, margin=1.0
    ).rate_limits()
    assert isinstance(screened.actions[0], RateLimit)
    assert screened.actions[0].rate_bps == 1e9


def test_limits_and_changes_together_are_no_more_than_asked_for_and_all_limits_count_as_one() -> (
    None
):
    known = inventory(topology(LINE))
    demands = [(a, b, BEST_EFFORT, r) for a, b, r in (("A", "B", 13e9), ("B", "C", 12e9),
                                                      ("C", "D", 11e9))]  # fmt: skip
    screening = _screening(known, *demands, margin=1.0)
    beside = (SetIgpWeight(node="D", link="C-D", weight=14),)
    counts = [len(s.actions) for s in screening.rate_limits(beside, changes=2)]
    assert counts == [2, 4], "the worst egress, and all of them"
    assert [len(s.actions) for s in screening.rate_limits()] == [1, 2, 3]
    assert {len(s.actions) for s in screening.best(changes=1)} <= {1, 3}


def test_surge_that_fills_more_egresses_than_a_plan_may_change_is_limited_everywhere() -> None:
    ways = (*LINE, *((b, a) for a, b in LINE))
    known = inventory(topology(LINE), services=tuple(permutations("ABCD", 2)))
    demands = [(a, b, c, r) for a, b in ways for c, r in ((BUSINESS, 4e9), (BEST_EFFORT, 6.5e9))]
    screening = _screening(known, *demands)
    assert screening.nothing.cost.breach_hours == 24.0
    (best, *_) = screening.best()
    assert len(best.actions) == 6
    assert best.cost.breach_hours == 0.0


def test_limits_beside_changes_are_no_more_than_a_remedy_may_hold() -> None:
    nodes = tuple(f"N{i}" for i in range(60))
    line = tuple(pairwise(nodes))
    ways = (*line, *((b, a) for a, b in line))
    known = inventory(topology(line, nodes=nodes), demands=(), services=())
    screening = _screening(known, *((a, b, BEST_EFFORT, 12e9) for a, b in ways), margin=1.0)
    beside = (SetIgpWeight(node="N0", link="N0-N1", weight=14),)
    counts = {len(s.actions) for s in screening.rate_limits(beside)}
    assert counts == {2, 3, 4, MOST_ACTIONS}, "of 118 egresses that are overloaded"


# Drains


def test_drain_of_the_only_way_is_refused() -> None:
    refusal = _plain((("A", "B", 1e9),), LINE).refusal((DrainLink(link="B-C"),))
    assert refusal == "drain B-C would leave nodes with no other way"


def test_drain_that_partitions_because_another_link_is_down_is_refused() -> None:
    assert _plain((("A", "B", 1e9),)).refusal((DrainLink(link="B-C"),)) is None
    refusal = _plain((("A", "B", 1e9),), down=["C-D"]).refusal((DrainLink(link="B-C"),))
    assert refusal is not None
    assert "no other way" in refusal


def test_drain_that_overloads_the_other_way_is_refused_and_never_proposed() -> None:
    # 8 Gbit/s would go A-D-C-B, where A sends D 3 already.
    screening = _plain((("A", "B", 8e9), ("A", "D", 3e9)))
    assert screening.refusal((DrainLink(link="A-B"),)) == "drain A-B would load a link to 110%"
    assert screening.refusal((SetIgpWeight(node="A", link="A-B", weight=60),)) is None


def test_drain_that_overloads_is_proposed_with_a_limit_that_keeps_it_from_it() -> None:
    # A-B loses four fifths; 4 + 4 Gbit/s would go A-D-C-B, where A sends D 3 already.
    twin, egress = Twin(inventory()), Interface(node="A", link="A-B")
    demands = (("A", "B", BUSINESS, 4e9), ("A", "B", BEST_EFFORT, 4e9), ("A", "D", BUSINESS, 3e9))
    traffic = TrafficMatrix.from_demands(
        twin.inventory.peak_traffic.nodes,
        [Demand(source=a, target=b, traffic_class=c, rate_bps=rate) for a, b, c, rate in demands],
    )
    state = replace(twin.state(traffic=traffic), egress_loss={egress: 0.8})
    drain = DrainLink(link="A-B")
    screening = Screening(
        twin, state, FLAT, extra=(drain,), uncertainty=CERTAIN, margin=1.0, least_limit_share=0.1
    )
    assert screening.refusal((drain,)) == "drain A-B would load a link to 110%"
    limits = [s.actions for s in screening.rate_limits((drain,))]
    assert limits
    assert all(screening.refusal(actions) is None for actions in limits)
    assert limits[0] in [s.actions for s in screening.best(most=50)]


def test_what_is_not_there_is_told() -> None:
    with pytest.raises(UnknownLink):
        _plain((("A", "B", 1e9),)).refusal((DrainLink(link="X-Y"),))


def test_no_proposed_drain_is_one_that_would_be_refused() -> None:
    screening = _plain((("A", "B", 8e9), ("D", "B", 5e9), ("A", "C", 3e9)))
    assert [s.actions for s in screening.best() if screening.refusal(s.actions)] == []
    assert np.isfinite([s.cost.total for s in screening.best()]).all()


# Who proposes


def test_every_remedy_says_who_proposed_it_and_nobody_is_asked_who_is_left_out() -> None:
    # B's 2.5 of D's 5 Gbit/s come over A: 10.5 on A-B, which carries 10.
    twin = Twin(inventory(demands=(("A", "B", 8e9), ("D", "B", 5e9))))

    def found(
        *without: Source, extra: Sequence[Action] = (), advised: Sequence[tuple[Action, ...]] = ()
    ) -> dict[tuple[Action, ...], frozenset[Source]]:
        screening = Screening(
            twin, twin.state(), FLAT, extra=extra, advised=advised, without=without
        )
        return {one.actions: one.sources for one in screening.best()}

    searched = found("rules")
    assert set(searched.values()) == {frozenset({"search"})}
    first = next(actions for actions in searched if len(actions) == 1)
    assert found(extra=first)[first] == {"search", "rules"}
    assert found("search", extra=first) == {first: frozenset({"rules"})}
    assert found("search", "rules", advised=[first]) == {first: frozenset({"policy"})}
    assert found("search", "rules", "policy", extra=first, advised=[first]) == {}
