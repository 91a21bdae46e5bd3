"""A sample of what is tried through chats has no effect, and would without what holds it."""

from pathlib import Path
from random import Random
from typing import Any, get_args

import pytest

from evals.chat.chats import CHATS
from evals.chat.stub import ChatName
from evals.hostile import slack_answers, teams_answers
from evals.hostile.chat_answers import play
from evals.hostile.chat_attacks import IN_ANY_CHAT, OFF_IN_ANY_CHAT, Attack, Controls, Family
from evals.hostile.chat_scene import Scene, build_scene

ATTACKS: dict[ChatName, tuple[Attack[Any], ...]] = {
    "slack": (*slack_answers.ATTACKS, *IN_ANY_CHAT),
    "teams": (*teams_answers.ATTACKS, *IN_ANY_CHAT),
}
OFF: dict[ChatName, Controls] = {
    "slack": {**OFF_IN_ANY_CHAT, **slack_answers.OFF},
    "teams": {**OFF_IN_ANY_CHAT, **teams_answers.OFF},
}
SAMPLE = {
    "a timestamp that is no number",
    "a token for another service",
    "a button, after it has expired",
    "two people at once",
    "words, from another tenant",
}


@pytest.fixture(scope="module", params=CHATS)
def scene(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Scene[Any]:
    name: ChatName = request.param
    return build_scene(CHATS[name], tmp_path_factory.mktemp(name))


@pytest.mark.parametrize("name", CHATS)
def test_every_family_and_every_control_is_tried(name: ChatName) -> None:
    attacks = ATTACKS[name]
    assert len({attack.name for attack in attacks}) == len(attacks)
    assert {attack.family for attack in attacks} == set(get_args(Family))
    assert {control for attack in attacks for control in attack.held_by} == OFF[name].keys()


@pytest.mark.slow  # an incident is played, and each attempt has a server of its own
def test_attack_has_an_effect_only_without_what_holds_it(scene: Scene[Any], tmp_path: Path) -> None:
    name = scene.chat.stub().name
    sample = [attack for attack in ATTACKS[name] if attack.name in SAMPLE]
    played = play(scene, sample, OFF[name], tmp_path, len(sample))
    assert [one.effects for one in played] == [0] * 4
    assert all(one.is_missed for one in played)


@pytest.mark.slow
def test_of_answers_that_race_one_counts(scene: Scene[Any], tmp_path: Path) -> None:
    for attack in (attack for attack in IN_ANY_CHAT if attack.family == "raced"):
        with scene.world(tmp_path / "world") as world:
            attack.send(world, Random(7))
            world.room.step()
            assert world.effects() == attack.honest == 1
