"""Plays questions as operators wrote them, for a person to judge: what was asked, read, answered.

Whether an answer is right, no fact can say of questions that nobody has prepared for. So what is
kept is all that a person needs to judge one: the question, what a right answer says, what was
answered, and by which tools.
"""

import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from agents.loop.minds import Minds
from evals.questions.staging import Erin
from evals.stage import load_case, stage
from graphs.conversation import Conversation, Source
from graphs.inventory_file import kept_inventory
from graphs.state_directory import StateDirectory
from graphs.watch import POLL_S
from graphs.workplace import Workplace
from tools.network.emulated import EmulatedNetwork, SimulatedClock
from tools.strict_yaml import read_yaml
from twin.errors import BadInput, NoctuaError
from twin.nouns.base import Noun
from twin.nouns.incident import Phase
from twin.nouns.inventory import Inventory

CASE = "quiet-harbour"
NETWORK = f"{CASE}-1"

_QUIET_S = 5100.0
_LONGEST_S = 4 * 3600.0


class OperatorQuestion(Noun):
    """A question as it was typed. `computable`: whether it can be answered here, by `tools`.

    `wants`: what a right answer says, or why there is none.
    """

    ask: str
    writer: int
    computable: bool
    tools: tuple[str, ...]
    wants: str


class Played(Noun):
    """What came of one question. `taken_as`: what it was taken for, "" where the grammar read it.

    `used`: the tools whose results the answer cites. `error`: why there is no answer at all.
    """

    scene: str
    asked: OperatorQuestion
    taken_as: str
    answer: str
    declined: bool
    used: tuple[str, ...]
    answered_by: str
    error: str = ""


@dataclass(frozen=True, slots=True)
class Moment:
    """When the case is looked at: before its incident, or once its incident is in `phase`."""

    name: str
    phase: Phase | None
    approved: bool = False


MOMENTS: tuple[Moment, ...] = (
    Moment("quiet", None),
    Moment("waiting", Phase.AWAITING_APPROVAL),
    Moment("repair", Phase.AWAITING_REPAIR, approved=True),
)
"""One after the other, each from where the one before ends."""


def read_operator_questions(file: Path) -> tuple[OperatorQuestion, ...]:
    """The questions of a file in the form of operators.yaml. Raises BadInput."""
    try:
        data = read_yaml(file.read_text(encoding="utf-8"), str(file))
        return TypeAdapter(tuple[OperatorQuestion, ...]).validate_python(data)
    except (OSError, UnicodeDecodeError, ValidationError) as exc:
        raise BadInput(f"{file}: cannot be read as operators' questions ({exc})") from exc


def stage_moments(folder: Path, names: Sequence[str]) -> Iterator[tuple[str, Path]]:
    """The state directory of every moment of `names`, as it is reached.

    Raises:
        BadInput: there is no such moment.
    """
    known = [m.name for m in MOMENTS]
    for name in names:
        if name not in known:
            raise BadInput(f'there is no moment "{name}" (there are {", ".join(known)})')
    last = max(known.index(name) for name in names)
    before: Path | None = None
    for moment in MOMENTS[: last + 1]:
        state = folder / moment.name
        if before is None:
            file = StateDirectory(state).network_file(NETWORK)
            network = stage(load_case(CASE), 1, file, NETWORK)
        else:
            shutil.copytree(before, state)
            network = EmulatedNetwork.open(StateDirectory(state).network_file(NETWORK))
        _operate(state, network, moment)
        before = state
        if moment.name in names:
            yield moment.name, state


def _operate(state: Path, network: EmulatedNetwork, moment: Moment) -> None:
    clock, erin = SimulatedClock(network), Erin()
    longest = _QUIET_S if moment.phase is None else _LONGEST_S
    until_s = clock.now_s() + longest
    approver = erin if moment.approved else None
    try:
        with Workplace(state, network, clock, approver=approver) as workplace:
            erin.journal = workplace.journal
            while clock.now_s() < until_s:
                workplace.watch.run(clock.now_s() + POLL_S)
                if any(r.phase is moment.phase for r in workplace.journal.incidents()):
                    return
    finally:
        network.close()
    if moment.phase is not None:
        raise RuntimeError(f"{CASE}: its incident did not come to {moment.phase}")


def play(
    questions: Iterable[OperatorQuestion],
    scene: str,
    state: Path,
    minds: Callable[[Inventory], Minds],
) -> Iterator[Played]:
    """Every question by itself, to the network as `state` has it."""
    inventory = kept_inventory(StateDirectory(state), NETWORK)
    if inventory is None:
        raise BadInput(f"{state} keeps no inventory of {NETWORK}")
    source = Source(StateDirectory(state), NETWORK, lambda: inventory)
    for question in questions:
        yield _played(question, scene, Conversation(source, minds))


def _played(question: OperatorQuestion, scene: str, talk: Conversation) -> Played:
    try:
        reply = talk.ask(question.ask)
    except NoctuaError as exc:
        return Played(
            scene=scene, asked=question, taken_as="", answer="", declined=False, used=(),
            answered_by="", error=str(exc),
        )  # fmt: skip
    head = reply.text.partition("Taken as: ")[2].partition(". ")[0]
    return Played(
        scene=scene,
        asked=question,
        taken_as="" if reply.declined else head,
        answer=reply.text,
        declined=reply.declined,
        used=tuple(dict.fromkeys(f.tool for f in reply.citations)),
        answered_by=reply.answered_by,
    )


def operators_markdown(played: Sequence[Played]) -> str:
    """How many were answered and declined; right and wrong are for a person to say."""
    lines = [
        "| network | questions | n | answered | declined | failed |",
        "|---|---|--:|--:|--:|--:|",
    ]
    for scene in dict.fromkeys(p.scene for p in played):
        for computable, name in ((True, "computable"), (False, "not computable")):
            mine = [p for p in played if p.scene == scene and p.asked.computable is computable]
            counts = Counter(_outcome(p) for p in mine)
            cells = " | ".join(str(counts[x]) for x in ("answered", "declined", "failed"))
            lines.append(f"| {scene} | {name} | {len(mine)} | {cells} |")
    return "\n".join(lines) + "\n"


def _outcome(played: Played) -> str:
    if played.error:
        return "failed"
    return "declined" if played.declined else "answered"
