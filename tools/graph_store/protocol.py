"""What every store of the knowledge graph offers. One graph is of one network.

The stores keep facts and hand them out; what follows from facts is worked out in process from a
snapshot, by the same code for every store (`twin.knowledge`).
"""

from collections.abc import Iterable
from typing import Protocol

from tools.graph_store.past import PastIncidents
from twin.errors import BadInput, NoctuaError
from twin.knowledge.facts import Facts, Relation, Thing
from twin.knowledge.schema import Schema
from twin.knowledge.snapshot import Snapshot

AT_ONCE = 10_000
"""So many facts are written in one transaction by every store."""


class CorruptGraph(BadInput):
    """The stored graph cannot be read."""


class GraphNotSaved(NoctuaError):
    """The graph could not be stored; what was stored before stands."""


class GraphRefused(GraphNotSaved):
    """The server does not take what was to be stored, and would not later."""


class GraphUnavailable(NoctuaError):
    """The server that has the graph does not answer."""


class KnowledgeGraph(PastIncidents, Protocol):
    """One network's facts. A method that writes has stored them when it returns.

    Facts are checked against `schema` before anything is written. Things are handed out in order of
    kind and id, relations in order of kind, source, target and qualifier, both by code point.
    """

    schema: Schema

    def put(self, things: Iterable[Thing], relations: Iterable[Relation] = ()) -> None:
        """Add facts, or replace those of the same identity.

        All or nothing for up to AT_ONCE facts. More of them may be written in several
        transactions, things first; the same call again completes what was cut off.

        Raises:
            BadFact, UnknownKind: a fact is not what the schema says.
            UnknownThing: a relation has an end that is neither given nor there.
        """
        ...

    def replace(
        self, source: str, things: Iterable[Thing], relations: Iterable[Relation] = ()
    ) -> None:
        """Put facts, and remove what else `source` has said; facts of other sources stay.

        With a thing go all its relations. A fact that stays the same keeps its `recorded_s`.

        Raises:
            As `put`.
        """
        ...

    def thing(self, kind: str, id: str) -> Thing | None:
        """The thing of that kind and id, None for none."""
        ...

    def things(self, kind: str) -> tuple[Thing, ...]:
        """All things of a kind."""
        ...

    def ids(self, kind: str) -> tuple[str, ...]:
        """The ids of all things of a kind; nothing else of them is read."""
        ...

    def around(self, kind: str, id: str, hops: int = 1) -> Facts:
        """A thing, what is within so many relations of it, and the relations on the way.

        Raises:
            UnknownThing: there is no such thing.
        """
        ...

    def snapshot(self) -> Snapshot:
        """Everything, as it is now."""
        ...

    def trouble(self) -> str:
        """Why facts are not as they are on record now, and how old they are; "" if they are."""
        ...

    def close(self) -> None:
        """Let go of the file or the server."""
        ...
