"""What comes too late, comes again, comes at once with others, or comes without a role."""

import threading
import time
from collections.abc import Callable, Sequence
from random import Random

from fastapi.testclient import TestClient

from channels.access import accounts
from channels.http.who import CSRF_HEADER
from evals.hostile.http_effects import (
    ACTIONS,
    ANSWERS,
    OPERATES,
    Do,
    answers_alone,
    changed,
    noise,
    session,
)
from evals.hostile.http_scene import ASKED, World, by


def run_out(world: World, random: Random) -> None:
    secret = world.token("ann", for_s=-random.uniform(0.001, 1e6))
    method, path, body = random.choice(ANSWERS + OPERATES)
    world.send(method, path, world.client(secret), body)


def signed_out(world: World, random: Random) -> None:
    client, csrf = session(world, "ann")
    world.send("DELETE", "/session", client, **{CSRF_HEADER: csrf})
    method, path, body = random.choice(ANSWERS + OPERATES)
    world.send(method, path, client, body, **{CSRF_HEADER: csrf})


def account_over(change: Callable[[World], object]) -> Do:
    """Ann signs in, something is done to the account, and then she answers."""

    def send(world: World, random: Random) -> None:
        client = world.client(world.token("ann"))
        change(world)
        method, path, body = random.choice(ANSWERS)
        world.send(method, path, client, body)

    return answers_alone(send)


def too_late(world: World, random: Random) -> None:
    world.scene.wait(1800.0 + random.uniform(1.0, 1e5))
    for name in ("ann", "ben"):
        world.approve(world.client(world.token(name)))


def recorded_as_late(world: World, random: Random) -> None:
    """It is on record that nobody answered; the clock says otherwise."""
    with world.scene.journal() as journal:
        journal.expire_request(ASKED, world.scene.now_s() + 1800.0 + random.uniform(0, 1e4))
    for name in ("ann", "ben"):
        world.approve(world.client(world.token(name)))


def delegation_over(world: World, random: Random) -> None:
    now_s, ends_s = time.time(), time.time() + random.uniform(60, 1e5)
    made = accounts.delegate(world.scene.state, by("ben"), "olga", now_s - 10, ends_s, "on leave")
    accounts.end_delegation(world.scene.state, by("ben"), made.id)
    world.approve(world.client(world.token("olga")), {"on_behalf_of": "ben"})


def again(world: World, random: Random) -> int:
    """One person's approval is sent again, through other sign-ins and as a rejection."""
    clients = [world.client(world.token("ann")) for _ in range(2)]
    world.approve(clients[0])
    for _ in range(random.randint(1, 4)):
        body = {"reason": noise(random, 5)}
        world.approve(random.choice(clients), body)
    return len(world.answered_by()) - 1


def over_again(world: World, random: Random) -> int:
    """After a rejection, both approve, and the one who rejected thinks better of it."""
    world.send("POST", f"/plans/{ASKED}/reject", world.client(world.token("ann")), {})
    for name in random.sample(["ann", "ben", "ada"], 3):
        world.approve(world.client(world.token(name)))
    return len(world.answered_by()) - 1


def both_by_delegation(world: World, random: Random) -> int:
    """Two answers of which one is in the other's place: one person, not two."""
    now_s = time.time()
    accounts.delegate(world.scene.state, by("ben"), "olga", now_s - 10, now_s + 3600, "leave")
    sent = [("olga", {"on_behalf_of": "ben"}), ("ben", {})]
    for name, body in random.sample(sent, 2):
        world.approve(world.client(world.token(name)), body)
    return len(world.answered_by()) - 1


def at_once(*names: str) -> Callable[[World, Random], int]:
    def do(world: World, random: Random) -> int:
        clients = [world.client(world.token(name)) for name in names for _ in range(3)]
        random.shuffle(clients)
        start = threading.Barrier(len(clients))

        def click(client: TestClient) -> None:
            start.wait()
            world.approve(client)

        threads = [threading.Thread(target=click, args=(client,)) for client in clients]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        stand = world.answered_by()
        due = min(len(set(names)), 2)
        return len(stand) - len(set(stand)) + max(0, len(stand) - due)

    return do


def without_role(names: Sequence[str], actions: Sequence[tuple[str, str, object]]) -> Do:
    """Somebody with a lesser role does what takes another."""

    def do(world: World, random: Random) -> int:
        return _sent_with(world, world.token(random.choice(names)), random.choice(actions))

    return do


def narrow_token(world: World, random: Random) -> int:
    """An admin's token that may only read does what an admin may."""
    return _sent_with(world, world.token("ada", "read"), random.choice(ACTIONS))


def _sent_with(world: World, secret: str, action: tuple[str, str, object]) -> int:
    method, path, body = action
    before = world.effects()
    world.send(method, path, world.client(secret), body)
    return changed(before, world.effects())
