"""`noctua adversary`: the worst that is found, and how much of all was looked at."""

import json
from pathlib import Path

from tests.channels.conftest import noctua


def test_worst_of_a_few_hundred_sets_is_shown_with_what_was_not_judged(tmp_path: Path) -> None:
    code, output, _ = noctua(
        tmp_path, "adversary", "sndlib/abilene", "--budget", "60", "--top", "4"
    )
    assert code == 0
    assert "the worst that was found of up to 3 at once" in output
    assert "60 of 3,276 sets were judged, proposed by search" in output
    assert "it has no rate" in output


def test_all_are_judged_where_there_are_no_more(tmp_path: Path) -> None:
    code, output, _ = noctua(tmp_path, "adversary", "sndlib/abilene", "--count", "2", "--top", "3")
    assert (code, "all sets were judged: nothing does over 5 % more" in output) == (0, True)
    code, output, _ = noctua(
        tmp_path, "adversary", "sndlib/abilene", "--count", "2", "--top", "3", "--json"
    )
    document = json.loads(output)
    assert (document["judged"], document["sets"], len(document["lines"])) == (378, 378, 3)
    assert all(set(line) >= {"what_if", "in_breach", "remedy"} for line in document["lines"])
    assert not any("per_year" in line for line in document["lines"])


def test_more_things_than_there_are_cannot_fail_at_once(tmp_path: Path) -> None:
    file = tmp_path / "two.csv"
    file.write_text("a,b\nOslo,Bergen\n", encoding="utf-8")
    code, _, error = noctua(tmp_path, "adversary", str(file), "--count", "6")
    assert (code, "6 cannot fail at once" in error) == (2, True)


def test_what_is_of_all_hours_is_of_no_single_one(tmp_path: Path) -> None:
    for command in ("adversary", "imagine"):
        code, _, error = noctua(tmp_path, command, "sndlib/abilene", "--traffic", "03:00")
        assert (code, "this is over all hours of the day" in error) == (2, True)
