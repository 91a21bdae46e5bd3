"""`noctua policy serve` refuses by name what keeps it from serving, before Ray is started."""

import socket

import pytest
import typer
from typer.testing import CliRunner

from evals.commands import policy_server, register
from twin.errors import BadInput


def _serve(*flags: str) -> None:
    app = typer.Typer()
    register(app)
    CliRunner().invoke(app, ["policy", "serve", *flags], catch_exceptions=False)


@pytest.fixture(autouse=True)
def token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOCTUA_POLICY_TOKEN", "x" * 32)


def test_server_without_a_token_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOCTUA_POLICY_TOKEN")
    with pytest.raises(BadInput, match="NOCTUA_POLICY_TOKEN is not set; `openssl rand -hex 32`"):
        _serve()


def test_what_is_not_installed_is_named_with_the_way_to_install_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(policy_server, "_PACKAGES", ("onnxruntime", "no_such_package"))
    with pytest.raises(BadInput, match=r"needs no_such_package, .*\[policy-server\]'"):
        _serve()


def test_port_that_is_taken_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(policy_server, "_PACKAGES", ())
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        with pytest.raises(BadInput, match=f"port {port} cannot be served .*another --port"):
            _serve("--port", port)


def test_card_that_there_is_not_is_refused() -> None:
    with pytest.raises(BadInput, match=r"nowhere\.json: No such file"):
        _serve("--card", "nowhere.json")
