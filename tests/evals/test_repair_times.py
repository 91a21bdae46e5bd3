"""`noctua repair-times`: what is learned of the field is told beside what is simpler."""

import json
from pathlib import Path

import pytest

from evals.repair_times import compared, past_orders
from tests.channels.conftest import noctua
from twin.remedies.repair_forecast import RepairModel


def test_learned_forecast_is_calibrated_and_nearer_than_what_is_simpler() -> None:
    """On orders of another seed: the floors are far from what is measured at 600 (docs)."""
    found = compared(past_orders(3, 300), past_orders(4, 300), "the emulated field, seed 3", 3)
    learned, fitted, assumed, word = found.rows
    assert learned.in_80 is not None
    assert learned.in_95 is not None
    assert 0.75 < learned.in_80[0] < 0.86
    assert 0.92 < learned.in_95[0] < 0.98
    assert (learned.factor_beyond, word.in_80, word.width) == ((1.0, 1.0, 1.0), None, None)
    for other in (fitted, assumed, word):
        assert other.factor_beyond[1] > 1.0, f"{other.told_by}: its lower bound"
    assert sum("nothing is said yet" in row.told_by for row in found.by_stage) == 4


def test_command_prints_the_table_and_keeps_the_model_when_told(tmp_path: Path) -> None:
    code, output, _ = noctua(tmp_path, "repair-times", "--learn", "80", "--judge", "40")
    assert code == 0
    assert "learned from 80 orders of the emulated field, seed 1; judged on 40 others" in output
    assert "the crew says how long: learned from notes and history" in output
    assert not (tmp_path / "repair_times.json").exists()
    code, output, _ = noctua(
        tmp_path, "repair-times", "--learn", "80", "--judge", "40", "--keep", "--json"
    )
    assert (code, json.loads(output)["learned"]) == (0, 80)
    kept = RepairModel.model_validate_json((tmp_path / "repair_times.json").read_text("utf-8"))
    assert kept == RepairModel.learned(past_orders(1, 80), "the emulated field, seed 1")


def test_own_orders_are_learned_from_and_the_later_half_is_judged(tmp_path: Path) -> None:
    file = tmp_path / "orders.jsonl"
    lines = [order.model_dump_json() for order in past_orders(5, 120)]
    file.write_text("\n".join(lines[::-1]), encoding="utf-8")
    code, output, _ = noctua(tmp_path, "repair-times", "--history", str(file), "--json")
    found = json.loads(output)
    assert (code, found["learned"], found["judged"], found["source"]) == (0, 60, 60, str(file))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "0 orders that are over; at least 40"),
        ('{"ordered_s": 1, "done_s": 0}\nx\n', "line 1: it ends after it is ordered"),
        ('{"ordered_s": 1}\n', "line 1: done_s: is missing; an order is written as"),
        ("not json\n", "line 1: "),
    ],
)
def test_what_is_no_order_is_refused_with_its_line(tmp_path: Path, text: str, told: str) -> None:
    file = tmp_path / "orders.jsonl"
    file.write_text(text, encoding="utf-8")
    code, output, error = noctua(tmp_path, "repair-times", "--history", str(file))
    assert (code, output) == (2, "")
    assert told in error
