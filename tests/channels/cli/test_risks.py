"""`noctua risks`: a register is made, kept, decided about and reckoned again."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from evals.stage import stage
from graphs.state_directory import StateDirectory
from tests.channels.conftest import noctua
from tests.graphs.stagehand import case

QUICK = ("--search", "0")
"""No days are looked at beside the register."""


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """A state directory with Abilene in it, and its register."""
    state = tmp_path / "state"
    stage(case(), 1, StateDirectory(state).network_file("live"), "live").close()
    StateDirectory(state).made_journal().close()
    assert "has no register yet" in noctua(state, "risks", "list")[1]
    code, output, error = noctua(state, "imagine", "live", "--lines", "20", *QUICK, "--by", "ann")
    assert (code, error) == (0, "")
    assert "kept as the first register of live" in output
    return state


def _records(state: Path) -> list[dict[str, object]]:
    code, output, _ = noctua(state, "risks", "list", "--json")
    assert code == 0
    found = json.loads(output)
    assert isinstance(found, list)
    return found


def test_register_is_listed_shown_and_decided_about(kept: Path) -> None:
    records = _records(kept)
    assert len(records) == 20
    first = str(records[0]["id"])
    code, output, _ = noctua(kept, "risks", "list", "--top", "3")
    assert code == 0
    assert "live: 20 lines" in output
    assert first in output
    accepted = noctua(
        kept, "risks", "accept", first, "--reason", "dear", "--review", "+90d", "--by", "ann"
    )
    assert accepted[0] == 0
    assert "accepted by «ann»: dear; to be reviewed by 2026-06-01" in accepted[1]
    assert noctua(kept, "risks", "assign", first, "ben", "--by", "ann")[0] == 0
    code, output, _ = noctua(kept, "risks", "show", first)
    assert code == 0
    assert "«ben» looks after it" in output
    assert "service-minutes in breach a year" in output
    assert noctua(kept, "risks", "reopen", first, "--by", "ann")[0] == 0
    assert _records(kept)[0]["state"] == "open"
    assert noctua(kept, "audit", "verify")[0] == 0
    _other_network_without_a_register(kept)
    assert "service-minutes in breach a year" in noctua(kept, "risks", "show", first)[1]
    code, _, error = noctua(kept, "risks", "show", "R-00000000")
    assert (code, "R-00000000" in error) == (2, True)


def _other_network_without_a_register(state: Path) -> None:
    networks = StateDirectory(state).networks
    shutil.copy(networks / "live.sqlite", networks / "other.sqlite")


def test_line_is_shown_with_what_goes_into_how_often_it_begins(kept: Path) -> None:
    """It begins by its rate in the hours in which it is up; two begin where one of them does while
    the other is down.
    """
    records = _records(kept)
    [one, *_] = [r for r in records if len(_risk(r)["elements"]) == 1]
    shown = json.loads(noctua(kept, "risks", "show", str(one["id"]), "--json")[1])
    [part] = shown["parts"]
    up = 1.0 / (1.0 + part["per_year"] * part["hours"] / 8766.0)
    assert sum(part["kinds"].values()) == pytest.approx(part["per_year"])
    assert shown["risk"]["per_year"] == pytest.approx(part["per_year"] * up)
    [two, *_] = [r for r in records if len(_risk(r)["elements"]) == 2]
    output = noctua(kept, "risks", "show", str(two["id"]))[1]
    for element in _risk(two)["elements"]:
        assert re.search(rf"{element} fails \S+ times a year \(.+\), for \S+ h; planned", output)
    assert "all of it is down by chance: the product of the shares" in output
    assert re.search(
        r"all of it is down once in \S+ years \(\S+ to \S+, as the rates may be\), for", output
    )


def _risk(record: dict[str, object]) -> dict[str, Any]:
    risk = record["risk"]
    assert isinstance(risk, dict)
    return risk


def test_knowledge_graph_has_the_lines_that_stand_at_what_fails(kept: Path) -> None:
    records = _records(kept)
    first = str(records[0]["id"])

    def lines() -> str:
        file = kept / "graph.jsonl"
        assert noctua(kept, "graph", "export", str(file))[0] == 0
        return file.read_text(encoding="utf-8")

    assert all(str(record["id"]) in lines() for record in records)
    closed = noctua(kept, "risks", "close", first, "--reason", "a second way was built")
    assert closed[0] == 0
    assert first not in lines()
    assert str(records[1]["id"]) in lines()


def test_every_line_is_the_same_when_it_is_reckoned_again(kept: Path) -> None:
    for record in _records(kept)[:6]:
        code, output, error = noctua(kept, "risks", "replay", str(record["id"]))
        assert (code, error) == (0, "")
        assert "the same" in output


def test_fewer_lines_take_none_away_and_what_people_said_stands(kept: Path) -> None:
    last = str(_records(kept)[-1]["id"])
    assert noctua(kept, "risks", "close", last, "--reason", "rare", "--by", "ann")[0] == 0
    for asked in (("--lines", "5"), ("--sets", "5"), ("--lines", "20")):
        code, output, _ = noctua(kept, "imagine", "live", *asked, *QUICK, "--by", "ann")
        assert code == 0
        assert "gone: none" in output
        assert f"open again: {last}" in output or "open again: none" in output
    assert len(_records(kept)) >= 20
    assert all(record["gone_s"] is None for record in _records(kept))


def test_trial_with_other_rates_or_demand_is_not_kept(kept: Path, tmp_path: Path) -> None:
    before = _records(kept)
    rates = tmp_path / "rates.yaml"
    rates.write_text("device: {per_year: 3.0}\n", encoding="utf-8")
    for asked in (("--traffic", "x1.2"), ("--rates", str(rates)), ("--no-keep",)):
        code, output, _ = noctua(kept, "imagine", "live", *asked, *QUICK)
        assert code == 0
        assert "not kept: the register of live stays as it was" in output
    assert _records(kept) == before
    assert noctua(kept, "imagine", "live", "--rates", str(rates), "--keep", "--by", "ann")[0] == 0
    assert _records(kept) != before
    code, _, error = noctua(kept, "imagine", "live", "--traffic", "x1.2", "--keep")
    assert code == 2
    assert "demand of the peak" in " ".join(error.replace("│", " ").split())


def test_only_reviews_that_are_due_are_overdue(kept: Path) -> None:
    assert "No review is due" in noctua(kept, "risks", "list", "--overdue")[1]


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        (("accept", "R-00000000", "--reason", "x"), "R-00000000"),
        (("accept", "FIRST"), "next review goes by (--reason WHY)"),
        (("accept", "FIRST", "--reason", "x", "--review", "2020-01-01"), "a review lies ahead"),
        (("accept", "FIRST", "--reason", "x", "--review", "+99999999d"), "ten years at most"),
        (("accept", "FIRST", "--reason", "\udc9b31m"), "no UTF-8"),
        (("assign", "FIRST", "x" * 500), "500 characters"),
        (("assign", "FIRST", " "), "name who is to own it"),
        (("show", "nothing"), "list them with `risks list`"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_written(
    kept: Path, asked: tuple[str, ...], says: str
) -> None:
    before = _records(kept)
    words = [str(before[0]["id"]) if word == "FIRST" else word for word in asked]
    code, output, error = noctua(kept, "risks", *words)
    assert (code, output) == (2, "")
    assert says in " ".join(error.replace("│", " ").split())
    assert _records(kept) == before
