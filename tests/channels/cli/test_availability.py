"""`noctua availability`: who falls short of a promise comes first, and everything adds up."""

import json
from pathlib import Path

from tests.channels.conftest import noctua

SHORT = ("availability", "sndlib/abilene", "--draws", "400")


def test_services_that_fall_short_come_first(tmp_path: Path) -> None:
    code, output, _ = noctua(tmp_path, *SHORT, "--top", "2")
    assert code == 0
    assert "expected to fall short of the promise, of " in output
    assert "400 draws of three and more failures at once" in output
    code, output, _ = noctua(tmp_path, *SHORT, "--json")
    services = json.loads(output)["services"]
    expected = [
        1.0 - sum(s[part] for part in ("usual", "by_one", "by_two", "by_more")) for s in services
    ]
    gaps = [e - s["promised"] for e, s in zip(expected, services, strict=True)]
    assert gaps == sorted(gaps)
    assert gaps[0] < 0.0 < gaps[-1]


def test_rates_of_ones_own_count(tmp_path: Path) -> None:
    rates = tmp_path / "rates.yaml"
    rates.write_text("device: {per_year: 0.000001}\nline_card: {per_year: 0.000001}\n"
                     "cable_per_1000_km: {per_year: 0.000001}\n", encoding="utf-8")  # fmt: skip
    code, output, _ = noctua(tmp_path, *SHORT, "--rates", str(rates), "--json")
    assert code == 0
    assert max(s["by_one"] for s in json.loads(output)["services"]) < 1e-7


def test_same_seed_gives_the_same_and_an_hour_is_refused(tmp_path: Path) -> None:
    first, again = (noctua(tmp_path, *SHORT, "--json")[1] for _ in range(2))
    assert json.loads(first)["services"] == json.loads(again)["services"]
    code, _, error = noctua(tmp_path, *SHORT, "--traffic", "03:00")
    assert (code, "over all hours of the day" in error) == (2, True)
