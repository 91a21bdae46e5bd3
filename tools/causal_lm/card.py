"""What is said of the language model: what it learned from, what it is for, and what it is not."""

from pathlib import Path

from pydantic import Field, ValidationError

from twin.errors import BadInput
from twin.nouns.base import Noun

SHIPPED = Path(__file__).parent / "causal_lm.json"


class Round(Noun):
    """A round of training. `days`: judged up to then. `loss`: of the last 50 steps, and on networks
    that are not learned from.
    """

    days: int
    steps: int
    loss: float
    loss_watched: float


class ModelCard(Noun):
    """Beside the weights, in JSON. `sha256`: of the file `weights`, in hex. `cpu_s`: of training,
    the days that were judged counted in. `judge`: of these days. `words`: SHA-256 of the language.
    """

    weights: str = Field(pattern=r"^[\w-]+\.safetensors$")
    sha256: str = Field(pattern="^[0-9a-f]{64}$")
    words: str = Field(pattern="^[0-9a-f]{64}$")
    parameters: int
    seed: int
    cpu_s: float
    code: str
    purpose: str
    is_not: tuple[str, ...]
    judge: str
    networks: tuple[str, ...]
    held_out: tuple[str, ...]
    rounds: tuple[Round, ...]


def read_card(path: Path = SHIPPED) -> ModelCard:
    """The card at `path`. Raises BadInput: there is none, or it is not one."""
    try:
        return ModelCard.model_validate_json(path.read_bytes())
    except OSError as exc:
        raise BadInput(f"{path}: {exc.strerror}; give the card of a language model") from exc
    except ValidationError as exc:
        first = exc.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise BadInput(f"{path}: {where or 'the file'}: {first['msg']}") from exc
