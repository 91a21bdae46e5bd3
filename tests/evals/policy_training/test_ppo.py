"""The last stage of training, where it is installed (`make test-train`)."""

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("sb3_contrib")

import torch
from sb3_contrib import MaskablePPO

from evals.policy_training.batches import graphs_of
from evals.policy_training.network import Ranker
from evals.policy_training.ppo import Padded, RankerEnv, improved, side_by_side
from twin.remediation.ranking.seen import seen

SMALL, LARGE = "sndlib/polska", "sndlib/nobel-germany"


def test_padded_observations_are_scored_as_each_network_alone() -> None:
    torch.manual_seed(0)
    env, ranker = RankerEnv((SMALL, LARGE)), Ranker().eval()
    observed, alone = list[Padded](), list[tuple[torch.Tensor, torch.Tensor]]()
    for seed, network in enumerate((SMALL, LARGE, SMALL)):
        observed.append(env.reset(seed=seed, options={"network": network})[0])
        with torch.no_grad():
            alone.append(ranker(graphs_of([seen(env.episode.situation)])))
    together = {k: torch.as_tensor(np.stack([x[k] for x in observed])) for k in observed[0]}
    with torch.no_grad():
        graphs = side_by_side(together)
        moves, waiting = ranker(graphs)
    for i, (own_moves, own_waiting) in enumerate(alone):
        assert torch.allclose(moves[graphs.of_arc == i], own_moves, atol=1e-5)
        assert torch.allclose(waiting[i], own_waiting[0], atol=1e-5)


@pytest.mark.slow
def test_run_changes_what_was_learned_and_goes_on_where_it_stopped(tmp_path: Path) -> None:
    torch.manual_seed(0)
    before = Ranker()
    improved(before, tmp_path / "some", 16, 0, networks=(SMALL,), rollout=16)
    after = improved(before, tmp_path / "some", 48, 0, networks=(SMALL,), rollout=16)
    assert MaskablePPO.load(tmp_path / "some" / "ppo.zip").num_timesteps == 48
    assert not all(
        torch.equal(one, other)
        for one, other in zip(
            before.state_dict().values(), after.state_dict().values(), strict=True
        )
    )


def test_actor_acts_by_the_scores_of_the_ranker_that_comes_out(tmp_path: Path) -> None:
    torch.manual_seed(0)
    ranker = Ranker()
    improved(ranker, tmp_path, 16, 0, networks=(SMALL, LARGE), rollout=16)
    env = RankerEnv((SMALL, LARGE))
    observed = env.reset(seed=0, options={"network": SMALL})[0]
    model = MaskablePPO.load(tmp_path / "ppo.zip")
    tensors, _ = model.policy.obs_to_tensor(observed)
    mask = env.action_masks()
    scores = model.policy.get_distribution(tensors, mask).distribution.logits[0]
    own = model.policy.features_extractor.ranker
    with torch.no_grad():
        moves, waiting = own(graphs_of([seen(env.episode.situation)]))
    expected = torch.cat([waiting, moves.flatten()])
    allowed = env.episode.situation.allowed.tolist()
    assert torch.allclose(scores[allowed] - scores[0], expected[allowed] - expected[0], atol=1e-4)
    assert scores[allowed].exp().sum().item() == pytest.approx(1.0)
