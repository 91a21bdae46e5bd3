"""Before and after a what-if: worked by hand on a square, and against assessing from scratch."""

from dataclasses import replace

import pytest

from tests.twin.whatif.test_survey import crowded, square
from twin.events.actions.set_igp_weight import SetIgpWeight
from twin.events.faults.device_down import DeviceDown
from twin.events.faults.link_down import LinkDown
from twin.events.link_repair import LinkRepair
from twin.whatif.comparison import cascade_of, compare
from twin.whatif.engine import WhatIfEngine


def test_failed_link_moves_its_load_to_the_other_way() -> None:
    twin = square((("A", "D", 12.0),))
    found = compare(twin.state(), (LinkDown(link="A--B"),), twin)
    loads = {
        str(c.egress): (c.before_bps / 1e9, c.after_bps / 1e9, c.failed) for c in found.egresses
    }
    assert loads == {
        "A|A--B": (6.0, 0.0, True),
        "B|B--D": (6.0, 0.0, False),
        "A|A--C": (6.0, 12.0, False),
        "C|C--D": (6.0, 12.0, False),
    }
    before, after = found.totals(limit=1.0)
    assert (before.no_path_bps, before.lost_bps, before.over_limit) == (0.0, 0.0, 0)
    assert after.lost_bps == pytest.approx(2e9, rel=1e-3)
    assert after.over_limit == 2
    assert after.max_utilisation == pytest.approx(1.2)
    assert str(after.busiest) == "A|A--C"


def test_service_that_breaks_its_objective_is_named_with_the_reason() -> None:
    twin = square((("A", "D", 12.0),))
    [service] = compare(twin.state(), (LinkDown(link="A--B"),), twin).services
    assert (service.service, service.customer) == ("svc", "one")
    assert (service.before_in_breach, service.after_in_breach) == (False, True)
    assert service.after_loss == pytest.approx(1 / 6, rel=1e-3)
    assert service.reasons == ("loss 16.67% exceeds 1.00%",)


def test_service_without_a_path_has_no_delay() -> None:
    twin = square((("A", "D", 1.0),))
    found = compare(twin.state(), (DeviceDown(node="D"),), twin)
    [service] = found.services
    assert (service.after_delay_s, service.after_loss) == (None, 1.0)
    _, after = found.totals(limit=1.0)
    assert (after.no_path_bps, after.lost_bps, after.mean_delay_s) == (1e9, 0.0, None)


def test_weight_that_stands_already_has_no_effect() -> None:
    twin = square((("A", "D", 1.0),))
    weight = twin.inventory.intended.device("A").interface("A--B").igp_weight
    same = compare(twin.state(), (SetIgpWeight(node="A", link="A--B", weight=weight),), twin)
    assert same.without_effect
    assert (same.egresses, same.services) == ((), ())
    assert not compare(
        twin.state(), (SetIgpWeight(node="A", link="A--B", weight=weight + 1),), twin
    ).without_effect


def test_repair_is_the_failure_backwards() -> None:
    twin = crowded()
    link = twin.inventory.topology.links[3].id
    down = replace(twin.state(), down_links=frozenset({link}))
    there = compare(twin.state(), (LinkDown(link=link),), twin)
    back = compare(down, (LinkRepair(link=link),), twin)
    assert back.after.offered_bps == pytest.approx(there.before.offered_bps, rel=1e-12)
    assert back.before.lost_bps == pytest.approx(there.after.lost_bps, rel=1e-12)
    assert len(back.egresses) == len(there.egresses) > 2
    assert {s.service for s in back.services} == {s.service for s in there.services}


def test_both_sides_are_what_assessing_from_scratch_finds() -> None:
    twin = crowded()
    link = twin.inventory.topology.links[0].id
    found = compare(twin.state(), (LinkDown(link=link),), twin)
    wanted = twin.assess(replace(twin.state(), down_links=frozenset({link})))
    assert (found.after.offered_bps == wanted.offered_bps).all()
    assert (found.after.delivered == wanted.delivered).all()
    assert found.after.breached_services == wanted.breached_services
    changed = {s.service for s in found.services}
    flipped = {
        v.service
        for v, was in zip(wanted.verdicts, found.before.verdicts, strict=True)
        if v.in_breach != was.in_breach
    }
    assert flipped
    assert flipped <= changed


def test_cascade_on_the_square_ends_when_nothing_is_left_to_carry() -> None:
    # With A--B gone, A--C and C--D are offered 12 on 10 and trip, both at once.
    twin = square((("A", "D", 12.0),))
    engine = WhatIfEngine(twin.state(), compiled=twin.compiled)
    end = cascade_of(engine, (LinkDown(link="A--B"),), 1.0)
    assert [turn.links for turn in end.rounds] == [("A--C", "C--D")]
    assert (end.no_path_bps, end.max_utilisation, end.busiest) == (12e9, 0.0, None)
    assert cascade_of(engine, (LinkDown(link="A--B"),), 1.3).rounds == ()


def test_egress_at_the_limit_is_not_above_it_and_does_not_trip() -> None:
    # C--D carries half of 1/7 and 31/7, which is 4.5 but for the last digit.
    twin = square((("A", "D", 1 / 7), ("C", "D", 31 / 7)))
    same = (SetIgpWeight(node="A", link="A--B", weight=1),)
    found = compare(twin.state(), same, twin)
    assert found.before.utilisation.max() > 0.45
    assert [t.over_limit for t in found.totals(limit=0.45)] == [0, 0]
    engine = WhatIfEngine(twin.state(), compiled=twin.compiled)
    assert cascade_of(engine, same, 0.45).rounds == ()
