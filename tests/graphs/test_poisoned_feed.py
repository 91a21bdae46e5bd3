"""Whatever a field of a record holds, the watch goes on, and what it keeps is finite."""

import json
import math
from collections.abc import Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evals.altered_network import Alter
from evals.hostile.feeds import Arm, Play, Scene, Watched, watched
from graphs.tracker_file import TrackerFile
from graphs.watch import POLL_S, Watch
from tests.graphs.stagehand import case, operating
from tests.twin.tracking.square import (
    START_S,
    Counters,
    adjacency,
    flows,
    inventory,
    loads_of,
    probes,
    tracker_of,
)
from twin.nouns.telemetry import ConfigurationEvent, SyslogLine, Telemetry
from twin.nouns.untrusted import UntrustedText
from twin.physics.questions import offered_totals
from twin.physics.twin import Twin
from twin.tracking.tracker import Tracker

KNOWN = inventory()
LOADS = loads_of(KNOWN)

ODD = st.one_of(
    st.sampled_from(
        [math.nan, math.inf, -math.inf, -1.0, -1, 0, 1e308, -1e308, 2.0**64, 2**64, 10**400]
    ),
    st.sampled_from([None, "", "12", "A", "nobody", "\ud800", b"A", True, False, (), [], {}]),
    st.sampled_from([START_S - 86_400.0 * 365, START_S + 86_400.0 * 365, START_S + 3600.0]),
    st.floats(),
    st.integers(),
    st.text(max_size=5),
)


def _round(counters: Counters, number: int) -> list[Telemetry]:
    """A poll's records, of every kind."""
    now_s = counters.now_s + 30.0
    text = UntrustedText("said")
    return [
        *counters.after(LOADS),
        probes(KNOWN, now_s),
        flows(KNOWN.peak_traffic.rates_bps, now_s),
        adjacency(now_s, "A", "A-B", up=True),
        ConfigurationEvent(now_s, now_s, "B", UntrustedText(f"change-{number}"), text),
        SyslogLine(now_s, now_s, "C", text),
    ]


@st.composite
def poisoned(draw: st.DrawFn, clean: Sequence[Telemetry]) -> list[Any]:
    """Some of their fields are odd, or odd in one place; some come twice, or in another order."""
    records: list[Any] = list(clean)
    for _ in range(draw(st.integers(1, 4))):
        place = draw(st.integers(0, len(records) - 1))
        record = records[place]
        name = draw(st.sampled_from([f.name for f in fields(record)]))
        old, odd = getattr(record, name), draw(ODD)
        if isinstance(old, np.ndarray) and old.size and draw(st.booleans()):
            new = old.astype(object)
            new.flat[draw(st.integers(0, new.size - 1))] = odd
            odd = new
        records[place] = replace(record, **{name: odd})
    if draw(st.booleans()):
        records += records[: draw(st.integers(0, len(records)))]
    return draw(st.permutations(records)) if draw(st.booleans()) else records


def _is_finite(part: Any) -> bool:
    if isinstance(part, dict):
        return all(map(_is_finite, part.values()))
    if isinstance(part, list):
        return all(map(_is_finite, part))
    return not isinstance(part, float) or math.isfinite(part)


def _saved(tracker: Tracker, file: Path) -> dict[str, Any]:
    TrackerFile(file, tracker).keep()
    kept: dict[str, Any] = json.loads(file.read_text("utf-8"))
    return kept


@pytest.mark.slow
@given(data=st.data())
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
def test_every_field_with_every_odd_value_is_taken_kept_and_read_back(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Poll, save, restart, poll: nothing raises, nothing odd is kept, and a cut is found after."""
    file = tmp_path_factory.mktemp("poisoned") / "tracker.json"
    tracker, counters = tracker_of(KNOWN), Counters()
    for number in range(3):
        clean = _round(counters, number)
        given_now = data.draw(poisoned(clean)) if number else clean
        running = {"B": KNOWN.intended.device("B")}
        tracker.ingest(given_now, until_s=counters.now_s, running=running)
        assert tracker.now_s <= counters.now_s
        kept = _saved(tracker, file)
        assert _is_finite(kept)
        tracker = Tracker.load(kept, KNOWN, lambda s: offered_totals(Twin(KNOWN), s))
        assert not tracker.repaired
    counters.now_s += 30.0
    tracker.ingest(
        [adjacency(counters.now_s, node, "C-D", up=False) for node in ("C", "D")],
        until_s=counters.now_s,
    )
    assert "C-D" in tracker.down_links


def _played(poison: str, scene: Scene, arm: Arm = "guarded") -> Watched:
    return watched(Play(case=poison, scene=scene, arm=arm, seed=1))


@pytest.mark.slow
def test_cut_is_found_though_every_counter_is_infinite_and_the_watch_is_restarted() -> None:
    found = _played("counters all infinite", "cut")
    assert (found.failed, found.incidents, found.left_out) == (0, 1, 1)
    assert found.found_s is not None


@pytest.mark.slow
def test_loss_that_one_device_claims_changes_nothing() -> None:
    found = _played("one interface denies 50 % that arrived", "healthy")
    assert (found.failed, found.changes, found.left) == (0, 0, 0)
    assert found.incidents == 1, "people are told of the claim"


@pytest.mark.slow
@pytest.mark.parametrize(("arm", "changes"), [("unprobed", 0), ("credulous", 2)])
def test_bound_on_one_devices_word_is_all_that_holds_a_change_back_where_no_probe_speaks(
    arm: Arm, changes: int
) -> None:
    found = _played("one interface denies 50 % that arrived", "healthy", arm)
    assert (found.incidents, found.changes, found.left) == (1, changes, 0)


@pytest.mark.slow
def test_link_that_one_end_says_is_flapping_changes_nothing_where_it_could_not_be_spared() -> None:
    found = _played("one end claims its link flaps", "busy")
    # The second time it is a person's, and what comes after belongs to that.
    assert (found.failed, found.changes, found.incidents) == (0, 0, 2)


@pytest.mark.slow
def test_commits_that_no_device_shows_are_no_incidents() -> None:
    found = _played("every device claims commits", "healthy")
    assert (found.failed, found.incidents) == (0, 0)


@pytest.mark.parametrize(("is_looked_up", "incidents"), [(True, 0), (False, 1)])
def test_looking_at_the_device_is_all_that_folds_a_commit_that_was_not_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_looked_up: bool, incidents: int
) -> None:
    if not is_looked_up:
        monkeypatch.setattr(Watch, "_committed", lambda *_: {})
    with operating(tmp_path, case(), alter=_with_a_commit_of("NYCMng")) as operation:
        operation.run(until=operation.has_begun, most_s=3 * POLL_S)
        assert len(operation.journal.incidents()) == incidents
        tally = operation.workplace.tracker.intake.tally_of("NYCMng")
        assert (tally.folded > 0) == is_looked_up


def _with_a_commit_of(node: str) -> Alter:
    """Every poll brings a report that `node` committed something, which it did not."""

    def alter(records: Sequence[Telemetry], now_s: float) -> Sequence[Telemetry]:
        change, user = UntrustedText(f"change-{now_s:.0f}"), UntrustedText("operator")
        return [*records, ConfigurationEvent(now_s, now_s - 1.0, node, change, user)]

    return alter


@pytest.mark.slow
def test_without_its_guard_one_stamp_that_is_none_stops_the_watch_for_good() -> None:
    guarded = _played("counters time_s none", "healthy")
    assert (guarded.failed, guarded.left_out) == (0, 1)
    open_door = _played("counters time_s none", "healthy", "unguarded")
    assert open_door.failed == open_door.steps - 20, "all but those before the poison"
