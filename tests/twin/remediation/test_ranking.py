"""What the ranker sees is what the engine says, in the ranges that are stated, and worked by hand;
what it proposes is what may be done.
"""

from functools import cache

import numpy as np
import pytest

from tests.twin.tracking.square import A_TO_B, A_TO_D, START_S, inventory
from twin.errors import Refused
from twin.physics.compiled import FloatArray, IntArray
from twin.physics.twin import Twin
from twin.remediation.choices import SLOTS, WAIT, Slot, choice, count
from twin.remediation.disposal import dispose
from twin.remediation.episode import Episode
from twin.remediation.observation import Figure
from twin.remediation.playing import evening_of, twin_of
from twin.remediation.policies.estimated import estimated
from twin.remediation.policies.ranked import FIRST, FIRST_OF_LARGE, LARGE, Ranked
from twin.remediation.policies.shortlist import always_tried
from twin.remediation.ranking import table
from twin.remediation.ranking.seen import Seen, seen
from twin.remediation.situation import Situation

NETWORK = "sndlib/polska"
LEVEL_30, LEVEL_60, LEVEL_4 = 5, 6, 0
# 12 Gbit/s over A-B, which carries 10; the other way has two hops more.
CROWDED = (("A", "B", 12e9),)


def _square(*demands: tuple[str, str, float]) -> Situation:
    twin = Twin(inventory(demands=demands))
    return Situation(twin, twin.state(), START_S, lasted_s=900.0, quarters_left=8)


@cache
def _wandered(evenings: int = 6) -> tuple[Situation, ...]:
    """Situations that choices at random lead to."""
    found = list[Situation]()
    for seed in range(evenings):
        rng, episode = np.random.default_rng(seed), Episode(evening_of(twin_of(NETWORK), seed))
        while not episode.ended:
            found.append(episode.situation)
            episode.take(int(rng.choice(episode.situation.allowed)))
    return tuple(found)


def _of(figures: tuple[Figure, ...], name: str) -> int:
    return [figure.name for figure in figures].index(name)


def _move(situation: Situation, arc: int, slot: int, name: str) -> float:
    return float(seen(situation).moves[arc, slot, _of(table.MOVES, name)])


def _bent(x: float) -> float:
    return float(np.sign(x) * np.log1p(4 * abs(x)))


# What is seen


def test_figures_lie_in_the_ranges_that_the_table_states() -> None:
    for situation in _wandered():
        shown = seen(situation)
        for values, figures in (
            (shown.arcs, table.ARCS),
            (shown.moves, table.MOVES),
            (shown.nodes, table.NODES),
            (shown.network, table.NETWORK),
        ):
            assert values.shape[-1] == len(figures)
            flat = values.reshape(-1, len(figures))
            for i, figure in enumerate(figures):
                assert flat[:, i].min() >= figure.low - 1e-6, figure.name
                assert flat[:, i].max() <= figure.high + 1e-6, figure.name


def test_loads_are_those_of_the_engine() -> None:
    for situation in _wandered():
        capacity = situation.twin.compiled.capacity_bps
        shown = seen(situation).arcs[:, _of(table.ARCS, "load now")]
        assert shown == pytest.approx(np.minimum(situation.loads_bps / capacity, 3.0), rel=1e-5)


def test_figures_of_moves_are_there_exactly_where_the_mask_allows_them() -> None:
    for situation in _wandered():
        allowed = seen(situation).moves[:, :, _of(table.MOVES, "allowed")] > 0.0
        mask = situation.mask[1:].reshape(-1, SLOTS).copy()
        for slot in (Slot.DRAIN, Slot.UNDRAIN):
            mask[1::2, slot] = mask[::2, slot]
        assert (allowed == mask).all()


def test_longer_way_takes_all_and_is_overloaded_in_turn() -> None:
    situation = _square(*CROWDED)
    assert _move(situation, A_TO_B, LEVEL_60, "leads off") == pytest.approx(1.2)
    # 12 Gbit/s that each lose nothing any more, of 2 that were lost: little is taken for granted.
    assert _move(situation, A_TO_B, LEVEL_60, "saves") == pytest.approx(_bent(6.0))
    # What A-B loses no more, A-D does.
    assert _move(situation, A_TO_B, LEVEL_60, "next egress saves") == pytest.approx(0.0, abs=1e-6)
    assert _move(situation, A_TO_B, LEVEL_60, "fullest egress") == pytest.approx(1.2)


def test_equal_ways_share_and_neither_is_overloaded() -> None:
    situation = _square(*CROWDED)
    assert _move(situation, A_TO_B, LEVEL_30, "leads off") == pytest.approx(0.6)
    assert _move(situation, A_TO_B, LEVEL_30, "saves") == pytest.approx(_bent(3.0))
    assert _move(situation, A_TO_B, LEVEL_30, "next egress saves") == pytest.approx(_bent(1.0))
    assert _move(situation, A_TO_B, LEVEL_30, "fullest egress") == pytest.approx(0.6)


def test_neighbour_comes_the_way_that_gets_shorter() -> None:
    # D has two ways of two hops to B, and sends half of its 5 Gbit/s over A.
    situation = _square(("D", "B", 5e9), ("A", "D", 11e9))
    assert _move(situation, A_TO_B, LEVEL_4, "neighbours bring") == pytest.approx(0.25)
    assert _move(situation, A_TO_B, LEVEL_30, "neighbours bring") == 0.0


def test_drain_looks_the_same_from_both_ends_of_its_link() -> None:
    drains = seen(_square(*CROWDED)).moves[:, Slot.DRAIN]
    assert (drains[::2] == drains[1::2]).all()
    assert drains[A_TO_B, _of(table.MOVES, "leads off")] == pytest.approx(0.6)


def test_neighbours_of_a_node_are_its_own_arcs_and_padding() -> None:
    shown = seen(_square(*CROWDED))
    for node, arcs in enumerate(shown.leaving):
        assert (shown.tail[arcs[arcs < len(shown.tail)]] == node).all()
    assert sorted(shown.entering[shown.entering < len(shown.head)]) == list(range(len(shown.head)))


# What is proposed


def _counted(shown: Seen) -> FloatArray:
    """The higher the number, the better."""
    return np.arange(count(len(shown.tail)), dtype=np.float64)


def test_first_of_the_order_are_proposed_and_none_is_to_wait() -> None:
    for situation in _wandered():
        ordered = situation.allowed[1:][::-1].tolist()
        always = always_tried(situation).tolist()
        first = [number for number in ordered if number not in always][:FIRST]
        expected = [number for number in ordered if number in (*always, *first)]
        assert Ranked(_counted).propose(situation).numbers.tolist() == expected


def test_larger_network_has_more_tried() -> None:
    small, large = twin_of(NETWORK), twin_of("gabriel/125/0")
    assert small.compiled.n_nodes <= LARGE < large.compiled.n_nodes
    situation = Situation(large, large.state(), START_S, lasted_s=0.0, quarters_left=8)
    assert len(Ranked(_counted).propose(situation).numbers) == FIRST_OF_LARGE


def test_choice_that_the_mask_forbids_is_never_proposed() -> None:
    for situation in _wandered():
        assert situation.mask[Ranked(_counted, most=10_000).propose(situation).numbers].all()


def test_limits_are_tried_beside_what_is_ranked() -> None:
    twin = Twin(inventory(demands=CROWDED))
    situation = Situation(twin, twin.state(), START_S, 900.0, 8, priced="services")
    numbers = Ranked(_counted, most=3).propose(situation).numbers
    assert set(situation.limits) <= set(numbers.tolist())
    assert len(numbers) == 3 + len(situation.limits)


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_score_that_is_no_number_is_refused(wrong: float) -> None:
    def scorer(shown: Seen) -> FloatArray:
        scores = _counted(shown)
        scores[-1] = wrong
        return scores

    with pytest.raises(Refused, match="1 of them not finite"):
        Ranked(scorer).propose(_square(*CROWDED))


def test_scores_of_another_network_are_refused() -> None:
    with pytest.raises(Refused, match="gave 5 scores for 89 choices"):
        Ranked(lambda _: np.zeros(5)).propose(_square(*CROWDED))


def test_estimate_puts_equal_ways_before_all_else() -> None:
    situation = _square(*CROWDED)
    best: IntArray = estimated(situation)
    assert best[0] == choice(A_TO_B, LEVEL_30)
    decision = dispose(situation, Ranked(_counted, most=10_000).propose(situation))
    assert decision.tried[int(best[0])] == min(decision.tried.values()) < decision.tried[WAIT]
    assert choice(A_TO_D, LEVEL_4) in decision.tried
