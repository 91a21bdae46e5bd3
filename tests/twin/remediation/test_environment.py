"""The environment keeps Gymnasium's contract, and its figures are the twin's own."""

import pickle
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

from tests.twin.remediation.evenings import NETWORK
from twin.errors import BadInput
from twin.remediation.choices import WAIT, count
from twin.remediation.environment import NAME, RemediationEnv
from twin.remediation.episode import Episode
from twin.remediation.evening import LEAST_STAKE, QUARTERS
from twin.remediation.observation import ARC_FIGURES, NODE_FIGURES, WHOLE_FIGURES
from twin.remediation.playing import twin_of

LARGER = "sndlib/nobel-germany"


def _played(env: RemediationEnv, seed: int) -> list[bytes]:
    """All that is seen and told in an evening of choices at random."""
    rng = np.random.default_rng(seed)
    told = [pickle.dumps(env.reset(seed=seed))]
    ended = False
    while not ended:
        action = np.int64(rng.choice(np.flatnonzero(env.action_masks())))
        seen = env.step(action)
        told.append(pickle.dumps(seen))
        ended = seen[2] or seen[3]
    return told


@pytest.mark.parametrize("priced", ["loads", "services"])
def test_gymnasium_finds_nothing_wrong(priced: str) -> None:
    made = gymnasium.make(NAME, networks=(NETWORK, LARGER), priced=priced)
    check_env(made.unwrapped, skip_render_check=True)


def test_the_same_seed_gives_the_same_bytes() -> None:
    one, two = (RemediationEnv((NETWORK, LARGER)) for _ in range(2))
    assert _played(one, 3) == _played(two, 3)
    # Whatever was played before.
    assert _played(one, 3) == _played(two, 3)
    assert _played(one, 4) != _played(two, 3)


def test_reward_is_the_cost_relative_to_what_waiting_was_expected_to_cost() -> None:
    env = RemediationEnv((NETWORK,))
    _, told = env.reset(seed=1)
    twin = Episode(env.episode.evening)
    ended, steps = False, 0
    while not ended:
        _, reward, terminated, truncated, info = env.step(np.int64(WAIT))
        assert info == {"cost": twin.take(WAIT), "refused": False}
        assert reward == -info["cost"] / max(told["stake"], LEAST_STAKE)
        ended, steps = terminated or truncated, steps + 1
    assert steps == twin.evening.quarters
    assert truncated == (not terminated) == twin.evening.cut_short
    with pytest.raises(BadInput, match="has ended"):
        env.step(np.int64(WAIT))


def test_little_at_stake_does_not_blow_rewards_up() -> None:
    env = RemediationEnv((NETWORK,), least_stake=0.0)
    for seed in range(40):
        _, told = env.reset(seed=seed)
        _, reward, *_, info = env.step(np.int64(WAIT))
        assert reward == -info["cost"] / max(told["stake"], LEAST_STAKE)
        if told["stake"] < LEAST_STAKE:
            return
    pytest.fail("no evening with little at stake was drawn")


def test_an_action_that_is_not_allowed_does_nothing_and_is_told() -> None:
    one, two = (RemediationEnv((NETWORK,)) for _ in range(2))
    one.reset(seed=1), two.reset(seed=1)
    wrong = np.int64(np.flatnonzero(~one.action_masks())[0])
    refused, waited = one.step(wrong), two.step(np.int64(WAIT))
    assert refused[4]["refused"]
    assert refused[1] == waited[1]
    np.testing.assert_array_equal(refused[0]["arcs"], waited[0]["arcs"])


def test_episodes_are_of_sixteen_quarters_at_most() -> None:
    env = RemediationEnv((NETWORK,))
    lengths = [len(_played(env, seed)) - 1 for seed in range(30)]
    assert max(lengths) == QUARTERS
    assert min(lengths) < QUARTERS


# What is seen


def test_padded_observation_is_the_graph_with_zeros_behind() -> None:
    env = RemediationEnv((NETWORK, LARGER))
    seen, _ = env.reset(seed=2, options={"network": NETWORK})
    graph, size = env.observation, twin_of(NETWORK).compiled
    assert graph.arcs.shape == (size.n_arcs, len(ARC_FIGURES))
    assert graph.nodes.shape == (size.n_nodes, len(NODE_FIGURES))
    assert graph.whole.shape == (len(WHOLE_FIGURES),)
    larger = twin_of(LARGER).compiled
    assert seen["arcs"].shape == (larger.n_arcs, len(ARC_FIGURES))
    np.testing.assert_array_equal(seen["arcs"][: size.n_arcs], graph.arcs)
    assert not seen["arcs"][size.n_arcs :].any()
    assert not seen["nodes"][size.n_nodes :].any()
    assert not seen["mask"][count(size.n_arcs) :].any()
    np.testing.assert_array_equal(np.flatnonzero(seen["mask"]), env.episode.situation.allowed)
    np.testing.assert_array_equal(env.action_masks(), seen["mask"].astype(bool))


def test_figures_are_what_the_twin_says() -> None:
    env = RemediationEnv((NETWORK,))
    env.reset(seed=5)
    situation, graph = env.episode.situation, env.observation
    arcs = {f.name: graph.arcs[:, i] for i, f in enumerate(ARC_FIGURES)}
    assessed = situation.twin.assess(situation.state)
    np.testing.assert_allclose(arcs["load now"], assessed.utilisation, rtol=1e-5)
    down = [situation.state.topology.link_index[x] for x in situation.state.down_links]
    assert np.flatnonzero(arcs["up"] == 0.0).tolist() == sorted(
        arc for link in down for arc in (2 * link, 2 * link + 1)
    )
    # Overload of all arcs together is what waiting costs.
    whole = dict(zip((f.name for f in WHOLE_FIGURES), graph.whole.tolist(), strict=True))
    assert arcs["overload ahead"].sum() == pytest.approx(whole["waiting costs"], rel=1e-5)
    assert whole["waiting costs"] == pytest.approx(env.episode.stake, rel=1e-6)
    nodes = {f.name: graph.nodes[:, i] for i, f in enumerate(NODE_FIGURES)}
    assert nodes["sends"].sum() == pytest.approx(1.0, rel=1e-5)
    assert nodes["receives"].sum() == pytest.approx(1.0, rel=1e-5)


# What is refused


def test_wrong_arguments_are_told() -> None:
    with pytest.raises(BadInput, match="needs a network"):
        RemediationEnv(())
    with pytest.raises(BadInput, match=r"12 nodes and 36 arcs, more than the 5 and 36"):
        RemediationEnv((NETWORK,), most_nodes=5)
    env = RemediationEnv((NETWORK,))
    with pytest.raises(BadInput, match="has to be reset"):
        env.step(np.int64(WAIT))
    with pytest.raises(BadInput, match=f'"{LARGER}" is none of the networks'):
        env.reset(options={"network": LARGER})


@contextmanager
def _without(module: str) -> Iterator[None]:
    """As if `module` were not installed."""
    names = [n for n in sys.modules if n.split(".")[0] == module or n.endswith(".environment")]
    kept: dict[str, Any] = {name: sys.modules.pop(name) for name in names}
    sys.modules[module] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        del sys.modules[module]
        sys.modules.update(kept)


def test_without_gymnasium_the_one_line_that_installs_it_is_told() -> None:
    with _without("gymnasium"), pytest.raises(BadInput, match=r"pip install .*\[policy\]"):
        import_module("twin.remediation.environment")
