"""All generators, by name; a new one is a file and a line here."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from twin.imagination.generators.at_random import AtRandom, ByLoad
from twin.imagination.generators.causal_lm import CausalLm
from twin.imagination.generators.generator import Generator, Point, Space
from twin.imagination.generators.replay import Replay
from twin.imagination.generators.rules import Everything, MostLoaded
from twin.imagination.generators.search import Search
from twin.imagination.generators.templates import Templates
from twin.imagination.language.composing import Speaker


@dataclass(frozen=True, slots=True)
class Grounds:
    """What a generator is given. `budget`: of points that will be judged. `past`: what has
    happened. `proposed`: parts of the space that somebody would look at. `begins`: what a search
    looks at first. `speaker`: a language model that knows the network.
    """

    budget: int
    past: tuple[Point, ...] = ()
    proposed: tuple[Space, ...] = ()
    begins: tuple[Point, ...] = ()
    speaker: Speaker | None = None


CAUSAL_LM = "causal-lm"
"""The one that needs a speaker."""

GENERATORS: Mapping[str, Callable[[Grounds], Generator]] = {
    "search": lambda given: Search(given.budget, given.begins),
    "load-weighted": lambda _: ByLoad(),
    "rules": lambda _: MostLoaded(),
    "random": lambda _: AtRandom(),
    "enumerate": lambda _: Everything(),
    "replay": lambda given: Replay(given.past),
    CAUSAL_LM: lambda given: CausalLm(given.speaker),
    "llm": lambda given: Templates(given.proposed, given.budget),
}
