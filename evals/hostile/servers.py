"""Model servers that mean harm, played on the wire: `python -m evals.hostile.servers [NAME ...]`.

Each is a real server on loopback that a role of an incident asks for its answer, with the playbook
behind it. The role must be finished in time, by the playbook unless the reply holds an answer, in
bounded memory, and what is kept of it must be text.
"""

import json
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from rich.console import Console
from rich.table import Table

from agents.loop.budget import Budget, Limits
from agents.loop.role import Mind, RoleRun, run_role
from agents.playbook.policies import playbook
from agents.roles.supervisor import supervisor_role
from evals.hostile.server_attacks import ATTACKS, KEY, Attack
from evals.hostile.wire import HostileServer
from tools.clock import SystemClock
from tools.models.openai_compatible import DEFAULT_REPLY_BYTES, chat_model
from tools.models.screen import Screen
from tools.models.screened import ScreenedModel
from tools.models.secrets import Secrets
from tools.models.settings import ModelSettings

DEADLINE_S = 3.0
GRACE_S = 2.0
"""What a role may take beyond the deadlines of its calls: the playbook thinks, others work."""

MOST_MEMORY = 400 * 2**20
"""Bytes beyond what was there before: the reply, its text, and what is decoded of it."""

SECRETS = Secrets([KEY])
"""As the environment has it that a model is asked in."""

_TARGETS = ("planner", "remediator", "escalate")
_TASK = {"phase": "simulating", "facts": {"costs": {"R0": 54.4, "R1": 4.58}}}


@dataclass(slots=True)
class Outcome:
    """What one role run came to. `memory`: bytes at its peak beyond those before it."""

    name: str
    finished_by: str = ""
    causes: list[str] = field(default_factory=list)
    detail: str = ""
    seconds: float = 0.0
    calls: int = 0
    memory: int = 0
    sent: int = 0
    faults: list[str] = field(default_factory=list)


def play(
    name: str,
    attack: Attack,
    deadline_s: float = DEADLINE_S,
    reply_bytes: int = DEFAULT_REPLY_BYTES,
    call_s: float | None = None,
    screen: Screen = SECRETS,
) -> Outcome:
    """Have the supervisor of an incident ask that server, with the playbook behind it.

    `reply_bytes`: of a reply; what is larger is no reply. `call_s`: the client's own deadline,
    where that is not the role's, `deadline_s`. `screen`: what its texts pass.
    """
    outcome, serve = Outcome(name), attack.make()
    with HostileServer(serve) as server, _Memory() as memory:
        settings = ModelSettings(id="hostile", model="m", base_url=server.url, key_env="K")
        client = chat_model(
            settings, environ={"K": KEY}, call_s=call_s or deadline_s, reply_bytes=reply_bytes
        )
        model = ScreenedModel(inner=client, screen=screen)
        minds = (
            Mind("openai:hostile", model, foreign=True),
            Mind("playbook", playbook(), foreign=False),
        )
        budget = Budget(Limits(call_deadline_s=deadline_s))
        started = time.monotonic()
        try:
            run = run_role(supervisor_role(_TARGETS), _TASK, minds, budget, SystemClock())
        except Exception as error:
            outcome.faults.append(f"raised {error!r:.200}")
        else:
            _judge(run, attack, outcome)
        outcome.seconds = time.monotonic() - started
        outcome.calls, outcome.sent = server.requests, server.sent
    outcome.memory = memory.peak - memory.before
    if outcome.memory > MOST_MEMORY:
        outcome.faults.append("too much memory")
    return outcome


def _judge(run: RoleRun[Any], attack: Attack, outcome: Outcome) -> None:
    outcome.finished_by = run.finished_by
    outcome.causes = [swap.cause for swap in run.swaps]
    outcome.detail = "; ".join(swap.detail for swap in run.swaps)
    if (run.finished_by != "playbook") != attack.answers:
        outcome.faults.append(f"finished by {run.finished_by}")
    if run.answer.next not in _TARGETS:
        outcome.faults.append(f"the answer is {run.answer!r}")
    kept = json.dumps([run.transcript, run.charges.model_dump()], ensure_ascii=False)
    try:
        kept.encode()
    except UnicodeEncodeError:
        outcome.faults.append("what is kept is no text")
    if KEY in kept:
        outcome.faults.append("the key is kept")
    if len(kept) > 100_000:
        outcome.faults.append("too much is kept")


class _Memory:
    """The memory of this process while something happens, looked at every few milliseconds."""

    def __init__(self) -> None:
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self.before = self.peak = _resident()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(0.005):
            self.peak = max(self.peak, _resident())


def _resident() -> int:
    """Bytes. Source: proc(5), statm."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096


def main(names: list[str]) -> None:
    """Print how each attack ended. Exits with 1 if one of them had its way."""
    console, worst = Console(), 0
    shown = Table("server", "finished by", "why", "calls", "s", "MB sent", "MB more", "fault")
    for name in names or list(ATTACKS):
        outcome = play(name, ATTACKS[name])
        if outcome.seconds > outcome.calls * DEADLINE_S + GRACE_S:
            outcome.faults.append("late")
        worst += bool(outcome.faults)
        shown.add_row(
            name,
            outcome.finished_by,
            f"{', '.join(outcome.causes)}: {outcome.detail[:60]}" if outcome.causes else "",
            str(outcome.calls),
            f"{outcome.seconds:.1f}",
            f"{outcome.sent / 2**20:.1f}",
            f"{outcome.memory / 2**20:.0f}",
            "; ".join(outcome.faults),
        )
    console.print(shown)
    console.print(f"{len(names or ATTACKS)} servers, {worst} with a fault")
    sys.exit(bool(worst))


if __name__ == "__main__":
    main(sys.argv[1:])
