"""What the twin says between the words is what it computes, and each variant what its name says."""

import numpy as np
import pytest

from tests.twin.imagination.language.worlds import world
from tests.twin.whatif.test_survey import square
from twin.events.faults.device_down import DeviceDown
from twin.events.faults.link_down import LinkDown
from twin.imagination.elements import elements_of
from twin.imagination.language.dependency import (
    BOUNDS,
    LINKS,
    LINKS_NOW,
    NODES,
    Dependencies,
    effects,
)
from twin.imagination.language.lexicon import Lexicon
from twin.imagination.language.vocabulary import BUCKETS, FEATURES, WORDS
from twin.imagination.strikes import strikes_of
from twin.nouns.rates import Rates

NAME = "sndlib/abilene"


def test_effect_of_a_failure_is_what_the_twin_assesses_with_and_without_it() -> None:
    twin, _, lexicon = world(NAME)
    state = twin.state()
    for failure in (LinkDown(link=lexicon.links[0]), DeviceDown(node=lexicon.nodes[1])):
        found = effects(twin, state, [failure])[0]
        before, after = twin.assess(state), twin.assess(failure.after(state))
        hit = after.levels.in_breach[0] & ~before.levels.in_breach[0]
        assert found.stress == pytest.approx(hit.mean())
        lost = {x.id for x in state.topology.links if not failure.after(state).is_usable(x.id)}
        offered: dict[str, float] = {}
        for arc in range(2 * len(state.topology.links)):
            link = state.topology.links[arc // 2].id
            if link not in lost:
                more = after.offered_bps[arc].sum() - before.offered_bps[arc].sum()
                offered[link] = max(
                    offered.get(link, -np.inf), float(more / after.capacity_bps[arc])
                )
        assert found.victim == max(offered, key=lambda x: offered[x])
        assert found.moved == pytest.approx(max(offered.values()))


def test_node_between_two_others_cuts_them_off_and_a_way_around_moves_the_load() -> None:
    """A reaches D by B and by C: without D services are cut off; without A--B all goes by C."""
    twin = square((("A", "D", 1.0),))
    state = twin.state()
    cut, around = effects(twin, state, [DeviceDown(node="D"), LinkDown(link="A--B")])
    assert cut.mechanism == "cut off"
    assert around.mechanism != "cut off"
    assert around.victim in ("A--C", "C--D")
    assert around.moved > 0.0


def test_every_feature_has_a_bucket_between_each_two_of_its_bounds() -> None:
    assert set(BOUNDS) == set(FEATURES)
    assert all(len(bounds) == BUCKETS - 1 for bounds in BOUNDS.values())
    assert all(list(bounds) == sorted(set(bounds)) for bounds in BOUNDS.values())


def test_blocks_name_what_most_passes_and_have_the_same_length_always() -> None:
    twin, space, lexicon = world(NAME)
    said = Dependencies(twin, twin.state(), lexicon)
    words = [WORDS[word] for word in said.of_network()]
    assert words[:3] == ["<network>", "nodes 1", "link 0"]
    named = [word for word in words if word.startswith("node ")]
    assert named == [f"node {rank}" for rank in range(NODES)]
    assert sum(word.startswith("share ") for word in words) == LINKS + NODES
    assert {word.split()[0] for word in words if word.split()[0] in FEATURES} == set(FEATURES)
    lengths = {
        len(said.after(1.0, faults))
        for faults in ((), (space.strikes.all[0].fault,), tuple(
            LinkDown(link=x) for x in lexicon.links[:-2]))
    }  # fmt: skip
    assert lengths == {2 + 6 * LINKS_NOW}


def test_block_after_an_event_tells_of_the_network_without_what_is_down() -> None:
    twin, _, lexicon = world(NAME)
    said = Dependencies(twin, twin.state(), lexicon)
    first = lexicon.links[0]
    before = [WORDS[x] for x in said.after(1.0, ())]
    after = [WORDS[x] for x in said.after(1.0, (LinkDown(link=first),))]
    assert before[2::6][:LINKS_NOW] != after[2::6][:LINKS_NOW]
    assert "link 0" in before[2::6]
    assert "link 0" not in after[2::6]


def test_shuffled_says_the_same_of_others_and_withheld_says_nothing() -> None:
    twin, _, lexicon = world(NAME)
    told, shuffled, withheld = (
        Dependencies(twin, twin.state(), lexicon, says).of_network()
        for says in ("told", "shuffled", "withheld")
    )
    assert [WORDS[x] for x in withheld] == ["<network>", "<withheld>"]
    assert told != shuffled
    assert sorted(told) == sorted(shuffled)
    names = [i for i, x in enumerate(told) if i >= 2 and (i - 2) % 8 == 0]
    assert [told[i] for i in names] == [shuffled[i] for i in names]
    assert len(Dependencies(twin, twin.state(), lexicon, "withheld").after(1.0, ())) == 2


def test_network_of_few_links_is_told_of_whole() -> None:
    twin = square((("A", "D", 1.0),))
    elements = elements_of(twin.inventory.topology, Rates())
    lexicon = Lexicon.of(strikes_of(twin.state(), elements), twin.state())
    said = Dependencies(twin, twin.state(), lexicon)
    count = len(twin.inventory.topology.links) + len(twin.inventory.topology.nodes)
    assert len(said.of_network()) == 2 + 8 * count
    assert len(said.after(1.0, (DeviceDown(node="D"),))) == 2 + 6 * LINKS_NOW
