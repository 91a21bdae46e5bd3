"""What a watch did not believe, read from what it has kept, without the tracker that keeps it.

Whoever looks at an incident does not wait for the twin to be loaded.
"""

import json
import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from graphs.state_directory import StateDirectory
from twin.errors import BadInput, NoctuaError
from twin.nouns.left_out import LeftOut


def kept_left_out(
    state: StateDirectory, lately_s: float = math.inf
) -> dict[str, tuple[LeftOut, ...]]:
    """By network, what its watch did not believe of what it was told within `lately_s` of its end.

    Raises:
        BadInput: a file cannot be read.
    """
    files = sorted(state.trackers.glob("*.json"))
    return {file.stem: _left_out(file, lately_s) for file in files}


def _left_out(found: Path, lately_s: float) -> tuple[LeftOut, ...]:
    with reading(found) as file:
        data = json.loads(file.read_text(encoding="utf-8"))
        known = map(LeftOut.model_validate, data.get("intake", {}).get("left_out", ()))
        since_s = data.get("now_s", 0.0) - lately_s
        return tuple(one for one in known if one.last_s >= since_s)


_TROUBLE = (
    OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError, NoctuaError
)  # fmt: skip


@contextmanager
def reading(file: Path) -> Iterator[Path]:
    """Raise BadInput, which names `file`, for whatever its content makes a reader raise."""
    try:
        yield file
    except _TROUBLE as exc:
        raise BadInput(
            f"{file}: cannot be read as what was learned of a network ({exc!r:.200}); put it "
            "aside, and it is learned again"
        ) from exc
