"""The ranker on a policy server: asked over HTTP, and given up when its time is over."""

import http.client
import threading
import urllib.error
import urllib.request
from typing import Any

from tools.policy_server.settings import Place
from tools.policy_server.wire import BINARY, DIGEST, PATH, answer_bytes, pack, unpack_scores
from twin.errors import NoctuaError, Refused
from twin.physics.compiled import FloatArray
from twin.remediation.ranking.seen import Seen

DEADLINE_S = 0.2
"""For the whole call: whoever decides has the same model at hand."""

_READ_ENDS_S = 5.0
"""For one read of a call that nobody waits for any more."""

_MEANS = {
    401: "the token is another one",
    409: "it has other weights",
    503: "it has too much to do, or its model fails",
}
"""What a status says. A server's own words are not repeated."""


class NotServed(NoctuaError):
    """The policy server did not answer in time, or not with scores; says why."""


class ServedScorer:
    """Scores what is seen on the server at `place`; see `twin.remediation.policies.ranked.Scorer`.

    `digest`: the SHA-256 of the weights that have to score; others are refused.
    """

    def __init__(self, place: Place, digest: str, deadline_s: float = DEADLINE_S) -> None:
        self._place, self._digest, self._deadline_s = place, digest, deadline_s
        # No proxy of the environment gets what is meant for the server, and no redirect is
        # followed, so that nobody can have the token sent elsewhere.
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirects)

    def __call__(self, seen: Seen) -> FloatArray:
        """A score of each number, to wait first.

        Raises:
            NotServed: the server did not answer in time, or not with scores.
            Refused: other weights than those that are asked for scored.
        """
        call = _Call(self._opener, self._request(seen), answer_bytes(len(seen.arcs)))
        call.start()
        call.join(self._deadline_s)
        if call.is_alive():
            raise NotServed(f"no answer within {self._deadline_s * 1e3:.0f} ms")
        if call.trouble:
            raise NotServed(call.trouble)
        if call.digest != self._digest:
            raise Refused(f"other weights scored than {self._digest[:12]}, which were asked for")
        return unpack_scores(call.body, len(seen.arcs))

    def _request(self, seen: Seen) -> urllib.request.Request:
        headers = {
            "Authorization": f"Bearer {self._place.token}",
            "Content-Type": BINARY,
            DIGEST: self._digest,
        }
        return urllib.request.Request(
            f"{self._place.url}{PATH}", pack(seen), headers, method="POST"
        )


class _Call(threading.Thread):
    """One request in a thread of its own: a socket's timeout bounds each read of it, and a server
    that drips would have no end.
    """

    def __init__(
        self,
        opener: urllib.request.OpenerDirector,
        request: urllib.request.Request,
        most_bytes: int,
    ) -> None:
        super().__init__(name="policy-server", daemon=True)
        self._opener, self._request, self._most_bytes = opener, request, most_bytes
        self.trouble, self.digest, self.body = "", "", b""

    def run(self) -> None:
        try:
            with self._opener.open(self._request, timeout=_READ_ENDS_S) as response:
                self.digest = response.headers.get(DIGEST, "")
                # One more than there may be, which is then too long to be scores.
                self.body = response.read(self._most_bytes + 1)
        except urllib.error.HTTPError as error:
            error.close()
            meaning = _MEANS.get(error.code)
            self.trouble = f"status {error.code}" + (f", {meaning}" if meaning else "")
        except OSError as error:
            self.trouble = f"not reached, or broken off ({getattr(error, 'reason', error)})"
        except (http.client.HTTPException, ValueError):
            self.trouble = "its answer is no HTTP, or broke off"


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        """None: the redirect is an error like any other status."""
