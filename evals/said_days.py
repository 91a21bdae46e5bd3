"""What the causal language model says of networks that it has not learned from, and how fast.

`python -m evals.said_days [--days N] [--card CARD] [NETWORK ...]`. Nothing is told of what came of
its days. Of each variant: the cost of the 20 worst of N days, with nothing done, as a share of all
service-minutes of the day; and how surprised it is by the worst days that a search finds (nats a
word). Variants are of the same weights: what the twin says of each element is said of another, or
nothing is said; what a day is to cost is not said, or it is to cost nothing.
"""

import argparse
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from channels.provenance import code_version
from evals.language_training.worlds import World
from tools.causal_lm.card import SHIPPED
from tools.causal_lm.opening import open_causal_lm
from twin.imagination.generators.generator import Point
from twin.imagination.language.composing import Speaker
from twin.imagination.language.dependency import Says
from twin.imagination.language.llama import Llama
from twin.imagination.language.sentences import ANYTHING, NO_LOSS, WORST
from twin.imagination.language.tuning import states_of
from twin.imagination.scenario_check import check_scenario

NETWORKS = (
    "sndlib/abilene", "sndlib/nobel-us", "sndlib/polska", "sndlib/nobel-germany", "sndlib/geant",
    "sndlib/nobel-eu", "sndlib/india35", "sndlib/ta1", "topozoo/Arpanet19728", "topozoo/Atmnet",
)  # fmt: skip

DAYS, WORST_OF, SEARCHED, DRAWS = 100, 20, 200, 5000


@dataclass(frozen=True, slots=True)
class Variant:
    """What the model is told, and what it is asked for."""

    says: Says = "told"
    asked: tuple[int, int] = WORST


VARIANTS: Mapping[str, Variant] = {
    "as it ships": Variant(),
    "blocks shuffled": Variant("shuffled"),
    "blocks withheld": Variant("withheld"),
    "without the loss prefix": Variant(asked=ANYTHING),
    "asked for no loss": Variant(asked=NO_LOSS),
}

BY_LOAD = "load-weighted draws"


@dataclass(frozen=True, slots=True)
class Found:
    """Of one network, by variant: `worst`, share of all service-minutes; `surprise`, nats a word.
    `said`, `valid`: days. `cpu_s`: in which they were said, what is read before included.
    """

    worst: dict[str, float]
    surprise: dict[str, float]
    said: int
    valid: int
    cpu_s: float


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(prog="python -m evals.said_days")
    parser.add_argument("networks", nargs="*", default=NETWORKS)
    parser.add_argument("--card", type=Path, default=SHIPPED)
    parser.add_argument("--days", type=int, default=DAYS, help="0: how surprised it is alone")
    given = parser.parse_args()
    model = open_causal_lm(given.card)
    found = [looked_at(model, name, given.days) for name in given.networks]
    print(f"| | {WORST_OF} worst of {given.days} | less than as it ships | nats a word | more |")
    print("|---|--:|--:|--:|--:|")
    for name in (*VARIANTS, *([BY_LOAD] if given.days else [])):
        print(_line(name, found, is_judged=given.days > 0), flush=True)
    print(f"\n{len(found)} networks, 95 % intervals over them. {_said_text(found)}", end="")
    print(f"Code {code_version()}.")


def _said_text(found: Sequence[Found]) -> str:
    said, cpu_s = sum(one.said for one in found), sum(one.cpu_s for one in found)
    if not said:
        return ""
    valid, rate = sum(one.valid for one in found), 60.0 * said / cpu_s
    return f"Days that can be: {valid:,} of {said:,}. {rate:,.0f} days a minute of one core. "


def looked_at(model: Llama, name: str, count: int) -> Found:
    """All variants on one network, seeded by nothing but it."""
    world = World.of(name)
    minutes = 1440.0 * len(world.twin.services.services)
    judged = world.searched(SEARCHED, 1)
    elite = sorted(judged, key=lambda point: (-judged[point], point))[:WORST_OF]
    worst, surprise, cpu_s, said = dict[str, float](), dict[str, float](), 0.0, list[Point]()
    for variant, one in VARIANTS.items():
        began_s = time.process_time()
        state, strikes = world.twin.state(), world.space.strikes
        speaker = Speaker.of(model, world.twin, state, strikes, one.says)
        days = speaker.compose(world.space, one.asked, count, np.random.default_rng(1))
        cpu_s += time.process_time() - began_s
        said += days
        worst[variant] = _share(world, days) / minutes
        hidden, words = states_of(speaker, elite, one.asked)
        chances = model.log_probs(hidden)[np.arange(len(words)), words]
        surprise[variant] = -float(chances.mean())
    numbers = np.random.default_rng(1)
    by_load = [world.space.drawn(numbers, by_load=True) for _ in range(count)]
    worst[BY_LOAD] = _share(world, by_load) / minutes
    return Found(worst, surprise, len(said), sum(_can_be(world, x) for x in said), cpu_s)


def _share(world: World, days: Sequence[Point]) -> float:
    return float(np.mean(sorted(world.costs(days))[-WORST_OF:])) if days else 0.0


def _can_be(world: World, point: Point) -> bool:
    """Raises BadInput: the validator refuses it."""
    state = world.twin.state()
    check_scenario(world.space.scenario(point), state.topology, state.running)
    return world.space.allows(point)


def _line(name: str, found: Sequence[Found], *, is_judged: bool) -> str:
    first, cells = next(iter(VARIANTS)), [name]
    if is_judged:
        cells.append(f"{np.mean([one.worst[name] for one in found]):.1%}")
        less = [one.worst[first] - one.worst[name] for one in found]
        cells.append("" if name == first else _interval(less, lambda x: f"{x:+.1%}"))
    else:
        cells += ["", ""]
    if name in VARIANTS:
        cells.append(f"{np.mean([one.surprise[name] for one in found]):.3f}")
        more = [one.surprise[name] - one.surprise[first] for one in found]
        cells.append("" if name == first else _interval(more, lambda x: f"{x:+.3f}"))
    else:
        cells += ["", ""]
    return f"| {' | '.join(cells)} |"


def _interval(values: Sequence[float], text: Callable[[float], str]) -> str:
    """The mean, and its 95 % interval over networks that are drawn again."""
    numbers = np.random.default_rng(0)
    means = numbers.choice(np.array(values), (DRAWS, len(values))).mean(axis=1)
    low, high = np.quantile(means, (0.025, 0.975))
    return f"{text(float(np.mean(values)))} ({text(float(low))} to {text(float(high))})"


if __name__ == "__main__":
    main()
