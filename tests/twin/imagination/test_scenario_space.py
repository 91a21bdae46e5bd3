"""Days in whole numbers: each can be, is read back from its words, and is one of the space."""

from collections import Counter
from collections.abc import Sequence
from itertools import islice

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twin.errors import BadInput
from twin.events.faults.device_down import DeviceDown
from twin.events.faults.fiber_cut import FiberCut
from twin.events.faults.link_down import LinkDown
from twin.imagination.days import BEGIN, DEMANDS, NOTHING, Template, point_of, timed
from twin.imagination.elements import Element, elements_of
from twin.imagination.generators.generator import Point, explored
from twin.imagination.generators.shipped import GENERATORS, Grounds
from twin.imagination.scenario_check import check_scenario
from twin.imagination.scenario_space import ScenarioSpace
from twin.imagination.scenario_text import read_scenario, scenario_text
from twin.imagination.strikes import strikes_of
from twin.knowledge.past import PastIncident
from twin.nouns.rates import Rates
from twin.physics.twin import Twin
from twin.sources.world import WorldSpec, build_inventory

TWIN = Twin(build_inventory(WorldSpec(topology="sndlib/nobel-eu")))
STATE = TWIN.state()
ELEMENTS = elements_of(STATE.topology, Rates())
PROFILE = TWIN.inventory.profile
SPACE = ScenarioSpace(strikes_of(STATE, ELEMENTS), PROFILE)
STRIKES = SPACE.strikes.all

seeds = st.integers(0, 2**32 - 1)


def _is_a_day(point: Point, space: ScenarioSpace = SPACE) -> None:
    scenario = space.scenario(point)
    check_scenario(scenario, STATE.topology, STATE.running)
    assert read_scenario(scenario_text(scenario), STATE.topology) == scenario
    assert space.allows(point)
    assert point == point_of(point[:BEGIN], timed(point))
    traits = space.traits(point)
    assert len(set(traits)) == len(traits)
    assert all(0 <= trait < space.size for trait in traits)


@settings(max_examples=25, deadline=None)
@given(seed=seeds, by_load=st.booleans())
def test_what_is_drawn_is_a_day_that_can_be_said(seed: int, by_load: bool) -> None:
    _is_a_day(SPACE.drawn(np.random.default_rng(seed), by_load=by_load))


@settings(max_examples=25, deadline=None)
@given(seed=seeds)
def test_what_is_bred_is_a_day_that_can_be_said(seed: int) -> None:
    numbers = np.random.default_rng(seed)
    elite = [SPACE.drawn(numbers) for _ in range(5)]
    for _ in range(3):
        elite.append(SPACE.bred(elite, numbers))
    for point in elite[5:]:
        _is_a_day(point)


@settings(max_examples=25, deadline=None)
@given(seed=seeds)
def test_offspring_of_two_has_its_conditions_and_events_from_them(seed: int) -> None:
    numbers = np.random.default_rng(seed)
    one, other = SPACE.drawn(numbers), SPACE.drawn(numbers)
    child = SPACE.crossed(one, other, numbers)
    assert all(child[i] in (one[i], other[i]) for i in range(BEGIN))
    assert {event for event, _ in timed(child)} <= {e for e, _ in (*timed(one), *timed(other))}
    assert len(timed(child)) == len(timed(one))


@settings(max_examples=25, deadline=None)
@given(seed=seeds)
def test_what_moves_is_one_event_to_what_it_touches(seed: int) -> None:
    numbers = np.random.default_rng(seed)
    point = SPACE.drawn(numbers)
    moved = SPACE.moved(point, numbers)
    assert moved[:BEGIN] == point[:BEGIN]
    left = Counter(e for e, _ in timed(point)) - Counter(e for e, _ in timed(moved))
    came = Counter(e for e, _ in timed(moved)) - Counter(e for e, _ in timed(point))
    assert sum(left.values()) == sum(came.values()) <= 1
    for before, after in zip(left, came, strict=True):
        assert STRIKES[before].fault.kind == STRIKES[after].fault.kind
        assert STRIKES[before].nodes & STRIKES[after].nodes


def test_two_points_are_two_scenarios() -> None:
    numbers = np.random.default_rng(1)
    points = {SPACE.drawn(numbers, by_load=bool(i % 2)) for i in range(2000)}
    assert len({SPACE.scenario(point) for point in points}) == len(points)


def test_first_event_has_no_delay_and_the_others_stand_in_order_of_time() -> None:
    assert point_of((8, 0, -1, -1), [(7, 2), (5, 3), (9, 3)]) == (8, 0, -1, -1, 7, 0, 5, 3, 9, 3)
    assert point_of((8, 0, -1, -1), [(7, 0), (5, 0)]) == (8, 0, -1, -1, 5, 0, 7, 0)


def test_nothing_strikes_twice_and_nothing_strikes_what_is_in_work() -> None:
    first = next(i for i, one in enumerate(STRIKES) if one.share_in_work > 0.0)
    assert not SPACE.allows(point_of((8, 0, NOTHING, NOTHING), [(first, 0), (first, 1)]))
    assert not SPACE.allows(point_of((8, 0, NOTHING, first), [(first, 0)]))
    assert SPACE.allows(point_of((8, 0, NOTHING, NOTHING), [(first, 0)]))


def test_of_work_that_is_under_way_half_is_over() -> None:
    (device,) = {e.work for e in ELEMENTS if e.name == "device Paris"}
    work = DeviceDown(node="Paris")
    part = SPACE.within(Template(in_work=work))
    scenario = part.scenario(part.drawn(np.random.default_rng(1)))
    assert device is not None
    assert [one.lasts_s for one in scenario.conditions.in_work] == [1800 * device.hours]


def test_the_more_passes_a_place_the_more_often_it_is_drawn() -> None:
    numbers = np.random.default_rng(2)
    busiest, idlest = (SPACE.strikes.by_load["device_down"][i] for i in (0, -1))
    drawn = Counter(SPACE.strikes.of_kind("device_down", numbers, by_load=True)
                    for _ in range(2000))  # fmt: skip
    loads = SPACE.strikes.loads[list(SPACE.strikes.by_load["device_down"])]
    expected = 2000 * loads[0] ** 2 / (loads**2).sum()
    assert drawn[busiest] == pytest.approx(expected, rel=0.2)
    assert drawn[idlest] < drawn[busiest] / 10


def test_what_several_things_share_strikes_as_one() -> None:
    links = tuple(sorted(link.id for link in STATE.topology.links[:2]))
    shared = Element(
        name="contractor",
        event=tuple(LinkDown(link=link) for link in links),
        parts=ELEMENTS[0].parts,
        links=frozenset(links),
    )
    *_, last = strikes_of(STATE, (*ELEMENTS, shared)).all
    assert last.fault == FiberCut(duct="", links=links)
    assert last.per_year == shared.per_year
    assert last.place == "+".join(links)


def test_rule_strikes_what_carries_most_for_longest_at_the_busiest_hour() -> None:
    first = next(SPACE.by_rule())
    scenario = SPACE.scenario(first)
    assert PROFILE.hourly[first[0]] == 1.0
    assert scenario.conditions.demand == max(DEMANDS)
    assert scenario.conditions.surge is not None
    assert len(scenario.events) == 4
    most = SPACE.strikes.exposures[[event for event, _ in timed(first)]].min()
    above = {STRIKES[i].place for i in np.flatnonzero(SPACE.strikes.exposures > most)}
    # Every place that carries more strikes already, or is in work.
    assert len(above - {STRIKES[e].place for e, _ in timed(first)}) <= 1


def test_enumeration_begins_with_every_failure_alone_the_likeliest_first() -> None:
    count = len(ELEMENTS)
    first = list(islice(SPACE.every(), 4 * count + 1))
    alone = [SPACE.events(point) for point in first[:count]]
    assert {one.fault for (one,) in alone} == {e.bare() for x in ELEMENTS for e in x.faults}
    rates = [one.per_year for (one,) in alone]
    assert rates == sorted(rates, reverse=True)
    assert len({point[0] for point in first[: 4 * count]}) == 4
    assert first[-1][3] != NOTHING or len(timed(first[-1])) == 2


def test_elsewhere_is_the_same_kind_where_about_as_much_passes() -> None:
    third = SPACE.strikes.by_load["link_down"][2]
    point = point_of((3, 0, NOTHING, NOTHING), [(third, 0)])
    found = list(SPACE.alike(point))
    ranked = SPACE.strikes.by_load["link_down"]
    assert [timed(p)[0][0] for p in found[:3]] == [ranked[1], ranked[3], ranked[0]]
    assert len(found) == len(ranked) - 1
    assert all(p[:BEGIN] == point[:BEGIN] for p in found)


@settings(max_examples=15, deadline=None)
@given(seed=seeds)
def test_part_of_the_space_keeps_to_what_is_said_of_it(seed: int) -> None:
    work = DeviceDown(node="Paris")
    said = Template(kinds=("link_down", "traffic_spike"), hour=20, demand=1.13, in_work=work)
    part, numbers = SPACE.within(said), np.random.default_rng(seed)
    elite = [part.drawn(numbers, by_load=True) for _ in range(4)]
    for point in (*elite, *(part.bred(elite, numbers) for _ in range(3))):
        _is_a_day(point, part)
        scenario = part.scenario(point)
        assert sorted(e.fault.kind for e in scenario.events) == ["link_down", "traffic_spike"]
        assert (scenario.conditions.minute, scenario.conditions.demand) == (1200, 1.1)
        assert [one.fault for one in scenario.conditions.in_work] == [work]


def test_part_of_which_there_is_no_day_is_refused() -> None:
    with pytest.raises(BadInput, match="power_feed_loss"):
        SPACE.within(Template(kinds=("power_feed_loss",)))
    with pytest.raises(BadInput, match=r"group .* is not among what is tried"):
        SPACE.within(Template(in_work=FiberCut(duct="somewhere", links=("a", "b"))))
    with pytest.raises(BadInput, match="no day is found"):
        SPACE.within(Template(kinds=("web_dos_attack", "tcp_syn_flood_attack")))


def _incident(cause: str, opened_s: float, *, decided: bool = True) -> PastIncident:
    return PastIncident(id=f"INC-{opened_s}", title="", opened_s=opened_s, symptoms=(), cause=cause,
                        remedy="", worked=True, decided=decided)  # fmt: skip


def test_past_is_what_caused_incidents_at_their_hours() -> None:
    link, node = STATE.topology.links[3].id, STATE.topology.nodes[5].id
    past = SPACE.past(
        [
            _incident(f"link_down@{link}", 3600.0 * 27),
            _incident(f"device_down@{node} & link_down@{link}", 3600.0 * 50),
            _incident(f"link_down@{link}", 3600.0 * 60, decided=False),
            _incident("link_down@long gone", 3600.0 * 70),
        ]
    )
    said = [scenario_text(SPACE.scenario(point)) for point in past]
    assert [text.split(":")[0] for text in said] == ["at 02", "at 03"]
    assert f"node {node} down" in said[0]
    assert f"link {link} down" in said[0]
    assert f"link {link} down" in said[1]


def test_only_an_adversary_floods() -> None:
    flood = SPACE.strikes.by_load["web_dos_attack"][0]
    cut = SPACE.strikes.by_load["link_down"][0]
    alone = SPACE.scenario(point_of((8, 0, NOTHING, NOTHING), [(flood, 0)]))
    beside = SPACE.scenario(point_of((8, 0, NOTHING, NOTHING), [(flood, 0), (cut, 0)]))
    by_itself = SPACE.scenario(point_of((8, 0, NOTHING, NOTHING), [(cut, 0)]))
    assert [x.adversary for x in (alone, beside, by_itself)] == ["flood", None, None]


@pytest.mark.parametrize("name", ["search", "load-weighted", "rules", "random", "enumerate"])
def test_equal_seeds_propose_the_same_and_nothing_twice(name: str) -> None:
    def judge(points: Sequence[Point]) -> list[float]:
        return [float(SPACE.strikes.exposures[[e for e, _ in timed(p)]].sum()) for p in points]

    found = [explored(GENERATORS[name](Grounds(60)), SPACE, judge, 60, 3) for _ in range(2)]
    assert list(found[0]) == list(found[1])
    assert len(found[0]) == 60
    assert all(map(SPACE.allows, found[0]))
