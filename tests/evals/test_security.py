"""Attacks and what only looks like them: what is drawn, who says so when, and how it is counted."""

from pathlib import Path

import pytest

from evals.arms.noctua import NoctuaArm
from evals.campaigns.campaign import load_spec
from evals.campaigns.records import Record
from evals.diagnosis.scene import drawn_scene
from evals.diagnosis.security import (
    ARMS,
    ATTACKS,
    CAMPAIGN,
    CONTROLS,
    LOOKS_S,
    Alarm,
    Play,
    Watched,
    security_markdown,
    watch,
)
from evals.stage import Case
from graphs.workplace import Workplace
from tools.journal.journal import Journal
from tools.journal.records import ApprovalRequest
from twin.nouns.plan import Approval, Plan
from twin.nouns.principal import Principal


def _play(kind: str, seed: int = 2) -> Play:
    return Play(case="sndlib/nobel-eu", kind=kind, seed=seed, missing=0.1, arms=tuple(ARMS))


def _record(kind: str, *alarms: Alarm, raised: bool = False) -> Record[Play, Watched]:
    outcome = None if raised else Watched(alarms=alarms)
    error = {"error": "it died"} if raised else {}
    return Record[Play, Watched].model_validate(
        {"campaign": CAMPAIGN.name, "play": _play(kind), "commit": "c", "cpu_s": 1.0}
        | {"outcome": outcome}
        | error
    )


@pytest.mark.slow
@pytest.mark.parametrize("kind", ATTACKS)
def test_attack_is_named_after_the_next_flow_record_or_at_once(kind: str) -> None:
    (ours, thresholds) = watch(_play(kind)).alarms
    assert ours.exact
    assert ours.alarm_s is not None
    assert ours.alarm_s <= 420.0
    assert thresholds.alarm_s is not None
    assert not thresholds.exact


@pytest.mark.slow
@pytest.mark.parametrize("kind", CONTROLS)
def test_what_is_no_attack_is_called_none_by_us_and_some_of_it_by_thresholds(kind: str) -> None:
    (ours, thresholds) = watch(_play(kind)).alarms
    assert ours.alarm_s is None
    assert (thresholds.alarm_s is not None) is (kind in ("flash crowd", "unannounced change"))


class _Person:
    """Somebody who approves at once what nobody else may."""

    def answer_through(self, journal: Journal) -> None:
        self._journal = journal

    def consider(self, request: ApprovalRequest, plan: Plan, now_s: float) -> None:
        assert "security" in request.needs_person
        approval = Approval(
            plan_id=plan.id,
            plan_hash=request.plan_hash,
            decision="approve",
            by=Principal(name="security", provider="os"),
            reason="looked at it",
            overrides=request.overrides_needed,
            decided_s=now_s,
        )
        if not request.answers:
            self._journal.answer(approval)


@pytest.mark.slow
def test_device_that_was_broken_into_is_reverted_and_held_for_security(tmp_path: Path) -> None:
    scene = drawn_scene("sndlib/nobel-eu", ("access_breach",), 2, 2)
    assert scene is not None
    world = scene.case.world.model_copy(update={"duration_s": 5400.0})
    (event,) = scene.case.truth.events
    node, held = event.fault.resources[0], dict[str, str]()

    def look(workplace: Workplace, _: float) -> None:
        held.update({q.node: q.reason for q in workplace.journal.quarantined("live")})

    arm = NoctuaArm(approver=_Person(), on_step=look)
    played = arm.play(Case(world, scene.case.truth), 3, tmp_path / "play")
    assert [cause.kind for cause in played.causes] == ["access_breach"]
    assert played.devices_left_changed == 0
    assert held == {node: f"somebody may have broken into {node}; security has to look at it first"}


def test_table_counts_alarms_names_and_what_was_left_alone() -> None:
    def alarm(alarm_s: float | None, *, exact: bool = False) -> Alarm:
        return Alarm(arm="noctua", alarm_s=alarm_s, named_s=None, exact=exact)

    table = security_markdown(
        [
            _record("web_dos_attack", alarm(300.0, exact=True)),
            _record("web_dos_attack", alarm(420.0, exact=True)),
            _record("web_dos_attack", alarm(None)),
            _record("web_dos_attack", raised=True),
            _record("flash crowd", alarm(None)),
            _record("flash crowd", alarm(240.0)),
            _record("flash crowd", raised=True),
        ]
    )
    assert "| web_dos_attack | noctua | 4 | 2 | 6 min | 2 | 0.07 to 0.93 |" in table
    assert "| flash crowd | noctua | 3 | 1 | 0.01 to 0.91 |" in table


def test_shipped_specification_has_forty_of_each_and_fresh_seeds() -> None:
    spec = load_spec(CAMPAIGN)
    assert len(spec.cases) * len(spec.seeds) >= 40
    assert min(spec.seeds) >= 1000
    assert set(spec.kinds) == {*ATTACKS, *CONTROLS}
    assert LOOKS_S[-1] == 720.0
