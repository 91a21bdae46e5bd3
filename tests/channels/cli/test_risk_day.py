"""`noctua risks play`: a day hour by hour, what helps, how often it comes, and what may follow."""

import json
import math
from pathlib import Path

import pytest

from tests.channels.conftest import noctua

LOSSY = "at 08:00: link HSTNng-KSCYng loses 5 % from HSTNng for 6 h; after 1 h node ATLAng down"
FAILS = "at 20:00: link CHINng-NYCMng down for 4 h"


def test_day_is_told_hour_by_hour_with_what_helps_and_what_follows(tmp_path: Path) -> None:
    code, output, _ = noctua(tmp_path, "risks", "play", "sndlib/abilene", LOSSY, "--draws", "6")
    assert code == 0
    assert output.startswith("at 08:00: link HSTNng--KSCYng loses 5 % from HSTNng for 6 h; after 1")
    assert "08:00  HSTNng loses 5.0 % of what it sends over HSTNng--KSCYng" in output
    assert "14:00  over: HSTNng loses 5.0 %" in output
    assert "service-minutes in breach, of" in output
    assert "with the best remedy:" in output
    assert 'no rate: none is known of "link HSTNng--KSCYng loses 5 % from HSTNng"' in output
    assert "what may follow, 6 draws:" in output
    assert "(we act: the best remedy against what is in force then, whatever" in output


def test_document_has_every_hour_every_draw_and_the_rate(tmp_path: Path) -> None:
    code, output, _ = noctua(
        tmp_path, "risks", "play", "sndlib/abilene", FAILS, "--draws", "10", "--json"
    )
    document = json.loads(output)
    assert code == 0
    assert [hour["begins"] for hour in document["hours"][:5]] == [
        "20:00", "21:00", "22:00", "23:00", "00:00"
    ]  # fmt: skip
    assert len(document["hours"]) == 24
    assert sum(one["share"] for one in document["chains"]) == pytest.approx(1.0)
    assert document["verdict"]["per_year"] > 0.0
    assert document["verdict"]["slo_minutes"] == pytest.approx(
        sum(hour["slo_minutes"] for hour in document["hours"]) - document["usual_slo_minutes"]
    )


def test_rate_is_told_with_all_that_goes_into_it(tmp_path: Path) -> None:
    conditions = "at 20:00, node SNVAng in work for 1 h"
    text = f"{conditions}: node CHINng down for 3 h; after 2 h node DNVRng down"
    said = ("risks", "play", "sndlib/abilene", text, "--draws", "1")
    _, output, _ = noctua(tmp_path, *said)
    for factor in (
        "0.0417 of all hours: at 20:00, one hour of the day",
        "0.000456 of all hours: device SNVAng in work, 2 times a year for 2 h",
        "0.1 a year: device CHINng fails (device 0.1)",
        "0.1 a year: device DNVRng fails (device 0.1)",
        "0.000342 of all hours: while what is down has been, 3 h of 8,766",
    ):
        assert f"  {factor}\n" in output
    document = json.loads(noctua(tmp_path, *said, "--json")[1])
    found, hours = document["how_often"], document["hours"]
    assert hours[0]["happens"][0].startswith("under way: SNVAng")
    assert [text for text in hours[1]["happens"] if text.startswith("over: SNVAng")]
    product = math.prod(factor["value"] for factor in found["factors"])
    assert found["per_year"] == pytest.approx(product)
    assert f"it begins once in {1 / product:,.0f} years (" in output
    assert found["likely"]["p05"] < found["likely"]["median"] < found["likely"]["p95"]


def test_day_without_power_at_one_device_names_all_that_stands_there(tmp_path: Path) -> None:
    nodes = [
        {"id": node, "longitude": longitude, "latitude": 48.0}
        for node, longitude in (("Linz1", 14.3), ("linz2", 14.3), ("Wien", 16.4))
    ]
    links = [{"source": a, "target": "Wien", "capacity": 1e10} for a in ("Linz1", "linz2")]
    text = json.dumps({"nodes": nodes, "links": links, "graph": {"capacity_unit": "bit/s"}})
    file = tmp_path / "linz.json"
    file.write_text(text, encoding="utf-8")
    said = "at 20:00: power at linz2 down for 2 h"
    code, output, _ = noctua(tmp_path, "risks", "play", str(file), said, "--draws", "1")
    assert code == 0
    assert (
        output.splitlines()[1] == "Linz1 and linz2 stand at the site Linz1, and lose power together"
    )
    output = noctua(tmp_path, "what-if", "power at linz2 down", "--on", str(file))[1]
    assert "assumed: Linz1 and linz2 stand at the site Linz1, and lose power together" in output


def test_same_seed_is_the_same_day(tmp_path: Path) -> None:
    said = ("risks", "play", "sndlib/abilene", LOSSY, "--draws", "9", "--json")
    assert noctua(tmp_path, *said)[1] == noctua(tmp_path, *said)[1]


def test_rarer_than_asked_for_is_not_plausible(tmp_path: Path) -> None:
    said = ("risks", "play", "sndlib/abilene", FAILS, "--draws", "1")
    assert "as the rates may be): plausible" in noctua(tmp_path, *said)[1]
    assert "as the rates may be): not plausible" in noctua(tmp_path, *said, "--once-in", "2")[1]


def test_how_likely_what_follows_is_can_be_set(tmp_path: Path) -> None:
    rates = tmp_path / "chains.yaml"
    rates.write_text("{repair_fails: 1.0, wrong_link: 0.0}\n", encoding="utf-8")
    said = ("risks", "play", "sndlib/abilene", FAILS, "--draws", "3", "--chain-rates", str(rates))
    code, output, _ = noctua(tmp_path, *said)
    assert (code, "(repair goes wrong: the repair did not hold), from CHINng" in output) == (
        0,
        True,
    )
    rates.write_text("repair_fails: 2.0\n", encoding="utf-8")
    code, _, error = noctua(tmp_path, *said)
    assert (code, "repair_fails" in error, "2.0 is above 1" in error) == (2, True, True)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("at 20:00: node Denver down", 'node "Denver" is not in sndlib/abilene'),
        ("at 20:00: node DNVRng down; DNVRng  fails", '"DNVRng fails": that is so already'),
        (
            "at 20:00: node DNVRng down for 4 h, node KSCYng down for 2 h",
            'part what does not by ";", as in "node DNVRng down for 4 h; node KSCYng down for 2 h"',
        ),
        ("node DNVRng down", "with a blank behind it, between conditions and events"),
    ],
)
def test_what_cannot_be_played_is_named(tmp_path: Path, text: str, says: str) -> None:
    code, _, error = noctua(tmp_path, "risks", "play", "sndlib/abilene", text)
    assert (code, says in error) == (2, True)


def test_what_if_about_a_day_is_sent_on(tmp_path: Path) -> None:
    code, _, error = noctua(tmp_path, "what-if", FAILS, "--on", "sndlib/abilene")
    assert (code, "play it with `noctua risks play NETWORK" in error) == (2, True)


def test_page_has_the_hours_and_a_drawing_of_each_chain(tmp_path: Path) -> None:
    pages = [tmp_path / name for name in ("one.html", "two.html")]
    for page in pages:
        code, output, _ = noctua(
            tmp_path, "risks", "play", "sndlib/abilene", LOSSY, "--draws", "8", "--html", str(page)
        )
        assert (code, f"written: {page}" in output) == (0, True)
    text = pages[0].read_text("utf-8")
    assert text == pages[1].read_text("utf-8")
    assert "<script" not in text
    assert text.count("<svg") >= 2
    assert "we act: the best remedy against what is in force then, whatever strikes later" in text
    assert "Services in breach, hour by hour" in text


def test_page_is_not_written_over_what_is_read(tmp_path: Path) -> None:
    rates = tmp_path / "chains.yaml"
    rates.write_text("{}\n", encoding="utf-8")
    said = ("risks", "play", "sndlib/abilene", FAILS, "--chain-rates", str(rates))
    code, _, error = noctua(tmp_path, *said, "--html", str(rates))
    assert (code, str(rates) in error) == (2, True)
