"""The server answers whoever has the token, with the weights that are asked for."""

import http.client
from collections.abc import Iterator
from urllib.parse import urlsplit

import numpy as np
import pytest

from tests.tools.policy_server.answering import TOKEN, answering, figures
from tools.policy_server.client import NotServed, ServedScorer
from tools.policy_server.settings import Place
from tools.policy_server.wire import DIGEST, MOST_BYTES, PATH, pack
from tools.ranker.card import read_card
from tools.ranker.opening import open_ranker

WEIGHTS = read_card().sha256
PATIENT_S = 30.0


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with answering() as served:
        yield served


def _asked(
    url: str, method: str, path: str, body: bytes = b"", **headers: str
) -> tuple[int, str, http.client.HTTPMessage]:
    named = {"Authorization": f"Bearer {TOKEN}", DIGEST: WEIGHTS}
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=PATIENT_S)
    connection.request(method, path, body, named | headers)
    response = connection.getresponse()
    said = response.read().decode("latin-1")
    connection.close()
    return response.status, said, response.headers


def test_server_gives_the_scores_of_the_ranker_in_process(url: str) -> None:
    scorer = ServedScorer(Place(url, TOKEN), WEIGHTS, PATIENT_S)
    assert np.array_equal(scorer(figures()), open_ranker()(figures()))


@pytest.mark.parametrize(
    "authorization", ["", "Bearer", f"Bearer {TOKEN}x", f"Basic {TOKEN}", f"Bearer {TOKEN[:-1]}"]
)
@pytest.mark.parametrize(
    ("method", "path"), [("POST", PATH), ("GET", "/health"), ("GET", "/metrics"), ("GET", "/x")]
)
def test_whoever_lacks_the_token_gets_401_whatever_he_asks(
    url: str, method: str, path: str, authorization: str
) -> None:
    status, said, headers = _asked(url, method, path, Authorization=authorization)
    assert (status, headers["WWW-Authenticate"]) == (401, "Bearer")
    assert WEIGHTS not in said


def test_client_with_another_token_says_so(url: str) -> None:
    with pytest.raises(NotServed, match="status 401, the token is another one"):
        ServedScorer(Place(url, "x" * 32), WEIGHTS, PATIENT_S)(figures())


def test_other_weights_are_not_served(url: str) -> None:
    with pytest.raises(NotServed, match="status 409, it has other weights"):
        ServedScorer(Place(url, TOKEN), "0" * 64, PATIENT_S)(figures())


def test_figures_that_are_none_are_told_why(url: str) -> None:
    status, said, _ = _asked(url, "POST", PATH, pack(figures())[:-4])
    assert status == 422
    assert "bytes, where" in said


def test_request_that_is_too_long_is_not_read(url: str) -> None:
    status, said, _ = _asked(url, "POST", PATH, bytes(MOST_BYTES + 1))
    assert status == 413
    assert str(MOST_BYTES) in said


def test_health_is_that_of_the_model_and_names_its_weights(url: str) -> None:
    status, said, headers = _asked(url, "GET", "/health")
    assert (status, said.strip(), headers[DIGEST]) == (200, WEIGHTS, WEIGHTS)


def test_metrics_count_what_was_asked(url: str) -> None:
    def counted() -> float:
        _, said, _ = _asked(url, "GET", "/metrics")
        line = 'noctua_policy_requests_total{replica="here",status="200"} '
        return sum(float(x.removeprefix(line)) for x in said.splitlines() if x.startswith(line))

    before = counted()
    assert _asked(url, "POST", PATH, pack(figures()))[0] == 200
    assert counted() == before + 1
