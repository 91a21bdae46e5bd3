"""What is refused over HTTP is said in words of HTTP: no option of the command line is named."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from channels.chat.commands import in_thread
from channels.http.app import create_app
from channels.http.computed import REFUSED, refusal_in
from graphs.state_directory import StateDirectory
from tests.channels.conftest import INCIDENT, PLAN
from tests.channels.http.conftest import Serve
from twin.errors import BadInput, NoctuaError
from twin.nouns.way import Way

OPTION = re.compile(r"(?<![\w(-])--[a-z]")
ROOT = Path(__file__).resolve().parents[3]

NAMES_OPTIONS = {
    "channels/asking.py": "the command line's own question, and the report's",
    "channels/http/commands.py": "says of commands why they have no path",
    "channels/http/computing.py": "begins a process",
    "channels/provenance.py": "begins git",
    "channels/report/facts.py": "the report's next steps",
    "tools/policy_server/head.py": "begins Ray",
    "tools/runners/rollout_ray.py": "names an option of Ray's own command",
}
"""Files beside the command line whose texts name options, and why."""


def test_command_line_says_a_way_as_it_is_typed() -> None:
    way = Way("approve", "live-0001.mitigate1", override=("a", "b c"), reason="WHY", keep=True)
    assert way.on_the_command_line() == (
        "noctua approve live-0001.mitigate1 --override a --override 'b c' --reason WHY --keep"
    )
    assert str(BadInput("say why", way=Way(reason="WHY"))) == "say why (--reason WHY)"
    assert str(NoctuaError("no way leads there")) == "no way leads there"


def test_thread_says_a_way_as_it_is_written_there() -> None:
    assert in_thread(Way("reopen", "live-0001", reason="WHY")) == "live-0001 reopen WHY"
    assert in_thread(Way(reason="WHY", accept_breach=True)) == "because WHY"
    assert in_thread(Way(leave_in_force=True)) == ""
    assert in_thread(Way("watch", "live")) == "noctua watch live, at the command line"


def _texts(source: str) -> Iterator[str]:
    """The texts in `source`, without what only explains."""
    tree = ast.parse(source)
    explaining = {id(n.value) for n in ast.walk(tree) if isinstance(n, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and id(node) not in explaining:
            yield str(node.value)


def _naming_options(place: str) -> set[str]:
    sources = {file: file.read_text(encoding="utf-8") for file in (ROOT / place).rglob("*.py")}
    return {
        str(file.relative_to(ROOT))
        for file, source in sources.items()
        if OPTION.search(source) and any(OPTION.search(text) for text in _texts(source))
    }


def test_only_the_command_line_names_its_options() -> None:
    packages = ("twin", "tools", "agents", "graphs", "channels")
    found = {file for package in packages for file in _naming_options(package)}
    beside = {file for file in found if not file.startswith("channels/cli/")}
    assert beside == NAMES_OPTIONS.keys()


HELPED = {
    f"POST /incidents/{INCIDENT}/close": ({"cause": "unknown"}, f"POST /plans/{PLAN}/reject"),
    f"POST /incidents/{INCIDENT}/reopen": ({"reason": "x"}, f"GET /incidents/{INCIDENT}"),
    f"POST /incidents/{INCIDENT}/notes": ({"text": " "}, f"POST /incidents/{INCIDENT}/notes"),
    f"POST /plans/{PLAN}/approve": ({"overrides": ["freeze:x"]}, '{"reason": "WHY"}'),
    "POST /networks/live/quarantine/Fulda/lift": ({"reason": " "}, '{"reason": "WHY"}'),
    "POST /networks/live/causes/C-1/accept": ({"reason": " "}, '{"reason": "WHY"}'),
    "POST /networks/live/risks/R-1/accept": ({"reason": " "}, '{"reason": "WHY"}'),
    "GET /alerts?network=elsewhere": (None, "elsewhere"),
}
"""Requests that are refused, and what helps in the words of whoever sends them."""


def test_refusal_names_the_request_that_helps(serve: Serve) -> None:
    client = serve("ada")
    for request, (body, helps) in HELPED.items():
        method, path = request.split()
        told = client.request(method, path, json=body).json()
        assert told.get("status", 0) >= 400, request
        assert helps in told["detail"], told
        assert not OPTION.search(told["detail"])


def test_network_is_named_in_the_query_or_in_the_body(
    serve: Serve, directory: StateDirectory
) -> None:
    (directory.networks / "other.yaml").write_text("driver: emulated\nname: other\n")
    client = serve("ada")
    assert "?network=NETWORK" in client.get("/alerts").json()["detail"]
    asked = client.post("/questions", json={"question": "how is Fulda?"}).json()
    assert '{"network": "NETWORK"}' in asked["detail"]


@pytest.mark.slow
def test_no_route_refuses_in_words_of_the_command_line(
    serve: Serve, directory: StateDirectory
) -> None:
    """Of every route, what is not there, what is empty, and what nobody has signed in for."""
    refused = 0
    for client in (serve("ada"), serve()):
        for method, path in _requests(directory):
            answer = client.request(method, path, json=None if method == "GET" else {})
            if answer.status_code >= 400:
                refused += 1
                assert answer.headers["content-type"] == "application/problem+json", path
                assert not OPTION.search(answer.text), answer.text
    assert refused > 100


def _requests(directory: StateDirectory) -> list[tuple[str, str]]:
    document = create_app(directory).openapi()
    return [
        (method.upper(), re.sub(r"\{\w+\}", "nothing", path))
        for path, operations in document["paths"].items()
        for method in operations
    ]


@pytest.mark.slow
def test_computed_refusal_names_fields_of_the_request(serve: Serve) -> None:
    client: TestClient = serve("olga")
    ranked = {"topology": "sndlib/germany50", "by": "services"}
    told = client.post("/compute/sweep", json=ranked).json()["detail"]
    assert told.endswith('({"services": true})')
    graph = client.post("/compute/graph-dag", json={"node": "Nowhere", "network": "live"})
    assert (graph.status_code, "Nowhere" in graph.json()["detail"]) == (400, True)
    assert client.post("/compute/graph-dag", json={"node": "Fulda", "kind": "device"}).json()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("sweep", "sndlib/polska", "--seed=many"), "seed: "),
        (("sweep", "sndlib/polska", "--by=services"), "(--services)"),
        (("incidents",), "is not a state directory"),
    ],
)
def test_refusal_of_a_process_is_handed_back_whole(
    arguments: tuple[str, ...], says: str, tmp_path: Path
) -> None:
    start = [sys.executable, "-c", "from channels.http.computed import main; main()"]
    ran = subprocess.run(
        [*start, "--state", str(tmp_path / "none"), *arguments],
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    assert (ran.returncode, ran.stdout) == (REFUSED, "")
    assert says in str(refusal_in(ran.stderr))
