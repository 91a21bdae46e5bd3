"""What the nodes of the foresight graph are given, and what its threads remember."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypedDict, TypeVar

from opentelemetry.trace import Tracer
from pydantic import BaseModel, JsonValue

from agents.loop.minds import Minds
from agents.loop.role import Role, run_role
from agents.prompts import prompt_id
from graphs.foresight_study import Study
from graphs.refresh_records import RefreshRecords
from tools.clock import SystemClock
from tools.journal.records import RoleAnswer
from twin.nouns.ticket import Ticket
from twin.runner import Runner

T = TypeVar("T", bound=BaseModel)


class ForesightState(TypedDict, total=False):
    """The thread of one refresh: plain JSON types, of nouns that were dumped.

    `start`: a Start. `tickets`: what they came to, None where there are none. `proposals`: of
    days to look at, and `imagined_by` the mind. `lines`: of the register, without remedies, and
    behind the first `asked` those that were kept before and cost something still. `covered`,
    `hardening`: of the enumeration. `parts`: of the search, still to do. `finds`: of the search.
    `remedies`: of the lines, as far as they have been looked for. `hardened`: of the lines, what
    changes of what is built save.
    `words`: by id of a line, and `worded_by` the mind. `searched`: what is told of the finds.
    `changes`: of the register, None where none is kept.
    """

    start: dict[str, Any]
    tickets: dict[str, Any] | None
    proposals: list[dict[str, Any]]
    imagined_by: str
    lines: list[dict[str, Any]]
    asked: int
    covered: dict[str, Any]
    hardening: list[dict[str, Any]]
    parts: list[dict[str, Any]]
    finds: list[dict[str, Any]]
    remedies: list[dict[str, Any]]
    hardened: list[list[dict[str, Any]]]
    words: dict[str, str]
    worded_by: str
    searched: list[dict[str, Any]]
    changes: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class ForesightDesk:
    """Everything that one refresh takes. `progress`: is told how much of how much is done."""

    study: Study
    tickets: Sequence[Ticket]
    minds: Minds
    runner: Runner
    records: RefreshRecords
    tracer: Tracer
    progress: Callable[[int, int], None]

    def play(self, role: Role[T], task: BaseModel, part: int = 0) -> tuple[T, str]:
        """What a mind says, and which; nobody is asked for what was said before. `part`: of what is
        asked, where one role run does not hold it all.
        """
        name = f"{role.name} {part + 1}" if part else role.name
        known = self.records.answer_of(name)
        if known is None:
            minds = self.minds.for_role(role.name)
            budget = self.records.budget(self.minds.limits)
            run = run_role(role, task, minds, budget, SystemClock(), self.tracer)
            data: dict[str, JsonValue] = {
                "swaps": [swap.model_dump(mode="json") for swap in run.swaps],
                "transcript": list(run.transcript),
                "charges": run.charges.model_dump(mode="json"),
                "prompt": prompt_id(role.prompt, role.name).model_dump(mode="json"),
            }
            said = run.answer.model_dump(mode="json")
            known = self.records.record_answer(
                RoleAnswer(role=name, finished_by=run.finished_by, answer=said, data=data)
            )
        return role.answer.model_validate(known.answer), known.finished_by
