"""What fails next: worked by hand on a square, and the same whatever the order of events."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.twin.whatif.test_survey import square
from twin.events.faults.link_down import LinkDown
from twin.forecasting import Uncertainty
from twin.imagination.prediction.added_up import AddedUp
from twin.imagination.prediction.base_rate import BaseRate
from twin.imagination.prediction.departures import Departures, Unknowns
from twin.imagination.prediction.draws import Draws, shares
from twin.imagination.prediction.first_trips import FirstTrips
from twin.imagination.prediction.predictor import LINK, NONE, NOTHING, Struck
from twin.imagination.prediction.shifts import ADDED_UP, seen_of
from twin.nouns.chain import ChainRates
from twin.physics.compiled import FloatArray
from twin.physics.twin import Twin
from twin.sources.world import WorldSpec, build_inventory

KNOWN = Uncertainty(
    pair_sigma=0.0,
    common_sigma=0.0,
    split_sigma=0.0,
    short_bundle_probability=0.0,
    counter_sigma=0.0,
)
NOTHING_HIDDEN = Unknowns(hidden_weight=0.0, unknown_duct=0.0)
PROTECTED = ChainRates(unprotected=0.0)
CERTAIN = Departures(KNOWN, NOTHING_HIDDEN, PROTECTED)
ONCE = np.ones(1)


def struck(twin: Twin, *down: str, levels: FloatArray = ONCE) -> Struck:
    return Struck(twin, twin.state(), tuple(LinkDown(link=x) for x in down), levels)


def predicted(case: Struck, question: Departures | FirstTrips, draws: int = 64) -> dict[str, float]:
    chances = Draws(draws).predict(case, question)
    return dict(zip(question.answers(case.twin), chances.tolist(), strict=True))


def test_where_links_trip_the_fullest_beyond_its_capacity_is_the_first() -> None:
    twin = square((("A", "D", 12.0), ("A", "C", 1.0)))
    found = predicted(struck(twin, "A--B"), FirstTrips())
    assert max(found, key=lambda answer: found[answer]) == "A--C"  # 13 of 10 Gbit/s, C--D has 12


def test_where_no_link_is_beyond_its_capacity_nothing_trips() -> None:
    found = predicted(struck(square((("A", "D", 9.0),)), "A--B"), FirstTrips())
    assert found[NOTHING] > 0.95


def test_a_service_leaves_its_objective_once_demand_outgrows_what_is_left() -> None:
    twin = square((("A", "D", 8.0),))
    grown = predicted(struck(twin, "A--B", levels=np.array([1.0, 1.5])), CERTAIN)
    fallen = predicted(struck(twin, "A--B", levels=np.array([1.0, 0.5])), CERTAIN)
    assert grown["svc"] > 0.95
    assert fallen[NOTHING] > 0.95


def test_a_service_that_has_left_its_objective_already_is_not_next() -> None:
    case = struck(square((("A", "D", 12.0),)), "A--B", levels=np.array([1.0, 1.5]))
    assert predicted(case, CERTAIN)["svc"] == 0.0


def test_a_link_that_is_down_is_not_next() -> None:
    case = struck(square((("A", "D", 12.0),)), "A--B")
    for question in (FirstTrips(), CERTAIN):
        assert predicted(case, question)["A--B"] == 0.0


def test_a_cause_on_no_record_takes_down_links_that_end_where_one_is_down() -> None:
    every = Departures(KNOWN, Unknowns(hidden_weight=0.0, unknown_duct=1.0), PROTECTED)
    found = predicted(struck(square((("A", "D", 2.0),)), "A--B"), every)
    assert found["A--C"] + found["B--D"] > 0.95  # C--D ends elsewhere
    assert found["C--D"] < 0.05


def test_lasting_loss_takes_an_adjacency_down_where_hellos_have_no_queue_of_their_own() -> None:
    case = struck(square((("A", "D", 60.0),)), "A--B", levels=np.ones(4))
    unprotected = Departures(KNOWN, NOTHING_HIDDEN, ChainRates(unprotected=1.0))
    assert predicted(case, unprotected)["A--C"] > 0.9  # five of six hellos are lost
    assert predicted(case, CERTAIN)["A--C"] < 0.05


def test_a_weight_that_nobody_knows_of_moves_traffic_to_where_it_does_not_fit() -> None:
    twin = square((("A", "D", 12.0),))
    hidden = Departures(KNOWN, Unknowns(hidden_weight=1.0, unknown_duct=0.0), PROTECTED)
    assert predicted(struck(twin), CERTAIN)["svc"] < 0.05  # 6 and 6 of 10
    assert predicted(struck(twin), hidden, 200)["svc"] > 0.2


def test_the_same_seed_gives_the_same_probabilities() -> None:
    twin = Twin(build_inventory(WorldSpec(topology="sndlib/abilene")))
    case = struck(twin, twin.inventory.topology.links[0].id, levels=np.array([1.0, 1.4, 1.6]))
    one, other = (Draws(32).predict(case, Departures()) for _ in range(2))
    np.testing.assert_array_equal(one, other)


@settings(max_examples=20, deadline=None)
@given(st.permutations(range(6)), st.integers(1, 3))
def test_the_order_of_events_does_not_matter(order: list[int], count: int) -> None:
    twin = Twin(build_inventory(WorldSpec(topology="sndlib/abilene")))
    links = [twin.inventory.topology.links[i].id for i in order[:count]]
    one, other = (
        seen_of(struck(twin, *names), FirstTrips()) for names in (links, list(reversed(links)))
    )
    np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-9)


def test_what_one_link_shifts_is_seen_exactly() -> None:
    case = struck(square((("A", "D", 12.0),)), "A--B")
    full = seen_of(case, FirstTrips())[:, ADDED_UP]
    np.testing.assert_allclose(full, [0.0, 0.0, 1.2, 1.2, 1.2])  # the last is of nothing: all


def test_a_service_relies_on_all_its_ways() -> None:
    twin = square((("A", "D", 1.0),))
    case = struck(twin, "A--B")
    before = CERTAIN.relies_on(case, [case.base])[0]
    after = CERTAIN.relies_on(case, [case.state])[0]
    arcs = [str(twin.inventory.topology.egress_of(i)) for i in range(8)]
    assert {arcs[i] for i in np.flatnonzero(before)} == {
        "A|A--B", "B|B--D", "A|A--C", "C|C--D"
    }  # fmt: skip
    assert {arcs[i] for i in np.flatnonzero(after)} == {"A|A--C", "C|C--D"}


def test_answers_that_exclude_each_other_add_up_to_one() -> None:
    case = struck(square((("A", "D", 12.0),)), "A--B")
    curves = {LINK: (0.0, 1.0, 1.0), NONE: (0.0, -1.0, 0.0)}
    for predictor in (AddedUp(curves), BaseRate({LINK: 0.1, NONE: 0.5})):
        chances = predictor.predict(case, FirstTrips())
        assert chances.sum() == pytest.approx(1.0)
        assert chances[0] == 0.0


def test_what_was_never_drawn_keeps_a_little_of_the_probability() -> None:
    first = np.array([[True, False, False]] * 9)
    found = shares(first, np.array([True, False, True]))
    np.testing.assert_allclose(found, [9.5 / 10, 0.0, 0.5 / 10])
