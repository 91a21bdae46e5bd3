"""What results are summed up to, worked by hand on plays that were written down."""

from pathlib import Path

import pytest

from evals.arm import ArmResult
from evals.delays import NO_DELAYS
from evals.oracle import OracleResult
from evals.results import (
    BEGIN,
    END,
    Results,
    Run,
    put_between_markers,
    read_results,
    results_markdown,
    summarise,
    write_results,
)
from twin.errors import BadInput


def _result(arm: str, case: str, seed: int, minutes: float, **changes: object) -> ArmResult:
    fields: dict[str, object] = {
        "arm": arm,
        "case": case,
        "seed": seed,
        "mismatch": 1,
        "delays": NO_DELAYS,
        "slo_minutes": {"svc-001": minutes} if minutes else {},
        "slo_minutes_total": minutes,
        "services_hit": int(minutes > 0),
        "lost_bits": 0.0,
        "detect_s": 30.0,
        "mitigate_s": None,
        "resolve_s": None,
        "changes": 0,
        "phase": "resolved",
        "incidents": 1,
        "false_incidents": 0,
        "causes": (),
        "cause_correct": True,
        "location_correct": True,
        "repaired": True,
        "still_in_breach": (),
        "seen_in_breach": (),
        "escalated": False,
        "chose_nothing": False,
        "rolled_back": 0,
        "outcomes": 10,
        "outcomes_inside": 9,
        "devices_left_changed": 0,
        "wall_s": 1.0,
    }
    return ArmResult.model_validate(fields | changes)


def _search(case: str, seed: int, *, repairable: bool, nothing: bool = False) -> OracleResult:
    return OracleResult(
        case=case,
        seed=seed,
        repairable=repairable,
        do_nothing_suffices=nothing,
        breaches=(),
        best=(),
        left_in_breach=(),
        searched=1,
        wall_s=0.1,
    )


@pytest.fixture
def results() -> Results:
    """amber: repairable, repaired for seed 1 alone; basil: beyond repair; calm: healthy."""
    quiet = {"detect_s": None, "cause_correct": None, "location_correct": None, "repaired": None}
    calm = {**quiet, "incidents": 0, "phase": "no incident", "outcomes": 0, "outcomes_inside": 0}
    return Results(
        run=Run(
            command="noctua results --seeds 2",
            cases=("amber", "basil", "calm"),
            seeds=(1, 2),
            mismatch=1,
            arms=("noctua", "nothing"),
            code="abc1234",
        ),
        plays=(
            _result("noctua", "amber", 1, 10.0),
            _result("noctua", "amber", 2, 30.0, repaired=False),
            _result("noctua", "basil", 1, 50.0, repaired=False, escalated=True, detect_s=90.0),
            _result(
                "noctua", "basil", 2, 50.0, repaired=False, escalated=True, cause_correct=False
            ),
            _result("noctua", "calm", 1, 0.0, **calm),
            _result("noctua", "calm", 2, 0.0, **calm, changes=1),
            _result("nothing", "amber", 1, 100.0),
            _result("nothing", "amber", 2, 20.0),
            _result("nothing", "basil", 1, 50.0),
            _result("nothing", "basil", 2, 60.0),
        ),
        oracle=(
            _search("amber", 1, repairable=True),
            _search("amber", 2, repairable=True, nothing=True),
            _search("basil", 1, repairable=False),
            _search("basil", 2, repairable=False),
        ),
    )


def test_counts_are_as_worked_by_hand(results: Results) -> None:
    total = summarise(results)[-1]
    assert (total.repaired, total.repairable) == (1, 2)
    assert (total.handed_over, total.unrepairable) == (1, 2)
    assert (total.left_alone, total.healthy) == (1, 2)
    assert (total.cause_correct, total.faulty) == (3, 4)
    assert (total.nothing_chosen, total.nothing_suffices) == (1, 1)
    assert (total.outcomes_inside, total.outcomes) == (36, 40)
    assert total.detect_s == 30.0


def test_arms_are_compared_play_by_play(results: Results) -> None:
    # Differences: 10-100, 30-20, 50-50, 50-60: fewer in two, more in one, median -5.
    assert summarise(results)[-1].fewer_than == {"nothing": (2, 1, -5.0)}


def test_the_table_names_its_run(results: Results) -> None:
    table = results_markdown(results)
    for part in ("noctua results --seeds 2", "seeds 1..2", "mismatch 1", "abc1234", "| amber |"):
        assert part in table


def test_what_was_written_is_read_back(results: Results, tmp_path: Path) -> None:
    path = tmp_path / "deep" / "results.jsonl"
    write_results(results, path)
    assert read_results(path) == results


def test_the_table_replaces_what_stands_between_the_markers() -> None:
    page = f"before\n{BEGIN}\nold\n{END}\nafter\n"
    once = put_between_markers(page, "new")
    assert "old" not in once
    assert once.startswith("before\n")
    assert once.endswith(f"{END}\nafter\n")
    assert put_between_markers(once, "new") == once


def test_a_page_without_markers_is_refused() -> None:
    with pytest.raises(BadInput, match="results:begin"):
        put_between_markers(f"{END} {BEGIN}", "new")
