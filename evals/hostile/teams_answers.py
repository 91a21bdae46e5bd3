"""Answers through Teams by whoever may not give them: how many had an effect, and what held them.

    python -m evals.hostile.teams_answers --attempts 2000

Exits with 1 where an attempt had an effect that nobody was entitled to, or where a control that is
switched off was not missed.
"""

import json
import sys
import time
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

import jwt

from channels.teams import http as teams_http
from channels.teams import tokens
from channels.teams.settings import TeamsSettings
from evals.chat.chats import TEAMS
from evals.chat.stub import Json
from evals.chat.teams_tenant import TeamsTenant
from evals.hostile.chat_answers import play_and_tell
from evals.hostile.chat_attacks import Attack, Controls
from evals.hostile.chat_scene import World

InTeams = World[TeamsTenant]

OTHERS = "11111111-2222-3333-4444-555555555555"
"""Another tenant."""


def _made_up(world: InTeams, random: Random) -> None:
    tenant = world.chat
    said = jwt.decode(tenant.token(), options={"verify_signature": False})
    kid = {"kid": tenant.key_id}
    head, claims, signature = tenant.token().split(".")
    made = random.choice(
        [
            jwt.encode(said, "", "none", headers=kid),
            jwt.encode(said, "k" * 64, "HS256", headers=kid),
            jwt.encode(said, "k" * 64, "HS256", headers={"kid": "another"}),
            f"{head}.{claims}.{signature[::-1]}",
            f"{head}.{claims}.",
            "",
        ]
    )
    tenant.send(json.dumps(world.press(random, "erin")).encode(), f"Bearer {made}")


def _with(claims: Callable[[Random], Json]) -> Callable[[InTeams, Random], None]:
    """A button, with a token of Microsoft's that says something else."""

    def send(world: InTeams, random: Random) -> None:
        world.chat.deliver(world.press(random, "erin"), **claims(random))

    return send


def _ended(random: Random) -> Json:
    return {"exp": int(time.time() - random.uniform(301.0, 10 * 86_400.0))}


def _elsewhere(world: InTeams, random: Random) -> None:
    url = random.choice(["https://evil.example/", "https://smba.trafficmanager.net.evil.example/"])
    world.chat.deliver({**world.press(random, "erin"), "serviceUrl": url}, serviceurl=url)


def _in_another_chat(world: InTeams, random: Random) -> None:
    kind = random.choice(["directline", "webchat", "emulator", "slack", ""])
    world.chat.deliver({**world.press(random, "erin"), "channelId": kind})


def _of_another_tenant(world: InTeams, random: Random) -> None:
    activity = world.press(random, "erin")
    activity["conversation"]["tenantId"] = OTHERS
    activity["channelData"]["tenant"]["id"] = random.choice([OTHERS, world.chat.tenant])
    world.chat.deliver(activity)


def _misplaced(world: InTeams, random: Random) -> None:
    where = random.choice([world.chat.marked(world.head)[0]["id"], "1", ""])
    world.chat.deliver({**world.press(random, "erin"), "replyToId": where})


ATTACKS: tuple[Attack[TeamsTenant], ...] = (
    Attack("a token made up", "forged", _made_up, ("signature",)),
    Attack(
        "a token of another issuer", "forged", _with(lambda _: {"iss": "https://x/"}), ("issuer",)
    ),
    Attack("a token for another app", "forged", _with(lambda _: {"aud": OTHERS}), ("audience",)),
    Attack(
        "a token for another service",
        "forged",
        _with(lambda _: {"serviceurl": "https://x/"}),
        ("bound",),
    ),
    Attack("a token that has ended", "late", _with(_ended), ("expiry",)),
    Attack("a service that is not listed", "forged", _elsewhere, ("service",)),
    Attack("an activity of another kind of chat", "forged", _in_another_chat, ("kind",)),
    Attack("an activity of another tenant", "cross-tenant", _of_another_tenant, ("tenants",)),
    Attack("a button of another message", "misplaced", _misplaced, ("card",)),
)


_DECODE = jwt.decode


def _decoding(**options: bool) -> Callable[..., Any]:
    """PyJWT without a check of its own."""
    return lambda *args, **kwargs: _DECODE(
        *args, **{**kwargs, "options": {**kwargs["options"], **options}}
    )


OFF: Controls = {
    "signature": ((jwt, "decode", _decoding(verify_signature=False)),),
    "issuer": ((jwt, "decode", _decoding(verify_iss=False)),),
    "audience": ((jwt, "decode", _decoding(verify_aud=False)),),
    "expiry": ((jwt, "decode", _decoding(verify_exp=False)),),
    "bound": ((tokens, "is_bound", lambda *_: True),),
    "service": ((TeamsSettings, "is_known_service", lambda *_: True),),
    "kind": ((teams_http, "is_of_teams", lambda _: True),),
    "tenants": ((teams_http, "tenants_of", lambda _: {TeamsTenant.tenant}),),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Play, and print what came of it."""
    return play_and_tell(__doc__, TEAMS, ATTACKS, OFF, arguments)


if __name__ == "__main__":
    sys.exit(main())
