"""The language model in process: safetensors and numpy, without torch."""

import hashlib
from functools import lru_cache
from pathlib import Path

from safetensors import SafetensorError
from safetensors.numpy import load

from tools.causal_lm.card import SHIPPED, read_card
from tools.model_card import weights_beside
from twin.errors import BadInput
from twin.imagination.language.llama import Llama
from twin.imagination.language.vocabulary import WORDS

MOST_BYTES = 15 << 20


@lru_cache(maxsize=4)
def open_causal_lm(card: Path = SHIPPED) -> Llama:
    """The model that the card at `card` describes (default: the one that ships).

    Raises:
        BadInput: there is no such card, its weights are missing, too large or not those that it
            describes, or the language has other words than the model has learned.
    """
    described = read_card(card)
    if described.words != words_digest():
        raise BadInput(
            f"{card}: the model has learned another language than this version speaks; train it "
            "anew with `noctua train causal-lm`"
        )
    weights = weights_beside(card, described, MOST_BYTES)
    try:
        return Llama.of(load(weights))
    except SafetensorError as exc:
        raise BadInput(f"{described.weights}: {exc}; it is no file of safetensors") from exc


def words_digest() -> str:
    """SHA-256 of the words of the language, in their order."""
    return hashlib.sha256("\n".join(WORDS).encode()).hexdigest()
