"""The OpenAPI document: whatever is sent, nothing breaks, and clients can be made of it.

`NOCTUA_API_EXAMPLES=100` sends so many requests to each operation in each of both modes, and to the
computed answers too, which a tenth of that is sent to.
"""

import os
import re
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
import schemathesis
from aiopenapi3 import OpenAPI
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.schemas import BaseSchema
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from channels.http.app import create_app
from channels.http.computing import COMPUTED, computed_commands
from channels.http.document import PROBLEM, STATUSES
from channels.http.server import serving
from channels.http.settings import Limits, ServeSettings
from graphs.state_directory import StateDirectory
from tests.channels.conftest import INCIDENT, PLAN
from tests.channels.http.conftest import token_of

OPTION = re.compile(r"(?<![\w(-])--[a-z][\w-]*")


def refuses_in_words_of_http(_: Any, response: Any, case: Any) -> None:
    """A check as Schemathesis has them: no refusal names an option of the command line."""
    if response.status_code >= 400:
        sent = f"{unquote(response.request.url)} {response.request.body!r}"
        named = OPTION.findall(response.json()["detail"])
        assert not [option for option in named if option not in sent], case


CHECKS = [
    not_a_server_error,
    refuses_in_words_of_http,
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
]

UNENDING = ["stream_events", "stream_incident"]
"""Streams have no end; `test_events` reads them."""

ITSELF = ["end_session", "go_to_provider", "return_from_provider", "start_session"]
"""What signs the test itself in or out; `test_session` and `test_oidc` ask them."""

FULLY = os.environ.get("NOCTUA_API_EXAMPLES", "")
EXAMPLES = int(FULLY or 6)
"""Of each operation, in each of both modes."""

OFTEN = ServeSettings(limits=Limits(requests=1_000_000, sign_ins=1_000_000, planning_s=20))


@pytest.fixture(scope="module")
def admins(peopled: Path, tmp_path_factory: pytest.TempPathFactory) -> StateDirectory:
    """A state directory in which anything may be tried, as an admin."""
    return StateDirectory(Path(shutil.copytree(peopled, tmp_path_factory.mktemp("api") / "state")))


def _schema(directory: StateDirectory) -> BaseSchema:
    app = create_app(directory, settings=OFTEN)
    return schemathesis.openapi.from_asgi("/openapi.json", app, headers={"Host": "127.0.0.1"})


@pytest.fixture(scope="module")
def headers(admins: StateDirectory) -> dict[str, str]:
    """Of an admin."""
    return {"Authorization": f"Bearer {token_of(admins, 'ada')}", "Host": "127.0.0.1"}


def _sent(schema: BaseSchema, mode: GenerationMode, send: Callable[[Any], None]) -> int:
    """Send what is generated for every operation of `schema`; how many operations there are."""
    found = list(schema.get_all_operations())
    operations = [one.ok() for one in found if isinstance(one, Ok)]
    assert len(operations) == len(found)
    for operation in operations:
        strategy = operation.as_strategy(generation_mode=mode)
        most = EXAMPLES // 10 if operation.path.startswith("/compute/") else EXAMPLES
        few = settings(
            max_examples=max(1, most), deadline=None, suppress_health_check=list(HealthCheck)
        )
        # Of an operation without parameters there is nothing to send wrongly.
        with suppress(Unsatisfiable):
            few(given(case=strategy)(lambda case: send(case)))()
    return len(operations)


@pytest.mark.slow
@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_whatever_is_sent_is_answered_as_the_document_says(
    admins: StateDirectory, headers: dict[str, str], mode: GenerationMode
) -> None:
    schema = _schema(admins).exclude(operation_id=[*UNENDING, *ITSELF])
    if not FULLY:
        # A process each, of seconds: what they refuse is looked at below.
        schema = schema.exclude(path_regex="^/compute/")

    def send(case: Any) -> None:
        case.call_and_validate(headers=headers, checks=CHECKS, timeout=300)

    sent = _sent(schema, mode, send)
    assert sent > 40


WRONG: tuple[object, ...] = (None, [], "x", 7, {"by": "ann"}, {"seed": "many"}, {"no_such": 1})


@pytest.mark.parametrize("command", COMPUTED)
def test_what_cannot_be_computed_is_refused_before_anything_is(
    admins: StateDirectory, headers: dict[str, str], command: str
) -> None:
    client = TestClient(create_app(admins, settings=OFTEN), raise_server_exceptions=False)
    for wrong in WRONG:
        path = f"/compute/{command.replace(' ', '-')}"
        assert client.post(path, json=wrong, headers=headers).status_code == 422


def test_every_command_that_is_computed_prints_a_document() -> None:
    for name, command in computed_commands():
        assert "as_json" in {parameter.name for parameter in command.params}, name


def test_document_names_every_operation_once_and_its_problems(admins: StateDirectory) -> None:
    document = create_app(admins).openapi()
    operations = [one for path in document["paths"].values() for one in path.values()]
    ids = [one["operationId"] for one in operations]
    assert len(ids) == len(set(ids))
    for one in operations:
        errors = {s: told for s, told in one["responses"].items() if int(s) >= 400}
        assert errors.keys() >= STATUSES.keys()
        assert all([*told["content"]] == [PROBLEM] for told in errors.values()), one["operationId"]
        assert one.get("summary") or one.get("description")
    assert set(document["components"]["securitySchemes"]) == {"HTTPBearer", "APIKeyCookie"}


HOSTILE = (
    b"", b"{", b"null", b"[]", b'"x"', b"\xff\xfe", b'{"text": "\\ud800"}', b'{"text": NaN}',
    b'{"text": 1e999}', b"[" * 100_000, b'{"text": "x", "text": 1}', b'{"text": "\\u0000"}',
)  # fmt: skip


@pytest.mark.parametrize("body", HOSTILE)
def test_hostile_bodies_are_refused_or_kept_as_text(
    admins: StateDirectory, headers: dict[str, str], body: bytes
) -> None:
    client = TestClient(create_app(admins), "http://127.0.0.1", raise_server_exceptions=False)
    sent = {**headers, "Content-Type": "application/json"}
    answer = client.post(f"/incidents/{INCIDENT}/notes", content=body, headers=sent)
    assert answer.status_code in (200, 400, 422)
    assert b"Traceback" not in answer.content


def test_client_made_from_the_document_reads_and_answers(directory: StateDirectory) -> None:
    settings = ServeSettings(port=0)
    with serving(create_app(directory, settings=settings), settings) as address:
        client = OpenAPI.load_sync(f"{address}/openapi.json")
        client.authenticate(HTTPBearer=token_of(directory, "ann"))
        call: Callable[..., Any] = client._.show_question
        question = call(parameters={"subject": INCIDENT})
        assert question.plan.id == question.request.plan_id == PLAN
        decide = client._.approve_plan
        body = {"reason": "looks right", "plan_hash": question.request.plan_hash}
        answered = decide(parameters={"subject": PLAN}, data=body)
        assert answered.answer.won
        assert answered.answer.standing.by.account == "ann"
        [listed] = client._.list_incidents()
        assert listed.id == INCIDENT
