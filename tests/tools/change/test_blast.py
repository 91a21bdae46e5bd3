"""What a change touches, by hand on four nodes: A-B, A-C, B-C, C-D, all weights 10."""

from collections.abc import Sequence

import pytest

from tests.tools.change.in_memory import inventory
from tools.change.blast import larger
from tools.change.refusals import BlastDisagrees
from twin.events.action import Action
from twin.events.actions.drain_link import DrainLink
from twin.events.actions.rate_limit import RateLimit
from twin.events.actions.set_igp_weight import SetIgpWeight
from twin.nouns.plan import BlastRadius
from twin.nouns.traffic import TrafficClass
from twin.remedies.blast import blast_radius
from twin.remedies.steps import plan_steps

INVENTORY = inventory()


def _blast(actions: Sequence[Action], down: frozenset[str] = frozenset()) -> BlastRadius:
    before = INVENTORY.intended
    after = plan_steps(actions, before, before, INVENTORY.topology)[-1].after
    return blast_radius(INVENTORY, before, after, down)


def test_drain_moves_the_pairs_that_used_the_link() -> None:
    found = _blast([DrainLink(link="A-C")])
    assert found == BlastRadius(devices=("A", "C"), services=("vpn-1",), moved_bps=1e9)


def test_pair_that_gains_an_equal_path_is_counted_whole() -> None:
    # B reaches C directly at 10; with A-B and A-C at 5 each from B's side it has two equal paths.
    cheaper: list[Action] = [
        SetIgpWeight(node="B", link="A-B", weight=5),
        SetIgpWeight(node="A", link="A-C", weight=5),
    ]
    assert _blast(cheaper).services == ("vpn-2",)
    assert _blast(cheaper).moved_bps == 3e9


def test_change_on_a_link_that_is_down_moves_nothing() -> None:
    found = _blast([DrainLink(link="A-B")], frozenset({"A-B"}))
    assert (found.devices, found.services, found.moved_bps) == (("A", "B"), (), 0.0)


def test_rate_limit_touches_the_services_of_its_class_that_cross_it_and_moves_nothing() -> None:
    limit = RateLimit(node="C", link="C-D", traffic_class=TrafficClass.BUSINESS, rate_bps=5e9)
    assert _blast([limit]) == BlastRadius(devices=("C",), services=("vpn-1",), moved_bps=0.0)
    other = limit.model_copy(update={"traffic_class": TrafficClass.BEST_EFFORT})
    assert _blast([other]).services == ()


BOUND = BlastRadius(devices=("A", "C"), services=("vpn-1",), moved_bps=3e9)


def test_bound_that_holds_is_the_larger_figure() -> None:
    exact = BlastRadius(devices=("A",), services=(), moved_bps=1.5e9)
    assert larger("p", BOUND, exact) == BOUND


def test_exact_figure_above_the_bound_by_rounding_alone_is_no_contradiction() -> None:
    exact = BOUND.model_copy(update={"moved_bps": 3e9 * (1 + 1e-12)})
    assert larger("p", BOUND, exact).moved_bps == exact.moved_bps


@pytest.mark.parametrize(
    ("beyond", "said"),
    [
        ({"moved_bps": 3.5e9}, "leaves out 0.5 Gbit/s"),
        ({"devices": ("A", "B", "C")}, "leaves out devices B"),
        ({"services": ("vpn-2", "vpn-1")}, "leaves out services vpn-2"),
    ],
)
def test_bound_below_the_exact_figure_is_refused(beyond: dict[str, object], said: str) -> None:
    with pytest.raises(BlastDisagrees, match=f'plan "p": .*{said}; one of the two is wrong'):
        larger("p", BOUND, BOUND.model_copy(update=beyond))


def test_blast_of_which_nothing_goes_back_reads_as_it_did_before_that_was_counted() -> None:
    """So plans that were approved then keep their hash."""
    assert BOUND.model_dump() == {
        "devices": ("A", "C"),
        "services": ("vpn-1",),
        "moved_bps": 3e9,
    }
    back = BOUND.model_copy(update={"returning_services": ("vpn-1",), "returning_bps": 3e9})
    assert (back.counted_services, back.counted_bps) == ((), 0.0)
    assert BlastRadius.model_validate(back.model_dump()) == back
