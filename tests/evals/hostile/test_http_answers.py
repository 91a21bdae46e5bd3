"""A sample of what is tried over HTTP has no effect, and would without what holds it."""

from dataclasses import fields, replace
from pathlib import Path
from random import Random
from typing import get_args

import pytest

from channels.http.controls import HttpControls
from evals.hostile.http_answers import guessed, honest
from evals.hostile.http_attacks import ATTACKS, Attack, Family
from evals.hostile.http_scene import JOURNALS_OWN, World, build_world


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> World:
    return build_world(tmp_path_factory.mktemp("http") / "base")


def _effects(base: World, folder: Path, attack: Attack, off: tuple[str, ...] = ()) -> int:
    """Of four attempts, each on a copy of its own."""
    return sum(
        attack.do(replace(World(base.scene, off).copy(folder / f"{len(off)}.{i}")), Random(i))
        for i in range(4)
    )


def test_every_family_and_every_control_is_tried() -> None:
    assert len({attack.name for attack in ATTACKS}) == len(ATTACKS) >= 30
    assert {attack.family for attack in ATTACKS} == set(get_args(Family))
    held = {name for attack in ATTACKS for name in attack.held_by}
    # How often a password may be guessed is tried by itself.
    assert held == ({one.name for one in fields(HttpControls)} - {"rate"}) | JOURNALS_OWN.keys()


SAMPLE = (
    "a secret made up",
    "a session's cookie alone",
    "a page of another site",
    "a name that was bound anew",
    "a token written into the file",
    "an answer after it is on record as late",
    "a delegation that was ended",
    "an answer without the role",
)


@pytest.mark.slow
@pytest.mark.parametrize("name", SAMPLE)
def test_attack_has_an_effect_only_without_what_holds_it(
    base: World, tmp_path: Path, name: str
) -> None:
    [attack] = [attack for attack in ATTACKS if attack.name == name]
    for place in range(len(attack.held_by)):
        assert _effects(base, tmp_path, attack, attack.held_by[:place]) == 0
    assert _effects(base, tmp_path, attack, attack.held_by) > 0


@pytest.mark.slow
@pytest.mark.parametrize("family", ["replayed", "raced"])
def test_one_person_is_heard_once_however_often_and_fast(
    base: World, tmp_path: Path, family: str
) -> None:
    for attack in ATTACKS:
        if attack.family == family:
            assert _effects(base, tmp_path / attack.name, attack) == 0


@pytest.mark.slow
def test_two_honest_approvals_commit_and_guessing_is_limited(base: World, tmp_path: Path) -> None:
    assert honest(base, tmp_path / "honest") == (2, 1)
    assert guessed(base, tmp_path, 12) == (10, 12)
