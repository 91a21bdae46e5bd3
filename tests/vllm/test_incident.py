"""Whole incidents through a real vLLM (`make vllm-smoke`; VLLM=/path/to/vllm names another one).

The model has learned nothing, so what it says is garbage, in prose or in valid JSON. It must end
in the playbook's safe path, with every refusal in the trace.
"""

import os
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.graphs.stagehand import (
    WRONG_WEIGHT,
    Operation,
    case,
    operating,
)
from tests.vllm.vllm_server import MODEL, VllmServer, make_model
from tools.trace import KeptSpan, read_trace
from tools.trace import conventions as names
from twin.errors import Refused
from twin.nouns.incident import Phase
from twin.nouns.plan import Approval
from twin.nouns.principal import AUTOMATIC, Principal

VLLM = os.environ.get("VLLM", "")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not VLLM, reason="no vLLM is named: make vllm-smoke"),
]

MIND = f"openai:{MODEL}"

PROSE = ("--tool-call-parser", "gemma4")
"""This parser does not enforce a required tool choice, so the model rambles."""

CALLS = ("--tool-call-parser", "hermes")
"""This one enforces a call, but not what is in it."""

WELL_FORMED = (*CALLS, "--tool-strict-level", "parameter")
"""Here with each tool's schema: replies that come to an end are well-formed nonsense."""


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model")
    make_model(Path(VLLM), folder)
    return folder


@contextmanager
def serving(model: Path, flags: tuple[str, ...]) -> Iterator[VllmServer]:
    log = Path(os.environ.get("VLLM_LOGS", model)) / f"{flags[1]}.log"
    with VllmServer(Path(VLLM), model, log, flags) as server:
        print(f"\n{server.version()} {' '.join(flags)}")
        yield server


@contextmanager
def operated_by(
    server: VllmServer, state: Path, monkeypatch: pytest.MonkeyPatch, temperature: float
) -> Iterator[Operation]:
    """A wrong weight on Abilene, met by whoever the settings name, as a user writes them."""
    for setting in [key for key in os.environ if key.startswith(("NOCTUA_", "OPENAI_"))]:
        monkeypatch.delenv(setting)
    monkeypatch.setenv("NOCTUA_MODEL", MIND)
    monkeypatch.setenv("NOCTUA_MODEL_URL", server.url)
    monkeypatch.setenv("NOCTUA_MODEL_TEMPERATURE", str(temperature))
    with operating(state, case((60.0, WRONG_WEIGHT))) as operation:
        yield operation


class Spans:
    """Everything that was traced in a state directory."""

    def __init__(self, state: Path) -> None:
        files = (state / "traces").glob("*.jsonl")
        self.all = [span for file in files for span in read_trace(file)]

    def chats(self) -> list[KeptSpan]:
        """Calls of the model on the server."""
        return [
            span
            for span in self.all
            if span.attributes.get(names.OPERATION_NAME) == names.CHAT
            and span.attributes.get(names.REQUEST_MODEL) == MIND
        ]

    def roles_that_asked_it(self) -> list[KeptSpan]:
        """Role runs in which the model was called."""
        askers = {span.parent_id for span in self.chats()}
        return [span for span in self.all if span.span_id in askers]

    def reasons(self, event: str) -> list[str]:
        """Why, for each event of this name."""
        return [
            str(found.attributes[names.REASON])
            for span in self.all
            for found in span.events
            if found.name == event
        ]


def has_event(span: KeptSpan, name: str) -> bool:
    """Whether something of this name happened in the span."""
    return any(event.name == name for event in span.events)


def require_a_person(operation: Operation) -> None:
    """Nothing is touched before an approval, which only a person can give, and it ends well."""
    operation.run(until=lambda: operation.is_waiting_for_approval() or operation.has_ended())
    assert operation.touched() == []
    if operation.phase() is Phase.ESCALATED:
        # A supervisor may hand the incident to people, also one that talks nonsense.
        return
    plan = operation.plans()[-1]
    assert plan.needs_person
    automatic = Approval(
        plan_id=plan.id,
        plan_hash=plan.hash,
        decision="approve",
        by=Principal(name="nobody", provider=AUTOMATIC),
        reason="no reason",
        decided_s=operation.clock.now_s(),
    )
    with pytest.raises(Refused) as refused:
        operation.journal.answer(automatic)
    assert refused.value.rule == "person"
    operation.approve(plan)
    operation.run()
    assert operation.phase() is Phase.RESOLVED
    assert operation.touched() == [WRONG_WEIGHT.node]


def say(spans: Spans, server_counted: int) -> None:
    """Print what happened, for whoever reads the output of `make vllm-smoke`."""
    print(f"requests that vLLM counted: {server_counted}; in the trace: {len(spans.chats())}")
    for reason, times in Counter(spans.reasons(names.BAD_REPLY_EVENT)).most_common():
        print(f"  {times} x bad reply: {reason[:120]}")
    for reason, times in Counter(spans.reasons(names.SWAP_EVENT)).most_common():
        print(f"  {times} x to the playbook: {reason[:120]}")


def test_prose_of_a_real_server_ends_in_the_playbooks_safe_path(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (
        serving(model, PROSE) as server,
        operated_by(server, tmp_path, monkeypatch, temperature=0.0) as operation,
    ):
        require_a_person(operation)
        spans, counted = Spans(tmp_path), server.requests()
    say(spans, counted)

    # Every call of the model is in the trace, and every one was refused there with a reason.
    assert counted == len(spans.chats()) > 0
    assert len(spans.reasons(names.BAD_REPLY_EVENT)) == counted
    for span in spans.roles_that_asked_it():
        assert has_event(span, names.SWAP_EVENT)
        assert span.attributes[names.FINISHED_BY] == "playbook"


@pytest.mark.parametrize("flags", [CALLS, WELL_FORMED], ids=["any call", "well-formed call"])
def test_nonsensical_calls_of_a_real_server_are_refused_for_what_they_hold(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, flags: tuple[str, ...]
) -> None:
    with (
        serving(model, flags) as server,
        operated_by(server, tmp_path, monkeypatch, temperature=1.0) as operation,
    ):
        require_a_person(operation)
        spans, counted = Spans(tmp_path), server.requests()
    say(spans, counted)

    assert counted == len(spans.chats()) > 0
    # A reply may stumble on a legal answer; a role that got none went to the playbook.
    for span in spans.roles_that_asked_it():
        own = span.attributes[names.FINISHED_BY] == "playbook"
        assert own == has_event(span, names.SWAP_EVENT)
    empty = ("it calls no tool", "it was cut off")
    assert [r for r in spans.reasons(names.BAD_REPLY_EVENT) if not r.startswith(empty)]


def test_incident_goes_on_when_the_server_dies_in_its_middle(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (
        serving(model, PROSE) as server,
        operated_by(server, tmp_path, monkeypatch, temperature=0.0) as operation,
    ):
        operation.run(until=lambda: bool(operation.journal.incidents()))
        before = server.requests()
        server.kill()
        require_a_person(operation)
    spans = Spans(tmp_path)
    say(spans, before)

    assert 0 < before < len(spans.chats())
    assert [r for r in spans.reasons(names.SWAP_EVENT) if r.startswith("down: ")]
