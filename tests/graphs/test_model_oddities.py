"""Whatever form a server gives to its model's good answers, the model keeps every role.

Each oddity is a whole incident in which every role asks the model. Every oddity there is, on the
smallest of replies, is tried in `tests/tools/models/test_leniency.py`.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from agents.loop.budget import Limits
from evals.model_server.behaviours import Behaviour, Body, Good, Reset, Status
from evals.model_server.script import Script
from evals.model_server.server import ModelServer
from tests.graphs.model_stand import (
    INCIDENT,
    LOGGED,
    assert_ended_rightly,
    assert_only_what_was_approved,
    foreign,
    minds_for,
)
from tests.graphs.stagehand import FIRST, Person, operating
from tests.tools.models.oddities import ARGUMENTS, BODIES, CALLS, MESSAGES, TEXTS, Oddity

AMPLE = Limits(calls=60, tokens=10_000_000, seconds=600.0)

OFTEN = (
    "arguments are an object (llama.cpp 20198)",
    "lists and numbers are texts (qwen3_coder)",
    "a stream (LiteLLM 25766)",
    "Hermes, Qwen",
)
"""Those that are played every time; the others are slow."""

PLAYED: Mapping[str, Oddity] = {
    **dict(list(ARGUMENTS.items())[::2]),
    **dict(list(CALLS.items())[::3]),
    **dict(list(MESSAGES.items())[::3]),
    **dict(list(BODIES.items())[1::2]),
    **dict(list(TEXTS.items())[::3]),
    **{
        name: o
        for group in (ARGUMENTS, BODIES, TEXTS)
        for name, o in group.items()
        if name in OFTEN
    },
}

FAILS_ONCE: Mapping[str, Behaviour] = {
    "loading (llama.cpp)": Status(code=503, message="Loading model"),
    "a broken gateway": Status(code=502),
    "a reset": Reset(),
    "an error with status 200 (OpenRouter)": Body(
        text=json.dumps({"error": {"message": "Provider returned error", "code": 502}}),
        content_type="application/json",
    ),
}


def _assert_keeps_every_role(folder: Path, server: ModelServer) -> None:
    with server:
        minds = minds_for(foreign(server), limits=AMPLE)
        with operating(folder, INCIDENT, minds=minds, person=Person(), said=[LOGGED]) as operation:
            operation.run()
            runs = operation.journal.role_runs(FIRST)
            assert_ended_rightly(operation)
            assert_only_what_was_approved(operation)
    # What a role run keeps is JSON.
    told: list[Any] = [e for run in runs for e in run.data["transcript"]]  # type: ignore[union-attr]
    assert [e for e in told if e["kind"] in ("swap", "complaint")] == []
    assert {run.role for run in runs} == {r.role for r in server.requests}
    assert len(runs) == 9


@pytest.mark.slow
@pytest.mark.parametrize(
    "oddity",
    [
        pytest.param(oddity, id=name, marks=() if name in OFTEN else pytest.mark.slow)
        for name, oddity in PLAYED.items()
    ],
)
def test_model_whose_good_answers_look_odd_keeps_every_role(tmp_path: Path, oddity: Oddity) -> None:
    _assert_keeps_every_role(tmp_path, ModelServer(written=oddity))


@pytest.mark.slow
@pytest.mark.parametrize(
    "failure",
    [
        pytest.param(failure, id=name, marks=pytest.mark.slow if i else ())
        for i, (name, failure) in enumerate(FAILS_ONCE.items())
    ],
)
def test_model_whose_server_fails_once_keeps_every_role(tmp_path: Path, failure: Behaviour) -> None:
    _assert_keeps_every_role(tmp_path, ModelServer(Script(default=(failure, Good()))))
