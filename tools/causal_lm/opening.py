"""The language model in process: safetensors and numpy, without torch."""

import hashlib
from functools import lru_cache
from pathlib import Path

from safetensors import SafetensorError
from safetensors.numpy import load

from tools.causal_lm.card import SHIPPED, read_card
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
    path = card.with_name(described.weights)
    if described.words != words_digest():
        raise BadInput(
            f"{card}: the model has learned another language than this version speaks; train it "
            "anew with `noctua train causal-lm`"
        )
    weights = weights_of(path, described.sha256, card.name)
    try:
        return Llama.of(load(weights))
    except SafetensorError as exc:
        raise BadInput(f"{path}: {exc}; it is no file of safetensors") from exc


def weights_of(path: Path, sha256: str, described_in: str) -> bytes:
    """The file at `path`. Raises BadInput: it is missing, too large or another one."""
    try:
        weights = path.read_bytes()
    except OSError as exc:
        raise BadInput(f"{path}: {exc.strerror}; {described_in} describes it") from exc
    if len(weights) > MOST_BYTES:
        raise BadInput(f"{path}: {len(weights)} bytes, more than the {MOST_BYTES} it may have")
    digest = hashlib.sha256(weights).hexdigest()
    if digest != sha256:
        raise BadInput(
            f"{path}: its SHA-256 is {digest}, and {described_in} describes {sha256}; put the file "
            "back that belongs to the card, or train anew"
        )
    return weights


def words_digest() -> str:
    """SHA-256 of the words of the language, in their order."""
    return hashlib.sha256("\n".join(WORDS).encode()).hexdigest()
