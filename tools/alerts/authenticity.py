"""Whether a post comes from whom it should: a token, or a signature over the body.

Alertmanager and vmalert can only send a token (`http_config.authorization`,
`-notifier.bearerToken`); Grafana can sign: HMAC-SHA256, hex, of the body, or of "timestamp:body"
with the timestamp in a header of its own.
"""

import hashlib
import hmac
from collections.abc import Mapping
from typing import Protocol

from twin.errors import NoctuaError

_OFF_S = 300.0
"""A signed time that is further off is a post that somebody has kept and sends again."""


class NotAuthentic(NoctuaError):
    """A post that does not prove whose it is; says what is missing, never what was expected."""


class Proof(Protocol):
    """What a post has to bring."""

    def require(self, headers: Mapping[str, str], body: bytes, now_wall_s: float) -> None:
        """Return if it is there. Raises NotAuthentic. Names of headers are in lower case."""
        ...


class Token:
    """`Authorization: Bearer TOKEN`."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def require(self, headers: Mapping[str, str], body: bytes, now_wall_s: float) -> None:
        """As the Protocol says."""
        scheme, _, given = headers.get("authorization", "").partition(" ")
        token = given.strip().encode("utf-8", "replace")
        if scheme.casefold() != "bearer" or not hmac.compare_digest(token, self._secret):
            raise NotAuthentic("the token of this door is missing or wrong")


class Hmac:
    """A header with the HMAC-SHA256 of the body, hex; `timestamp_header`: "" for none."""

    def __init__(self, secret: bytes, header: str, timestamp_header: str) -> None:
        self._secret = secret
        self._header = header.lower()
        self._timestamp_header = timestamp_header.lower()

    def require(self, headers: Mapping[str, str], body: bytes, now_wall_s: float) -> None:
        """As the Protocol says."""
        signed = body
        if self._timestamp_header:
            given_s = headers.get(self._timestamp_header, "")
            if not given_s.isascii() or not given_s.isdigit() or len(given_s) > 12:
                raise NotAuthentic(f"the header {self._timestamp_header} is missing or no time")
            if abs(now_wall_s - int(given_s)) > _OFF_S:
                raise NotAuthentic(f"it was signed more than {_OFF_S:.0f} s ago or ahead of now")
            signed = given_s.encode() + b":" + body
        made = hmac.new(self._secret, signed, hashlib.sha256).hexdigest()
        given = headers.get(self._header, "").removeprefix("sha256=").lower()
        if not hmac.compare_digest(given.encode("utf-8", "replace"), made.encode()):
            raise NotAuthentic(f"the signature in {self._header} is missing or wrong")
