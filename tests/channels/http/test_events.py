"""Timelines over HTTP as they grow: nothing lost, nothing twice, and for who may read alone."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import httpx2
import pytest

from channels.access import accounts
from channels.http import events
from channels.http.app import create_app
from channels.http.server import serving
from channels.http.settings import Limits, ServeSettings
from graphs.state_directory import StateDirectory
from tests.channels.conftest import INCIDENT
from tests.channels.http.conftest import token_of
from twin.nouns.principal import OS_USER, Principal


@contextmanager
def _served(directory: StateDirectory, streams: int = 4) -> Iterator[httpx2.Client]:
    """A real server on a free port, asked as vic."""
    settings = ServeSettings(port=0, limits=Limits(streams=streams))
    headers = {"Authorization": f"Bearer {token_of(directory, 'vic')}"}
    with (
        serving(create_app(directory, settings=settings), settings) as address,
        httpx2.Client(base_url=address, headers=headers, timeout=20) as client,
    ):
        yield client


def _note(directory: StateDirectory, text: str) -> None:
    with directory.journal() as journal:
        journal.add_event(INCIDENT, 0.0, "noted", "olga", text)


def _read(lines: Iterator[str], count: int) -> list[dict[str, object]]:
    found: list[dict[str, object]] = []
    for line in lines:
        if line.startswith("data: "):
            found.append(json.loads(line.removeprefix("data: ")))
            if len(found) == count:
                break
    return found


def test_stream_tells_the_timeline_and_then_what_is_added(directory: StateDirectory) -> None:
    with directory.read_only_journal() as journal:
        known = [event.seq for event in journal.timeline(INCIDENT)]
    with _served(directory) as client, client.stream("GET", f"/incidents/{INCIDENT}/events") as got:
        assert got.headers["content-type"].startswith("text/event-stream")
        lines = got.iter_lines()
        assert [event["seq"] for event in _read(lines, len(known))] == known
        threading.Timer(0.2, _note, (directory, "it is added")).start()
        [added] = _read(lines, 1)
    assert (added["kind"], added["text"]) == ("noted", "it is added")


def test_client_that_comes_back_goes_on_where_it_was(directory: StateDirectory) -> None:
    with _served(directory) as client:
        with client.stream("GET", f"/incidents/{INCIDENT}/events") as got:
            first = _read(got.iter_lines(), 2)
        again = {"Last-Event-ID": str(first[-1]["seq"])}
        with client.stream("GET", f"/incidents/{INCIDENT}/events", headers=again) as got:
            second = _read(got.iter_lines(), 1)
    assert second[0]["seq"] == int(str(first[-1]["seq"])) + 1


def test_stream_of_all_begins_now(directory: StateDirectory) -> None:
    with _served(directory) as client, client.stream("GET", "/events") as got:
        threading.Timer(1.0, _note, (directory, "now")).start()
        [event] = _read(got.iter_lines(), 1)
    assert event["text"] == "now"


def test_stream_ends_when_its_sign_in_does(
    directory: StateDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "PROVE_S", 0.0)
    ada = Principal(name="ada", provider=OS_USER, account="ada", role="admin")
    with _served(directory) as client, client.stream("GET", f"/incidents/{INCIDENT}/events") as got:
        lines = got.iter_lines()
        _read(lines, 1)
        accounts.end_account(directory, ada, "vic")
        for _ in lines:  # It comes to an end, or this test does not.
            pass
        _note(directory, "nobody is told")
        assert client.get("/session").status_code == 401


def test_no_more_streams_are_open_than_there_may_be(directory: StateDirectory) -> None:
    path = f"/incidents/{INCIDENT}/events"
    with _served(directory, streams=1) as client, client.stream("GET", path) as got:
        lines = got.iter_lines()  # Whose end would close the stream.
        _read(lines, 1)
        assert client.get(path).status_code == 429
