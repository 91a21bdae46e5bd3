"""Where the policy server is, and who may ask it, by the environment.

NOCTUA_POLICY_URL        where it is asked, such as http://127.0.0.1:8474
NOCTUA_POLICY_TOKEN      the secret that server and clients share, 32 characters or more
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from twin.errors import BadInput

URL_SETTING, TOKEN_SETTING = "NOCTUA_POLICY_URL", "NOCTUA_POLICY_TOKEN"

SHORTEST_TOKEN = 32

_LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a server is asked, and with what."""

    url: str
    token: str = field(repr=False)


def place_from(environ: Mapping[str, str]) -> Place:
    """That of the settings. Raises BadInput: one is missing, or would give the token away."""
    url = environ.get(URL_SETTING, "").strip().rstrip("/")
    parts = urlsplit(url)
    if not url:
        raise BadInput(f"{URL_SETTING} is not set; set it to where `noctua policy serve` says")
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.username:
        raise BadInput(
            f'{URL_SETTING} is "{url}", expected an address such as https://policies:8474'
        )
    if parts.scheme == "http" and parts.hostname not in _LOOPBACK:
        raise BadInput(
            f'{URL_SETTING} is "{url}", and whoever is on the way could read the token; use https, '
            "or a tunnel that ends on this machine"
        )
    return Place(url, token_from(environ))


def token_from(environ: Mapping[str, str]) -> str:
    """The secret of the setting. Raises BadInput: there is none, or it can be guessed."""
    token = environ.get(TOKEN_SETTING, "").strip()
    if len(token) < SHORTEST_TOKEN or not token.isascii() or not token.isprintable():
        what = "is not set" if not token else f"has to have {SHORTEST_TOKEN} characters of ASCII"
        raise BadInput(f"{TOKEN_SETTING} {what}; `openssl rand -hex 32` makes one")
    return token
