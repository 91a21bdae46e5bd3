"""Case files that people write: what is wrong with one is said in a line that names it."""

from pathlib import Path

import pytest

from evals.stage import load_case
from twin.errors import BadCase, BadInput

GOOD = """
world: {id: %s, topology: sndlib/abilene, starts_s: 2026-03-03T18:00:00Z, duration_s: 60}
truth: {}
"""


def test_unknown_scenario_offers_the_near_one() -> None:
    with pytest.raises(BadCase, match='did you mean "north-orchard"'):
        load_case("north-orchrd")


@pytest.mark.parametrize("name", ["../../x", "/etc/x", "A B", ""])
def test_name_that_could_leave_the_state_directory_is_refused(tmp_path: Path, name: str) -> None:
    file = tmp_path / "case.yaml"
    file.write_text(GOOD % f"'{name}'")
    with pytest.raises(BadCase, match=r"case\.yaml: world\.id"):
        load_case(str(file))


def test_file_that_is_not_text_is_named(tmp_path: Path) -> None:
    file = tmp_path / "picture.png"
    file.write_bytes(b"\x89PNG\xff")
    with pytest.raises(BadInput, match=r"picture\.png is not text in UTF-8"):
        load_case(str(file))
