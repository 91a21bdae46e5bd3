"""What is said of a fit: what it was fitted to, what it is for, and what it is not."""

from pathlib import Path

from pydantic import Field, ValidationError

from twin.errors import BadInput
from twin.nouns.base import Noun

FOLDER = Path(__file__).parent

PURPOSE = (
    "Says how probable each answer to a question of what fails next is, from what the failures of "
    "single links shift."
)
IS_NOT = (
    "It decides nothing, and no incident asks it: incidents draw the twin.",
    "It was fitted to what the twin draws, with invented services and demands, never to a real "
    "network.",
)


class FitCard(Noun):
    """Beside the arrays, in JSON. `sha256`: of the file `weights`, in hex. `parameters`: nodes of
    the trees. `cases`: of each of `networks`.
    """

    weights: str = Field(pattern=r"^\w+\.npz$")
    sha256: str = Field(pattern="^[0-9a-f]{64}$")
    question: str
    parameters: int
    seed: int
    cases: int
    cpu_s: float
    code: str
    purpose: str = PURPOSE
    is_not: tuple[str, ...] = IS_NOT
    networks: tuple[str, ...]


def card_of(question: str, folder: Path = FOLDER) -> Path:
    """Where the card of the fit lies."""
    return folder / f"{question}.json"


def read_card(path: Path) -> FitCard:
    """The card at `path`. Raises BadInput: there is none, or it is not one."""
    try:
        return FitCard.model_validate_json(path.read_bytes())
    except OSError as exc:
        raise BadInput(
            f"{path}: {exc.strerror}; fit it with noctua predict train {path.parent}"
        ) from exc
    except ValidationError as exc:
        first = exc.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise BadInput(f"{path}: {where or 'the file'}: {first['msg']}") from exc
