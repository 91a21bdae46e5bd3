"""A refresh of the risk register is killed at twenty places: the register is as if nobody had."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from evals.model_server.script import Script
from evals.model_server.server import ModelServer
from evals.survival.refreshes import Apart, Guard, Left, RefreshPlay, violations

PLACES = (
    "watch: after journal leases#1",
    "watch: after journal refreshes#1",
    "watch: before checkpoint to start#1",
    "start: after checkpoint to imaginer#1",
    "imaginer: after journal charges#1",
    "imaginer: before journal refreshes#1",
    "imaginer: after journal refreshes#1",
    "imaginer: after writes of imaginer#1",
    "simulator: before writes of simulator#1",
    "simulator: before writes of simulator#3",
    "simulator: before checkpoint to remediator#1",
    "remediator: before writes of remediator#1",
    "remediator: after checkpoint to remediator#2",
    "remediator: before writes of remediator#4",
    "remediator: before checkpoint to register#1",
    "register: before journal refreshes#1",
    "register: after journal refreshes#1",
    "register: before journal risks+audit+refreshes#1",
    "register: after journal risks+audit+refreshes#1",
    "end: before journal refreshes#1",
)
"""Spread over the run: before and after all that a refresh writes down."""

SECOND_EVERY = 3
"""Every third is killed again, at the so manyth place that it passes once it is back."""

_SECOND = 12


@pytest.fixture(scope="module")
def server() -> Iterator[ModelServer]:
    """A model that says what the playbook says, and has to be paid."""
    with ModelServer(Script()) as opened:
        yield opened


@pytest.fixture(scope="module")
def apart() -> Iterator[Apart]:
    opened = Apart()
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def undisturbed(
    apart: Apart, server: ModelServer, tmp_path_factory: pytest.TempPathFactory
) -> Left:
    found = apart.play(tmp_path_factory.mktemp("calm") / "state", RefreshPlay(server=server.url))
    assert (found.kills, found.crashes, found.strays, found.threads) == (0, (), (), 0)
    assert len(found.risks) == 30
    assert len(found.refreshes) == len(found.audit) == 1
    assert found.calls == len(found.answers) == 2
    return found


@pytest.mark.slow
@pytest.mark.parametrize("place", PLACES)
def test_nothing_is_lost_or_doubled_wherever_a_refresh_dies(
    apart: Apart, server: ModelServer, undisturbed: Left, tmp_path: Path, place: str
) -> None:
    assert place in undisturbed.places
    again = _SECOND if PLACES.index(place) % SECOND_EVERY == 0 else 0
    before = len(server.requests)
    play = RefreshPlay(place=place, second=again, server=server.url)
    found = apart.play(tmp_path / "state", play)
    assert found.kills == (2 if again else 1)
    assert violations(found, undisturbed, len(server.requests) - before) == ()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("guard", "place", "wrong"),
    [
        ("changes", "register: after journal risks+audit+refreshes#1", "audit"),
        ("answers", "register: after journal refreshes#1", "answers"),
    ],
)
def test_without_its_guard_a_refresh_is_seen_to_do_it_twice(
    apart: Apart,
    server: ModelServer,
    undisturbed: Left,
    tmp_path: Path,
    guard: Guard,
    place: str,
    wrong: str,
) -> None:
    before = len(server.requests)
    play = RefreshPlay(place=place, server=server.url, without=guard)
    found = apart.play(tmp_path / "state", play)
    told = violations(found, undisturbed, len(server.requests) - before)
    assert wrong in [violation.partition(":")[0] for violation in told]
