"""Plans of weights: what the twin itself says of them, and what is refused."""

from functools import cache

import numpy as np
import pytest

from tests.twin.tracking.square import ENDS, inventory, topology
from twin.errors import BadInput
from twin.events.actions.drain_link import DrainLink
from twin.events.phrases import read_what_if, what_if_text
from twin.nouns.configuration import DiscardRoute
from twin.nouns.state import NetworkState
from twin.physics.twin import Twin
from twin.sources.world import WorldSpec, build_inventory
from twin.traffic_engineering.answer import COUNTS, Engineered, closed_share, engineer
from twin.whatif.comparison import compare

# B's 8 go over A-B though A-D and D-C-B are empty.
CROWDED = (("A", "B", 8e9), ("A", "C", 6e9))


def square(down: tuple[str, ...] = ()) -> tuple[Twin, NetworkState]:
    twin = Twin(inventory(topology(ENDS), demands=CROWDED))
    return twin, twin.state(down_links=down)


@cache
def atlanta() -> tuple[Twin, Engineered]:
    twin = Twin(build_inventory(WorldSpec(topology="sndlib/atlanta")))
    return twin, engineer([twin.state()], what_ifs=30_000)


def test_the_square_sends_what_goes_to_the_far_corner_the_empty_way() -> None:
    # 8 + 3 on A-B. With all 6 by way of D it is 8, and nothing spreads B's 8 over both ways but a
    # tie, which loads A-D with 4 + 6 or 4 + 3: 10 and 7 + 4 are no less.
    _, state = square()
    found = engineer([state], what_ifs=3000)
    assert found.configured == pytest.approx(1.1)
    assert str(found.busiest) == "A|A-B"
    one = found.plan(1)
    assert [(x.node, x.before) for x in one.changes] in ([("A", 10)], [("B", 10)])
    assert one.max_utilisation == pytest.approx(0.8)
    # 14 leave A over two links of 10.
    assert found.free_splits == pytest.approx(0.7)
    assert one.closed == pytest.approx(0.75)


def test_every_plan_is_what_the_twin_says_of_it() -> None:
    twin, found = atlanta()
    state = twin.state()
    assert found.plans[-1].changes
    for plan in found.plans:
        actions = tuple(change.action for change in plan.changes)
        if not actions:
            assert plan.max_utilisation == found.configured
            continue
        asked = read_what_if(what_if_text(actions), state.topology)
        before, after = compare(state, asked, twin).totals(1.0)
        assert before.max_utilisation == pytest.approx(found.configured, rel=1e-9)
        assert after.max_utilisation == pytest.approx(plan.max_utilisation, rel=1e-9)


def test_every_step_on_the_way_is_what_the_twin_says_of_it() -> None:
    twin, found = atlanta()
    plan = found.plans[-1]
    for count in range(1, len(plan.changes) + 1):
        done = tuple(change.action for change in plan.changes[:count])
        _, after = compare(twin.state(), done, twin).totals(1.0)
        step = plan.changes[count - 1]
        assert after.max_utilisation == pytest.approx(step.highest_after, rel=1e-9)
    assert plan.changes[-1].highest_after == pytest.approx(plan.max_utilisation)
    assert plan.on_the_way == max(found.configured, *(x.highest_after for x in plan.changes))


def test_the_way_back_leads_back() -> None:
    twin, found = atlanta()
    state = twin.state()
    running = state.running
    for change in found.plans[-1].changes:
        running = change.action.configured(running, twin.inventory.intended, state.topology)
    assert running != state.running
    for change in reversed(found.plans[-1].changes):
        running = change.way_back.configured(running, twin.inventory.intended, state.topology)
    assert running == state.running


def test_plans_never_get_worse_with_more_changes() -> None:
    _, found = atlanta()
    assert [plan.at_most for plan in found.plans] == [*COUNTS, None]
    reached = [found.configured, *(plan.max_utilisation for plan in found.plans)]
    assert reached == sorted(reached, reverse=True)
    assert reached[-1] < found.configured
    for plan in found.plans:
        assert plan.at_most is None or len(plan.changes) <= plan.at_most
        assert plan.closed is not None
        assert 0.0 <= plan.closed <= 1.0


def test_the_same_seed_and_budget_give_the_same_plans() -> None:
    twin, found = atlanta()
    again = engineer([twin.state()], what_ifs=30_000)
    spent = {"cpu_s", "optimum_cpu_s"}
    assert again.model_dump(exclude=spent) == found.model_dump(exclude=spent)


def test_the_worst_of_several_matrices_counts() -> None:
    twin, state = square()
    other = Twin(inventory(topology(ENDS), demands=(("A", "D", 9e9), ("A", "C", 6e9)))).state()
    both = engineer([state, other], what_ifs=3000)
    # Alone, each would send all to C away from the other's 8 or 9. Together the even split stays.
    alone = engineer([state], what_ifs=3000)
    assert alone.plans[-1].max_utilisation == pytest.approx(0.8)
    assert both.configured == pytest.approx(1.2)
    last = both.plans[-1]
    assert last.max_utilisation == pytest.approx(max(x.reached for x in both.matrices))
    assert both.free_splits == pytest.approx(max(x.free_splits for x in both.matrices))
    for each, matrix in zip((state, other), both.matrices, strict=True):
        asked = tuple(change.action for change in last.changes)
        _, after = compare(each, asked, twin).totals(1.0)
        assert after.max_utilisation == pytest.approx(matrix.reached)


def test_a_link_that_is_down_is_given_no_weight() -> None:
    _, state = square(down=("C-D",))
    found = engineer([state], what_ifs=500)
    # All is on a line, where no weight changes anything.
    assert found.plans[-1].changes == ()
    assert found.may_change == 6
    assert found.plans[-1].closed is None
    assert found.free_splits == pytest.approx(found.configured)


def test_a_drained_link_stays_drained() -> None:
    twin, state = square()
    drained = DrainLink(link="C-D").configured(
        state.running, twin.inventory.intended, state.topology
    )
    found = engineer([state.configured(drained)], what_ifs=500)
    assert found.may_change == 6
    assert all(change.link != "C-D" for plan in found.plans for change in plan.changes)


def test_a_static_route_to_nowhere_has_to_be_taken_out_first() -> None:
    _, state = square()
    silent = state.running.device("B").with_discards((DiscardRoute(target="C"),))
    with pytest.raises(BadInput, match="B has a static route that discards what goes to C"):
        engineer([state.configured(state.running.with_device(silent))], what_ifs=10)


def test_nothing_to_carry_is_said() -> None:
    twin = Twin(inventory(topology(ENDS), demands=()))
    with pytest.raises(BadInput, match="no traffic has a path"):
        engineer([twin.state()], what_ifs=10)


def test_what_is_spent_is_told_as_it_goes() -> None:
    _, state = square()
    told: list[float] = []
    engineer([state], what_ifs=1000, progress=told.append)
    assert told == sorted(told)
    assert 0.0 < told[0] <= told[-1] <= 1.0


@pytest.mark.parametrize(
    ("start", "reached", "bound", "closed"),
    [(1.1, 0.8, 0.7, 0.75), (0.7, 0.7, 0.7, None), (0.9, 0.9, 0.7, 0.0)],
)
def test_closed_is_of_what_lies_between(
    start: float, reached: float, bound: float, closed: float | None
) -> None:
    found = closed_share(start, reached, bound)
    assert found == (None if closed is None else pytest.approx(closed))


def test_a_weight_is_as_far_as_it_may_be_set() -> None:
    _, state = square()
    found = engineer([state], what_ifs=2000)
    for plan in found.plans:
        for change in plan.changes:
            assert 1 <= change.after <= 65_534
            assert change.after != change.before
    assert np.isfinite(found.cpu_s)
