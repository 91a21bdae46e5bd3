"""Days become sentences and are read back, and only what can be may be composed."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.twin.imagination.language.worlds import model, world
from twin.events.fault import FAULT_KINDS
from twin.events.faults.device_down import DeviceDown
from twin.events.faults.traffic_spike import TrafficSpike
from twin.imagination.days import BEGIN, NOTHING, Template, point_of, timed
from twin.imagination.language.composing import Speaker
from twin.imagination.language.grammar import Composing
from twin.imagination.language.lexicon import Lexicon
from twin.imagination.language.sentences import ANYTHING, asked, in_force, loss_bucket, read, said
from twin.imagination.language.vocabulary import END, ID, KINDS, RANKS, WORDS, ids, ranked
from twin.imagination.scenario_check import check_scenario
from twin.imagination.scenario_space import ScenarioSpace

# One with sites of several devices, one with more than 128 links of which one name has two words.
NETWORKS = ("sndlib/abilene", "topozoo/Aconet")
LARGE = "gabriel/100/0"


def _follows(sentence: Sequence[int], space: ScenarioSpace, lexicon: Lexicon) -> bool:
    """Whether it may be composed, word by word."""
    composing = Composing(space, lexicon)
    for word in sentence:
        if composing.is_complete or word not in composing.allowed():
            return False
        composing.take(word)
    return composing.is_complete


@pytest.mark.parametrize("name", NETWORKS)
@given(seed=st.integers(0, 10**6), by_load=st.booleans())
@settings(max_examples=60)
def test_sentence_of_a_day_is_read_back_as_that_day_and_may_be_composed(
    name: str, seed: int, by_load: bool
) -> None:
    _, space, lexicon = world(name)
    numbers = np.random.default_rng(seed)
    drawn = [space.drawn(numbers, by_load=by_load) for _ in range(2)]
    for point in (*drawn, space.bred(drawn, numbers)):
        sentence = said(point, lexicon)
        assert read(sentence, lexicon) == point
        assert _follows(sentence, space, lexicon)
        assert all(0 <= word < len(WORDS) for word in sentence)


@pytest.mark.slow
def test_names_of_a_large_network_take_two_words_and_are_read_back() -> None:
    _, space, lexicon = world(LARGE)
    assert len(lexicon.links) > RANKS["link"]
    numbers = np.random.default_rng(0)
    days = [space.drawn(numbers) for _ in range(200)]
    assert all(read(said(point, lexicon), lexicon) == point for point in days)
    assert any(ID["<far>"] in said(point, lexicon) for point in days)


def test_what_most_passes_has_the_first_rank_on_any_network() -> None:
    for name in NETWORKS:
        twin, space, lexicon = world(name)
        load = {one.place: one.load for one in space.strikes.all if one.fault.kind == "link_down"}
        assert load[lexicon.links[0]] == max(load.values())
        assert list(lexicon.links) == sorted(load, key=lambda x: (-load[x], x))
        assert len(lexicon.nodes) == len(twin.inventory.topology.nodes)


def test_ranks_that_have_no_word_are_said_with_a_word_before() -> None:
    assert ranked("link", 0) == ("link 0",)
    assert ranked("link", 127) == ("link 127",)
    assert ranked("link", 128) == ("<far>", "link 0")
    assert ranked("link", 300) == ("<far>", "<far>", "link 44")


def test_every_kind_of_fault_has_a_word() -> None:
    kinds = {kind.model_fields["kind"].default for kind in FAULT_KINDS}
    assert kinds <= set(KINDS), "a kind without a word is never said: add it at the end and train"


def _composed(space: ScenarioSpace, seed: int, count: int = 40) -> Sequence[tuple[int, ...]]:
    twin, whole, _ = world("sndlib/abilene")
    speaker = Speaker.of(model(), twin, twin.state(), whole.strikes)
    return speaker.compose(space, ANYTHING, count, np.random.default_rng(seed))


def test_all_that_a_model_says_that_has_learned_nothing_can_be() -> None:
    twin, space, _ = world("sndlib/abilene")
    days = _composed(space, 1)
    assert len(days) == 40
    for point in days:
        assert space.allows(point)
        scenario = space.scenario(point)
        check_scenario(scenario, twin.inventory.topology, twin.inventory.intended)
    assert {len(timed(point)) for point in days} == {1, 2, 3, 4}
    assert any(point[2] != NOTHING for point in days)
    assert any(point[3] != NOTHING for point in days)


def test_same_numbers_say_the_same_days() -> None:
    _, space, _ = world("sndlib/abilene")
    assert _composed(space, 5, 8) == _composed(space, 5, 8)
    assert _composed(space, 5, 8) != _composed(space, 6, 8)


def test_what_is_said_of_all_days_is_true_of_those_composed() -> None:
    _, space, _ = world("sndlib/abilene")
    surge = TrafficSpike(target="ATLAng", factor=3.0)
    work = DeviceDown(node="CHINng")
    for template in (
        Template(kinds=("link_down", "traffic_spike"), hour=20, demand=1.1),
        Template(kinds=("access_breach", "access_breach")),
        Template(surge=surge, in_work=work),
    ):
        part = space.within(template)
        days = _composed(part, 2, 12)
        assert days
        assert all(part.allows(point) for point in days)


def test_device_that_is_in_work_is_not_struck_by_the_same() -> None:
    _, space, lexicon = world("sndlib/abilene")
    work = next(i for i in space.strikes.works if space.strikes.all[i].fault.kind == "device_down")
    composing = Composing(space, lexicon)
    for word in (*ids(["hour 3", "demand 0", "<none>"]), *lexicon.said(work), ID["device_down"]):
        composing.take(word)
    place = lexicon.said(work)[1]
    assert place not in composing.allowed()
    assert len(composing.allowed()) == len(lexicon.nodes) - 1


def test_second_flood_and_earlier_delay_are_not_among_what_may_come() -> None:
    _, space, lexicon = world("sndlib/abilene")
    flood = next(i for i, x in enumerate(space.strikes.all) if x.fault.means == "flood")
    composing = Composing(space, lexicon)
    for word in (*ids(["hour 3", "demand 0", "<none>", "<none>"]), *lexicon.said(flood)):
        composing.take(word)
    assert composing.is_after_event
    composing.take(ID["after 2"])
    floods = {x.fault.kind for x in space.strikes.all if x.fault.means == "flood"}
    assert not floods & {WORDS[word] for word in composing.allowed()}
    for word in lexicon.said(0):
        composing.take(word)
    assert {WORDS[word] for word in composing.allowed()} == {"after 2", "after 3", END}


def test_words_that_may_not_come_are_no_sentence() -> None:
    _, space, lexicon = world("sndlib/abilene")
    point = space.drawn(np.random.default_rng(3))
    sentence = said(point, lexicon)
    assert _follows(sentence, space, lexicon)
    assert not _follows(sentence[1:], space, lexicon)
    assert not _follows([*sentence, ID[END]], space, lexicon)
    assert not _follows(sentence[:5], space, lexicon)
    with pytest.raises(LookupError):
        read([*sentence[:4], ID["link 0"], ID["link 0"]], lexicon)


def test_what_is_over_is_not_in_force_when_the_next_strikes() -> None:
    """A link is down for 12 h, a device for 4 h, work of 4 h is half over."""
    _, space, _ = world("sndlib/abilene")
    kinds = [one.fault.kind for one in space.strikes.all]
    device, link, work = (
        kinds.index("device_down"),
        kinds.index("link_down"),
        space.strikes.works[0],
    )
    strikes = space.strikes.all
    hours = strikes[device].lasts_s / 3600, strikes[link].lasts_s / 3600
    assert hours[0] <= 4 < 12 <= hours[1] + 1
    conditions = (20, 0, NOTHING, work)
    now = in_force(conditions, [(device, 0)], space.strikes)
    assert now == (strikes[work].fault, strikes[device].fault)
    later = in_force(conditions, [(device, 0), (link, 2)], space.strikes)
    assert later == (strikes[link].fault,)
    assert len(point_of(conditions, [(device, 0), (link, 2)])) == BEGIN + 4


def test_days_are_asked_for_by_their_share_of_the_worst_and_what_they_change() -> None:
    assert [loss_bucket(cost, 100.0) for cost in (0, 1, 49, 50, 76, 90, 100)] == [
        0, 1, 1, 2, 3, 4, 4,
    ]  # fmt: skip
    _, space, _ = world("sndlib/abilene")
    down = next(x for x in space.strikes.all if x.fault.kind == "link_down")
    spike = next(x for x in space.strikes.all if x.fault.kind == "traffic_spike")
    assert asked(95.0, 100.0, [down, down]) == (ID["loss 4"], ID["change failure"])
    assert asked(0.0, 100.0, [down, spike]) == (ID["loss 0"], ID["change mixed"])
