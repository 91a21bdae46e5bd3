"""Asks the questions about staged networks, and judges the answers: right, declined or wrong."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

from agents.loop.minds import Minds
from agents.loop.role import Mind
from agents.playbook.policies import playbook
from evals.questions.facts import CHECKS, Ground
from evals.questions.slots import Written, slots_of
from evals.questions.staging import Scene
from graphs.conversation import Conversation, Source
from graphs.state_directory import StateDirectory
from tools.network.emulated import EmulatedNetwork
from tools.strict_yaml import read_yaml
from twin.errors import BadInput
from twin.nouns.base import Noun
from twin.nouns.configuration import NetworkConfiguration
from twin.nouns.inventory import Inventory

Verdict = Literal["right", "declined", "wrong"]

UNANSWERABLE = "unanswerable"


@dataclass(frozen=True, slots=True)
class Item:
    """A question with its slots open. `check`: "" where it cannot be answered."""

    group: str
    kind: str
    template: str
    check: str
    options: Mapping[str, str]


class Judged(Noun):
    """What came of one question. `wrong_because`: what the facts say against the answer."""

    scene: str
    group: str
    kind: str
    question: str
    text: str
    declined: bool
    citations: int
    answered_by: str
    verdict: Verdict
    wrong_because: tuple[str, ...] = ()


def shipped_items(text: str | None = None) -> list[Item]:
    """The questions of `questions.yaml`, or of another file's text.

    Raises:
        BadInput: it is something else, or names a check that does not exist.
    """
    if text is None:
        text = files(__package__).joinpath("questions.yaml").read_text(encoding="utf-8")
    try:
        return _items(read_yaml(text, "the questions"))
    except (LookupError, TypeError, AttributeError) as exc:
        raise BadInput(f"the questions cannot be read ({exc!r:.200})") from exc


def _items(data: Mapping[str, Any]) -> list[Item]:
    items = [
        _item(group, kind, entry)
        for group, kinds in data.items()
        if group != UNANSWERABLE
        for kind, entries in kinds.items()
        for entry in entries
    ]
    none: dict[str, str] = {}
    return items + [
        Item(UNANSWERABLE, UNANSWERABLE, q, "", none) for q in data.get(UNANSWERABLE, [])
    ]


def _item(group: str, kind: str, entry: Mapping[str, Any]) -> Item:
    options = {str(k): str(v) for k, v in entry.items() if k not in ("ask", "check")}
    if entry["check"] not in CHECKS:
        raise BadInput(f'question "{entry["ask"]}": there is no check "{entry["check"]}"')
    return Item(group, kind, entry["ask"], entry["check"], options)


class Room:
    """One staged network, to be asked about."""

    def __init__(
        self,
        state: Path,
        scene: Scene,
        minds: Callable[[Inventory], Minds] | None = None,
    ) -> None:
        """`minds`: who answers; the playbook if nobody is given."""
        self.scene = scene
        self._state = state
        self._inventory, self._running = _as_it_stands(state, scene)
        self._minds = (
            minds(self._inventory)
            if minds is not None
            else Minds([Mind("playbook", playbook(), foreign=False)])
        )

    @contextmanager
    def ground(self) -> Iterator[Ground]:
        """What the answers are judged by."""
        ground = Ground.of(
            self._state, self.scene.name, self._inventory, self._running, self.scene.fault
        )
        try:
            yield ground
        finally:
            ground.journal.close()

    def ask(self, items: Iterable[Item]) -> list[Judged]:
        """Ask every question by itself."""
        with self.ground() as ground:
            slots = slots_of(self._inventory, self.scene.fault, ground.incident())
            return [self._judge(item, ground, slots) for item in items]

    def _judge(self, item: Item, ground: Ground, slots: Mapping[str, Written]) -> Judged:
        question = item.template.format(**slots)
        source = Source(StateDirectory(self._state), self.scene.name, lambda: self._inventory)
        reply = Conversation(source, lambda _: self._minds).ask(question)
        wrong: Sequence[str] = ()
        if not reply.declined:
            wrong = (
                CHECKS[item.check](ground, slots, item.options).missing_in(reply.text)
                if item.check
                else ["it cannot be answered"]
            )
        verdict: Verdict = "declined" if reply.declined else "wrong" if wrong else "right"
        return Judged(
            scene=self.scene.name,
            group=item.group,
            kind=item.kind,
            question=question,
            text=reply.text,
            declined=reply.declined,
            citations=len(reply.citations),
            answered_by=reply.answered_by,
            verdict=verdict,
            wrong_because=tuple(wrong[:5]),
        )


def tally(judged: Iterable[Judged]) -> dict[str, Counter[str]]:
    """How often each verdict was given, by group."""
    counts: dict[str, Counter[str]] = {}
    for one in judged:
        counts.setdefault(one.group, Counter())[one.verdict] += 1
    return counts


def _as_it_stands(state: Path, scene: Scene) -> tuple[Inventory, NetworkConfiguration]:
    network = EmulatedNetwork.open(StateDirectory(state).network_file(scene.name))
    try:
        inventory = network.inventory()
        devices = tuple(network.running(n.id) for n in inventory.topology.nodes)
        return inventory, NetworkConfiguration(devices=devices)
    finally:
        network.close()
