"""`noctua what-if`, with real networks."""

import json
from pathlib import Path

import pytest

from tests.channels.conftest import noctua

POLSKA = "sndlib/polska"


@pytest.mark.slow
def test_failed_link_is_shown_before_and_after(tmp_path: Path) -> None:
    drawing = tmp_path / "after.svg"
    code, output, error = noctua(
        tmp_path, "what-if", "link warsaw-gdansk down; weight Lodz-Warsaw 40", "--on", POLSKA,
        "--traffic", "x2", "--cascade", "1.0", "--map", str(drawing),
    )  # fmt: skip
    assert (code, error) == (0, "")
    first, run, *_ = output.splitlines()
    assert first == "what if: link Gdansk--Warsaw down; weight Lodz--Warsaw from Lodz 40"
    assert run.startswith("sndlib/polska: 12 nodes, 18 links; traffic peak ×2, ")
    assert "(down)" in output
    assert "cascade" in output
    assert f"written: {drawing}" in output
    assert "given another weight" in drawing.read_text(encoding="utf-8")


def test_json_holds_every_egress_and_service_that_changes(tmp_path: Path) -> None:
    code, output, _ = noctua(
        tmp_path, "what-if", "node Warsaw down", "--on", POLSKA, "--json", "--limit", "0.5"
    )
    document = json.loads(output)
    assert code == 0
    assert document["what_if"] == "node Warsaw down"
    changes = [abs(e["after_bps"] - e["before_bps"]) for e in document["egresses"]]
    assert changes == sorted(changes, reverse=True)
    assert all(e["after_bps"] == 0 for e in document["egresses"] if e["failed"])
    assert document["after"]["no_path_bps"] > 0
    assert document["cascade"] is None
    assert document["run"]["seed"] == 1


def test_what_changes_nothing_says_so(tmp_path: Path) -> None:
    code, output, _ = noctua(tmp_path, "what-if", "link Lodz-Warsaw up", "--on", POLSKA)
    assert code == 0
    assert "nothing comes of it" in output
    assert "(0 of 0)" in output


def test_only_network_of_the_state_directory_is_meant_without_on(state: Path) -> None:
    code, output, _ = noctua(state, "what-if", "weight Fulda-Kassel 10")
    assert code == 0
    assert "live (sndlib/germany50, as last watched)" in output
    # It was set to 1 by mistake.
    assert "nothing comes of it" not in output


def test_safe_is_answered_for_the_window_asked(tmp_path: Path) -> None:
    code, output, _ = noctua(
        tmp_path, "what-if", "safe to drain Warsaw from 22:00 to 06:00?", "--on", POLSKA
    )
    assert code == 0
    assert output.startswith("what if: drain node Warsaw\n")
    assert " from 22:00 to 06:00 UTC (8 h 00 min)" in output
    assert "busiest at 22:00 UTC (" in output
    assert "of 64 draws, seed 1, 5 to 95 %: highest utilisation " in output
    assert "if a link fails meanwhile, at worst: link " in output
    assert "through the window" in output


def test_safe_is_answered_for_the_next_day_of_a_watched_network(state: Path) -> None:
    code, output, _ = noctua(state, "what-if", "safe to drain Fulda-Kassel?", "--json")
    assert code == 0
    document = json.loads(output)
    window = document["window"]
    assert window["end_s"] - window["begin_s"] == 86_400
    assert window["verdict"] in ("safe", "not sure", "not safe")
    # Every moment of the profile is in a whole day, so that it is judged at the peak.
    assert window["level"] == 1.0
    assert len(window["moments"]) in (25, 26)
    assert document["what_if"] == "drain Fulda--Kassel"


def test_moment_in_the_words_is_the_hour_of_the_profile(tmp_path: Path) -> None:
    code, output, _ = noctua(
        tmp_path, "what-if", "Warsaw-Gdansk fails at 6 pm", "--on", POLSKA, "--traffic", "x1.3"
    )
    assert code == 0
    assert "traffic ×1.3 18:00 UTC (" in output


@pytest.mark.slow
def test_what_is_built_is_shown_with_what_is_assumed_of_it(tmp_path: Path) -> None:
    drawing = tmp_path / "after.svg"
    code, output, error = noctua(
        tmp_path, "what-if", "node Radom at Warsaw, Krakow; link Warsaw-Gdansk members 4",
        "--on", POLSKA, "--map", str(drawing), "--cascade", "1.0",
    )  # fmt: skip
    assert (code, error) == (0, "")
    assert "assumed: its links have weight 10, as most interfaces" in output
    assert "Warsaw on Radom--Warsaw" in output
    assert ">Radom<" in drawing.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("link Warsaw-Gdansk down",), "(--on NETWORK)"),
        (("link Warsaw-Gdask down", "--on", POLSKA), 'did you mean "Gdansk"?'),
        (("link Warsaw-Gdansk", "--on", POLSKA), 'what can be asked: "link Warsaw-Gdansk'),
        (("drain Warsaw", "--on", POLSKA, "--from", "25:00"), '"25:00" is no time of day'),
        (
            ("safe to drain Warsaw?", "--on", POLSKA, "--traffic", "18:00"),
            'a window has hours of its own, so that the traffic "18:00" cannot hold',
        ),
        (("node Warsaw down", "--on", POLSKA, "--map", "x.gif"), "a drawing is"),
    ],
)
def test_what_cannot_be_asked_is_answered_in_one_line(
    tmp_path: Path, arguments: tuple[str, ...], says: str
) -> None:
    code, output, error = noctua(tmp_path, "what-if", *arguments)
    assert (code, output) == (2, "")
    assert says in error
    assert error.count("\n") == 1


def test_without_lengths_delay_is_said_to_be_of_queues_and_no_length_is_printed(
    tmp_path: Path,
) -> None:
    file = tmp_path / "net.json"
    edges = [{"source": a, "target": b, "capacity": "10G"} for a, b in ("AB", "BC", "CA")]
    nodes = [{"id": name} for name in "ABC"]
    file.write_text(json.dumps({"nodes": nodes, "edges": edges}), encoding="utf-8")
    code, output, _ = noctua(tmp_path, "what-if", "link A-B down", "--on", str(file))
    assert code == 0
    assert "mean delay in queues, one way" in output
    assert " 0.000 ms" not in output
    assert "without lengths there is no other" in output
    code, output, _ = noctua(tmp_path, "disjoint", "A", "B", "--on", str(file))
    assert code == 0
    direct = [line.split() for line in output.splitlines() if line.rstrip().endswith(" A – B")]
    assert [words[-4] for words in direct] == ["absent"] * 3


def test_weight_of_one_end_is_said_to_be_of_one(tmp_path: Path) -> None:
    _, output, _ = noctua(tmp_path, "what-if", "cost Warsaw-Lodz 20", "--on", "sndlib/polska")
    assert "assumed: only traffic from Warsaw over" in output
    _, output, _ = noctua(
        tmp_path, "what-if", "cost Warsaw-Lodz 20 both ways", "--on", "sndlib/polska"
    )
    assert "only traffic from" not in output
