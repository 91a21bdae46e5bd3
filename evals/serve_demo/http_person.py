"""Somebody who answers over HTTP: signs in with a password, makes a token, approves with it."""

from collections.abc import Callable
from typing import Any

import requests

from twin.errors import BadInput

_TIMEOUT_S = 120.0

Json = dict[str, Any]


class HttpPerson:
    """`account` at the server of `address`. `tell`: told of each request, and what came of it."""

    def __init__(
        self, address: str, account: str, password: str, tell: Callable[[str], None]
    ) -> None:
        self._address, self._account, self._password = address, account, password
        self._tell = tell
        self._browser = requests.Session()
        self._token = ""

    def sign_in(self) -> None:
        """Sign in as a browser does, and make a token that is good for an hour."""
        given = {"account": self._account, "password": self._password}
        self._ask(self._browser, "POST", "/session", given)
        csrf = self._ask(self._browser, "GET", "/session")["csrf_token"]
        wanted = {"label": "demonstration", "scopes": ["read", "approve"], "for_s": 3600}
        path = f"/accounts/{self._account}/tokens"
        made = self._ask(self._browser, "POST", path, wanted, {"X-CSRF-Token": csrf})
        self._token = str(made["secret"])

    def read(self, plan: str) -> Json:
        """The plan, and what is asked about it."""
        return self._ask(requests, "GET", f"/plans/{plan}", None, self._bearer)

    def approve(self, plan: str, plan_hash: str, reason: str) -> Json:
        """Approve the plan that was read, and no other."""
        decision = {"reason": reason, "plan_hash": plan_hash}
        return self._ask(requests, "POST", f"/plans/{plan}/approve", decision, self._bearer)

    @property
    def _bearer(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._token}"}

    def _ask(
        self,
        through: Any,
        method: str,
        path: str,
        sent: Json | None = None,
        headers: dict[str, str] | None = None,
    ) -> Json:
        url = f"{self._address}{path}"
        reply = through.request(method, url, json=sent, headers=headers, timeout=_TIMEOUT_S)
        self._tell(f"{method:<4} {path}  {reply.status_code} {reply.reason}")
        if not reply.ok:
            raise BadInput(f"{method} {path}: {reply.status_code} {reply.text[:500]}")
        return dict(reply.json()) if reply.content else {}
