"""What is foretold is compared with a network on which nothing is done."""

from contextlib import closing
from pathlib import Path

from evals.campaigns.foretold import (
    Figure,
    ForetoldRecord,
    Outcome,
    Play,
    came_true,
    foretold_markdown,
)
from evals.stage import stage
from tests.graphs.stagehand import EVENING_S, WESTERN_LINK, case


def _record(case_id: str, outcome: Outcome) -> ForetoldRecord:
    play = Play(case=case_id, arm="noctua", seed=1, mismatch=1)
    return ForetoldRecord(campaign="foretold", play=play, commit="c0de", cpu_s=1.0, outcome=outcome)


def test_table_counts_figures_alike_and_plays_that_came_so_far() -> None:
    half = (Figure(said=0.55, came=True), Figure(said=0.57, came=False))
    none = Figure(said=0.2, came=False)
    table = foretold_markdown(
        [_record("a", Outcome(figures=half, nothing=none)), _record("b", Outcome())]
    )
    assert "1 of 2 plays" in table
    assert "| 50% to 60% | 2 | 50.0% | 1.3% to 98.7% |" in table
    assert "| nothing, 0% to 50% | 1 | 0.0% |" in table
    assert "code c0de" in table


def test_what_comes_true_first_had_not_left_before(tmp_path: Path) -> None:
    scripted = case((600.0, WESTERN_LINK), scale=1.4)
    with closing(stage(scripted, 1, tmp_path / "network.sqlite", "live")) as network:
        network.advance(EVENING_S + 300.0)
        assert came_true(network)[0] == frozenset()
        network.advance(EVENING_S + 900.0)
        now, first = came_true(network)
        assert now
        assert not now & first
        assert came_true(network) == (now, first)
