"""A decoder of the Llama architecture in numpy, with what it has read kept (KV cache).

Source: Touvron et al., LLaMA: open and efficient foundation language models, 2023 (RMSNorm, RoPE,
SwiGLU). Weights have the names and shapes of `LlamaForCausalLM` of transformers, whose rotation of
halves this follows too.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from twin.errors import BadInput
from twin.imagination.language.lexicon import Ids
from twin.imagination.language.vocabulary import WORDS

Array = NDArray[np.float32]

NORM_EPS = 1e-5
ROPE_THETA = 10_000.0
HEAD_DIM = 32


@dataclass(frozen=True, slots=True)
class Layer:
    """Weights of one, each (out, in). `qkv`: queries, keys and values; `gate_up`: likewise."""

    before_attention: Array
    qkv: Array
    out: Array
    before_mlp: Array
    gate_up: Array
    down: Array


@dataclass(frozen=True, slots=True)
class Llama:
    """`embedding`: (words, width). `head`: (words, width)."""

    embedding: Array
    layers: tuple[Layer, ...]
    norm: Array
    head: Array

    @classmethod
    def of(cls, weights: Mapping[str, Array]) -> Self:
        """Raises BadInput: a weight is missing, or the language has other words."""

        def weight(name: str) -> Array:
            if name not in weights:
                raise BadInput(f"the model has no weight {name}")
            return np.ascontiguousarray(weights[name], dtype=np.float32)

        count = 1 + max(
            (int(name.split(".")[2]) for name in weights if name.startswith("model.layers.")),
            default=-1,
        )
        layers = []
        for at in (f"model.layers.{i}." for i in range(count)):
            qkv = [weight(f"{at}self_attn.{x}_proj.weight") for x in "qkv"]
            mlp = [weight(f"{at}mlp.{x}_proj.weight") for x in ("gate", "up")]
            layers.append(
                Layer(
                    weight(f"{at}input_layernorm.weight"),
                    np.concatenate(qkv),
                    weight(f"{at}self_attn.o_proj.weight"),
                    weight(f"{at}post_attention_layernorm.weight"),
                    np.concatenate(mlp),
                    weight(f"{at}mlp.down_proj.weight"),
                )
            )
        embedding = weight("model.embed_tokens.weight")
        if len(embedding) != len(WORDS):
            raise BadInput(
                f"the model has {len(embedding)} words, and the language has {len(WORDS)}; train it"
                " anew with `noctua train causal-lm`"
            )
        return cls(embedding, tuple(layers), weight("model.norm.weight"), weight("lm_head.weight"))

    @property
    def width(self) -> int:
        """Of its states."""
        return int(self.embedding.shape[1])

    def log_probs(self, hidden: Array, head: Array | None = None) -> Array:
        """(..., words) of what comes next, from (..., width) states. `head`: not its own."""
        logits = hidden @ (self.head if head is None else head).T
        logits -= logits.max(axis=-1, keepdims=True)
        return np.asarray(logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True)))


@dataclass(frozen=True, slots=True)
class Prefix:
    """What many sentences begin with, read once: of each layer keys and values, (heads, length,
    HEAD_DIM), and the last state.
    """

    keys: tuple[Array, ...]
    values: tuple[Array, ...]
    hidden: Array

    @property
    def length(self) -> int:
        """In words."""
        return int(self.keys[0].shape[1])


class Reading:
    """So many sentences that go on from one prefix, each as far as it is read."""

    def __init__(self, model: Llama, prefix: Prefix, count: int, longest: int) -> None:
        """`longest`: words that one may have behind the prefix."""
        self._model, self._prefix = model, prefix
        heads = model.width // HEAD_DIM
        shape = (len(model.layers), count, heads, longest, HEAD_DIM)
        self._keys, self._values = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
        self.lengths = np.zeros(count, dtype=np.int64)

    def read(self, rows: Ids, words: Ids) -> Array:
        """(rows, words, width) states behind each of `words`, (rows, words), that go on from what
        was read of the sentences `rows`.
        """
        model, prefix = self._model, self._prefix
        lengths, count = self.lengths[rows], words.shape[1]
        behind = lengths[:, None] + np.arange(count)
        turn = rotation(prefix.length + behind)
        upto = int(lengths.max()) + count
        # Behind itself a word sees nothing, and of what is kept no more than was read.
        hidden_from = np.arange(upto) > behind[:, :, None]
        x = model.embedding[words]
        for number, layer in enumerate(model.layers):
            q, k, v = _split(normed(x, layer.before_attention) @ layer.qkv.T)
            keys, values = self._keys[number], self._values[number]
            at = (rows[:, None], slice(None), behind)
            keys[at] = rotated(k, turn).transpose(0, 2, 1, 3)
            values[at] = v.transpose(0, 2, 1, 3)
            seen = _attended(
                rotated(q, turn), prefix.keys[number], prefix.values[number],
                keys[rows, :, :upto], values[rows, :, :upto], hidden_from,
            )  # fmt: skip
            x = x + seen @ layer.out.T
            x = x + _mlp(normed(x, layer.before_mlp), layer)
        self.lengths[rows] += count
        return normed(x, model.norm)


def read_prefix(model: Llama, words: Ids) -> Prefix:
    """The prefix `words`, (length,)."""
    heads = model.width // HEAD_DIM
    none = np.zeros((heads, 0, HEAD_DIM), np.float32)
    empty = Prefix((none,) * len(model.layers), (none,) * len(model.layers), none)
    reading = Reading(model, empty, 1, len(words))
    hidden = reading.read(np.zeros(1, np.int64), words[None])
    return Prefix(
        tuple(keys[0] for keys in reading._keys),
        tuple(values[0] for values in reading._values),
        hidden[0, -1],
    )


def normed(x: Array, weight: Array) -> Array:
    """Root mean square 1, times `weight`."""
    mean = np.einsum("...d,...d->...", x, x)[..., None] / np.float32(x.shape[-1])
    return np.asarray(x / np.sqrt(mean + np.float32(NORM_EPS)) * weight)


def rotation(positions: Ids) -> tuple[Array, Array]:
    """Cosine and sine, (rows, 1, words, HEAD_DIM), for positions (rows, words)."""
    rates = ROPE_THETA ** (-np.arange(0, HEAD_DIM, 2) / HEAD_DIM)
    angles = positions[:, None, :, None] * np.concatenate([rates, rates])
    return np.cos(angles).astype(np.float32), np.sin(angles).astype(np.float32)


def rotated(x: Array, turn: tuple[Array, Array]) -> Array:
    """Queries or keys (rows, heads, words, HEAD_DIM) turned to their positions."""
    half = HEAD_DIM // 2
    swapped = np.concatenate([-x[..., half:], x[..., :half]], axis=-1)
    return np.asarray(x * turn[0] + swapped * turn[1])


def _split(qkv: Array) -> tuple[Array, Array, Array]:
    """Of (rows, words, 3 width) each part, (rows, heads, words, HEAD_DIM)."""
    rows, words, _ = qkv.shape
    parts = qkv.reshape(rows, words, 3, -1, HEAD_DIM).transpose(2, 0, 3, 1, 4)
    return parts[0], parts[1], parts[2]


def _attended(
    q: Array, before_k: Array, before_v: Array, k: Array, v: Array, hidden_from: NDArray[np.bool_]
) -> Array:
    """(rows, words, width): of what stands before, and of what each has read itself."""
    rows, heads, words, _ = q.shape
    q = q * np.float32(HEAD_DIM**-0.5)
    together = q.transpose(1, 0, 2, 3).reshape(heads, rows * words, HEAD_DIM)
    before = (together @ before_k.transpose(0, 2, 1)).reshape(heads, rows, words, -1)
    own = q @ k.transpose(0, 1, 3, 2)
    own = np.where(hidden_from[:, None], np.float32(-np.inf), own)
    scores = np.concatenate([before.transpose(1, 0, 2, 3), own], axis=-1)
    scores -= scores.max(axis=-1, keepdims=True)
    np.exp(scores, out=scores)
    scores /= scores.sum(axis=-1, keepdims=True)
    length = before_k.shape[1]
    of_before = scores[..., :length].transpose(1, 0, 2, 3).reshape(heads, rows * words, length)
    seen = (of_before @ before_v).reshape(heads, rows, words, HEAD_DIM).transpose(1, 0, 2, 3)
    both = np.asarray(seen + scores[..., length:] @ v, dtype=np.float32)
    return both.transpose(0, 2, 1, 3).reshape(rows, words, heads * HEAD_DIM)


def _mlp(x: Array, layer: Layer) -> Array:
    gate, up = np.split(x @ layer.gate_up.T, 2, axis=-1)
    return np.asarray((gate / (1.0 + np.exp(-gate)) * up) @ layer.down.T)
