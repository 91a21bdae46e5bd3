"""What is fitted, in a file of arrays with its card beside it; what ships lies in this folder."""

import hashlib
import io
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from pydantic import ValidationError

from channels.provenance import code_version
from evals.prediction.cases import TASKS
from evals.prediction.fitting import Fitted, fit, rows_of
from evals.prediction.networks import fitted_on
from twin.errors import BadInput
from twin.imagination.prediction.added_up import AddedUp
from twin.imagination.prediction.base_rate import BaseRate
from twin.imagination.prediction.boosted import Boosted, Forest
from twin.nouns.base import Noun

SHIPPED = Path(__file__).parent / "shipped"

_FOREST = ("feature", "threshold", "left", "right", "is_leaf", "value", "root")


class Card(Noun):
    """Beside the arrays, in JSON. `sha256`: of the file `weights`, in hex. `cases`: of each of
    `networks`.
    """

    weights: str
    sha256: str
    question: str
    seed: int
    cases: int
    cpu_s: float
    code: str
    networks: tuple[str, ...]


def fitted_to(
    question: str,
    directory: Path,
    cases: int,
    seed: int,
    progress: Callable[[int, int], object] = max,
    networks: Sequence[str] = (),
) -> Card:
    """Fit to so many cases of each of `networks` (none: all that may be fitted on), and keep it."""
    names, began_s = tuple(networks or fitted_on()), time.process_time()
    fitted = fit(rows_of(TASKS[question], names, cases, seed, progress), seed)
    about = Card(
        weights=f"{question}.npz",
        sha256="",
        question=question,
        seed=seed,
        cases=cases,
        cpu_s=round(time.process_time() - began_s, 1),
        code=code_version(),
        networks=names,
    )
    return save(fitted, directory, about)


def save(fitted: Fitted, directory: Path, about: Card) -> Card:
    """Write both files; the card says the digest of the other."""
    forest, buffer = fitted.boosted.forest, io.BytesIO()
    np.savez_compressed(
        buffer,
        **{name: getattr(forest, name) for name in _FOREST},
        baseline=np.array(forest.baseline),
        curves=np.array([[k, *curve] for k, curve in sorted(fitted.added_up.curves.items())]),
        shares=np.array(sorted(fitted.base_rate.shares.items()), dtype=np.float64),
    )
    data = buffer.getvalue()
    card = about.model_copy(update={"sha256": hashlib.sha256(data).hexdigest()})
    directory.mkdir(parents=True, exist_ok=True)
    (directory / card.weights).write_bytes(data)
    (directory / f"{card.question}.json").write_text(
        f"{card.model_dump_json(indent=2)}\n", encoding="utf-8"
    )
    return card


def open_fitted(question: str, directory: Path = SHIPPED) -> Fitted:
    """What was fitted for `question`.

    Raises:
        BadInput: there is none, or the arrays are not those that the card describes.
    """
    path = directory / f"{question}.json"
    try:
        card = Card.model_validate_json(path.read_bytes())
        data = path.with_name(card.weights).read_bytes()
    except OSError as exc:
        raise BadInput(
            f"{exc.filename}: {exc.strerror}; fit it with noctua predict train {directory}"
        ) from exc
    except ValidationError as exc:
        raise BadInput(f"{path}: {exc.errors()[0]['msg']}; it is no card of a fit") from exc
    digest = hashlib.sha256(data).hexdigest()
    if digest != card.sha256:
        raise BadInput(
            f"{card.weights}: its SHA-256 is {digest}, and {path.name} describes {card.sha256}; "
            f"fit it anew with noctua predict train {directory}"
        )
    with np.load(io.BytesIO(data), allow_pickle=False) as kept:
        forest = Forest(**{n: kept[n] for n in _FOREST}, baseline=float(kept["baseline"]))
        return Fitted(
            BaseRate({int(k): float(share) for k, share in kept["shares"]}),
            AddedUp({int(row[0]): tuple(row[1:].tolist()) for row in kept["curves"]}),
            Boosted(forest),
        )
