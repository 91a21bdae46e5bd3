"""Who is asked for remedies is one setting; whoever is asked, the twin decides."""

import socket
from pathlib import Path

import numpy as np
import pytest

from graphs.candidates import Candidates
from tests.graphs.stagehand import FIRST, WESTERN_LINK, case, operating
from twin.errors import BadInput
from twin.remediation.policy import Policy, Proposals
from twin.remediation.situation import Situation
from twin.remedies.trials import Trial


def _trials(folder: Path, candidates: Candidates | None = None) -> tuple[list[Trial], list[str]]:
    """What was simulated once a link is down, and the timeline until an approval is asked for."""
    with operating(
        folder, case((300.0, WESTERN_LINK), scale=1.6), candidates=candidates
    ) as operation:
        operation.run(operation.is_waiting_for_approval)
        trials = operation.journal.artefact(FIRST, "trials", list[Trial]) or []
        return trials, [event.text for event in operation.journal.timeline(FIRST)]


class Overreaching:
    """Proposes what the mask does not allow."""

    def propose(self, situation: Situation) -> Proposals:
        return Proposals(np.array([10**6]))


class Broken:
    """Anybody's code."""

    def propose(self, situation: Situation) -> Proposals:
        raise ZeroDivisionError("of a policy")


def test_policy_that_is_set_proposes_beside_all_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOCTUA_POLICY", "carried-32")
    trials, told = _trials(tmp_path)
    assert [text for text in told if text.startswith("policy carried-32: ")]
    by = {source for trial in trials for source in trial.remedy.sources}
    assert by >= {"rules", "policy"}


@pytest.mark.parametrize(
    ("policy", "why"), [(Overreaching(), "may not be taken here"), (Broken(), "of a policy")]
)
def test_policy_that_fails_is_left_out_and_said_to_be(
    tmp_path: Path, policy: Policy, why: str
) -> None:
    trials, told = _trials(tmp_path, Candidates(policy, "mine"))
    assert any("policy mine is left out" in text and why in text for text in told)
    assert trials
    assert all("policy" not in trial.remedy.sources for trial in trials)


def test_policy_that_there_is_not_stops_before_anything_is_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOCTUA_POLICY", "clever")
    with pytest.raises(BadInput, match='no policy is called "clever"'), operating(tmp_path, case()):
        pass
    assert not (tmp_path / "journal.sqlite").exists()


def test_timeline_says_who_answered_in_place_of_a_policy_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    monkeypatch.setenv("NOCTUA_POLICY", "served")
    monkeypatch.setenv("NOCTUA_POLICY_URL", f"http://127.0.0.1:{port}")
    monkeypatch.setenv("NOCTUA_POLICY_TOKEN", "x" * 32)
    trials, told = _trials(tmp_path)
    (said,) = [text for text in told if text.startswith("policy served: ")]
    assert "the ranker in process answered (the policy server: not reached" in said
    assert any("policy" in trial.remedy.sources for trial in trials)
