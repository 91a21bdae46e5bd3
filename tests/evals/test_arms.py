"""Arms play real realisations of short cases; what they do is judged by the truth."""

from pathlib import Path

import pytest

from evals.arm import Arm, ArmResult
from evals.arms.noc import NocArm
from evals.arms.noctua import NoctuaArm
from evals.arms.nothing import nothing_arm
from evals.stage import Case


def _play(arm: Arm, case: Case, folder: Path) -> ArmResult:
    return arm.play(case, 1, folder)


@pytest.mark.slow
def test_nobody_changes_nothing_and_the_wrong_weight_stays(
    weight_case: Case, tmp_path: Path
) -> None:
    result = _play(nothing_arm(), weight_case, tmp_path)
    assert result.changes == 0
    assert result.repaired is False
    assert result.devices_left_changed == 1
    assert result.slo_minutes_total > 0


@pytest.mark.slow
def test_the_noc_reverts_a_wrong_weight_and_delays_cost_minutes(
    weight_case: Case, tmp_path: Path
) -> None:
    slow = _play(NocArm(), weight_case, tmp_path / "slow")
    fast = _play(NocArm(zero=True), weight_case, tmp_path / "fast")
    for result in (slow, fast):
        assert result.repaired is True
        assert result.cause_correct is True
        assert result.phase == "resolved"
        assert result.changes == 1
    assert fast.slo_minutes_total < slow.slo_minutes_total
    assert fast.mitigate_s is not None
    assert slow.mitigate_s is not None
    assert fast.mitigate_s < slow.mitigate_s


@pytest.mark.slow
def test_noctua_reverts_a_wrong_weight(weight_case: Case, tmp_path: Path) -> None:
    result = _play(NoctuaArm(), weight_case, tmp_path)
    assert result.cause_correct is True
    assert result.repaired is True
    assert result.false_incidents == 0
    assert result.devices_left_changed == 0


@pytest.mark.slow
def test_nobody_still_sends_the_field(stub_case: Case, tmp_path: Path) -> None:
    result = _play(nothing_arm(), stub_case, tmp_path)
    assert result.changes == 0
    assert result.resolve_s is not None
    assert result.cause_correct is True


@pytest.mark.slow
@pytest.mark.parametrize("arm", [NocArm(zero=True), NoctuaArm()], ids=["noc", "noctua"])
def test_a_healthy_network_is_left_alone(arm: Arm, healthy_case: Case, tmp_path: Path) -> None:
    result = _play(arm, healthy_case, tmp_path)
    assert result.incidents == 0
    assert result.changes == 0
    assert result.phase == "no incident"
    assert result.repaired is None


@pytest.mark.slow
@pytest.mark.parametrize("arm", [NocArm(), NoctuaArm()], ids=["noc", "noctua"])
def test_same_seed_same_result(arm: Arm, weight_case: Case, tmp_path: Path) -> None:
    first = _play(arm, weight_case, tmp_path / "first")
    again = _play(arm, weight_case, tmp_path / "again")
    assert first.model_copy(update={"wall_s": 0.0}) == again.model_copy(update={"wall_s": 0.0})
