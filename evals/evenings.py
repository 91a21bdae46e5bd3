"""How many steps a CPU second the environment makes: `python -m evals.evenings [NETWORK ...]`.

Actions are drawn among those that are allowed, so that more and more of the network differs from
what is intended, which is the slowest there is; episodes are drawn anew as they end, which counts.
Beside it, all waiting. The best of the rounds counts: a machine that does other things only adds.
"""

import sys
import time
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from channels.provenance import code_version
from twin.remediation.choices import WAIT
from twin.remediation.environment import RemediationEnv

NETWORKS = ("sndlib/nobel-germany", "sndlib/germany50")
ROUNDS, STEPS = 7, 300

Act = Callable[[NDArray[np.bool_]], int]


def main(networks: Sequence[str]) -> None:
    """Print the table, in Markdown."""
    print("| network | priced by | steps/s, at random | steps/s, waiting |\n|---|---|--:|--:|")
    for network in networks:
        for priced in ("loads", "services"):
            env = RemediationEnv((network,), priced=priced)
            rates = " | ".join(f"{rate(env, act):.0f}" for act in (AtRandom(), _wait))
            print(f"| {network} | {priced} | {rates} |", flush=True)
    print(f"\n{ROUNDS} rounds of {STEPS} steps, resets counted, the best. Code {code_version()}.")


class AtRandom:
    """Draws among what is allowed."""

    def __init__(self) -> None:
        self._rng = np.random.default_rng(0)

    def __call__(self, mask: NDArray[np.bool_]) -> int:
        """One of them."""
        return int(self._rng.choice(np.flatnonzero(mask)))


def rate(env: RemediationEnv, act: Act) -> float:
    """Steps a CPU second, with what is seen and the episodes that begin."""
    best = 0.0
    for seed in range(ROUNDS):
        env.reset(seed=seed)
        begin_s = time.process_time()
        for _ in range(STEPS):
            *_, terminated, truncated, _ = env.step(np.int64(act(env.action_masks())))
            if terminated or truncated:
                env.reset()
        best = max(best, STEPS / (time.process_time() - begin_s))
    return best


def _wait(_: NDArray[np.bool_]) -> int:
    return WAIT


if __name__ == "__main__":
    main(sys.argv[1:] or NETWORKS)
