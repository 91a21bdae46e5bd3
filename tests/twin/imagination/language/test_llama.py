"""The decoder reads in parts what it reads at once, and agrees with a slow computation."""

import numpy as np
import pytest

from tests.twin.imagination.language.worlds import weights
from twin.errors import BadInput
from twin.imagination.language.lexicon import Ids
from twin.imagination.language.llama import HEAD_DIM, Llama, Reading, read_prefix
from twin.imagination.language.vocabulary import WORDS
from twin.physics.compiled import FloatArray

WORDS_READ = np.random.default_rng(1).integers(0, len(WORDS), 24)


def _slow(words: Ids) -> FloatArray:
    """Word by word in double precision, each head by itself, all attention written out."""
    w = {name: x.astype(np.float64) for name, x in weights().items()}

    def norm(x: FloatArray, weight: str) -> FloatArray:
        return np.asarray(x / np.sqrt((x**2).mean() + 1e-5) * w[weight])

    def turned(x: FloatArray, position: int) -> FloatArray:
        half = HEAD_DIM // 2
        found = np.empty_like(x)
        for i in range(half):
            angle = position * 10_000.0 ** (-2 * i / HEAD_DIM)
            a, b = x[i], x[i + half]
            found[i] = a * np.cos(angle) - b * np.sin(angle)
            found[i + half] = b * np.cos(angle) + a * np.sin(angle)
        return found

    states = [w["model.embed_tokens.weight"][word] for word in words]
    for layer in range(2):
        at = f"model.layers.{layer}."
        q, k, v = (
            [w[f"{at}self_attn.{x}_proj.weight"] @ norm(s, f"{at}input_layernorm.weight")
             for s in states]
            for x in "qkv"
        )  # fmt: skip
        attended = []
        for place in range(len(states)):
            heads = []
            for begin in range(0, len(states[0]), HEAD_DIM):
                part = slice(begin, begin + HEAD_DIM)
                query = turned(q[place][part], place)
                scores = np.array(
                    [query @ turned(k[i][part], i) / np.sqrt(HEAD_DIM) for i in range(place + 1)]
                )
                chances = np.exp(scores - scores.max())
                chances /= chances.sum()
                heads.append(sum(c * v[i][part] for i, c in enumerate(chances)))
            attended.append(np.concatenate(heads))
        for place, found in enumerate(attended):
            x = states[place] + w[f"{at}self_attn.o_proj.weight"] @ found
            inner = norm(x, f"{at}post_attention_layernorm.weight")
            gate = w[f"{at}mlp.gate_proj.weight"] @ inner
            up = w[f"{at}mlp.up_proj.weight"] @ inner
            states[place] = x + w[f"{at}mlp.down_proj.weight"] @ (gate / (1 + np.exp(-gate)) * up)
    logits = np.array([w["lm_head.weight"] @ norm(s, "model.norm.weight") for s in states])
    return np.asarray(logits - np.log(np.exp(logits).sum(axis=1, keepdims=True)))


def test_decoder_agrees_with_a_slow_computation_whatever_is_read_at_once() -> None:
    model, expected = Llama.of(weights()), _slow(WORDS_READ)
    prefix = read_prefix(model, WORDS_READ[:9])
    assert model.log_probs(prefix.hidden) == pytest.approx(expected[8], abs=1e-4)
    reading = Reading(model, prefix, 3, 20)
    rows = np.array([2, 0])
    first = reading.read(rows, np.stack([WORDS_READ[9:12], WORDS_READ[12:15]]))
    assert model.log_probs(first)[0] == pytest.approx(expected[9:12], abs=1e-4)
    # The two go on at different places: one word of one, then all that is left of it at once.
    second = reading.read(rows[:1], WORDS_READ[None, 12:13])
    third = reading.read(rows[:1], WORDS_READ[None, 13:])
    assert model.log_probs(second)[0, 0] == pytest.approx(expected[12], abs=1e-4)
    assert model.log_probs(third)[0] == pytest.approx(expected[13:], abs=1e-4)
    assert reading.lengths.tolist() == [3, 0, 15]


def test_chances_of_all_words_add_up_to_one() -> None:
    model = Llama.of(weights())
    chances = np.exp(model.log_probs(read_prefix(model, WORDS_READ).hidden))
    assert float(chances.sum()) == pytest.approx(1.0, abs=1e-5)


def test_model_of_another_language_or_without_a_weight_is_refused() -> None:
    other = {**weights(), "model.embed_tokens.weight": np.zeros((7, 64), np.float32)}
    with pytest.raises(BadInput, match="has 7 words, and the language has"):
        Llama.of(other)
    short = {name: x for name, x in weights().items() if "layers.1.mlp.up" not in name}
    with pytest.raises(BadInput, match=r"no weight model\.layers\.1\.mlp\.up_proj\.weight"):
        Llama.of(short)
