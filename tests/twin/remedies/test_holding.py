"""A link that comes back is drained first, where nobody needs it and there is another way."""

from collections.abc import Sequence

import pytest

from tests.twin.tracking.square import ENDS, inventory, topology
from twin.events.actions.drain_link import DrainLink
from twin.events.actions.set_igp_weight import SetIgpWeight
from twin.events.faults.link_down import LinkDown
from twin.nouns.forecast import Forecast, Interval
from twin.nouns.plan import Remedy
from twin.physics.twin import Twin
from twin.remedies.holding import with_links_held
from twin.remedies.trials import Trial

WEIGHT = SetIgpWeight(node="A", link="A-B", weight=20)
DOWN = LinkDown(link="C-D")


def _at(p95: float) -> Interval:
    return Interval(p05=0.0, median=0.0, p95=p95)


def _held(
    *,
    max_utilisation: float = 0.5,
    breached: float = 0.0,
    most_devices: int = 4,
    ends: Sequence[tuple[str, str]] = ENDS,
    drained: bool = False,
) -> bool:
    """Whether C-D, which is down, is drained besides; the rest of the remedy stays as it is."""
    ahead = Forecast(
        utilisation={},
        max_utilisation=_at(max_utilisation),
        breached_services=_at(breached),
        lost_bps=_at(0.0),
        service_breach_probability={},
        rollouts=64,
        seed=1,
    )
    remedy = Remedy(id="R1", actions=(WEIGHT,), reason="a try")
    trial = Trial(remedy=remedy, ahead=ahead, in_scenario={}, cost=1.0, slo_minutes_ahead=0.0)
    known = inventory(topology(ends))
    running = known.intended
    if drained:
        running = DrainLink(link="C-D").configured(running, known.intended, known.topology)
    state = Twin(known).state(running=running, down_links=["C-D"])
    found = with_links_held(trial, (DOWN,), state, most_devices).actions
    assert found[:1] == (WEIGHT,)
    assert found[1:] in ((), (DrainLink(link="C-D"),))
    return len(found) == 2


def test_link_that_is_down_is_drained_with_the_remedy() -> None:
    assert _held()
    assert not _held(drained=True), "it is drained already"


@pytest.mark.parametrize(("max_utilisation", "is_held"), [(0.89, True), (0.91, False)])
def test_link_is_not_held_where_an_egress_may_be_nine_tenths_full_without_it(
    max_utilisation: float, is_held: bool
) -> None:
    assert _held(max_utilisation=max_utilisation) is is_held


@pytest.mark.parametrize(("breached", "is_held"), [(0.9, True), (1.0, False)])
def test_link_is_not_held_where_a_service_may_need_it(breached: float, is_held: bool) -> None:
    assert _held(breached=breached) is is_held


@pytest.mark.parametrize(("most_devices", "is_held"), [(3, True), (2, False)])
def test_link_is_not_held_where_that_would_touch_too_many_devices(
    most_devices: int, is_held: bool
) -> None:
    """A, and both ends of C-D."""
    assert _held(most_devices=most_devices) is is_held


def test_only_way_to_a_node_is_not_held() -> None:
    assert not _held(ends=(("A", "B"), ("B", "C"), ("C", "D")))
