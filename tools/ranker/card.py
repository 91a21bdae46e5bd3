"""What is said of weights: what they learned from, what they are for, and what they are not."""

from pathlib import Path

from pydantic import Field, ValidationError

from twin.errors import BadInput
from twin.nouns.base import Noun

SHIPPED = Path(__file__).parent / "ranker.json"


class Round(Noun):
    """A round of training. `loss`: mean over the round. `first`: share of the best choice's saving
    that the first 1, 8 and 32 hold, on states of networks that are learned from.
    """

    learned_from: str
    states: int
    steps: int
    loss: float
    first_1: float
    first_8: float
    first_32: float


class ModelCard(Noun):
    """Beside the weights, in JSON. `sha256`: of the file `weights`, in hex."""

    weights: str = Field(pattern=r"^[\w-]+\.onnx$")
    sha256: str = Field(pattern="^[0-9a-f]{64}$")
    parameters: int
    seed: int
    cpu_s: float
    code: str
    purpose: str
    is_not: tuple[str, ...]
    networks: tuple[str, ...]
    held_out: tuple[str, ...]
    rounds: tuple[Round, ...]


def read_card(path: Path = SHIPPED) -> ModelCard:
    """The card at `path`. Raises BadInput: there is none, or it is not one."""
    try:
        return ModelCard.model_validate_json(path.read_bytes())
    except OSError as exc:
        raise BadInput(f"{path}: {exc.strerror}; give the card of a trained ranker") from exc
    except ValidationError as exc:
        first = exc.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise BadInput(f"{path}: {where or 'the file'}: {first['msg']}") from exc
