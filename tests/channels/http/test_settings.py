"""serve.yaml: what it may say, and what is told of what it may not."""

from pathlib import Path

import pytest

from channels.http.settings import ServeSettings, load_serve_settings
from twin.errors import BadInput

OIDC = "oidc: [{id: corp, issuer: 'https://idp.example', client_id: x%s}]"


def _load(folder: Path, text: str) -> ServeSettings:
    file = folder / "serve.yaml"
    file.write_text(text, encoding="utf-8")
    return load_serve_settings(file)


def test_without_a_file_it_is_bound_to_this_machine(tmp_path: Path) -> None:
    settings = load_serve_settings(tmp_path / "serve.yaml")
    assert (settings.host, settings.is_secure) == ("127.0.0.1", False)
    assert set(settings.known_hosts) == {"127.0.0.1", "localhost", "::1", "[::1]"}


def test_public_name_is_known_and_wildcards_are_none(tmp_path: Path) -> None:
    settings = _load(tmp_path, "host: 0.0.0.0\npublic_url: https://noctua.example/\n")
    assert settings.is_secure
    assert "noctua.example" in settings.known_hosts
    assert "0.0.0.0" not in settings.known_hosts


def test_shown_settings_of_the_page_are_valid(tmp_path: Path) -> None:
    page = (Path(__file__).parents[3] / "docs" / "serve.md").read_text("utf-8")
    block = page.split("    public_url: https://noctua.example\n")[1].split("\n\n")[0]
    lines = ["public_url: https://noctua.example", *(x[4:] for x in block.splitlines())]
    [provider] = _load(tmp_path, "\n".join(lines)).oidc
    assert provider.roles == {"noc-leads": "approver", "noc": "operator"}


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("port: 70000", "port"),
        ("prot: 1", "prot"),
        ("public_url: http://noctua.example", "must be https"),
        ("public_url: https://u:p@noctua.example", "must be https"),
        ("limits: {sign_ins: 0}", "limits.sign_ins"),
        (OIDC % ", roles_claim: groups", "set both or none"),
        (OIDC % ", roles_claim: g, roles: {x: king}", "oidc.0.roles"),
        (OIDC % "}, {id: corp, issuer: 'https://b.example', client_id: y", "one id"),
        ("- 1", "the file"),
        ("a: [", "not YAML"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, text: str, complaint: str) -> None:
    with pytest.raises(BadInput, match=complaint):
        _load(tmp_path, text)
