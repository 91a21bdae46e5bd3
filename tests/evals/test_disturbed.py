"""A watch that is disturbed in the middle of an incident, in a small sample of the campaign."""

import shutil
import subprocess
from pathlib import Path

import pytest

from evals.campaigns.records import Record
from evals.survival.disturbances import DISTURBANCES
from evals.survival.disturbed import Disturbed, Play, disturbed_markdown, play_disturbed


@pytest.fixture(params=sorted(DISTURBANCES))
def arm(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """What is done to the watch; the full disk only where a disk can be mounted."""
    name: str = request.param
    if name == "full_disk":
        mount = shutil.which("mount")
        options = ["-t", "tmpfs", "-o", "size=1m", "tmpfs", str(tmp_path)]
        if mount is None or subprocess.run([mount, *options], capture_output=True).returncode:
            pytest.skip("no file system can be mounted here")
        subprocess.run(["umount", "-l", str(tmp_path)], check=True)
    return name


@pytest.mark.slow
def test_watch_that_is_disturbed_in_an_incident_loses_nothing(arm: str) -> None:
    played = play_disturbed(Play(scene="drained", seed=1, arm=arm, times=20, draw=1))
    assert played.violations == ()
    assert played.disturbed == 20
    assert (played.ends, played.handed_over) == (("resolved",), ())


def test_table_names_every_violation_and_every_play_that_raised() -> None:
    play = Play(scene="drained", seed=1, arm="full_disk", times=1, draw=1)
    bad = Disturbed(
        play=play,
        noticed_s=400.0,
        usual_s=90.0,
        ended_s=3600.0,
        disturbed=1,
        calls=3,
        ends=("resolved",),
        violations=({"rule": "late", "text": "noticed after 400 s"},),  # type: ignore[arg-type]  # as JSON gives it
        handed_over=("nobody answered in time",),
    )
    record = Record[Play, Disturbed]
    records = [
        record(campaign="disturbed", play=play, commit="c", cpu_s=1.0, outcome=bad),
        record(campaign="disturbed", play=play, commit="c", cpu_s=1.0, error="OSError: no"),
    ]
    table = disturbed_markdown(records)
    assert "| drained | full_disk | 2 | 1 | 90; 400 | 3 | 1 resolved | 2 |" in table
    assert "late: noticed after 400 s" in table
    assert "handed over: nobody answered in time" in table
    assert "raised OSError: no" in table
