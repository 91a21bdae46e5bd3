"""Whether the Bot Connector has sent a request: the token in its header, checked as Microsoft asks.

Source: learn.microsoft.com/azure/bot-service/rest-api/bot-framework-rest-connector-authentication,
"Connector to Bot". That the key is endorsed for Teams is not looked at, since the address of the
service, which the token is bound to, has to be one that is listed.
"""

from collections.abc import Mapping
from typing import Any

import jwt
from jwt.exceptions import PyJWKClientConnectionError, PyJWTError

from channels.teams.settings import TeamsSettings

LEEWAY_S = 300
"""How far the clocks of Microsoft and of this machine may be apart; the page says five minutes."""

AGAIN_S = 10.0
"""Wall seconds between two looks for a key that is not known, so that forged tokens cost little."""

LARGEST = 16_384
"""Characters of a token; Microsoft's have a few thousand."""

_TIMEOUT_S = 10


class NotSent(Exception):
    """The Bot Connector has not sent that, or not to us."""


class KeysUnknown(Exception):
    """The keys that tokens are signed with cannot be had at the moment."""


class Tokens:
    """Checks tokens of the Bot Connector for one app."""

    def __init__(self, settings: TeamsSettings) -> None:
        self._settings = settings
        self._keys = jwt.PyJWKClient(
            settings.keys.rstrip("/"), timeout=_TIMEOUT_S, cooldown_duration=AGAIN_S
        )

    def require(self, authorization: str, service_url: str) -> None:
        """Raise unless the header proves that the service at `service_url` has sent it to us.

        Raises:
            NotSent: it does not.
            KeysUnknown: that cannot be said, since Microsoft's keys are not to be had.
        """
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not token or len(token) > LARGEST:
            raise NotSent("there is no token")
        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                self._keys.get_signing_key_from_jwt(token),
                algorithms=["RS256"],
                audience=self._settings.app,
                issuer=self._settings.issuer,
                leeway=LEEWAY_S,
                options={"require": ["exp", "iss", "aud"], "strict_aud": True},
            )
        except PyJWKClientConnectionError as error:
            raise KeysUnknown(str(error)) from error
        except (PyJWTError, ValueError) as error:
            raise NotSent(f"the token proves nothing: {error}") from error
        if not is_bound(claims, service_url):
            raise NotSent("the token is for another service")


def is_bound(claims: Mapping[str, Any], service_url: str) -> bool:
    """Whether a token is for the service at that address."""
    bound_to = claims.get("serviceurl")
    return isinstance(bound_to, str) and bound_to.rstrip("/") == service_url.rstrip("/")
