"""Training, where torch is installed (`make test-train`): a seed says it all, after a death too."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from typer.testing import CliRunner

from evals.commands.policy import policy
from evals.policy_training.batches import batch_of, graphs_of, listwise_loss
from evals.policy_training.export import onnx_bytes
from evals.policy_training.imitation import Lesson, rate, scores_of
from evals.policy_training.network import Ranker
from evals.policy_training.run import CURVE, Trained, train_in
from evals.policy_training.ship import ship
from evals.policy_training.states import Labelled, cheapest, played
from tools.ranker.opening import OnnxScorer, open_ranker
from twin.errors import BadInput
from twin.remediation.playing import evening_of, twin_of

LESSONS = (
    Lesson(20, 24, 2, 50, 6, 0.1),
    Lesson(20, 24, 2, 50, 6, 0.1, own=True),
)


class Died(Exception):
    """The run is stopped."""


@cache
def _states() -> tuple[Labelled, ...]:
    found = list[Labelled]()
    for name in ("sndlib/polska", "sndlib/nobel-germany"):
        evening = evening_of(twin_of(name), 1)
        rng = np.random.default_rng(0)
        found += [state for _, state in played(name, evening, cheapest, rng)]
    return tuple(found)


def _trained(directory: Path, seed: int = 3) -> Trained:
    return train_in(directory, seed, lambda _: None, curriculum=LESSONS)


def _curve(directory: Path) -> dict[str, Sequence[float]]:
    read = EventAccumulator(str(directory / CURVE))
    read.Reload()
    return {tag: [e.value for e in read.Scalars(tag)] for tag in read.Tags()["scalars"]}


def _weights(trained: Trained) -> list[torch.Tensor]:
    return list(trained.ranker.state_dict().values())


# The run


@pytest.mark.slow
def test_same_seed_gives_the_same_curve_and_weights_also_after_a_death(tmp_path: Path) -> None:
    def die(_: str) -> None:
        raise Died

    whole = _trained(tmp_path / "whole")
    with pytest.raises(Died):
        train_in(tmp_path / "died", 3, die, curriculum=LESSONS)
    resumed = _trained(tmp_path / "died")
    assert _curve(tmp_path / "whole") == _curve(tmp_path / "died")
    assert len(_curve(tmp_path / "whole")["loss"]) == 12
    assert whole.rounds == resumed.rounds
    for one, other in zip(_weights(whole), _weights(resumed), strict=True):
        assert torch.equal(one, other)
    with pytest.raises(BadInput, match="another seed or other lessons"):
        _trained(tmp_path / "died", seed=4)
    opened = open_ranker(ship(resumed, 3, tmp_path / "died"))
    seen = resumed.example.seen
    assert opened(seen) == pytest.approx(scores_of(resumed.ranker, resumed.example), abs=1e-5)


def test_rate_rises_then_falls() -> None:
    rates = [rate(step, 1000) for step in range(1000)]
    assert int(np.argmax(rates)) == pytest.approx(49, abs=2)
    assert rates[-1] < 0.05 * max(rates)


# The network


def test_networks_side_by_side_are_scored_as_each_alone() -> None:
    torch.manual_seed(0)
    ranker, states = Ranker().eval(), _states()
    with torch.no_grad():
        moves, waiting = ranker(graphs_of([state.seen for state in states]))
    alone = [scores_of(ranker, state) for state in states]
    assert waiting.numpy() == pytest.approx([scores[0] for scores in alone], abs=1e-5)
    assert moves.numpy().ravel() == pytest.approx(
        np.concatenate([scores[1:] for scores in alone]), abs=1e-5
    )


def test_scores_do_not_depend_on_how_nodes_are_numbered() -> None:
    torch.manual_seed(0)
    ranker, graphs = Ranker().eval(), graphs_of([_states()[0].seen])
    order = torch.randperm(len(graphs.nodes), generator=torch.Generator().manual_seed(1))
    place = torch.argsort(order)
    other = type(graphs)(
        graphs.arcs, graphs.moves, graphs.nodes[order], graphs.network, place[graphs.tail],
        place[graphs.head], graphs.leaving[order], graphs.entering[order], graphs.of_arc,
        graphs.of_node,
    )  # fmt: skip
    with torch.no_grad():
        assert torch.allclose(ranker(graphs)[0], ranker(other)[0], atol=1e-5)


def test_onnx_model_of_one_network_scores_networks_of_any_size() -> None:
    torch.manual_seed(0)
    ranker, states = Ranker().eval(), _states()
    scorer = OnnxScorer(onnx_bytes(ranker, states[0].seen))
    for state in states:
        assert scorer(state.seen) == pytest.approx(scores_of(ranker, state), abs=1e-5)


# The loss


def test_loss_of_equal_scores_is_the_logarithm_of_how_many_may_be_chosen() -> None:
    states = _states()[:2]
    batch = batch_of(states)
    loss = listwise_loss(torch.zeros(batch.allowed.shape), torch.zeros(2), batch)
    expected = np.mean([np.log((~np.isnan(state.saved)).sum()) for state in states])
    assert float(loss) == pytest.approx(expected, rel=1e-5)


def test_aim_is_on_what_saves_most_and_its_probability_lowers_the_loss() -> None:
    state = next(state for state in _states() if state.at_stake)
    batch = batch_of([state])
    best = int(np.nanargmax(state.saved[1:]))
    assert int(batch.aim.flatten().argmax()) == best
    assert float(batch.aim.sum() + batch.aim_wait.sum()) == pytest.approx(1.0)
    scores = torch.zeros(batch.allowed.numel())
    scores[best] = 1.0
    sure = listwise_loss(scores.reshape(batch.allowed.shape), torch.zeros(1), batch)
    assert sure < listwise_loss(torch.zeros(batch.allowed.shape), torch.zeros(1), batch)


def test_command_says_what_a_run_of_other_lessons_is(tmp_path: Path) -> None:
    torch.save(
        {"about": "another", "ranker": {}, "optimiser": {}, "rounds": [], "cpu_s": 0.0},
        tmp_path / "checkpoint.pt",
    )
    result = CliRunner().invoke(policy, ["train", str(tmp_path)])
    assert isinstance(result.exception, BadInput)
