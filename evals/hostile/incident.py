"""One small incident on Abilene, in which a model behind HTTP on loopback plays every role."""

import tempfile
from pathlib import Path

from agents.loop.minds import Minds
from agents.loop.role import Mind
from agents.loop.transcript import json_text
from agents.playbook.policies import playbook
from evals.arms.noctua import DelayedApprover
from evals.model_server.server import ModelServer
from evals.stage import Case, stage
from graphs.state_directory import StateDirectory
from graphs.watch import POLL_S
from graphs.workplace import Workplace
from tools.models.openai_compatible import chat_model
from tools.models.settings import ModelSettings
from tools.network.emulated import SimulatedClock
from tools.network.emulated.case_truth import CaseTruth, TimedEvent
from tools.network.emulated.case_world import CaseWorld
from twin.events.faults.igp_weight_misconfig import IgpWeightMisconfig
from twin.nouns.incident import TERMINAL_PHASES

_STARTS_S = 1_772_560_800.0
"""2026-03-03T18:00:00Z."""

_DURATION_S = 7200.0


def prompts_of_an_incident() -> list[str]:
    """All that a model reads in it as it stands: messages and schemas, one text each."""
    wrong = IgpWeightMisconfig(node="ATLAng", link="ATLAng--HSTNng", weight=60)
    case = Case(
        CaseWorld(
            id="plain-name",
            topology="sndlib/abilene",
            starts_s=_STARTS_S,
            duration_s=_DURATION_S,
            traffic_scale=1.4,
        ),
        CaseTruth(events=(TimedEvent(at_s=300.0, fault=wrong),)),
    )
    with tempfile.TemporaryDirectory() as folder, ModelServer() as server:
        state = Path(folder)
        network = stage(case, 1, StateDirectory(state).network_file("live"))
        try:
            clock, approver = SimulatedClock(network), DelayedApprover(0.0)
            with Workplace(
                state, network, clock, minds=_minds(server), approver=approver
            ) as workplace:
                approver.answer_through(workplace.journal)
                _operate(workplace)
        finally:
            network.close()
    texts = [m.get("content") or "" for r in server.requests for m in r.body["messages"]]
    return [*texts, *(json_text(r.body.get("tools", [])) for r in server.requests)]


def _minds(server: ModelServer) -> Minds:
    settings = ModelSettings(id="read", model="scripted", base_url=server.url)
    model = chat_model(settings, environ={}, call_s=60.0)
    return Minds(
        (Mind("openai:scripted", model, foreign=True), Mind("playbook", playbook(), foreign=False))
    )


def _operate(workplace: Workplace) -> None:
    """Until there was an incident and none is open, or the case is over."""
    clock = workplace.desk.clock
    while clock.now_s() < _STARTS_S + _DURATION_S:
        workplace.watch.run(clock.now_s() + POLL_S)
        phases = [record.phase for record in workplace.journal.incidents()]
        if phases and all(phase in TERMINAL_PHASES for phase in phases):
            return
