"""The application over a state directory: health, and how errors are told."""

from pathlib import Path

from fastapi import APIRouter
from fastapi.testclient import TestClient

from channels.http.app import ROUTERS, create_app
from channels.http.settings import OidcProvider, ServeSettings
from graphs.state_directory import StateDirectory
from twin.errors import BadInput, Refused


def test_health_is_told_without_a_journal(tmp_path: Path) -> None:
    answer = TestClient(create_app(StateDirectory(tmp_path)), base_url="http://127.0.0.1").get(
        "/health"
    )
    assert (answer.status_code, answer.json()) == (
        200,
        {"status": "ok", "journal": False, "chats": {}},
    )


def test_address_itself_names_where_things_are(tmp_path: Path) -> None:
    settings = ServeSettings(
        oidc=(OidcProvider(id="corp", issuer="https://idp.example", client_id="noctua"),)
    )
    app = create_app(StateDirectory(tmp_path), settings=settings)
    told = TestClient(app, base_url="http://127.0.0.1").get("/").json()
    assert told["sign_in"] == ["/session", "/session/oidc/corp"]
    assert {told["document"], told["health"]} <= {"/openapi.json", *app.openapi()["paths"]}


def _failing(error: Exception) -> APIRouter:
    router = APIRouter()

    @router.get("/fails")
    def fails() -> None:
        raise error

    return router


def _told(folder: Path, error: Exception) -> tuple[int, dict[str, object]]:
    app = create_app(StateDirectory(folder), [*ROUTERS, _failing(error)])
    answer = TestClient(app, base_url="http://127.0.0.1", raise_server_exceptions=False).get(
        "/fails"
    )
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["x-frame-options"] == "DENY"
    return answer.status_code, answer.json()


def test_bad_input_is_told_with_its_remedy(tmp_path: Path) -> None:
    status, told = _told(tmp_path, BadInput("name another one"))
    assert (status, told["detail"]) == (400, "name another one")


def test_a_refusal_names_its_rule(tmp_path: Path) -> None:
    status, told = _told(tmp_path, Refused("not now", rule="change_frozen"))
    assert (status, told["rule"]) == (409, "change_frozen")


def test_a_defect_is_no_traceback(tmp_path: Path) -> None:
    status, told = _told(tmp_path, RuntimeError("secret place"))
    assert status == 500
    assert "secret" not in str(told)


def test_unknown_paths_are_problems_too(tmp_path: Path) -> None:
    answer = TestClient(create_app(StateDirectory(tmp_path)), base_url="http://127.0.0.1").get(
        "/nothing"
    )
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.status_code == 404
