"""`noctua drift`, on an incident that was played."""

import json
from contextlib import closing
from pathlib import Path

import pytest

from channels.networks import open_network
from graphs.state_directory import StateDirectory
from tests.channels.conftest import noctua


@pytest.mark.slow
def test_drift_names_the_device_that_somebody_else_has_just_changed(state: Path) -> None:
    code, output, _ = noctua(state, "drift", "live")
    assert code == 0
    # Routing has not settled since the commit, so no load is compared yet.
    assert output.startswith("live: loads not measured since routing last changed; ")
    assert "  unexplained commit: Fulda\n" in output
    assert "176 of 176" in output


def test_drift_is_read_while_a_watch_holds_the_network(state: Path) -> None:
    with closing(open_network(StateDirectory(state), "live")[0]):
        code, output, _ = noctua(state, "drift", "--json")
    history = json.loads(output)["live"]
    assert code == 0
    assert history[-1]["time_s"] > history[0]["time_s"]
    assert "configuration" in history[-1]["beyond"]
    assert history[-1]["load_error"] is None
    assert 0 < history[-2]["load_error"] < 0.2


def test_network_that_was_never_watched_is_named(state: Path) -> None:
    code, _, error = noctua(state, "drift", "liev")
    assert code == 2
    assert 'did you mean "live"?' in error


def test_tracker_file_that_is_torn_is_named(state: Path) -> None:
    file = state / "trackers" / "live.json"
    file.write_text(file.read_text(encoding="utf-8")[:100], encoding="utf-8")
    code, _, error = noctua(state, "drift")
    assert code == 2
    assert "live.json" in error
    assert error.count("\n") == 1


def test_what_an_older_version_wrote_has_no_drift_yet(state: Path) -> None:
    file = state / "trackers" / "live.json"
    data = json.loads(file.read_text(encoding="utf-8"))
    del data["drifts"]
    file.write_text(json.dumps(data), encoding="utf-8")
    first, *_ = noctua(state, "drift")[1].splitlines()
    assert first == "live: drift not measured yet"
