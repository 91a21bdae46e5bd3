"""All generators, by name; a new one is a file and a line here."""

from collections.abc import Callable, Mapping

from twin.imagination.generators.at_random import AtRandom, ByLoad
from twin.imagination.generators.generator import Generator
from twin.imagination.generators.rules import MostLoaded
from twin.imagination.generators.search import Search

GENERATORS: Mapping[str, Callable[[int], Generator]] = {
    "search": Search,
    "load-weighted": lambda _: ByLoad(),
    "rules": lambda _: MostLoaded(),
    "random": lambda _: AtRandom(),
}
"""Each for a budget of sets that will be judged."""
