"""What a ranker is worth alone: without torch."""

import numpy as np
import pytest

from evals.policy_training.alone import returns_of
from twin.physics.compiled import FloatArray
from twin.remediation.choices import WAIT, count
from twin.remediation.environment import RemediationEnv
from twin.remediation.evening import LEAST_STAKE
from twin.remediation.ranking.seen import Seen

NETWORK = "sndlib/polska"


def _waits(shown: Seen) -> FloatArray:
    scores = np.zeros(count(len(shown.arcs)))
    scores[WAIT] = 1.0
    return scores


def _changes(shown: Seen) -> FloatArray:
    return -_waits(shown)


def test_whoever_acts_alone_is_rewarded_as_in_the_environment() -> None:
    found = returns_of({"waits": _waits, "changes": _changes}, 4, 5, (NETWORK,))
    env = RemediationEnv((NETWORK,))
    for number, returned in enumerate(found["waits"]):
        env.reset(seed=0)
        # The same draws, of an environment that has one network to choose from.
        env.np_random = np.random.default_rng([5, number])
        env.reset()
        rewards, ended = list[float](), False
        while not ended:
            _, reward, repaired, cut_short, _ = env.step(np.int64(WAIT))
            rewards.append(reward)
            ended = repaired or cut_short
        assert env.episode.stake >= LEAST_STAKE
        assert returned == pytest.approx(sum(rewards))
    assert (found["changes"] < found["waits"]).any()
