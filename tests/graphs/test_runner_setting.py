"""Who plays rollouts is one setting, and makes no difference to what is planned."""

import json
from pathlib import Path

import pytest

from tests.graphs.stagehand import FIRST, LOSSY, case, operating
from twin.errors import BadInput
from twin.runner import InProcessRunner


def _planned(folder: Path) -> tuple[str, str, bool]:
    """(plan, trials, in process) of a lossy link, as far as the request for an approval."""
    with operating(folder, case((300.0, LOSSY))) as operation:
        operation.run(operation.is_waiting_for_approval)
        [request] = operation.journal.approval_requests(operation.clock.now_s(), state="waiting")
        trials = json.dumps(operation.journal.artefacts(FIRST)["trials"])
        here = isinstance(operation.workplace.desk.situation.runner, InProcessRunner)
        return request.plan_hash, trials, here


@pytest.mark.slow
def test_plan_is_the_same_whoever_plays_the_rollouts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    *here, in_process = _planned(tmp_path / "here")
    monkeypatch.setenv("NOCTUA_RUNNER", "pool:1")
    *there, in_pool = _planned(tmp_path / "there")
    assert there == here
    assert '"slo_minutes_ahead": null' not in here[1]
    assert (in_process, in_pool) == (True, False)


def test_wrong_setting_stops_before_anything_is_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOCTUA_RUNNER", "poll:2")
    with pytest.raises(BadInput, match="poll:2"), operating(tmp_path, case()):
        pass
    assert not (tmp_path / "journal.sqlite").exists()
