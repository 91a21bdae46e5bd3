"""A plan that waits for two people, served over HTTP, and people with accounts who may or may not.

What somebody has brought about is read from the journal's rows, whatever the server said of it.
"""

import shutil
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from functools import reduce
from pathlib import Path
from unittest.mock import patch

from fastapi import FastAPI
from fastapi.testclient import TestClient

from channels.access import accounts
from channels.access.sign_in import digest_of, issue_token, local_identity
from channels.http.app import create_app
from channels.http.controls import EVERY_CONTROL, HttpControls
from channels.http.settings import Limits, ServeSettings
from evals.hostile.journal_scene import ASKED, INCIDENT, NETWORK, Scene, build
from tools.journal import approval_rows
from tools.journal.account_rows import AccountRows
from twin.nouns.account import Permission, Role, TokenKind
from twin.nouns.principal import OS_USER, Principal

BASE = "http://127.0.0.1"
PASSWORD = "four herons on the weir"

PEOPLE: Mapping[str, Role] = {
    "ada": "admin",
    "ann": "approver",
    "ben": "approver",
    "olga": "operator",
    "vic": "viewer",
    "zed": "approver",
}
"""Zed's account has ended."""

WATCHED = (
    "answers", "acknowledgements", "timeline", "accounts", "identities", "tokens", "delegations",
    "quarantine", "work", "risks",
)  # fmt: skip
"""Tables that people change."""

JOURNALS_OWN: Mapping[str, tuple[object, str, Callable[..., object]]] = {
    "entitled": (AccountRows, "objection", lambda *_: ""),
    "sealed": (AccountRows, "_require_seal", lambda *_: None),
    "refusals": (approval_rows, "_refusal", lambda *_: None),
}
"""Controls of the journal, beneath those of HTTP, and what stands in place of one that is off."""

UNHURRIED = ServeSettings(limits=Limits(requests=1_000_000_000, sign_ins=1_000_000_000))
"""Attempts come from one address here; that they come too often would hide what refuses them."""

Effects = Mapping[str, frozenset[tuple[object, ...]]]


def by(name: str) -> Principal:
    """Who it is, as the command line would say."""
    return Principal(name=name, provider=OS_USER, account=name, role=PEOPLE[name])


@dataclass(frozen=True)
class World:
    """One state directory and its server. `off`: the controls that are not there."""

    scene: Scene
    off: tuple[str, ...] = ()
    settings: ServeSettings = UNHURRIED
    _apps: list[FastAPI] = field(default_factory=list)

    @property
    def app(self) -> FastAPI:
        """The application, the same at each call."""
        if not self._apps:
            over_http = (name for name in self.off if name not in JOURNALS_OWN)
            controls = reduce(HttpControls.without, over_http, EVERY_CONTROL)
            app = create_app(self.scene.state, settings=self.settings, controls=controls)
            self._apps.append(app)
        return self._apps[0]

    def copy(self, folder: Path) -> "World":
        """Another one in the same state."""
        return World(self.scene.copy(folder), self.off, self.settings)

    def client(self, secret: str = "", **cookies: str) -> TestClient:
        """What sends `secret` as a token, and cookies as a browser."""
        headers = {"Authorization": f"Bearer {secret}"} if secret else {}
        client = TestClient(self.app, BASE, headers=headers, raise_server_exceptions=False)
        client.cookies.update(cookies)
        return client

    def send(
        self, method: str, path: str, client: TestClient, body: object = None, **headers: str
    ) -> int:
        """The status of one request, without the controls that are off."""
        with self._without():
            return client.request(method, path, json=body, headers=headers).status_code

    def approve(self, client: TestClient, body: object = None, **headers: str) -> int:
        """An approval of the plan that waits; the status."""
        path = f"/plans/{ASKED}/approve"
        return self.send("POST", path, client, body or {}, **headers)

    def token(
        self,
        name: str,
        *scopes: Permission,
        kind: TokenKind = "api",
        for_s: float = 3600.0,
    ) -> str:
        """A secret that was honestly given out."""
        with self.scene.journal() as journal:
            account = journal.account(name)
            assert account is not None
            given: tuple[Permission, ...] = scopes or ("read", "operate", "approve", "administer")
            identity = local_identity(account)
            return issue_token(
                journal, account, identity, kind=kind, label="x", for_s=for_s, scopes=given
            )

    def effects(self) -> Effects:
        """What stands in the tables that people change."""
        with closing(sqlite3.connect(self.scene.state.journal_file)) as file:
            rows = {name: file.execute(f"SELECT * FROM {name}").fetchall() for name in WATCHED}
        return {name: frozenset(found) for name, found in rows.items()}

    def answered_by(self) -> list[str]:
        """Whose answers stand."""
        with closing(sqlite3.connect(self.scene.state.journal_file)) as file:
            query = "SELECT answered_by FROM answers WHERE plan_id = ? ORDER BY position"
            return [str(row[0]) for row in file.execute(query, (ASKED,))]

    def write(self, statement: str, *values: object) -> None:
        """Somebody writes into the journal's file, who has not the key."""
        with closing(self.scene.hands()) as file:
            file.execute(statement, values)
        self.scene.put_guards_back()

    @contextmanager
    def _without(self) -> Iterator[None]:
        """The journal without the controls of its own that are off."""
        with ExitStack() as patches:
            for name in self.off:
                if name in JOURNALS_OWN:
                    where, what, instead = JOURNALS_OWN[name]
                    patches.enter_context(patch.object(where, what, instead))
            yield


def build_world(folder: Path) -> World:
    """The plan waits, and everybody has an account; ann has a password, and zed's has ended."""
    world = World(build(folder))
    state = world.scene.state
    made_by = Principal(name="root", provider=OS_USER)
    for name, role in PEOPLE.items():
        password = PASSWORD if name == "ann" else None
        accounts.add_account(state, made_by, name, role, password=password)
        made_by = by("ada")
    accounts.end_account(state, by("ada"), "zed")
    return world


def stored_digest(secret: str) -> str:
    """What a thief of the journal reads in place of a secret."""
    return digest_of(secret)


def removed(folder: Path) -> None:
    """Take a copy away again."""
    shutil.rmtree(folder, ignore_errors=True)


__all__ = ["ASKED", "INCIDENT", "NETWORK"]
