"""What a spreadsheet would run, and what would move a cursor, is written as text."""

import csv
import io
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools.csv_cells import guarded_cell, plain_cell


@given(st.text() | st.from_regex(r"\A'?\\?\"?[\x00-\x1f=+@-]{0,3}.?\Z"))
def test_every_text_is_taken_back_from_csv(text: str) -> None:
    written = io.StringIO(newline="")
    csv.writer(written).writerow([guarded_cell(text), "end"])
    written.seek(0)
    [[cell, _]] = csv.reader(written)
    assert plain_cell(cell) == text


@given(st.text())
def test_no_cell_is_a_formula_or_moves_the_cursor(text: str) -> None:
    cell = str(guarded_cell(text))
    assert not cell.startswith(("=", "+", "-", "@", "\t", "\r"))
    assert not [c for c in cell if unicodedata.category(c) == "Cc" and c not in "\t\r\n"]


@pytest.mark.parametrize("value", [-1.5, 0, True, None])
def test_what_is_no_text_stays_as_it_is(value: object) -> None:
    assert guarded_cell(value) is value
