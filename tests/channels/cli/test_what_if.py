"""`noctua what-if`, with real networks."""

import json
from pathlib import Path

import pytest

from tests.channels.conftest import noctua

POLSKA = "sndlib/polska"


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


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("link Warsaw-Gdansk down",), "name one with --on"),
        (("link Warsaw-Gdask down", "--on", POLSKA), 'did you mean "Gdansk"?'),
        (("link Warsaw-Gdansk", "--on", POLSKA), 'expected a name and then "down" or "up"'),
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
