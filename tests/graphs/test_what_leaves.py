"""What stands for a customer in the inventory or in a log line never reaches a model's server."""

import json
from collections.abc import Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from agents.playbook import TranscriptView, answer
from agents.playbook.policies import POLICIES
from agents.playbook.view import ToolChoice
from evals.model_server import ModelServer, Script
from evals.model_server.behaviours import Behaviour, Good, InventedDevice, Prose, WrongSchema
from evals.stage import stage
from evals.talking_network import TalkingNetwork
from graphs.minds import minds_from_environment
from graphs.workplace import Workplace
from tests.graphs.stagehand import (
    EVENING_S,
    FIRST,
    WRONG_WEIGHT,
    Operation,
    Person,
    case,
)
from tools.models.pseudonyms import KEY_FILE
from tools.network.emulated import SimulatedClock
from tools.network.emulated.network_file import NetworkFile
from twin.nouns.diagnosis import LOG_RECORD
from twin.nouns.incident import Phase
from twin.nouns.inventory import Inventory
from twin.nouns.telemetry import SyslogLine
from twin.nouns.untrusted import UntrustedText

KEY = "sk-canary-7d1"
CUSTOMER, SERVICE, PREFIX = "Zylonia Brauhaus", "zylo-voice-1", "203.0.113.0/24"
CANARIES = ("zylo", "brauhaus", "203.0.113", "hops@", "555 0199")
LINE = (
    f"%ODD-3-THING: {CUSTOMER.upper()} ({SERVICE}) on {PREFIX}, "
    "ask hops@brauhaus.example or +49 555 0199 22"
)


class _Planted(TalkingNetwork):
    """The network with canaries on record."""

    def inventory(self) -> Inventory:
        """A customer, a service and a prefix bear names that nothing else bears."""
        real = super().inventory()
        first, *others = real.services
        ours = first.model_copy(update={"id": SERVICE, "customer": CUSTOMER})
        node, *rest = real.topology.nodes
        marked = node.model_copy(update={"prefixes": (PREFIX,)})
        topology = real.topology.model_copy(update={"nodes": (marked, *rest)})
        return replace(real, services=(ours, *others), topology=topology)


def _play(folder: Path, server: ModelServer, pseudonyms: str) -> Operation:
    """An incident with the model for every role; a node says something that nobody understands."""
    file = folder / "networks" / "live.sqlite"
    stage(case((600.0, WRONG_WEIGHT), scale=1.4), 1, file).close()
    said_s = EVENING_S + 590.0
    line = SyslogLine(received_s=said_s, time_s=said_s, node="ATLAng", text=UntrustedText(LINE))
    environ = {
        "NOCTUA_MODEL": "openai:double",
        "NOCTUA_MODEL_URL": server.url,
        "NOCTUA_MODEL_KEY": KEY,
        "NOCTUA_MODEL_PSEUDONYMS": pseudonyms,
    }
    person = Person()
    with closing(_Planted(NetworkFile(file, create=False), [line])) as network:
        clock = SimulatedClock(network)
        minds = minds_from_environment(environ, folder, network.inventory())
        with Workplace(folder, network, clock, minds=minds, approver=person) as workplace:
            person.journal = workplace.journal
            operation = Operation(network, workplace, clock, folder)
            operation.run()
            assert operation.phase() is Phase.RESOLVED
            read = json.dumps(operation.journal.artefacts(FIRST)[LOG_RECORD])
            assert CUSTOMER.upper() in read
            assert "openai:double" in read
    return operation


def _quotes(view: TranscriptView) -> ToolChoice:
    """A reader that takes every line for something."""
    findings = [
        {
            "line": line["line"],
            "kind": "unknown",
            "quote": line["text"].strip("«»").split(" on ")[0][:80],
            "confidence": "low",
        }
        for line in view.task["lines"]
    ]
    return answer({"findings": findings})


QUOTING = {**POLICIES, "reader": _quotes}


def _sent(server: ModelServer) -> str:
    return "\n".join(json.dumps(r.body, ensure_ascii=False) for r in server.requests).lower()


def _found(server: ModelServer) -> list[str]:
    return [canary for canary in CANARIES if canary in _sent(server)]


GOOD: Mapping[str, tuple[Behaviour, ...]] = {}
REPAIRED: Mapping[str, tuple[Behaviour, ...]] = {
    role: (WrongSchema(), InventedDevice(), Good())
    for role in ("reader", "diagnoser", "supervisor", "remediator")
} | {"imaginer": (Prose(text=f"{CUSTOMER}!"), Good())}


@pytest.mark.slow
@pytest.mark.parametrize("roles", [GOOD, REPAIRED], ids=["good", "repaired"])
def test_canaries_reach_no_request_of_a_whole_incident(
    tmp_path: Path, roles: dict[str, tuple[Behaviour, ...]]
) -> None:
    with ModelServer(Script(roles=roles), policies=QUOTING) as server:
        _play(tmp_path, server, "always")
        assert server.served("reader")
        assert "customer-" in _sent(server)
        assert _found(server) == []
    assert (tmp_path / KEY_FILE).exists()
    # What was written here has the names, and the key nowhere.
    files = [f for f in tmp_path.rglob("*") if f.is_file() and f.name != KEY_FILE]
    assert [f.name for f in files if KEY.encode() in f.read_bytes()] == []


@pytest.mark.slow
def test_canaries_are_seen_by_a_model_that_may_see_them(tmp_path: Path) -> None:
    """So the test above can fail."""
    with ModelServer(Script(), policies=QUOTING) as server:
        _play(tmp_path, server, "never")
        assert _found(server) == list(CANARIES)
