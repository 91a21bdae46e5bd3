"""`noctua mitigate`: what helps is asked for, what has to be built is written down, or neither."""

from pathlib import Path

import pytest

from evals.stage import stage
from graphs.state_directory import StateDirectory
from tests.channels.conftest import noctua
from tests.graphs.stagehand import case

TWO_LINKS, STUB = "R-7d208e95", "R-40f3f04c"


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """A state directory with Abilene in it, and its register."""
    state = tmp_path / "state"
    stage(case(), 1, StateDirectory(state).network_file("live"), "live").close()
    StateDirectory(state).made_journal().close()
    assert noctua(state, "imagine", "live", "--lines", "40", "--search", "0", "--by", "ann")[0] == 0
    return state


def test_what_weights_do_not_help_becomes_a_work_order(kept: Path) -> None:
    code, output, _ = noctua(kept, "mitigate", TWO_LINKS, "--dry-run")
    assert code == 0
    assert "one more member of DNVRng--SNVAng (cost 1) leaves" in output
    assert "work order" not in noctua(kept, "risks", "show", TWO_LINKS)[1]
    code, output, _ = noctua(kept, "mitigate", TWO_LINKS, "--by", "ann")
    assert (code, "written down as a work order" in output) == (0, True)
    shown = noctua(kept, "risks", "show", TWO_LINKS)[1]
    assert "work order: one more member of DNVRng--SNVAng" in shown
    assert "open" in shown
    assert "order_work" in noctua(kept, "audit", "export")[1]
    assert noctua(kept, "imagine", "live", "--lines", "40", "--search", "0", "--by", "ann")[0] == 0
    assert "work order: one more member" in noctua(kept, "risks", "show", TWO_LINKS)[1]


def test_what_nothing_helps_says_so_and_ends_with_1(kept: Path) -> None:
    code, output, _ = noctua(kept, "mitigate", STUB, "--by", "ann")
    assert (code, "no weights set beforehand help, and no member, way of its own" in output) == (
        1,
        True,
    )
    assert "open" in noctua(kept, "risks", "show", STUB)[1]


def test_nobody_asks_under_a_name_of_ours_or_for_a_line_that_is_none(kept: Path) -> None:
    code, _, error = noctua(kept, "mitigate", TWO_LINKS, "--by", "foresight")
    assert (code, "acts for Noctua itself" in error) == (2, True)
    code, _, error = noctua(kept, "mitigate", "R-00000000")
    assert (code, "list them with `risks list`" in error) == (2, True)


def test_line_that_people_have_accepted_is_reopened_before_it_is_mitigated(kept: Path) -> None:
    assert noctua(kept, "risks", "accept", TWO_LINKS, "--reason", "cheap enough")[0] == 0
    code, _, error = noctua(kept, "mitigate", TWO_LINKS)
    assert code == 2
    assert "is accepted already (cheap enough); reopen it first (noctua risks reopen" in error
