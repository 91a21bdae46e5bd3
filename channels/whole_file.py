"""Files that commands write for people: whole or not at all; a folder that is missing is made."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from twin.errors import BadInput


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """A draft that takes the place of `path` at the end, and is removed if that is not reached.

    Raises:
        BadInput: the file cannot be written there.
    """
    if path.exists() and not path.is_file():
        raise BadInput(f"{path} is no file that could be replaced; expected a name of a new one")
    draft = path.with_name(path.name + ".new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            yield draft
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)
    except OSError as error:
        raise BadInput(f"{path} cannot be written ({error.strerror or error})") from error


def write_text(path: Path, text: str) -> None:
    """Raises BadInput: it cannot be written there."""
    with whole_file(path) as draft:
        draft.write_text(text, encoding="utf-8")
