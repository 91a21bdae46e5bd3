"""A sample of forged approvals reaches no device, and would without the controls."""

from dataclasses import replace
from pathlib import Path

import pytest

from evals.hostile.approvals import ATTACKS, Attack
from evals.hostile.journal_scene import Scene
from evals.hostile.tables import play
from tools.change.controls import EVERY_CONTROL
from tools.change.examined import Examined

SAMPLE = {
    "one person as 'erin\\u200b'": "second_approver",
    "another hash": "approval",
    "dated a minute ahead": "approval",
    "two scripts, although minds were lost": "person",
    "an override is asked for while it is named": "asked_overrides",
    "minds were never lost": "sealed",
    "minds were never lost, say the indexes": "undamaged",
    "the same, and the mark too": "anchored",
    "the same, and the anchors are gone": "marked",
    "two answers put in, and in the audit log": "signed",
    "answers put in, sealed with another key": "open",
    "the same, and another user's key in place of ours": "open",
    "a trigger that answers in our name": "attested",
}
"""Attacks, each with a control that refuses it."""

ALONE = {"second_approver", "person", "asked_overrides", "undamaged", "anchored", "marked"}
"""Controls that nothing else stands in for here; `sealed` is one where minds were never lost."""


def _attack(name: str) -> Attack:
    [found] = [attack for attack in ATTACKS if attack.name == name]
    return found


def test_every_attack_has_a_name_of_its_own_and_there_are_enough() -> None:
    assert len({attack.name for attack in ATTACKS}) == len(ATTACKS) >= 60


@pytest.mark.slow
@pytest.mark.parametrize("name", SAMPLE)
def test_attack_reaches_no_device(base: Scene, tmp_path: Path, name: str) -> None:
    attack = _attack(name)
    played = play(base, tmp_path, attack.name, attack.do, attack.plan)
    assert played.commits == 0
    assert SAMPLE[name] in played.refusing
    if played.refusing != ("open",):
        assert played.commits_without_controls == 1
    if SAMPLE[name] in ALONE or name == "minds were never lost":
        assert (played.refusing, played.commits_without_it) == ((SAMPLE[name],), 1)


BENEATH = {
    "one person is enough": "second_approver",
    "it was asked just now": "approval",
    "a rejection taken out": "attested",
    "two answers put in, and in the audit log": "signed",
    "a line of the audit log reworded": "chained",
}
"""Attacks, each with the control that refuses it where nothing is sealed."""


@pytest.mark.slow
@pytest.mark.parametrize("name", BENEATH)
def test_without_seals_another_control_holds_alone(base: Scene, tmp_path: Path, name: str) -> None:
    attack = _attack(name)
    played = play(base, tmp_path, attack.name, attack.do, attack.plan)
    assert set(played.refusing) == {"sealed", BENEATH[name]}
    assert (played.commits, played.beneath) == (0, (0, 1))


@pytest.mark.parametrize(("off", "commits"), [((), 0), (("sealed",), 1)])
def test_journal_altered_behind_the_gate_is_found_in_the_transaction_of_the_intent_alone(
    base: Scene, tmp_path: Path, off: tuple[str, ...], commits: int
) -> None:
    """All was sound when the actuator compared it, and when the last rule was asked."""
    scene = base.copy(tmp_path / "altered")
    scene.answer("erin", "omar")

    def somebody_writes(_: Examined) -> None:
        scene.sql("UPDATE incidents SET trace_id = 'ffffffffffffffffffffffffffffffff'")
        scene.put_guards_back()

    controls = EVERY_CONTROL.without(*off)
    before = scene.commits()
    said = scene.attempt(controls=replace(controls, rules=(*controls.rules, somebody_writes)))
    assert scene.commits() - before == commits
    assert ("it was altered: incidents" in said) == (commits == 0)


def test_two_honest_approvals_commit(base: Scene, tmp_path: Path) -> None:
    honest = base.copy(tmp_path / "honest")
    before = honest.commits()
    honest.answer("erin", "omar")
    assert honest.attempt() == ""
    assert honest.commits() == before + 1
