"""Every column of every table, and the ways of rewriting the whole, are found."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from evals.hostile.journal_scene import Scene, with_accounts
from evals.hostile.journals import alterations, with_forged_answers
from evals.hostile.tables import is_found, play

WHOLE = (
    "an older copy put back",
    "SQLite's log truncated",
    "made to look as of before sealing",
    "sealed anew with another key, said to be ours",
    "a view in place of a table",
    "a trigger that wrote in our name, and is gone",
    "indexes that say something else",
    "altered, and then written by us",
    "the last line deleted, and its number used again",
    "audit log and anchors rewritten alike",
)


def test_journal_as_we_left_it_is_sound(base: Scene) -> None:
    assert not is_found(base)


@pytest.mark.slow
def test_changed_column_of_what_proves_people_is_found(base: Scene, tmp_path: Path) -> None:
    peopled = with_accounts(base, tmp_path / "peopled")
    assert not is_found(peopled)
    tables = ("accounts.", "identities.", "tokens.", "delegations.")
    fresh = [one for one in alterations(peopled) if one.name.startswith(tables)]
    assert {one.name.partition(".")[0] + "." for one in fresh} == set(tables)
    missed = []
    for number, one in enumerate(fresh):
        altered = peopled.copy(tmp_path / str(number))
        one.do(altered)
        if not is_found(altered):
            missed.append(one.name)
    assert missed == []


def test_every_table_but_those_of_accounts_has_rows_that_can_be_altered(base: Scene) -> None:
    with closing(sqlite3.connect(base.state.journal_file)) as file:
        query = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'"
        names = [name for (name,) in file.execute(query)]
        empty = {n for n in names if not file.execute(f"SELECT 1 FROM {n} LIMIT 1").fetchone()}
    assert empty == {"accounts", "identities", "tokens", "delegations"}


@pytest.mark.slow
def test_changed_column_of_any_table_is_found(base: Scene, tmp_path: Path) -> None:
    missed = []
    names = [one for one in alterations(base) if one.name.endswith(" changed")]
    assert len(names) > 100
    for number, one in enumerate(names[::3]):
        altered = base.copy(tmp_path / str(number))
        one.do(altered)
        if not is_found(altered):
            missed.append(one.name)
    assert missed == []


@pytest.mark.parametrize("name", WHOLE)
def test_rewriting_of_the_whole_is_found(base: Scene, tmp_path: Path, name: str) -> None:
    [one] = [one for one in alterations(base) if one.name == name]
    altered = base.copy(tmp_path / "altered")
    one.do(altered)
    assert is_found(altered)


@pytest.mark.parametrize("table", ["plans", "answers", "changes", "timeline", "audit"])
def test_row_that_goes_with_its_seal_and_its_part_in_the_totals_is_found_and_commits_nothing(
    base: Scene, tmp_path: Path, table: str
) -> None:
    name = f"{table}: the same, and the totals adjusted"
    [one] = [one for one in alterations(base) if one.name == name]
    played = play(base, tmp_path, name, with_forged_answers(one.do))
    assert played.found
    assert played.commits == 0
