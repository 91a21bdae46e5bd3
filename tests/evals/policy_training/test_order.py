"""What an order holds, what is learned from, and how states are kept: without torch."""

from pathlib import Path

import numpy as np
import pytest

from evals.policy_training.networks import MEASURED, MEASURED_LARGER, NEVER_LEARNED, learnable
from evals.policy_training.order import FIRST, share_held
from evals.policy_training.states import (
    Labelled,
    cheapest,
    load_states,
    played,
    save_states,
    states_of,
    wait,
    wanders,
)
from twin.errors import BadInput
from twin.remediation.choices import WAIT
from twin.remediation.held_out import HELD_OUT
from twin.remediation.playing import evening_of, twin_of
from twin.sources.topohub_source import topology_from_topohub

NETWORK = "sndlib/polska"


def _states(player: object = cheapest, seed: int = 1) -> list[Labelled]:
    evening = evening_of(twin_of(NETWORK), seed)
    rng = np.random.default_rng(0)
    return [state for _, state in played(NETWORK, evening, player, rng)]  # type: ignore[arg-type]


# What an order holds


def test_share_is_that_of_the_best_so_far() -> None:
    state = _states()[0]
    numbers = np.flatnonzero(~np.isnan(state.saved))[1:]
    by_saving = numbers[np.argsort(-state.saved[numbers], kind="stable")]
    assert share_held(by_saving, state).tolist() == [1.0] * len(FIRST)
    backwards = share_held(by_saving[::-1], state)
    expected = max(0.0, float(state.saved[by_saving[-8:]].max()))
    assert backwards[FIRST.index(8)] == pytest.approx(expected / float(state.saved[by_saving[0]]))


def test_choices_worse_than_to_wait_hold_nothing() -> None:
    state = _states()[0]
    numbers = np.flatnonzero(~np.isnan(state.saved))[1:]
    worst_first = numbers[np.argsort(state.saved[numbers], kind="stable")]
    assert state.saved[worst_first[0]] < 0.0
    assert share_held(worst_first, state)[0] == 0.0


# States


def test_labels_are_what_the_twin_expects_each_choice_to_save() -> None:
    evening = evening_of(twin_of(NETWORK), 1)
    for situation, state in played(NETWORK, evening, cheapest, np.random.default_rng(0)):
        assert state.saved[WAIT] == 0.0
        assert (np.isnan(state.saved) == ~situation.mask).all()
        costs = situation.costs(situation.allowed)
        assert state.saved[situation.allowed] == pytest.approx(costs[0] - costs, abs=1e-6)


def test_who_does_what_is_best_is_left_with_less_to_gain_than_who_waits() -> None:
    waits, acts = _states(wait), _states(cheapest)
    assert waits[0].waiting == acts[0].waiting
    assert acts[1].waiting < waits[1].waiting


def test_who_wanders_takes_only_what_is_allowed() -> None:
    rng = np.random.default_rng(0)
    for state in _states():
        assert not np.isnan(state.saved[[wanders(state, rng) for _ in range(50)]]).any()


def test_states_are_read_as_they_were_written(tmp_path: Path) -> None:
    states = _states()
    save_states(tmp_path / "states.npz", states)
    assert [p.name for p in tmp_path.iterdir()] == ["states.npz"]
    for before, after in zip(states, load_states(tmp_path / "states.npz"), strict=True):
        assert (after.network, after.waiting) == (before.network, before.waiting)
        assert np.array_equal(after.saved, before.saved, equal_nan=True)
        assert (after.seen.moves == before.seen.moves).all()
        assert (after.seen.leaving == before.seen.leaving).all()


def test_network_where_nothing_is_at_stake_is_left_out_and_told_of() -> None:
    told = list[str]()
    drawn = states_of(
        {NETWORK: twin_of(NETWORK)}, (wait,), np.random.default_rng(0), 1e6, 0.0, told.append
    )
    with pytest.raises(BadInput, match="lower the stake"):
        next(drawn)
    assert NETWORK in told[0]


# Networks


@pytest.mark.slow
def test_nothing_is_learned_of_networks_that_are_measured_on() -> None:
    for smallest, largest in ((20, 60), (60, 120), (150, 200)):
        names = set(learnable(smallest, largest))
        assert names
        assert not names & {*MEASURED, *MEASURED_LARGER, *HELD_OUT, *NEVER_LEARNED}
        assert not [name for name in names if name.startswith(("sndlib/", "caida/"))]


@pytest.mark.slow
def test_large_networks_of_the_zoo_are_kept_for_measuring() -> None:
    zoo = [name for name in learnable(40, 200) if name.startswith("topozoo/")]
    assert zoo
    assert max(len(topology_from_topohub(name).nodes) for name in zoo) <= 50
