"""Files that commands write for people: whole or not at all, wherever they are to be."""

from collections.abc import Callable
from pathlib import Path

import pytest

from channels.whole_file import write_text
from tests.channels.conftest import noctua
from twin.errors import BadInput

Writing = Callable[[Path], tuple[str, ...]]

WRITING: dict[str, Writing] = {
    "audit export": lambda to: ("audit", "export", "--out", str(to)),
    "graph export": lambda to: ("graph", "export", str(to)),
    "report": lambda to: ("report", "live-0001", "--out", str(to), "--format", "md"),
    "imagine": lambda to: ("imagine", "live", "--lines", "1", "--search", "0", "--csv", str(to)),
}


@pytest.mark.parametrize("command", WRITING)
def test_folder_that_is_missing_is_made_by_every_command(
    command: str, state: Path, tmp_path: Path
) -> None:
    to = tmp_path / "new" / "folder" / "file"
    code, _, error = noctua(state, *WRITING[command](to))
    assert (code, error) == (0, "")
    assert to.stat().st_size


def test_what_is_there_is_replaced_whole_or_left(tmp_path: Path) -> None:
    file = tmp_path / "file"
    write_text(file, "one")
    write_text(file, "two")
    assert file.read_text() == "two"
    with pytest.raises(BadInput, match="cannot be written"):
        write_text(file / "beneath", "three")
    with pytest.raises(BadInput, match="no file that could be replaced"):
        write_text(tmp_path, "three")
    assert [*tmp_path.iterdir()] == [file]
