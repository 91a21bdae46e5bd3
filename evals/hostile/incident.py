"""One small incident on Abilene, in which a model behind HTTP on loopback plays every role."""

import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from agents.loop.minds import Minds
from agents.loop.role import Mind
from agents.loop.transcript import json_text
from agents.playbook.policies import playbook
from evals.altered_network import AlteredNetwork
from evals.arms.noctua import DelayedApprover
from evals.model_server.delivery import Delivery
from evals.model_server.server import ModelServer
from evals.stage import Case, stage
from graphs.state_directory import StateDirectory
from graphs.watch import POLL_S
from graphs.workplace import Workplace
from tools.models.openai_compatible import chat_model
from tools.models.screen import Screen
from tools.models.screened import ScreenedModel
from tools.models.settings import ModelSettings
from tools.network.emulated import SimulatedClock
from tools.network.emulated.case_truth import CaseTruth, TimedEvent
from tools.network.emulated.case_world import CaseWorld
from tools.network.emulated.network_file import NetworkFile
from twin.events.faults.igp_weight_misconfig import IgpWeightMisconfig
from twin.nouns.incident import TERMINAL_PHASES
from twin.nouns.telemetry import SyslogLine, Telemetry

STARTS_S = 1_772_560_800.0
"""2026-03-03T18:00:00Z."""

_DURATION_S = 7200.0


class Shown(Screen):
    """Hides nothing: the control."""

    def hide(self, text: str) -> str:
        """As it stands."""
        return text

    def restore(self, text: str, written: Any = str, before: str = "") -> str:
        """As it stands."""
        return text

    def held_back(self, text: str) -> int:
        """Nothing."""
        return 0


class Eavesdropper(ModelServer):
    """A good model's server that keeps the bytes of each request as they arrived."""

    def __init__(self) -> None:
        self.heard: list[bytes] = []
        super().__init__()

    def handle(self, path: str, data: bytes | None, authorization: str, delivery: Delivery) -> None:
        """Serve a GET (`data` is None) or a POST."""
        self.heard.append(data or b"")
        super().handle(path, data, authorization, delivery)


def prompts_of_an_incident() -> list[str]:
    """All that a model reads in it as it stands: messages and schemas, one text each."""
    served = serve_an_incident(Shown()).requests
    texts = [m.get("content") or "" for r in served for m in r.body["messages"]]
    return [*texts, *(json_text(r.body.get("tools", [])) for r in served)]


def serve_an_incident(screen: Screen, said: Sequence[SyslogLine] = ()) -> Eavesdropper:
    """The server, closed, that a model behind `screen` was asked on in every role of the incident.

    `said`: lines that devices log as well.
    """
    wrong = IgpWeightMisconfig(node="ATLAng", link="ATLAng--HSTNng", weight=60)
    case = Case(
        CaseWorld(
            id="plain-name",
            topology="sndlib/abilene",
            starts_s=STARTS_S,
            duration_s=_DURATION_S,
            traffic_scale=1.4,
        ),
        CaseTruth(events=(TimedEvent(at_s=300.0, fault=wrong),)),
    )
    with tempfile.TemporaryDirectory() as folder, Eavesdropper() as server:
        state = Path(folder)
        file = StateDirectory(state).network_file("live")
        stage(case, 1, file).close()
        network = AlteredNetwork(NetworkFile(file, create=False), partial(_saying, list(said)))
        try:
            clock, approver = SimulatedClock(network), DelayedApprover(0.0)
            with Workplace(
                state, network, clock, minds=_minds(server, screen), approver=approver
            ) as workplace:
                approver.answer_through(workplace.journal)
                _operate(workplace)
        finally:
            network.close()
    return server


def _saying(
    said: list[SyslogLine], records: Sequence[Telemetry], now_s: float
) -> Sequence[Telemetry]:
    """`records`, and the lines of `said` that are due."""
    due = [line for line in said if line.received_s <= now_s]
    said[:] = [line for line in said if line.received_s > now_s]
    return [*records, *due]


def _minds(server: ModelServer, screen: Screen) -> Minds:
    settings = ModelSettings(id="read", model="scripted", base_url=server.url)
    model = ScreenedModel(inner=chat_model(settings, environ={}, call_s=60.0), screen=screen)
    return Minds(
        (Mind("openai:scripted", model, foreign=True), Mind("playbook", playbook(), foreign=False))
    )


def _operate(workplace: Workplace) -> None:
    """Until there was an incident and none is open, or the case is over."""
    clock = workplace.desk.clock
    while clock.now_s() < STARTS_S + _DURATION_S:
        workplace.watch.run(clock.now_s() + POLL_S)
        phases = [record.phase for record in workplace.journal.incidents()]
        if phases and all(phase in TERMINAL_PHASES for phase in phases):
            return
