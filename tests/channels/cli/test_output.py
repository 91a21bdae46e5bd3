import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from rich.text import Text

from channels.cli.output import Column, fitted

IDS = ["north-orchard-12-0001", "live-0001"]
PLANS = [f"approval of {name}.mitigate1" for name in IDS]


def _printed(width: int, *columns: Column) -> str:
    console = Console(file=io.StringIO(), width=width)
    console.print(fitted(console, columns))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def _column(name: str, *cells: str, whole: bool = False, goes: int = 0) -> Column:
    return Column(name, [Text(cell) for cell in cells], whole, goes)


@pytest.mark.slow
@given(st.integers(60, 200))
def test_columns_go_and_no_id_plan_or_time_is_cut(width: int) -> None:
    printed = _printed(
        width,
        _column("id", *IDS, whole=True),
        _column("title", "adjacency down: Frankfurt--Fulda", "healthy", goes=2),
        _column("opened", "2026-03-03 19:30", "2026-03-03 19:31", whole=True, goes=1),
        _column("waiting for", *PLANS),
    )
    assert max(map(len, printed.splitlines())) <= width
    assert all(name in printed for name in IDS)
    assert all(f"{name}.mitigate1" in printed for name in IDS)
    assert ("2026-03-03 19:30" in printed) == ("opened" in printed)
    assert ("Frankfurt--Fulda" in printed) == ("title" in printed)
    assert "opened" in printed or "title" not in printed


def test_all_columns_stand_where_there_is_room() -> None:
    cells = ("one two three", "four")
    printed = _printed(40, _column("a", *cells), _column("b", *cells, goes=1))
    assert printed.splitlines()[1].split() == ["one", "two", "three"] * 2


def test_what_fits_nowhere_is_folded_and_not_lost() -> None:
    printed = _printed(10, _column("a", "x" * 25))
    assert printed.count("x") == 25
