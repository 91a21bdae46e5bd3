"""Every example of docs/api.md is run as it stands on the page, and prints what the page says."""

import importlib
import re
import sys
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from channels.notebook import open_network, table
from twin.errors import BadInput
from twin.nouns.topology import Interface
from twin.whatif.comparison import EgressChange

PAGE = (Path(__file__).parents[2] / "docs" / "api.md").read_text("utf-8")

CODE = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)

CHANGE = EgressChange(
    egress=Interface(node="A", link="A--B"),
    before_bps=1.0,
    after_bps=2.0,
    before_utilisation=0.1,
    after_utilisation=0.2,
    failed=False,
)


@pytest.fixture
def said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """What all of the page prints, run in a folder without a state directory."""
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    printed = StringIO()
    with redirect_stdout(printed):
        for block in CODE:
            exec(block, names)
    return printed.getvalue()


def test_the_page_prints_what_it_says(said: str) -> None:
    (shown,) = re.findall(r"```text\n(.*?)```", PAGE, re.DOTALL)
    assert said == shown


def test_the_first_example_takes_ten_lines_at_most() -> None:
    assert len([line for line in CODE[0].splitlines() if line.strip()]) <= 10


def test_a_table_without_pandas_is_a_list_with_a_column_for_each_part() -> None:
    (row,) = table([CHANGE])
    assert row["egress_node"] == "A"
    assert row["egress_link"] == "A--B"
    assert "egress" not in row


def test_a_table_with_pandas_is_a_data_frame(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Stands for pandas, which is large: what is asked of it is this constructor alone.
    (tmp_path / "pandas.py").write_text("class DataFrame(list): pass\n", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    importlib.invalidate_caches()
    try:
        made = table([CHANGE])
        assert type(made).__name__ == "DataFrame"
        assert made[0]["after_bps"] == 2.0
    finally:
        sys.modules.pop("pandas", None)


def test_a_failure_wins_over_a_repair_however_they_are_ordered(tmp_path: Path) -> None:
    net = open_network("sndlib/abilene", state=tmp_path)
    link = net.planned.state.topology.links[0]
    for text in (
        f"node {link.a} down; link {link.id} up",
        f"link {link.id} up; node {link.a} down",
    ):
        after = net.after(text)
        assert link.id in after.planned.state.down_links
        assert link.id in after.planned.provenance.down_links
    assert net.planned.state.down_links == frozenset()


def test_a_name_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="did you mean"):
        open_network("sndlib/abilen", state=tmp_path)
