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
from twin.remediation.choices import SLOTS
from twin.remediation.environment import RemediationEnv
from twin.remediation.ranking.seen import seen

SMALL, LARGE = "sndlib/polska", "sndlib/nobel-germany"


def test_padded_observations_are_scored_as_each_network_alone() -> None:
    torch.manual_seed(0)
    plain = RemediationEnv((SMALL, LARGE))
    env, ranker = RankerEnv(plain), Ranker().eval()
    observed, alone = list[Padded](), list[tuple[torch.Tensor, torch.Tensor]]()
    for seed, network in enumerate((SMALL, LARGE, SMALL)):
        observed.append(env.reset(seed=seed, options={"network": network})[0])
        with torch.no_grad():
            alone.append(ranker(graphs_of([seen(plain.episode.situation)])))
    together = {k: torch.as_tensor(np.stack([x[k] for x in observed])) for k in observed[0]}
    with torch.no_grad():
        moves, waiting = ranker(side_by_side(together))
    moves = moves.reshape(3, -1, SLOTS)
    for i, (own_moves, own_waiting) in enumerate(alone):
        assert torch.allclose(moves[i, : len(own_moves)], own_moves, atol=1e-5)
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
    improved(ranker, tmp_path, 4, 0, networks=(SMALL,), rollout=4)
    plain = RemediationEnv((SMALL,))
    env = RankerEnv(plain)
    observed = env.reset(seed=0)[0]
    model = MaskablePPO.load(tmp_path / "ppo.zip")
    tensors, _ = model.policy.obs_to_tensor(observed)
    scores = model.policy.get_distribution(tensors).distribution.logits[0]
    own = model.policy.features_extractor.ranker
    with torch.no_grad():
        moves, waiting = own(graphs_of([seen(plain.episode.situation)]))
    expected = torch.cat([waiting, moves.flatten()])
    assert torch.allclose(scores - scores[0], expected - expected[0], atol=1e-4)
