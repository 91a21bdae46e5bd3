"""Networks whose days are said, and a model that has learned nothing."""

from functools import cache

import numpy as np

from twin.imagination.elements import elements_of
from twin.imagination.language.lexicon import Lexicon
from twin.imagination.language.llama import HEAD_DIM, Array, Llama
from twin.imagination.language.vocabulary import WORDS
from twin.imagination.scenario_space import ScenarioSpace
from twin.imagination.strikes import strikes_of
from twin.nouns.rates import Rates
from twin.physics.twin import Twin
from twin.sources.world import WorldSpec, build_inventory


@cache
def world(name: str) -> tuple[Twin, ScenarioSpace, Lexicon]:
    """The network that topohub calls `name`."""
    twin = Twin(build_inventory(WorldSpec(topology=name)))
    elements = elements_of(twin.inventory.topology, Rates())
    space = ScenarioSpace(strikes_of(twin.state(), elements), twin.inventory.profile)
    return twin, space, Lexicon.of(space.strikes, twin.state())


@cache
def weights(seed: int = 0, layers: int = 2) -> dict[str, Array]:
    """Drawn, of two heads."""
    numbers, width, inner = np.random.default_rng(seed), 2 * HEAD_DIM, 96

    def drawn(*shape: int) -> Array:
        return (0.1 * numbers.standard_normal(shape)).astype(np.float32)

    found = {
        "model.embed_tokens.weight": 5.0 * drawn(len(WORDS), width),
        "model.norm.weight": 1.0 + drawn(width),
        "lm_head.weight": drawn(len(WORDS), width),
    }
    for at in (f"model.layers.{i}." for i in range(layers)):
        found |= {f"{at}self_attn.{x}_proj.weight": drawn(width, width) for x in "qkvo"}
        found |= {f"{at}mlp.{x}_proj.weight": drawn(inner, width) for x in ("gate", "up")}
        found[f"{at}mlp.down_proj.weight"] = drawn(width, inner)
        for norm in ("input_layernorm", "post_attention_layernorm"):
            found[f"{at}{norm}.weight"] = 1.0 + drawn(width)
    return found


def model() -> Llama:
    """One that says anything."""
    return Llama.of(weights())
