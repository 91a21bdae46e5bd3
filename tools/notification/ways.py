"""The calls themselves: a command that is run, or a webhook that is posted to.

Either takes a notice or it does not; what is not taken within the time is not taken.
"""

import base64
import hashlib
import hmac
import os
import signal
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, Protocol

from tools.journal.records import Notice
from tools.notification.on_event import OnEvent, headers_of, secret_of, signing_key
from twin.errors import NoctuaError

_LONGEST_WORDS = 200
"""Of what a command printed, or a receiver said, this much is kept as the reason."""


class NotTaken(NoctuaError):
    """A notice was not taken; says why."""


class Way(Protocol):
    """How people are called."""

    @property
    def takes_digests(self) -> bool:
        """Whether a storm is told in one call that tells of all; who groups by himself does not."""
        ...

    def send(self, notice: Notice) -> None:
        """Return once the notice is taken. Raises NotTaken."""
        ...


def way_of(settings: OnEvent, folder: Path, environ: Mapping[str, str]) -> Way:
    """The way that `settings` describe; a command runs in `folder`, where templates lie too.

    Raises:
        BadInput: the environment lacks a secret, or the template cannot be used.
    """
    if settings.command is not None:
        return Command(settings.command, folder, environ, settings.timeout_s)
    if settings.pagerduty is not None:
        from tools.notification.pagerduty import PagerDuty

        routing = secret_of(settings.routing_key_env, environ, "the integration key of PagerDuty")
        return PagerDuty(settings.pagerduty, routing, settings.timeout_s)
    assert settings.webhook is not None
    post = Post(settings.webhook, settings.timeout_s, headers_of(settings, environ))
    key = signing_key(settings, environ) if settings.secret_env else None
    if settings.template is None:
        return Webhook(post, key)
    from tools.notification.templates import Templated, template_of

    return Templated(Webhook(post, key), template_of(settings.template, folder))


class Command:
    """Runs a program, without a shell; exit status 0 takes the notice.

    It gets the notice as JSON on standard input, and NOCTUA_EVENT, NOCTUA_EVENT_ID, NOCTUA_INCIDENT
    and NOCTUA_WORK in the environment, of which one of the last two is empty. One that takes longer
    than `timeout_s` is ended, with all that it has started.
    """

    takes_digests = True

    def __init__(
        self, command: Sequence[str], folder: Path, environ: Mapping[str, str], timeout_s: float
    ) -> None:
        self._command = tuple(command)
        self._folder = folder
        self._environ = dict(environ)
        self._timeout_s = timeout_s

    def send(self, notice: Notice) -> None:
        """Run it once. Raises NotTaken."""
        told = {
            "NOCTUA_EVENT": notice.event,
            "NOCTUA_EVENT_ID": notice.id,
            "NOCTUA_INCIDENT": notice.incident_id,
            "NOCTUA_WORK": notice.work,
        }
        # Files, not pipes: what the program leaves running must not keep us waiting for an end.
        with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as said:
            given.write(notice.body.encode() + b"\n")
            given.seek(0)
            try:
                process = subprocess.Popen(
                    self._command,
                    stdin=given,
                    stdout=subprocess.DEVNULL,
                    stderr=said,
                    cwd=self._folder,
                    env=self._environ | told,
                    start_new_session=True,
                )
            except OSError as error:
                raise NotTaken(f"{self._command[0]}: {error.strerror}") from error
            try:
                status = process.wait(self._timeout_s)
            except subprocess.TimeoutExpired as error:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
                raise NotTaken(
                    f"{self._command[0]} had not ended after {self._timeout_s:g} s"
                ) from error
            if status:
                said.seek(0)
                words = said.read(_LONGEST_WORDS).decode("utf-8", "replace")
                raise NotTaken(f"{self._command[0]} ended with {status}: {words}".rstrip(": \n"))


class Post:
    """Posts JSON to `address`; any status 2xx takes it.

    Redirects are not followed. The proxies that the environment names are used.
    """

    def __init__(
        self, address: str, timeout_s: float, headers: Mapping[str, str] = MappingProxyType({})
    ) -> None:
        self._address = address
        self._timeout_s = timeout_s
        self._headers = dict(headers)
        self._opener = urllib.request.build_opener(_NoRedirects)

    def send(self, body: bytes, headers: Mapping[str, str] = MappingProxyType({})) -> None:
        """Post it once, with `headers` besides. Raises NotTaken."""
        told = {"Content-Type": "application/json", "User-Agent": "noctua"}
        told |= {**self._headers, **headers}
        request = urllib.request.Request(self._address, body, told, method="POST")
        # A socket's timeout bounds each read of it, and a receiver that drips would have no end.
        trouble: list[str] = []
        call = threading.Thread(target=self._post, args=(request, trouble), daemon=True)
        call.start()
        call.join(self._timeout_s)
        if call.is_alive():
            raise NotTaken(f"the receiver had not answered after {self._timeout_s:g} s")
        if trouble:
            raise NotTaken(trouble[0])

    def _post(self, request: urllib.request.Request, trouble: list[str]) -> None:
        try:
            with self._opener.open(request, timeout=self._timeout_s):
                pass
        except urllib.error.HTTPError as error:
            trouble.append(f"the receiver answered {error.code} {error.reason}"[:_LONGEST_WORDS])
            error.close()
        except urllib.error.URLError as error:
            trouble.append(f"the receiver was not reached: {error.reason}"[:_LONGEST_WORDS])
        except Exception as error:  # http.client raises many kinds for an answer that is none
            trouble.append(f"the receiver did not answer: {error!r}"[:_LONGEST_WORDS])


class Webhook:
    """Posts a notice, signed after Standard Webhooks where there is a key to sign with.

    Source: github.com/standard-webhooks/standard-webhooks, spec/standard-webhooks.md (symmetric
    signatures, v1).
    """

    takes_digests = True

    def __init__(self, post: Post, key: bytes | None) -> None:
        self._post = post
        self._key = key

    def send(self, notice: Notice) -> None:
        """Post it once. Raises NotTaken."""
        self.send_body(notice.id, notice.body.encode())

    def send_body(self, notice_id: str, body: bytes) -> None:
        """Post `body`, which is what the notice of that id says. Raises NotTaken."""
        signed = {}
        if self._key is not None:
            signed = signed_headers(self._key, notice_id, int(time.time()), body)
        self._post.send(body, signed)


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        """None: the redirect is an error like any other status."""


def signed_headers(key: bytes, notice_id: str, sent_s: int, body: bytes) -> dict[str, str]:
    """The three headers of Standard Webhooks. `sent_s`: Unix seconds of this attempt."""
    content = b".".join((notice_id.encode(), str(sent_s).encode(), body))
    signature = base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
    return {
        "webhook-id": notice_id,
        "webhook-timestamp": str(sent_s),
        "webhook-signature": f"v1,{signature}",
    }
