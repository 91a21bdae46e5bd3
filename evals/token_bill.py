"""What a whole incident costs a language model: calls and input tokens, by role.

The demonstration's incident on germany50 is handled by a model behind HTTP on loopback. It thinks
by the playbook, and does besides what a language model does: it reads a log line, adds a cause,
measures an idea of its own, gives one answer that has to be repaired, and sends work back once.
"""

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from agents.loop.budget import tokens_by_rule
from agents.loop.minds import Minds
from agents.loop.reply import ANSWER
from agents.loop.role import Mind
from agents.loop.transcript import json_text
from agents.playbook import Policy, TranscriptView, answer
from agents.playbook.policies import POLICIES, playbook
from agents.playbook.view import ToolChoice
from evals.arms.noctua import DelayedApprover
from evals.demo import CUT_AFTER_S, STARTS_S, demo_case
from evals.model_server.server import ModelServer, Served
from evals.stage import Case, stage
from evals.talking_network import TalkingNetwork
from graphs.state_directory import StateDirectory
from graphs.watch import POLL_S
from graphs.workplace import Workplace
from tools.models.openai_compatible import chat_model
from tools.models.settings import ModelSettings
from tools.network.emulated import SimulatedClock
from tools.network.emulated.network_file import NetworkFile
from twin.nouns.base import Noun
from twin.nouns.incident import TERMINAL_PHASES
from twin.nouns.telemetry import SyslogLine
from twin.nouns.untrusted import UntrustedText

MOST_CALLS = 25
MOST_INPUT_TOKENS = 60_000
"""What a whole incident may cost."""

SendBack = Literal["diagnoser", "remediator"]
"""Whose work the supervisor sends back, once: nobody decides twice that it is good enough."""


class RoleBill(Noun):
    """`input_tokens`: by our rule, UTF-8 bytes / 3 of messages and tool schemas as JSON."""

    role: str
    calls: int
    input_tokens: int


class TokenBill(Noun):
    """`reported_input_tokens`: as the server counted them and the journal kept them.

    `phases`: of every incident, at the end. `swaps`: roles that the model lost. `repairs`: replies
    that it was asked to repair. `sent_back`: whose work went back.
    """

    case: str
    seed: int
    sent_back: SendBack
    roles: tuple[RoleBill, ...]
    calls: int
    input_tokens: int
    reported_calls: int
    reported_input_tokens: int
    phases: tuple[str, ...]
    swaps: tuple[str, ...]
    repairs: int


def token_bill(seed: int, folder: Path, sent_back: SendBack = "diagnoser") -> TokenBill:
    """Play the incident that `seed` draws in the new folder `folder`, to its end."""
    case, duct = demo_case(seed)
    file = StateDirectory(folder).network_file("live")
    stage(case, seed, file).close()
    node = duct.links[0].partition("--")[0]
    network = TalkingNetwork(NetworkFile(file, create=False), [_logged(node)])
    try:
        with ModelServer(policies=ways_of_a_model(sent_back)) as server:
            clock, approver = SimulatedClock(network), DelayedApprover(0.0)
            with Workplace(
                folder, network, clock, minds=_minds(server), approver=approver
            ) as workplace:
                approver.answer_through(workplace.journal)
                _operate(workplace, case)
                return _bill(workplace, server, case, seed, sent_back)
    finally:
        network.close()


def _logged(node: str) -> SyslogLine:
    """A line that no code understands, of a node at which links go down."""
    at_s = STARTS_S + CUT_AFTER_S
    text = "optics[2017]: %L1-OPTICS-4-ALARM : receive power of port 3 fell by 18 dB, then none"
    return SyslogLine(at_s + 1.5, at_s, node, UntrustedText(text))


def _minds(server: ModelServer) -> Minds:
    settings = ModelSettings(id="billed", model="scripted", base_url=server.url)
    model = chat_model(settings, environ={}, call_s=60.0)
    return Minds(
        (Mind("openai:scripted", model, foreign=True), Mind("playbook", playbook(), foreign=False))
    )


def _operate(workplace: Workplace, case: Case) -> None:
    """Until there was an incident and none is open, or the case is long over."""
    clock = workplace.desk.clock
    last_s = case.world.starts_s + 2 * case.world.duration_s
    while clock.now_s() < last_s:
        workplace.watch.run(clock.now_s() + POLL_S)
        phases = [r.phase for r in workplace.journal.incidents()]
        if phases and all(p in TERMINAL_PHASES for p in phases):
            return


def _bill(
    workplace: Workplace, server: ModelServer, case: Case, seed: int, sent_back: SendBack
) -> TokenBill:
    calls = Counter(served.role for served in server.requests)
    tokens: Counter[str] = Counter()
    for served in server.requests:
        tokens[served.role] += request_tokens(served.body)
    journal = workplace.journal
    records = journal.incidents()
    runs = [run for r in records for run in journal.role_runs(r.incident.id)]
    charged = [journal.charged(r.incident.id) for r in records]
    swaps: list[Any] = [run.role for run in runs if run.data["swaps"]]
    return TokenBill(
        case=case.id,
        seed=seed,
        sent_back=sent_back,
        roles=tuple(
            RoleBill(role=role, calls=calls[role], input_tokens=tokens[role]) for role in calls
        ),
        calls=calls.total(),
        input_tokens=tokens.total(),
        reported_calls=sum(c.calls for c in charged),
        reported_input_tokens=sum(c.input_tokens for c in charged),
        phases=tuple(r.phase.value for r in records),
        swaps=tuple(swaps),
        repairs=_repairs(server.requests),
    )


def request_tokens(body: Mapping[str, Any]) -> int:
    """Input tokens of a request by our rule."""
    return tokens_by_rule(json_text(body["messages"]) + json_text(body.get("tools", [])))


def _repairs(requests: list[Served]) -> int:
    return sum("was not used" in json.dumps(served.body["messages"][-1]) for served in requests)


def ways_of_a_model(sent_back: SendBack) -> dict[str, Policy]:
    """The playbook's policies, with what a language model does besides; they work for one run."""
    done: set[str] = set()

    def first_time(what: str) -> bool:
        if what in done:
            return False
        done.add(what)
        return True

    def supervisor(view: TranscriptView) -> ToolChoice:
        legal = view.offered[ANSWER]["properties"]["next"].get("enum", [])
        phase = {"diagnoser": "diagnosing", "remediator": "simulating"}[sent_back]
        if view.task["phase"] == phase and sent_back in legal and first_time("sent back"):
            return answer({"next": sent_back, "reason": "look again, with newer data"})
        return POLICIES["supervisor"](view)

    def diagnoser(view: TranscriptView) -> ToolChoice:
        chosen = POLICIES["diagnoser"](view)
        if chosen.tool != ANSWER:
            return chosen
        if view.task["log_findings"] and first_time("added"):
            return ToolChoice("add_cause", _own_cause(view))
        if first_time("erred"):
            said: Any = chosen.arguments
            return answer(said | {"ranking": ["link_down@nowhere", *said["ranking"]]})
        return chosen

    def remediator(view: TranscriptView) -> ToolChoice:
        chosen = POLICIES["remediator"](view)
        if chosen.tool == ANSWER and view.calls and first_time("measured"):
            said: Any = chosen.arguments
            return ToolChoice("measure", {"actions": said["remedies"][0]["actions"]})
        return chosen

    return {
        **POLICIES,
        "supervisor": supervisor,
        "diagnoser": diagnoser,
        "remediator": remediator,
    }


def _own_cause(view: TranscriptView) -> dict[str, Any]:
    """That the node whose log tells of trouble draws a crowd: wrong, and soon refuted."""
    node = view.task["log_findings"][0]["node"]
    return {
        "fault": {"kind": "traffic_spike", "target": node, "factor": 1.5},
        "refuted_by": [{"observable": "traffic_surge", "resource": node, "seen": False}],
        "why": "its log tells of trouble",
    }
