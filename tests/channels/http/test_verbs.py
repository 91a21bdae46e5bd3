"""What is read and done over HTTP is what every other channel reads and does."""

import json
from typing import Any

import pytest

from channels import verbs
from channels.cli.app import COMMANDS
from channels.cli.group import load_command
from channels.http.app import create_app
from channels.http.commands import COMMAND, NOT_SERVED
from evals import commands as evals_commands
from graphs.state_directory import StateDirectory
from tests.channels.conftest import INCIDENT, PLAN
from tests.channels.http.conftest import Serve, token_of
from tools.journal.records import Quarantine


def _commands() -> set[str]:
    """Every command of the command line, those of groups too."""
    found = set[str]()
    for package, listed in (
        ("channels.cli", COMMANDS),
        ("evals.commands", evals_commands.COMMANDS),
    ):
        for name, where, _ in listed:
            found |= _within(name, load_command(name, f"{package}.{where}"))
    return found


def _within(name: str, command: Any) -> set[str]:
    inner = getattr(command, "commands", None)
    if inner is None:
        return {name}
    return {one for within, each in inner.items() for one in _within(f"{name} {within}", each)}


def test_every_command_has_its_path_or_a_reason_why_it_has_none(
    directory: StateDirectory,
) -> None:
    document = create_app(directory).openapi()
    served = {
        operation[COMMAND]
        for path in document["paths"].values()
        for operation in path.values()
        if COMMAND in operation
    }
    commands = _commands()
    assert commands - served - NOT_SERVED.keys() == set(), "they have no path, and no reason why"
    assert served - commands == set(), "there is no such command"
    assert NOT_SERVED.keys() - commands == set(), "there is no such command"
    assert served & NOT_SERVED.keys() == set(), "it has a path after all"
    assert all(NOT_SERVED.values())


def test_path_that_names_a_command_has_what_the_command_is_given(
    directory: StateDirectory,
) -> None:
    """A further option of a command that only computes is a field of its request at once."""
    schemas = create_app(directory).openapi()["components"]["schemas"]
    assert {"text", "on", "traffic", "begin", "end", "cascade"} <= schemas["WhatIfAsked"][
        "properties"
    ].keys()
    assert {"by", "services", "depth"} <= schemas["SweepAsked"]["properties"].keys()


def test_incidents_and_networks_are_those_of_the_verbs(
    serve: Serve, directory: StateDirectory
) -> None:
    client = serve("vic")
    own = [view.model_dump(mode="json") for view in verbs.incidents(directory)]
    assert client.get("/incidents").json() == own
    details = verbs.incident(directory, INCIDENT).model_dump(mode="json")
    assert client.get(f"/incidents/{INCIDENT}").json() == details
    networks = [view.model_dump(mode="json") for view in verbs.networks(directory)]
    assert client.get("/networks").json() == networks
    assert (
        client.get("/handover").json()["networks"]
        == json.loads(verbs.handover(directory, 43_200.0).model_dump_json())["networks"]
    )


def test_question_shows_the_plan_whole_and_what_is_asked(serve: Serve) -> None:
    told = serve("vic").get(f"/plans/{INCIDENT}").json()
    assert told["plan"]["id"] == told["request"]["plan_id"] == PLAN
    assert told["plan"]["steps"][0]["diff"]
    assert [one["plan_id"] for one in serve("vic").get("/plans?state=waiting").json()] == [PLAN]
    assert serve("vic").get("/plans?state=used").json() == []


def test_report_is_the_same_in_its_three_forms(serve: Serve) -> None:
    client = serve("vic")
    page = client.get(f"/incidents/{INCIDENT}/report")
    assert page.headers["content-type"].startswith("text/html")
    assert "sandbox" in page.headers["content-security-policy"]
    assert INCIDENT in client.get(f"/incidents/{INCIDENT}/report?format=md").text
    assert client.get(f"/incidents/{INCIDENT}/report?format=json").json()["incident"]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/incidents/live-0009", 404),
        ("/plans/nothing", 404),
        ("/incidents/live-0001/report?format=pdf", 422),
        ("/incidents/live-0009/events", 404),
        ("/works?network=nowhere", 400),
        ("/networks/live/risks/R-00000000", 404),
        ("/audit/verify?head=x", 422),
        ("/handover?since_s=nan", 422),
        ("/nothing", 404),
    ],
)
def test_what_is_not_there_is_told_with_what_to_do(serve: Serve, path: str, status: int) -> None:
    answer = serve("vic").get(path)
    assert (answer.status_code, answer.headers["content-type"]) == (
        status,
        "application/problem+json",
    )


def test_operator_takes_notes_and_a_viewer_does_not(serve: Serve) -> None:
    note = {"text": "a crew is on its way"}
    assert serve("vic").post(f"/incidents/{INCIDENT}/notes", json=note).status_code == 403
    assert serve("olga").post(f"/incidents/{INCIDENT}/notes", json=note).status_code == 200
    told = serve("vic").get(f"/incidents/{INCIDENT}").json()["standing"]
    assert (told["note"], told["noted_by"]) == (note["text"], "olga")


def test_incident_in_work_is_not_closed_and_the_reason_is_told(serve: Serve) -> None:
    answer = serve("olga").post(f"/incidents/{INCIDENT}/close", json={"cause": "unknown"})
    assert answer.status_code == 400
    assert "people close what they have" in answer.json()["detail"]


def test_quarantine_is_lifted_by_who_may_approve(serve: Serve, directory: StateDirectory) -> None:
    with directory.journal() as journal:
        entry = Quarantine(network="live", node="Fulda", since_s=0.0, reason="half-way")
        journal.quarantine(entry)
    seen, path = {"reason": "runs as intended"}, "/networks/live/quarantine/Fulda/lift"
    assert serve("olga").post(path, json=seen).status_code == 403
    assert serve("ann").post(path, json=seen).json()["by"]["account"] == "ann"
    assert serve("vic").get("/quarantine").json() == []


def test_audit_log_verifies_and_is_exported_by_an_admin(serve: Serve) -> None:
    assert serve("vic").get("/audit/verify").json()["sound"] is True
    assert serve("ann").get("/audit/export").status_code == 403
    lines = serve("ada").get("/audit/export").text.splitlines()
    assert json.loads(lines[-1])["length"] == len(lines) - 1
    assert serve("ada").get("/audit/export?since=999999").status_code == 400


def test_pruning_says_first_what_it_would_drop(serve: Serve) -> None:
    assert serve("ann").post("/prune", json={"dry_run": True}).status_code == 403
    assert serve("ada").post("/prune", json={"dry_run": True}).json()["ended"] == []


def test_question_in_words_is_answered_with_what_it_rests_on(serve: Serve) -> None:
    answer = serve("vic").post("/questions", json={"question": "what waits for approval?"}).json()
    assert PLAN in answer["text"]
    assert answer["citations"]


def test_question_of_which_nothing_shows_is_refused(serve: Serve) -> None:
    for blank in ("", " ", "\x1b", "\u00ad\x85"):
        answer = serve("vic").post("/questions", json={"question": blank})
        assert (answer.status_code, "is empty" in answer.json()["detail"]) == (400, True)


def test_accounts_are_an_admins_and_tokens_ones_own(serve: Serve) -> None:
    assert serve("ann").get("/accounts").status_code == 403
    admin = serve("ada")
    made = admin.post("/accounts", json={"id": "zoe", "role": "operator"})
    assert (made.status_code, made.json()["role"]) == (201, "operator")
    assert admin.post("/accounts", json={"id": "zoe", "role": "operator"}).status_code == 400
    assert admin.patch("/accounts/zoe", json={"role": "viewer"}).json()["role"] == "viewer"
    assert admin.delete("/accounts/ada").status_code == 400
    token = {"label": "a bot", "scopes": ["read"]}
    assert serve("olga").post("/accounts/vic/tokens", json=token).status_code == 403
    assert serve("olga").post("/accounts/olga/tokens", json=token).status_code == 201
    [kept] = [one for one in admin.get("/accounts/olga/tokens").json() if one["label"] == "a bot"]
    assert admin.delete(f"/accounts/olga/tokens/{kept['id']}").status_code == 204


def test_narrow_token_makes_no_wider_one(serve: Serve) -> None:
    """A token that may only read is an admin's, and an admin may do all of this."""
    client = serve("ada", scopes=("read",))
    token, password = {"label": "wider"}, {"password": "a password of my own"}
    for name in ("ada", "ann"):
        assert client.post(f"/accounts/{name}/tokens", json=token).status_code == 403
        assert client.put(f"/accounts/{name}/password", json=password).status_code == 403
        assert client.delete(f"/accounts/{name}/tokens/abc").status_code == 403
    assert client.delete("/delegations/dlg_x").status_code == 403


def test_metrics_are_for_who_may_read_and_count_by_route(
    serve: Serve, directory: StateDirectory
) -> None:
    assert serve().get("/metrics").status_code == 401
    client = serve("vic")
    client.get(f"/incidents/{INCIDENT}")
    text = client.get("/metrics").text
    counted = 'noctua_http_requests_total{method="GET",route="/incidents/{incident}",status="200"}'
    assert f"{counted} 1.0" in text
    assert "noctua_plans_waiting 1.0" in text
    assert 'noctua_incidents_open{network="live"' in text
    assert token_of(directory, "vic") not in text


def test_computed_answer_is_the_commands_own(serve: Serve) -> None:
    asked = {"source": "Fulda", "target": "Muenchen", "on": "sndlib/germany50"}
    answer = serve("olga").post("/compute/disjoint", json=asked)
    assert answer.status_code == 200
    assert answer.json()["source"] == "Fulda"


@pytest.mark.parametrize(
    "asked",
    [
        {"text": "link A-B down", "on": "/etc/passwd"},
        {"text": "link A-B down", "on": "../networks/live.yaml"},
        {"text": "link A-B down", "traffic": "/etc/hostname"},
        {"text": "link A-B down", "traffic": "../x.csv"},
    ],
)
def test_computed_answer_reads_no_file_of_the_machine(serve: Serve, asked: dict[str, str]) -> None:
    answer = serve("olga").post("/compute/what-if", json=asked)
    assert answer.status_code == 400
    assert "is no" in answer.json()["detail"]


def test_computing_is_not_for_who_only_looks(serve: Serve) -> None:
    assert serve("vic").post("/compute/doctor", json={}).status_code == 403


def test_path_that_is_none_is_told_where_all_are(serve: Serve) -> None:
    told = serve("vic").get("/incident").json()
    assert (told["title"], told["status"]) == ("Not Found", 404)
    assert "GET /incident;" in told["detail"]
    assert "/openapi.json" in told["detail"]
