"""The card beside weights that ship, and the weights, opened only as it describes them."""

import hashlib
from pathlib import Path
from typing import TypeVar

from pydantic import Field, ValidationError

from twin.errors import BadInput
from twin.nouns.base import Noun


class ModelCard(Noun):
    """Of a trained model, in JSON. `weights`: the file beside it, `sha256`: of that, in hex.

    `networks`: that it has learned from. `cpu_s`: of training.
    """

    weights: str = Field(pattern=r"^[\w-]+\.\w+$")
    sha256: str = Field(pattern="^[0-9a-f]{64}$")
    parameters: int
    seed: int
    cpu_s: float
    code: str
    purpose: str
    is_not: tuple[str, ...]
    networks: tuple[str, ...]


Card = TypeVar("Card", bound=ModelCard)


def card_at(path: Path, kind: type[Card], remedy: str) -> Card:
    """The card at `path`. Raises BadInput: there is none (`remedy` helps), or it is not one."""
    try:
        return kind.model_validate_json(path.read_bytes())
    except OSError as exc:
        raise BadInput(f"{path}: {exc.strerror}; {remedy}") from exc
    except ValidationError as exc:
        first = exc.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise BadInput(f"{path}: {where or 'the file'}: {first['msg']}") from exc


def weights_beside(path: Path, card: ModelCard, most_bytes: int | None = None) -> bytes:
    """The weights of the `card` that lies at `path`.

    Raises:
        BadInput: they are missing, more than `most_bytes`, or not those that the card describes.
    """
    file = path.with_name(card.weights)
    try:
        weights = file.read_bytes()
    except OSError as exc:
        raise BadInput(f"{file}: {exc.strerror}; {path.name} describes it") from exc
    if most_bytes is not None and len(weights) > most_bytes:
        raise BadInput(f"{file}: {len(weights)} bytes, more than the {most_bytes} it may have")
    digest = hashlib.sha256(weights).hexdigest()
    if digest != card.sha256:
        raise BadInput(
            f"{file}: its SHA-256 is {digest}, and {path.name} describes {card.sha256}; put the "
            "file back that belongs to the card, or train anew"
        )
    return weights
