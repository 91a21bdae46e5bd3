"""The third graph: a question, what is looked up for it, and the answer. It only reads.

It is one role run and nothing that could be interrupted or taken up again, so it is a plain
function of the state directory and no LangGraph graph. What it reads are files: the journal (opened
read-only), what the watch has learned, and the inventory as the workplace last saw it. So it works
while a watch holds the network, and disturbs nobody.
"""

import os
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from functools import cache

from agents.conversation.lookups import Finding
from agents.conversation.record import NetworkRecord, utc
from agents.conversation.role import LONGEST_QUESTION, Asked, Exchange
from agents.loop.budget import Budget
from agents.loop.minds import Minds
from agents.loop.role import run_role
from agents.loop.role_events import RoleEvent
from agents.loop.transcript import Swap
from graphs.inventory_file import kept_inventory
from graphs.state_directory import StateDirectory
from graphs.tracker_file import kept_tracker
from tools.clock import SystemClock
from tools.graph_store.opening import GRAPH_SETTING, open_graph
from tools.graph_store.protocol import KnowledgeGraph
from tools.journal.reading import last_entry_s, open_read_only
from tools.journal.watch_notes import note_lines, note_of
from twin.errors import BadInput
from twin.nouns.base import Noun
from twin.nouns.inventory import Inventory
from twin.nouns.way import Way
from twin.physics.twin import Twin

ROLE = "conversation"


class Reply(Noun):
    """What a question came to. `text`: the answer, behind what is `wrong` with the watch itself, a
    line each. `citations`: the results that it rests on, in order.

    `answered_by`: the mind. `swaps`: minds that could not finish it. `data_utc`: when the newest
    telemetry was received, "" if there is none.
    """

    network: str
    question: str
    wrong: tuple[str, ...]
    text: str
    declined: bool
    citations: tuple[Finding, ...]
    answered_by: str
    swaps: tuple[Swap, ...]
    data_utc: str


@dataclass(frozen=True)
class Source:
    """Where a conversation about `network` reads. `inventory`: where none is kept in `state`."""

    state: StateDirectory
    network: str
    inventory: Callable[[], Inventory]


class Conversation:
    """Questions to one network, each of which may refer to those before."""

    def __init__(self, source: Source, minds: Callable[[Inventory], Minds]) -> None:
        self._source = source
        self._inventory = kept_inventory(source.state, source.network) or source.inventory()
        self._minds = minds(self._inventory)
        self._history: list[Exchange] = []

    @property
    def network(self) -> str:
        """Which network is talked about."""
        return self._source.network

    def ask(self, question: str, listen: Callable[[RoleEvent], None] | None = None) -> Reply:
        """Answer `question`, or say why not. The files are read anew for every question.

        Raises:
            BadInput: the question is empty or too long; a file cannot be read.
            JournalFailed: the journal cannot be read.
        """
        # What shows nothing is no part of a question, and reaches no mind.
        shown = (c if unicodedata.category(c)[0] != "C" else " " for c in question)
        question = " ".join("".join(shown).split())
        if not question:
            raise BadInput("the question is empty; ask something like: is the network healthy?")
        if len(question) > LONGEST_QUESTION:
            raise BadInput(
                f"the question has {len(question)} characters, at most {LONGEST_QUESTION} are read"
            )
        with open_record(self._source, self._inventory) as record:
            asked = Asked(record, question, self._history)
            run = run_role(
                asked.role(),
                asked.task(),
                self._minds.for_role(ROLE),
                Budget(self._minds.limits),
                SystemClock(),
                listen=listen,
            )
            data_s = record.data_s
        found = asked.lookups.found
        self._history.append(Exchange(question=question, answer=run.answer.text))
        # Whatever was asked: what follows may be of before it.
        wrong = tuple(note_lines(note_of(self._source.state.path, self._source.network)))
        return Reply(
            network=self._source.network,
            question=question,
            wrong=wrong,
            text="\n".join([*wrong, run.answer.text]),
            declined=run.answer.declined,
            citations=tuple(found[name] for name in dict.fromkeys(run.answer.citations)),
            answered_by=run.finished_by,
            swaps=tuple(run.swaps),
            data_utc="" if data_s is None else utc(data_s),
        )


@contextmanager
def open_record(source: Source, inventory: Inventory) -> Iterator[NetworkRecord]:
    """What is known of the network as of now.

    Raises:
        BadInput: what was learned cannot be read.
        JournalFailed: the journal cannot be read.
    """
    with ExitStack() as opened:
        journal = opened.enter_context(open_read_only(source.state.journal_file))
        yield NetworkRecord(
            network=source.network,
            inventory=inventory,
            tracker=kept_tracker(source.state, source.network, Twin(inventory)),
            journal=journal,
            journal_s=last_entry_s(journal, source.network),
            # Not every question needs it, and none needs it twice.
            open_graph=cache(lambda: opened.enter_context(closing(_graph(source)))),
        )


def _graph(source: Source) -> KnowledgeGraph:
    file, network = source.state.knowledge_file(source.network), source.network
    if not (file.exists() or os.environ.get(GRAPH_SETTING, "").strip()):
        raise BadInput(
            f'network "{network}" has no knowledge graph yet; a watch makes one',
            way=Way("watch", network),
        )
    return open_graph(file, network, os.environ)
