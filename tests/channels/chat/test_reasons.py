"""A click is never silently ignored: whoever is refused is told why, whichever reason it is."""

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from channels import verbs
from channels.report.wording import plain
from evals.chat.stub import Json
from evals.hostile.chat_scene import Scene, World
from graphs.state_directory import StateDirectory
from tests.channels.conftest import INCIDENT, PLAN
from tests.channels.obstacles import (
    MODULES,
    NEVER,
    answered_and_closed,
    escalated,
    expired,
    raising,
    with_a_freeze,
)
from tests.channels.reasons import PASSING, Reason, errors_made, kinds, reasons, said
from twin.errors import NoctuaError

REASONS = reasons(MODULES, {"do"}, aside={"_hear"})

NEVER_HERE = NEVER | {
    "approve BadInput": "it is asked for before, in words of a card",
    "_answer another_plan": "a card is of one plan, which never changes",
    "_request_of UnknownPlan": "the card of a plan that there is not is none of ours",
    "_request_of BadInput": "a button names a plan, and no incident",
    "_refusal override_missing": "a button names all that stands against it",
    "unasked_overrides override_unasked": "as above",
    "_unentitled entitled": "the role is looked at before, by require",
}

InChat = World[Any]
Click = Callable[[InChat], Json]


def _press(world: InChat, name: str = "erin", button: str = "approve", **typed: str) -> Json:
    pressed: Json = world.chat.press(world.chat.person(name), world.card, button, **typed)
    return pressed


def _abroad(world: InChat) -> Json:
    pressed: Json = world.chat.press(world.abroad, world.card, "approve")
    return pressed


def _altered(was: str, instead: str) -> Click:
    def click(world: InChat) -> Json:
        altered: Json = json.loads(json.dumps(_press(world)).replace(was, instead))
        return altered

    return click


def _after(what: Callable[[StateDirectory], object]) -> Click:
    def click(world: InChat) -> Json:
        pressed = _press(world)
        what(StateDirectory(world.folder))
        return pressed

    return click


def _without_a_reason(world: InChat) -> Json:
    plan = with_a_freeze(StateDirectory(world.folder))
    world.room.step()
    key = world.card.replace(PLAN, plan)
    pressed: Json = world.chat.press(world.chat.person("erin"), key, "approve")
    return pressed


CLICKS: tuple[Click, ...] = (
    _abroad,
    _altered("approve", "approve_all"),
    _altered(PLAN, f"{INCIDENT}.mitigate9"),
    partial(_press, name="nobody"),
    partial(_press, name="vera"),
    partial(_press, button="instead"),
    partial(_press, button="instead", choice="R99"),
    _after(expired),
    _after(escalated),
    _after(answered_and_closed),
    _without_a_reason,
)


@pytest.mark.slow  # each click has a server of its own
def test_click_in_a_chat_is_told_every_reason(scene: Scene[Any], tmp_path: Path) -> None:
    met = set[Reason]()
    by_place = {(reason.file, reason.line): reason for reason in REASONS}
    for click in CLICKS:
        with scene.world(tmp_path / "world") as world:
            payload = click(world)
            with errors_made() as made:
                told = _told(world, payload)
        *_, (file, line, error) = [one for one in made if one[:2] in by_place]
        assert plain(said(error), 4000) in told
        met.add(by_place[file, line])
    assert met == {reason for reason in REASONS if reason.name not in NEVER_HERE}


def _told(world: InChat, payload: Json) -> str:
    """What whoever has clicked is told, and nobody else."""
    world.chat.whispers.clear()
    assert world.chat.deliver(payload) == 200
    world.room.step()
    [whisper] = world.chat.whispers
    return str(whisper.text)


@pytest.mark.slow
def test_click_in_a_chat_is_told_of_an_error_of_any_kind(
    scene: Scene[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with scene.world(tmp_path / "world") as world:
        for kind in kinds():
            monkeypatch.setattr(verbs, "approve", raising(kind))
            if issubclass(kind, PASSING):
                assert world.chat.deliver(_press(world)) == 200
                with pytest.raises(kind, match="for some reason"):
                    world.room.step()
                monkeypatch.setattr(verbs, "approve", raising(NoctuaError))
                world.chat.whispers.clear()
                world.room.step()
                assert "for some reason" in world.chat.whispers[0].text
            else:
                assert "for some reason" in _told(world, _press(world)), kind


def test_click_that_counts_for_nothing_is_told_whose_answer_holds(
    scene: Scene[Any], tmp_path: Path
) -> None:
    with scene.world(tmp_path / "world") as world:
        mine, late = _press(world), _press(world, "frank", "reject")
        again = _press(world)
        assert "stands: approve" in _told(world, mine)
        assert "was answered before: approve by «erin»" in _told(world, late)
        assert "stands: approve" in _told(world, again)
