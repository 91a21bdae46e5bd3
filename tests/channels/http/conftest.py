"""The real incident of `tests/channels`, with people who have accounts, served over HTTP."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from channels.access import accounts
from channels.http.app import create_app
from channels.http.controls import EVERY_CONTROL, HttpControls
from channels.http.settings import ServeSettings
from graphs.state_directory import StateDirectory
from tests.made_once import made_once
from twin.nouns.account import Role
from twin.nouns.principal import OS_USER, Principal

ROOT = Principal(name="root", provider=OS_USER)
PASSWORD = "the sea at four in the morning"
BASE = "http://127.0.0.1"

PEOPLE: dict[str, Role] = {
    "ada": "admin",
    "ann": "approver",
    "ben": "approver",
    "olga": "operator",
    "vic": "viewer",
}


@pytest.fixture(scope="session")
def peopled(played: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state directory in which a plan waits, and people have accounts; ann has a password."""
    return made_once(tmp_path_factory, "served", lambda path: _people(played, path))


def _people(played: Path, path: Path) -> None:
    shutil.copytree(played, path, dirs_exist_ok=True)
    state = StateDirectory(path)
    by = ROOT
    for name, role in PEOPLE.items():
        password = PASSWORD if name == "ann" else None
        accounts.add_account(state, by, name, role, password=password)
        by = Principal(name="ada", provider=OS_USER, account="ada", role="admin")


@pytest.fixture
def directory(peopled: Path, tmp_path: Path) -> StateDirectory:
    """A copy of its own."""
    return StateDirectory(Path(shutil.copytree(peopled, tmp_path / "state")))


Serve = Callable[..., TestClient]


@pytest.fixture
def serve(directory: StateDirectory) -> Serve:
    """Serves the directory: to nobody, or to the one that is named."""

    def client(
        name: str = "",
        *,
        settings: ServeSettings | None = None,
        controls: HttpControls = EVERY_CONTROL,
        scopes: tuple[str, ...] = (),
    ) -> TestClient:
        app = create_app(directory, settings=settings, controls=controls)
        headers = {"Authorization": f"Bearer {token_of(directory, name, *scopes)}"} if name else {}
        return TestClient(app, BASE, headers=headers, raise_server_exceptions=False)

    return client


def token_of(directory: StateDirectory, name: str, *scopes: str) -> str:
    """A token of that account's own."""
    by = Principal(name=name, provider=OS_USER, account=name, role=PEOPLE.get(name, "viewer"))
    return accounts.make_token(directory, by, name, "a test", scopes, 3600.0).secret  # type: ignore[arg-type]
