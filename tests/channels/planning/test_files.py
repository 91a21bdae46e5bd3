"""Files of a sweep are whole or not there."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from channels.planning.files import check_places, require_parquet, write_csv
from channels.planning.opening import open_planned
from channels.planning.rows import ScenarioRow, ranked_rows
from channels.whole_file import whole_file
from graphs.state_directory import StateDirectory
from twin.errors import BadInput
from twin.whatif.survey import survey


def test_interrupted_file_leaves_what_was_there_before(tmp_path: Path) -> None:
    planned = open_planned(StateDirectory(tmp_path), "sndlib/polska", "peak", seed=1)
    found = survey(planned.twin, planned.state, "1")

    def interrupted() -> Iterator[ScenarioRow]:
        yield next(ranked_rows(found, planned, found.ranking()))
        raise KeyboardInterrupt

    file = tmp_path / "ranking.csv"
    file.write_text("before", encoding="utf-8")
    with pytest.raises(KeyboardInterrupt):
        write_csv(file, interrupted(), planned.provenance)
    assert file.read_text(encoding="utf-8") == "before"
    assert [path.name for path in tmp_path.iterdir()] == ["ranking.csv"]


def test_place_where_nothing_can_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("", encoding="utf-8")
    with pytest.raises(BadInput, match="taken"), whole_file(tmp_path / "taken" / "x.csv"):
        pytest.fail("there is no such folder")


@pytest.mark.parametrize(
    ("names", "says"),
    [
        (["new/a.csv", "b.svg", "new/../b.svg"], "b.svg is named twice"),
        (["."], "is a folder"),
        (["taken/x.csv"], "nothing can be put into"),
        (["x" * 5000], "cannot be written"),
    ],
)
def test_place_that_no_file_can_have_is_refused(
    tmp_path: Path, names: list[str], says: str
) -> None:
    (tmp_path / "taken").write_text("", encoding="utf-8")
    with pytest.raises(BadInput, match=says):
        check_places(tmp_path / name for name in names)
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]


def test_file_without_a_name_is_refused() -> None:
    with pytest.raises(BadInput, match="is a folder"):
        check_places([Path()])


def test_folder_that_is_not_there_yet_is_a_place(tmp_path: Path) -> None:
    check_places([tmp_path / "new" / "newer" / "a.csv", tmp_path / "new" / "b.csv"])
    assert not any(tmp_path.iterdir())


def test_missing_pyarrow_is_answered_with_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("channels.planning.files.find_spec", lambda _: None)
    with pytest.raises(BadInput, match=r"pip install 'noctua-netops\[parquet\]'"):
        require_parquet()
