"""The language model as a generator: it says days, each once, and learns from what came of them."""

from collections.abc import Sequence

import numpy as np
import pytest

from tests.twin.imagination.language.worlds import model, world
from twin.imagination.days import timed
from twin.imagination.generators.causal_lm import CausalLm
from twin.imagination.generators.generator import Point, explored
from twin.imagination.generators.shipped import GENERATORS, Grounds
from twin.imagination.language.composing import Speaker
from twin.imagination.language.llama import read_prefix
from twin.imagination.language.sentences import WORST
from twin.imagination.language.tuning import tuned_head
from twin.imagination.language.vocabulary import ID


def _speaker() -> Speaker:
    twin, space, _ = world("sndlib/abilene")
    return Speaker.of(model(), twin, twin.state(), space.strikes)


def _devices_down(points: Sequence[Point]) -> list[float]:
    _, space, _ = world("sndlib/abilene")
    kinds = [one.fault.kind for one in space.strikes.all]
    return [
        float(sum(kinds[event] == "device_down" for event, _ in timed(point))) for point in points
    ]


def test_generator_says_as_many_days_as_are_judged_and_the_same_for_a_seed() -> None:
    _, space, _ = world("sndlib/abilene")
    speaker = _speaker()

    def found() -> dict[Point, float]:
        generator = GENERATORS["causal-lm"](Grounds(50, speaker=speaker))
        return explored(generator, space, _devices_down, 50, seed=4)

    once = found()
    assert len(once) == 50
    assert all(space.allows(point) for point in once)
    assert once == found()


@pytest.mark.slow
def test_what_came_of_its_days_brings_it_closer_to_the_worst() -> None:
    """Days cost as many devices as are down: told so, it takes down more of them."""
    _, space, _ = world("sndlib/abilene")

    def mean(*, feedback: bool) -> float:
        costs = explored(CausalLm(_speaker()), space, _devices_down, 160, seed=2, feedback=feedback)
        return float(np.mean(list(costs.values())[-60:]))

    assert mean(feedback=True) > 2.0 * mean(feedback=False)


def test_only_the_last_layer_is_tuned_and_the_model_itself_stays() -> None:
    _, space, _ = world("sndlib/abilene")
    speaker, numbers = _speaker(), np.random.default_rng(0)
    before = speaker.model.head.copy()
    days = [space.drawn(numbers) for _ in range(40)]
    judged = dict(zip(days, _devices_down(days), strict=True))
    head = tuned_head(speaker, judged, WORST)
    assert (speaker.model.head == before).all()
    assert head.shape == before.shape
    # Behind what was asked for an hour comes: those of the worst days are likelier than before.
    hours = [ID["hour 0"] + p[0] for p in sorted(judged, key=lambda p: (-judged[p], p))[:20]]
    asked = read_prefix(speaker.model, np.array([*speaker.dependencies.of_network(), *WORST]))
    chances, own = (speaker.model.log_probs(asked.hidden, x)[hours].mean() for x in (head, before))
    assert chances > own
