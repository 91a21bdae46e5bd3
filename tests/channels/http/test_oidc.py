"""Signing in with an identity provider: a process that keeps to the protocol, and then lies."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi.testclient import TestClient

from channels.access import accounts
from channels.http.app import create_app
from channels.http.settings import OidcProvider, ServeSettings
from graphs.state_directory import StateDirectory
from tests.channels.conftest import PLAN
from tests.channels.http.conftest import BASE
from tests.channels.http.oidc_provider import CLIENT
from twin.nouns.account import Identity
from twin.nouns.principal import OS_USER, Principal

ADA = Principal(name="ada", provider=OS_USER, account="ada", role="admin")
GROUPS = {"noc": "operator", "leads": "approver"}


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    """A provider that is up for these tests."""
    command = [sys.executable, "-m", "tests.channels.http.oidc_provider"]
    root = Path(__file__).resolve().parents[3]
    with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


@pytest.fixture
def honest(issuer: str) -> str:
    """The provider, which lies no more, and of whom erin signs in."""
    httpx2.post(f"{issuer}/lie/honest")
    httpx2.post(f"{issuer}/claims", json={"sub": "u-1", "name": "Erin Doe", "groups": ["noc"]})
    return issuer


def _client(directory: StateDirectory, issuer: str, **fields: Any) -> TestClient:
    known = {"roles_claim": "groups", "roles": GROUPS} | fields
    provider = OidcProvider.model_validate(
        {"id": "corp", "issuer": issuer, "client_id": CLIENT, **known}
    )
    app = create_app(directory, settings=ServeSettings(oidc=(provider,)))
    return TestClient(app, BASE, follow_redirects=False, raise_server_exceptions=False)


def _back_from(client: TestClient, provider: str = "corp") -> str:
    """The address with which the provider sends the browser back."""
    begun = client.get(f"/session/oidc/{provider}")
    assert begun.status_code == 302, begun.text
    assert "code_challenge=" in begun.headers["location"]
    sent = httpx2.get(begun.headers["location"], follow_redirects=False)
    return sent.headers["location"]


def _sign_in(client: TestClient) -> tuple[int, str]:
    answer = client.get(_back_from(client))
    return answer.status_code, answer.text


def _me(client: TestClient) -> dict[str, Any]:
    found: dict[str, Any] = client.get("/session").json()["principal"]
    return found


def test_claim_gives_a_role_and_the_identity_is_issuer_and_subject(
    directory: StateDirectory, honest: str
) -> None:
    client = _client(directory, honest)
    assert _sign_in(client)[0] == 303
    me = _me(client)
    assert (me["name"], me["role"]) == ("Erin Doe", "operator")
    assert (me["provider"], me["subject"]) == (honest, "u-1")


def test_role_follows_the_claim_at_each_sign_in_and_a_rename_is_nobody_else(
    directory: StateDirectory, honest: str
) -> None:
    client = _client(directory, honest)
    _sign_in(client)
    before = _me(client)
    renamed = {"sub": "u-1", "name": "Erin Smith", "groups": ["leads", "noc"]}
    httpx2.post(f"{honest}/claims", json=renamed)
    _sign_in(client)
    after = _me(client)
    assert (after["name"], after["role"]) == ("Erin Smith", "approver")
    assert after["account"] == before["account"]


def test_approval_is_of_the_providers_identity(directory: StateDirectory, honest: str) -> None:
    httpx2.post(f"{honest}/claims", json={"sub": "u-7", "name": "Max", "groups": ["leads"]})
    client = _client(directory, honest)
    _sign_in(client)
    csrf = {"X-CSRF-Token": client.get("/session").json()["csrf_token"]}
    answer = client.post(f"/plans/{PLAN}/approve", json={}, headers=csrf)
    by = answer.json()["answer"]["standing"]["by"]
    assert (by["provider"], by["subject"], by["role"], by["channel"]) == (
        honest,
        "u-7",
        "approver",
        "http",
    )


def test_account_that_an_admin_made_keeps_its_role(directory: StateDirectory, honest: str) -> None:
    own = Identity(provider=honest, subject="u-1")
    accounts.add_account(directory, ADA, "erin", "viewer", identities=(own,))
    httpx2.post(f"{honest}/claims", json={"sub": "u-1", "groups": ["leads"]})
    client = _client(directory, honest)
    _sign_in(client)
    assert (_me(client)["account"], _me(client)["role"]) == ("erin", "viewer")


def test_who_has_neither_account_nor_group_is_nobody(
    directory: StateDirectory, honest: str
) -> None:
    for claims in ({"sub": "x"}, {"sub": "x", "groups": ["others"]}, {"sub": "x", "groups": 7}):
        httpx2.post(f"{honest}/claims", json=claims)
        status, told = _sign_in(_client(directory, honest))
        assert (status, "is nobody here" in told) == (401, True)


def test_ended_account_does_not_come_back_by_its_group(
    directory: StateDirectory, honest: str
) -> None:
    client = _client(directory, honest)
    _sign_in(client)
    accounts.end_account(directory, ADA, _me(client)["account"])
    assert client.get("/session").status_code == 401
    assert _sign_in(client)[0] == 401


@pytest.mark.parametrize(
    "lie",
    [
        "issuer", "audience", "two_audiences", "nonce", "no_nonce", "expired", "no_expiry",
        "not_yet", "none", "hs256", "foreign_key", "tampered", "no_subject", "no_id_token",
    ],
)  # fmt: skip
def test_provider_that_lies_signs_nobody_in(
    directory: StateDirectory, honest: str, lie: str
) -> None:
    httpx2.post(f"{honest}/lie/{lie}")
    client = _client(directory, honest)
    status, told = _sign_in(client)
    assert status == 401, told
    assert client.get("/session").status_code == 401


def test_metadata_of_another_issuer_are_not_believed(
    directory: StateDirectory, honest: str
) -> None:
    httpx2.post(f"{honest}/lie/metadata")
    assert _client(directory, honest).get("/session/oidc/corp").status_code == 503


def test_rotated_key_is_looked_up_anew(directory: StateDirectory, honest: str) -> None:
    client = _client(directory, honest)
    assert _sign_in(client)[0] == 303
    httpx2.post(f"{honest}/rotate")
    assert _sign_in(client)[0] == 303


def test_callback_is_good_once_in_the_browser_that_began(
    directory: StateDirectory, honest: str
) -> None:
    client = _client(directory, honest)
    thief = TestClient(client.app, BASE, follow_redirects=False)
    assert thief.get(_back_from(client)).status_code == 401
    address = _back_from(client)
    kept = dict(client.cookies)
    assert client.get(address).status_code == 303
    client.cookies.update(kept)
    assert client.get(address).status_code == 401


@pytest.mark.parametrize("query", ["", "?code=x", "?state=x", "?code=x&state=y", "?error=no"])
def test_callback_that_nobody_began_signs_nobody_in(
    directory: StateDirectory, honest: str, query: str
) -> None:
    answer = _client(directory, honest).get(f"/session/oidc/corp/callback{query}")
    assert answer.status_code == 401


def test_unknown_provider_is_named_with_those_that_are_set(
    directory: StateDirectory, honest: str
) -> None:
    answer = _client(directory, honest).get("/session/oidc/another")
    assert (answer.status_code, "set are corp" in answer.json()["detail"]) == (400, True)


def test_provider_that_is_down_is_no_defect(directory: StateDirectory) -> None:
    answer = _client(directory, "http://127.0.0.1:9").get("/session/oidc/corp")
    assert answer.status_code == 503


def test_provider_without_https_is_refused_but_on_this_machine() -> None:
    for issuer in ("http://idp.example", "ftp://idp.example", "https://u:p@idp.example", "x"):
        with pytest.raises(ValueError, match="https"):
            OidcProvider(id="corp", issuer=issuer, client_id="x")
