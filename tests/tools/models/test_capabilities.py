"""What a model can do is found out by calling it, also when it would rather not."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from evals.model_server import ModelServer, Script
from evals.model_server.behaviours import Behaviour, Call, Completion, Prose, Status
from tools.models.capabilities import Capabilities, probe
from tools.models.openai_compatible import chat_model
from tools.models.settings import ModelSettings

READS = Call(tool="read_link", arguments={"link": "west--east"})
REPORTS = Call(
    tool="answer",
    arguments={"severity": "high", "shares": [{"link": "n", "share": 0.5}], "affected": 12},
)
WRONG = Call(tool="answer", arguments={"severity": "catastrophic", "shares": [], "affected": 1})


def _found(*steps: Behaviour, usage: bool = True, within_s: float = 30.0) -> Capabilities:
    with ModelServer(Script(default=steps), usage=usage) as server:
        return _probed(server.url, within_s=within_s)


def _probed(url: str, model: str = "scripted", within_s: float = 30.0) -> Capabilities:
    settings = ModelSettings(id="m", model=model, base_url=url)
    return probe(chat_model(settings, environ={}, call_s=5.0), within_s)


def test_able_model_is_found_able() -> None:
    found = _found(READS, *(READS,) * 3, *(REPORTS,) * 3, READS, Prose(text="one two " * 20))
    assert found.tools.all_kept
    assert (found.required.asked, found.required.kept) == (3, 3)
    assert (found.fits.asked, found.fits.kept) == (3, 3)
    assert found.streamed_calls.all_kept
    assert (found.text_chunks or 0) > 1
    assert (found.usage, found.streamed_usage) == (True, True)
    assert found.served == ("scripted",)
    assert (found.failure, found.refused, found.context_tokens) == ("", {}, None)
    assert len(found.seconds) == 7


def test_one_prose_among_the_tempted_replies_is_told() -> None:
    found = _found(READS, READS, Prose(text="The sea is wide."), READS, REPORTS)
    assert (found.required.asked, found.required.kept) == (3, 2)
    assert "The sea is wide." in found.required.otherwise
    assert not found.required.all_kept


def test_arguments_out_of_schema_are_told_with_their_place() -> None:
    found = _found(READS, READS, READS, READS, REPORTS, WRONG, REPORTS, READS)
    assert (found.fits.asked, found.fits.kept) == (3, 2)
    assert found.fits.otherwise.startswith("severity: ")


def test_call_of_another_thing_is_no_use_of_tools() -> None:
    found = _found(Call(tool="read_link", arguments={"link": "north"}))
    assert found.tools.kept == 0
    assert "north" in found.tools.otherwise


def test_reply_that_was_cut_off_is_told_as_that_and_not_as_prose() -> None:
    cut = Completion(message={"role": "assistant", "content": "The sea"}, finish_reason="length")
    found = _found(READS, cut, cut, Prose(text="The sea is wide."), cut)
    assert (found.required.asked, found.required.kept, found.required.cut_off) == (3, 0, 2)
    assert found.fits.cut_off == found.fits.asked == 3
    assert "cut off" in found.fits.otherwise
    assert found.streamed_calls.cut_off == 1
    assert "cut off" in found.streamed_calls.otherwise


def test_server_that_counts_no_tokens_is_told() -> None:
    found = _found(READS, usage=False)
    assert (found.usage, found.streamed_usage) == (False, False)


def test_failure_ends_the_probing_and_keeps_what_was_found() -> None:
    found = _found(READS, Status(code=500))
    assert found.tools.all_kept
    assert (found.failure_kind, found.required.asked) == ("ModelServerBroken", 0)


def test_nothing_is_asked_when_the_time_is_over() -> None:
    found = _found(READS, within_s=0.0)
    assert found.seconds == ()
    assert found.tools.asked == 0
    assert found.text_chunks is None


@contextmanager
def _listing(entry: object) -> Iterator[str]:
    """A server that lists `entry`, and cannot do anything else."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            text = json.dumps({"object": "list", "data": [entry]}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_: object) -> None:
            """Nothing is printed."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.mark.parametrize(
    ("entry", "tokens"),
    [
        ({"id": "m", "max_model_len": 8192}, 8192),
        ({"id": "m", "meta": {"n_ctx_train": 4096}}, 4096),
        ({"id": "m", "context_length": "long"}, None),
        ({"id": "another", "max_model_len": 8192}, None),
    ],
)
def test_context_is_what_the_server_lists_for_this_model(
    entry: dict[str, object], tokens: int | None
) -> None:
    with _listing({"object": "model", "created": 0, "owned_by": "x", **entry}) as url:
        assert _probed(url, "m").context_tokens == tokens
