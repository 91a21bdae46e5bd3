"""Training, where torch is installed (`make test-train`): a seed says it all, after a death too;
and what ships is the same in torch, in transformers and in numpy.
"""

import json
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from transformers import LlamaForCausalLM, PreTrainedTokenizerFast
from typer.testing import CliRunner

from evals.commands.training import train
from evals.language_training.examples import drawn, loss_of
from evals.language_training.network import CausalLm
from evals.language_training.networks import MEASURED, learnable
from evals.language_training.run import CURVE, Lesson, Run, Trained
from evals.language_training.ship import ship
from evals.language_training.worlds import World
from evals.policy_training.networks import NEVER_LEARNED
from tools.causal_lm.card import SHIPPED, read_card
from tools.causal_lm.opening import open_causal_lm
from twin.errors import BadInput
from twin.imagination.language.composing import Speaker
from twin.imagination.language.llama import read_prefix
from twin.imagination.language.sentences import WORST, told
from twin.imagination.language.vocabulary import WORDS

LESSONS = (Lesson(20, 8, 3), Lesson(10, 2, 27))
NETWORKS = tuple(islice(learnable(), 8))
"""Of which the last one is watched, and not learned from."""

LIKELIEST = 20
WITHIN = 1e-3


class Died(Exception):
    """The run is stopped."""


def _run(directory: Path, seed: int = 3) -> Run:
    return Run(directory, seed, lambda _: None, curriculum=LESSONS, networks=NETWORKS)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Trained]:
    """A run that nobody stops."""
    directory = tmp_path_factory.mktemp("whole")
    return directory, _run(directory).train()


def _curve(directory: Path) -> list[float]:
    read = EventAccumulator(str(directory / CURVE))
    read.Reload()
    return [event.value for event in read.Scalars("loss")]


@pytest.mark.slow
def test_same_seed_gives_the_same_weights_also_after_two_deaths(
    whole: tuple[Path, Trained], tmp_path: Path
) -> None:
    """Killed while the days of a round are judged, and between two steps that are kept."""

    def die_at(place: int) -> None:
        def progress(done: int, _: int) -> None:
            if done == place:
                raise Died

        with pytest.raises(Died):
            Run(tmp_path / "died", 3, lambda _: None, progress, LESSONS, networks=NETWORKS).train()

    directory, trained = whole
    die_at(2)
    die_at(8 + 3 + 2 + 26)
    resumed = _run(tmp_path / "died").train()
    assert trained.rounds == resumed.rounds
    pairs = zip(trained.model.parameters(), resumed.model.parameters(), strict=True)
    assert all(torch.equal(one, other) for one, other in pairs)
    assert _curve(directory) == _curve(tmp_path / "died")
    assert len(_curve(directory)) == 30
    with pytest.raises(BadInput, match="another seed or other lessons"):
        _run(tmp_path / "died", seed=4)
    first = [_run(tmp_path / f"{seed}", seed).numpy_model().head for seed in (3, 4)]
    assert not (first[0] == first[1]).all()


@pytest.mark.slow
def test_what_is_learned_from_again_and_again_becomes_likelier() -> None:
    torch.manual_seed(0)
    world = World.of("topozoo/Gblnet")
    dependencies, model = world.told(), CausalLm()
    optimiser = torch.optim.AdamW(model.parameters(), lr=2e-3)
    judged = world.searched(20, 1)
    losses = []
    for _ in range(15):
        numbers = np.random.default_rng(0)
        said = drawn(world, judged, dependencies, 8, numbers)
        loss = loss_of(model, dependencies.of_network(), said)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.6 * losses[0]


def test_nothing_is_learned_of_networks_that_anything_is_measured_on() -> None:
    names = set(learnable())
    assert len(names) > 100
    assert not names & {*MEASURED, *NEVER_LEARNED}
    assert not [name for name in names if name.startswith(("sndlib/", "gabriel/"))]
    # Another year of a network that is measured on.
    assert not [name for name in names if "Arpanet1972" in name]


@pytest.mark.slow
def test_run_ships_a_model_that_opens_and_a_card_that_describes_it(
    whole: tuple[Path, Trained], tmp_path: Path
) -> None:
    trained = whole[1]
    path = ship(trained, 3, tmp_path)
    card = read_card(path)
    assert card.seed == 3
    assert card.networks == NETWORKS
    assert card.parameters == sum(p.numel() for p in trained.model.parameters())
    opened = open_causal_lm(path)
    assert (opened.head == trained.model.lm_head.weight.detach().numpy()).all()


def test_without_a_directory_the_command_says_what_it_wants() -> None:
    result = CliRunner().invoke(train, ["causal-lm"])
    assert result.exit_code == 2


# What ships


def test_shipped_weights_agree_in_transformers_and_in_numpy() -> None:
    """Log-probabilities of the 20 likeliest words behind each word of 20 days of a network that
    it has not learned from.
    """
    model = open_causal_lm()
    named = LlamaForCausalLM.from_pretrained(SHIPPED.parent).eval()
    world = World.of("sndlib/abilene")
    space, twin = world.space, world.twin
    speaker = Speaker.of(model, twin, twin.state(), space.strikes)
    before = speaker.dependencies.of_network()
    apart = []
    for point in speaker.compose(space, WORST, 20, np.random.default_rng(0)):
        sentence = told(point, WORST, speaker.lexicon, speaker.dependencies).words
        words = torch.tensor([[*before, *sentence]])
        with torch.no_grad():
            theirs = torch.log_softmax(named(words).logits[0, -1], dim=-1).numpy()
        ours = model.log_probs(read_prefix(model, words[0].numpy()).hidden)
        likeliest = np.argsort(-theirs)[:LIKELIEST]
        apart.append(float(abs(ours - theirs)[likeliest].max()))
    assert max(apart) < WITHIN


def test_tokenizer_that_ships_has_the_words_of_the_language() -> None:
    read = PreTrainedTokenizerFast(tokenizer_file=str(SHIPPED.parent / "tokenizer.json"))
    said = [word.replace(" ", "_") for word in WORDS]
    assert read(" ".join(said))["input_ids"] == list(range(len(WORDS)))


def test_configuration_that_ships_is_that_of_the_weights() -> None:
    shipped = json.loads((SHIPPED.parent / "config.json").read_text())
    from evals.language_training.ship import configuration

    assert shipped == configuration()
