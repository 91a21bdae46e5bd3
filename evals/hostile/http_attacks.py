"""What is tried over HTTP by whoever may not: forged, late, replayed, raced and without a role.

Each is played often, with details drawn by chance. It says how many effects it had that nobody was
entitled to; a server's refusal alone proves nothing.
"""

import string
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Literal

from fastapi.testclient import TestClient

from channels.access import accounts
from channels.http.who import COOKIE, CSRF_HEADER, csrf_of
from evals.hostile.http_scene import ASKED, INCIDENT, Effects, World, by, stored_digest
from twin.nouns.account import Account, Identity, Token

Family = Literal["forged", "late", "replayed", "raced", "role-less"]
Do = Callable[[World, Random], int]


@dataclass(frozen=True)
class Attack:
    """`do`: how many effects it had that it may not have. `held_by`: the controls that refuse it,
    each beneath the one before; none where it is what the journal is: one answer a person, in the
    order in which they come.

    `alters`: it changes something honestly first, so that it needs a copy of its own.
    """

    name: str
    family: Family
    do: Do
    held_by: tuple[str, ...] = ()
    alters: bool = False


def _changed(before: Effects, after: Effects) -> int:
    """Rows that came or went, in every table that people change."""
    return sum(len(before[name] ^ after[name]) for name in before)


def _unheard(send: Callable[[World, Random], object]) -> Do:
    """What is sent has no effect at all."""

    def do(world: World, random: Random) -> int:
        before = world.effects()
        send(world, random)
        return _changed(before, world.effects())

    return do


def _noise(random: Random, length: int = 43) -> str:
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

_ANSWERS, _OPERATES, _ADMINISTERS = ACTIONS[:3], ACTIONS[3:6], ACTIONS[6:]


def _any_with(secret: Callable[[World, Random], str]) -> Do:
    """Any action, with a secret that is none."""

    def send(world: World, random: Random) -> None:
        method, path, body = random.choice(ACTIONS)
        client = world.client(secret(world, random))
        world.send(method, path, client, body)

    return _unheard(send)


def _altered(world: World, random: Random) -> str:
    secret = world.token("ann")
    place = random.randrange(len(secret))
    other = random.choice([c for c in string.ascii_letters if c != secret[place]])
    return secret[:place] + other + secret[place + 1 :]


def _session(world: World, name: str) -> tuple[TestClient, str]:
    secret = world.token(name, kind="session")
    return world.client(**{COOKIE: secret}), csrf_of(secret)


def _tokens_aside(send: Callable[[World, Random], object]) -> Do:
    """As `_unheard`, but for the honest tokens that were given out for it."""

    def do(world: World, random: Random) -> int:
        before = world.effects()
        send(world, random)
        after = world.effects()
        return _changed({**before, "tokens": after["tokens"]}, after)

    return do


def _cookie_alone(world: World, random: Random) -> None:
    client, _ = _session(world, "ada")
    method, path, body = random.choice(ACTIONS)
    headers = random.choice([{}, {CSRF_HEADER: _noise(random)}, {CSRF_HEADER: "null"}])
    world.send(method, path, client, body, **headers)


def _csrf_of_another(world: World, random: Random) -> None:
    client, _ = _session(world, "ada")
    _, other = _session(world, random.choice(["vic", "ann"]))
    method, path, body = random.choice(ACTIONS)
    world.send(method, path, client, body, **{CSRF_HEADER: other})


def _from_another_site(world: World, random: Random) -> None:
    client, csrf = _session(world, "ada")
    method, path, body = random.choice(ACTIONS)
    foreign = random.choice(
        [
            {"Origin": f"https://{_noise(random, 8)}.example"},
            {"Origin": "null"},
            {"Origin": "https://127.0.0.1.evil.example"},
            {"Sec-Fetch-Site": "cross-site"},
            {"Sec-Fetch-Site": "same-site"},
        ]
    )
    world.send(method, path, client, body, **{CSRF_HEADER: csrf, **foreign})


def _rebound(world: World, random: Random) -> None:
    client, csrf = _session(world, "ada")
    method, path, body = random.choice(ACTIONS)
    host = random.choice([f"{_noise(random, 8)}.example", "169.254.169.254", "localhost.evil"])
    world.send(method, path, client, body, **{CSRF_HEADER: csrf, "Host": host})


def _says_to_be(world: World, random: Random) -> None:
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


def _role_written(world: World, random: Random) -> None:
    """The role stands in the file, which whoever writes it cannot seal."""
    who = random.choice(["vic", "olga"])
    client = world.client(world.token(who))
    admin = Account(id=who, name=who, role=random.choice(["approver", "admin"]))
    body = admin.model_dump_json()
    world.write("UPDATE accounts SET body = ? WHERE id = ?", body, who)
    world.approve(client)


def _token_written(world: World, random: Random) -> None:
    secret, now_s = f"noctua_{_noise(random)}", time.time()
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


def _answers_alone(send: Callable[[World, Random], object]) -> Do:
    """What is sent adds no answer, whatever was written past the journal for it."""

    def do(world: World, random: Random) -> int:
        before = world.effects()["answers"]
        send(world, random)
        return len(before ^ world.effects()["answers"])

    return do


def _other_hash(world: World, random: Random) -> None:
    client = world.client(world.token("ann"))
    world.approve(client, {"plan_hash": "".join(random.choices("0123456789abcdef", k=64))})


def _unasked_override(world: World, random: Random) -> None:
    entry = random.choice(["freeze:x", "window:nights", "blast:max_devices", "planned_work:PW-1"])
    client = world.client(world.token("ann"))
    world.approve(client, {"overrides": [entry], "reason": "x"})


# Late


def _run_out(world: World, random: Random) -> None:
    secret = world.token("ann", for_s=-random.uniform(0.001, 1e6))
    method, path, body = random.choice(_ANSWERS + _OPERATES)
    world.send(method, path, world.client(secret), body)


def _signed_out(world: World, random: Random) -> None:
    client, csrf = _session(world, "ann")
    world.send("DELETE", "/session", client, **{CSRF_HEADER: csrf})
    method, path, body = random.choice(_ANSWERS + _OPERATES)
    world.send(method, path, client, body, **{CSRF_HEADER: csrf})


def _account_over(change: Callable[[World], object]) -> Do:
    """Ann signs in, something is done to the account, and then she answers."""

    def send(world: World, random: Random) -> None:
        client = world.client(world.token("ann"))
        change(world)
        method, path, body = random.choice(_ANSWERS)
        world.send(method, path, client, body)

    return _answers_alone(send)


def _too_late(world: World, random: Random) -> None:
    world.scene.wait(1800.0 + random.uniform(1.0, 1e5))
    for name in ("ann", "ben"):
        world.approve(world.client(world.token(name)))


def _recorded_as_late(world: World, random: Random) -> None:
    """It is on record that nobody answered; the clock says otherwise."""
    with world.scene.journal() as journal:
        journal.expire_request(ASKED, world.scene.now_s() + 1800.0 + random.uniform(0, 1e4))
    for name in ("ann", "ben"):
        world.approve(world.client(world.token(name)))


def _delegation_over(world: World, random: Random) -> None:
    now_s, ends_s = time.time(), time.time() + random.uniform(60, 1e5)
    made = accounts.delegate(world.scene.state, by("ben"), "olga", now_s - 10, ends_s, "on leave")
    accounts.end_delegation(world.scene.state, by("ben"), made.id)
    world.approve(world.client(world.token("olga")), {"on_behalf_of": "ben"})


# Replayed and raced


def _again(world: World, random: Random) -> int:
    """One person's approval is sent again, through other sign-ins and as a rejection."""
    clients = [world.client(world.token("ann")) for _ in range(2)]
    world.approve(clients[0])
    for _ in range(random.randint(1, 4)):
        body = {"reason": _noise(random, 5)}
        world.approve(random.choice(clients), body)
    return len(world.answered_by()) - 1


def _over_again(world: World, random: Random) -> int:
    """After a rejection, both approve, and the one who rejected thinks better of it."""
    world.send("POST", f"/plans/{ASKED}/reject", world.client(world.token("ann")), {})
    for name in random.sample(["ann", "ben", "ada"], 3):
        world.approve(world.client(world.token(name)))
    return len(world.answered_by()) - 1


def _both_by_delegation(world: World, random: Random) -> int:
    """Two answers of which one is in the other's place: one person, not two."""
    now_s = time.time()
    accounts.delegate(world.scene.state, by("ben"), "olga", now_s - 10, now_s + 3600, "leave")
    sent = [("olga", {"on_behalf_of": "ben"}), ("ben", {})]
    for name, body in random.sample(sent, 2):
        world.approve(world.client(world.token(name)), body)
    return len(world.answered_by()) - 1


def _at_once(*names: str) -> Callable[[World, Random], int]:
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


# Without a role


def _without_role(names: Sequence[str], actions: Sequence[tuple[str, str, object]]) -> Do:
    def send(world: World, random: Random) -> None:
        method, path, body = random.choice(actions)
        world.send(method, path, world.client(world.token(random.choice(names))), body)

    return _tokens_aside(send)


def _narrow_token(world: World, random: Random) -> None:
    secret = world.token("ada", "read")
    method, path, body = random.choice(ACTIONS)
    world.send(method, path, world.client(secret), body)


_ROLE = ("permission", "entitled")

ATTACKS: Sequence[Attack] = (
    Attack("a secret made up", "forged", _any_with(lambda _, r: f"noctua_{_noise(r)}"), ("token",)),
    Attack(
        "an account named in place of a secret",
        "forged",
        _any_with(lambda _, r: f"noctua_{r.choice(['ann', 'ada', 'ben'])}"),
        ("token",),
    ),
    Attack(
        "a secret with a letter changed",
        "forged",
        _tokens_aside(lambda w, r: _any_with(_altered)(w, r)),
        ("token",),
    ),
    Attack(
        "the digest that is stored, as a secret",
        "forged",
        _tokens_aside(lambda w, r: _any_with(lambda w, _: stored_digest(w.token("ann")))(w, r)),
        ("token",),
    ),
    Attack(
        "words in place of a secret",
        "forged",
        _any_with(
            lambda _, r: r.choice(["null", "undefined", "' OR 1=1 --", "%", "noctua_", "Bearer"])
        ),
        ("token",),
    ),
    Attack("a session's cookie alone", "forged", _tokens_aside(_cookie_alone), ("csrf",)),
    Attack(
        "a cookie with another's second secret",
        "forged",
        _tokens_aside(_csrf_of_another),
        ("csrf",),
    ),
    Attack("a page of another site", "forged", _tokens_aside(_from_another_site), ("origin",)),
    Attack("a name that was bound anew", "forged", _tokens_aside(_rebound), ("host",)),
    Attack("who it is, in body and headers", "forged", _tokens_aside(_says_to_be), _ROLE),
    Attack(
        "a role written into the file",
        "forged",
        _answers_alone(_role_written),
        ("sealed",),
        alters=True,
    ),
    Attack(
        "a token written into the file",
        "forged",
        _answers_alone(_token_written),
        ("sealed",),
        alters=True,
    ),
    Attack("another plan's hash", "forged", _tokens_aside(_other_hash)),
    Attack(
        "an override that nothing asked for",
        "forged",
        _tokens_aside(_unasked_override),
        ("refusals",),
    ),
    Attack("a token that has run out", "late", _tokens_aside(_run_out), ("token",)),
    Attack("a session that was signed out", "late", _tokens_aside(_signed_out), ("token",)),
    Attack(
        "an account that has ended",
        "late",
        _account_over(lambda w: accounts.end_account(w.scene.state, by("ada"), "ann")),
        ("token",),
        alters=True,
    ),
    Attack(
        "an account with another role by now",
        "late",
        _account_over(
            lambda w: accounts.change_account(w.scene.state, by("ada"), "ann", role="viewer")
        ),
        _ROLE,
        alters=True,
    ),
    Attack(
        "an answer that is too late", "late", _answers_alone(_too_late), ("refusals",), alters=True
    ),
    Attack(
        "an answer after it is on record as late",
        "late",
        _answers_alone(_recorded_as_late),
        ("refusals",),
        alters=True,
    ),
    Attack(
        "a delegation that was ended",
        "late",
        _answers_alone(_delegation_over),
        ("entitled",),
        alters=True,
    ),
    Attack("one person's approval again", "replayed", _again, alters=True),
    Attack("approvals after a rejection", "replayed", _over_again, alters=True),
    Attack("two of whom one is the other", "replayed", _both_by_delegation, alters=True),
    Attack("one person three times at once", "raced", _at_once("ann"), alters=True),
    Attack("three people three times at once", "raced", _at_once("ann", "ben", "ada"), alters=True),
    Attack(
        "an answer without the role", "role-less", _without_role(("olga", "vic"), _ANSWERS), _ROLE
    ),
    Attack(
        "work without the role", "role-less", _without_role(("vic",), _OPERATES), ("permission",)
    ),
    Attack(
        "accounts without the role",
        "role-less",
        _without_role(("vic", "olga", "ben"), _ADMINISTERS),
        _ROLE,
    ),
    Attack(
        "a token that may only read", "role-less", _tokens_aside(_narrow_token), ("permission",)
    ),
)
