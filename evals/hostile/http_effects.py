"""What an attempt has brought about, by the rows that came or went; and what can be sent."""

import string
from collections.abc import Callable
from random import Random

from fastapi.testclient import TestClient

from channels.http.who import COOKIE, csrf_of
from evals.hostile.http_scene import ASKED, INCIDENT, Effects, World

Do = Callable[[World, Random], int]
"""Attempts something, and says how many effects it had that it may not have."""

Send = Callable[[World, Random], object]


def changed(before: Effects, after: Effects) -> int:
    """Rows that came or went, in every table that people change."""
    return sum(len(before[name] ^ after[name]) for name in before)


def unheard(send: Send) -> Do:
    """What is sent has no effect at all."""

    def do(world: World, random: Random) -> int:
        before = world.effects()
        send(world, random)
        return changed(before, world.effects())

    return do


def tokens_aside(send: Send) -> Do:
    """As `unheard`, but for the honest tokens that were given out for it."""

    def do(world: World, random: Random) -> int:
        before = world.effects()
        send(world, random)
        after = world.effects()
        return changed({**before, "tokens": after["tokens"]}, after)

    return do


def answers_alone(send: Send) -> Do:
    """What is sent adds no answer, whatever was written past the journal for it."""

    def do(world: World, random: Random) -> int:
        before = world.effects()["answers"]
        send(world, random)
        return len(before ^ world.effects()["answers"])

    return do


def noise(random: Random, length: int = 43) -> str:
    return "".join(random.choices(string.ascii_letters + string.digits + "-_", k=length))


ACTIONS: tuple[tuple[str, str, object], ...] = (
    ("POST", f"/plans/{ASKED}/approve", {}),
    ("POST", f"/plans/{ASKED}/reject", {}),
    ("POST", f"/plans/{INCIDENT}/approve", {"reason": "x"}),
    ("POST", f"/plans/{ASKED}/acknowledge", None),
    ("POST", f"/incidents/{INCIDENT}/take", None),
    ("POST", f"/incidents/{INCIDENT}/notes", {"text": "x"}),
    ("POST", "/accounts", {"id": "mallory", "role": "admin"}),
    ("PATCH", "/accounts/vic", {"role": "admin"}),
    ("DELETE", "/accounts/ann", None),
    ("POST", "/accounts/ann/tokens", {"label": "x"}),
    ("PUT", "/accounts/ann/password", {"password": "a password of my own"}),
)
"""What changes something, for whoever may."""

ANSWERS, OPERATES, ADMINISTERS = ACTIONS[:3], ACTIONS[3:6], ACTIONS[6:]


def session(world: World, name: str) -> tuple[TestClient, str]:
    secret = world.token(name, kind="session")
    return world.client(**{COOKIE: secret}), csrf_of(secret)
