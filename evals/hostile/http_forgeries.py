"""What is forged: secrets, cookies, sites, names, and rows of the journal's file."""

import string
import time
from collections.abc import Callable
from random import Random

from channels.http.who import CSRF_HEADER
from evals.hostile.http_effects import ACTIONS, Do, noise, session, unheard
from evals.hostile.http_scene import ASKED, World, stored_digest
from twin.nouns.account import Account, Identity, Token


def any_with(secret: Callable[[World, Random], str]) -> Do:
    """Any action, with a secret that is none."""

    def send(world: World, random: Random) -> None:
        method, path, body = random.choice(ACTIONS)
        client = world.client(secret(world, random))
        world.send(method, path, client, body)

    return unheard(send)


def altered(world: World, random: Random) -> str:
    secret = world.token("ann")
    place = random.randrange(len(secret))
    other = random.choice([c for c in string.ascii_letters if c != secret[place]])
    return secret[:place] + other + secret[place + 1 :]


def cookie_alone(world: World, random: Random) -> None:
    client, _ = session(world, "ada")
    method, path, body = random.choice(ACTIONS)
    headers = random.choice([{}, {CSRF_HEADER: noise(random)}, {CSRF_HEADER: "null"}])
    world.send(method, path, client, body, **headers)


def csrf_of_another(world: World, random: Random) -> None:
    client, _ = session(world, "ada")
    _, other = session(world, random.choice(["vic", "ann"]))
    method, path, body = random.choice(ACTIONS)
    world.send(method, path, client, body, **{CSRF_HEADER: other})


def from_another_site(world: World, random: Random) -> None:
    client, csrf = session(world, "ada")
    method, path, body = random.choice(ACTIONS)
    foreign = random.choice(
        [
            {"Origin": f"https://{noise(random, 8)}.example"},
            {"Origin": "null"},
            {"Origin": "https://127.0.0.1.evil.example"},
            {"Sec-Fetch-Site": "cross-site"},
            {"Sec-Fetch-Site": "same-site"},
        ]
    )
    world.send(method, path, client, body, **{CSRF_HEADER: csrf, **foreign})


def rebound(world: World, random: Random) -> None:
    client, csrf = session(world, "ada")
    method, path, body = random.choice(ACTIONS)
    host = random.choice([f"{noise(random, 8)}.example", "169.254.169.254", "localhost.evil"])
    world.send(method, path, client, body, **{CSRF_HEADER: csrf, "Host": host})


def says_to_be(world: World, random: Random) -> None:
    """Who it is stands in the body, in headers of proxies, or in the address."""
    client = world.client(world.token("vic"))
    headers = random.choice(
        [
            {},
            {"X-Forwarded-User": "ann"},
            {"X-Remote-User": "ada", "X-Forwarded-For": "127.0.0.1"},
            {"X-Original-URL": f"/plans/{ASKED}/approve"},
            {"X-HTTP-Method-Override": "POST"},
        ]
    )
    body = random.choice(
        [
            {},
            {"by": {"name": "ann", "provider": "local", "account": "ann", "role": "approver"}},
            {"on_behalf_of": random.choice(["ann", "ben", "ada", "vic", ""])},
            {"role": "admin"},
        ]
    )
    world.approve(client, body, **headers)
    client.post(f"/plans/{ASKED}/approve?by=ann&role=admin", json={})


def role_written(world: World, random: Random) -> None:
    """The role stands in the file, which whoever writes it cannot seal."""
    who = random.choice(["vic", "olga"])
    client = world.client(world.token(who))
    admin = Account(id=who, name=who, role=random.choice(["approver", "admin"]))
    body = admin.model_dump_json()
    world.write("UPDATE accounts SET body = ? WHERE id = ?", body, who)
    world.approve(client)


def token_written(world: World, random: Random) -> None:
    secret, now_s = f"noctua_{noise(random)}", time.time()
    token = Token(
        digest=stored_digest(secret),
        account="ann",
        identity=Identity(provider="local", subject="ann"),
        kind="api",
        label="x",
        scopes=frozenset({"read", "approve"}),
        made_wall_s=now_s,
        expires_wall_s=now_s + 3600,
    )
    row = (token.digest, "ann", token.expires_wall_s, token.model_dump_json())
    world.write("INSERT INTO tokens VALUES (?, ?, ?, ?)", *row)
    world.approve(world.client(secret))


def other_hash(world: World, random: Random) -> None:
    client = world.client(world.token("ann"))
    world.approve(client, {"plan_hash": "".join(random.choices("0123456789abcdef", k=64))})


def unasked_override(world: World, random: Random) -> None:
    entry = random.choice(["freeze:x", "window:nights", "blast:max_devices", "planned_work:PW-1"])
    client = world.client(world.token("ann"))
    world.approve(client, {"overrides": [entry], "reason": "x"})
