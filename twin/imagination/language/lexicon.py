"""What strikes one network, each in words that mean the same on any network: its kind, the rank of
its place by what passes it, and which of several it is there.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from twin.events.kinds import FaultKind
from twin.imagination.language.vocabulary import ID, KINDS, ids, ranked
from twin.imagination.strikes import Strike, Strikes
from twin.nouns.incident import EVERYWHERE
from twin.nouns.state import NetworkState
from twin.whatif.engine import WhatIfEngine

Ids = NDArray[np.int64]

NO_WORD = -1


@dataclass(frozen=True, eq=False)
class Lexicon:
    """`strikes` of a network. `links`, `nodes`: their names by rank, that which most passes first.
    `words`: (strikes, longest), of each its words, NO_WORD behind them and where it has none.
    """

    strikes: Strikes
    links: tuple[str, ...]
    nodes: tuple[str, ...]
    words: Ids

    @classmethod
    def of(cls, strikes: Strikes, state: NetworkState) -> "Lexicon":
        """`state`: whose demand is that of the peak."""
        links, nodes = ranks_of(state)
        places = _places(strikes.all, links, nodes)
        return cls(strikes, links, nodes, _padded(_words(strikes.all, places)))

    def said(self, strike: int) -> list[int]:
        """The words of one."""
        return [word for word in self.words[strike].tolist() if word != NO_WORD]

    def read(self, words: Sequence[int]) -> int:
        """The one that has these words. Raises LookupError: none has."""
        row = np.full(self.words.shape[1], NO_WORD)
        row[: len(words)] = words
        found = np.flatnonzero((self.words == row).all(axis=1))
        if not len(found):
            raise LookupError(words)
        return int(found[0])

    @cached_property
    def has_words(self) -> NDArray[np.bool_]:
        """(strikes,) those that can be said."""
        return np.asarray(self.words[:, 0] != NO_WORD)

    @cached_property
    def kinds(self) -> Ids:
        """(strikes,) the word of each one's kind."""
        return np.asarray(self.words[:, 0])

    def excluded(self, strike: int) -> NDArray[np.bool_]:
        """(strikes,) those that are never causes together with it, itself among them."""
        if strike not in self._excluded:
            self._excluded[strike] = self.same_subject(strike) | self._said_to_exclude(strike)
        return self._excluded[strike]

    def _said_to_exclude(self, strike: int) -> NDArray[np.bool_]:
        every, fault = self.strikes.all, self.strikes.all[strike].fault
        if self._particular[strike]:
            return np.array([fault.excludes(x.fault) or x.fault.excludes(fault) for x in every])
        found = np.zeros(len(every), dtype=np.bool_)
        for resource in fault.resources:
            found[self._at_resource[resource]] = True
        for other in np.flatnonzero(self._particular).tolist():
            found[other] |= every[other].fault.excludes(fault)
        return found

    def same_subject(self, strike: int) -> NDArray[np.bool_]:
        """(strikes,) those that say something of the same."""
        return np.asarray(self._subjects == self._subjects[strike])

    @cached_property
    def floods(self) -> NDArray[np.bool_]:
        """(strikes,) those for which an adversary needs a flood."""
        return np.array([one.fault.means == "flood" for one in self.strikes.all])

    @cached_property
    def _subjects(self) -> Ids:
        numbers: dict[tuple[str, ...], int] = {}
        subjects = (one.fault.subject() for one in self.strikes.all)
        return np.array([numbers.setdefault(x, len(numbers)) for x in subjects])

    @cached_property
    def _particular(self) -> NDArray[np.bool_]:
        """(strikes,) those that exclude more than what sits where they do."""
        usual = FaultKind.excludes
        return np.array([type(one.fault).excludes is not usual for one in self.strikes.all])

    @cached_property
    def _at_resource(self) -> dict[str, list[int]]:
        """What sits on each."""
        found = defaultdict[str, list[int]](list)
        for i, one in enumerate(self.strikes.all):
            for resource in one.fault.resources:
                found[resource].append(i)
        return found

    @cached_property
    def _excluded(self) -> dict[int, NDArray[np.bool_]]:
        return {}


def ranks_of(state: NetworkState) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Links and nodes of `state`, those that most passes first."""
    topology = state.topology
    passing = WhatIfEngine(state).loads([()])[0].reshape(-1, 2).sum(axis=1)
    at_node = {
        node.id: sum(float(passing[topology.link_index[x.id]]) for x in topology.links_at(node.id))
        for node in topology.nodes
    }
    links = sorted(topology.link_index, key=lambda x: (-float(passing[topology.link_index[x]]), x))
    return tuple(links), tuple(sorted(at_node, key=lambda node: (-at_node[node], node)))


def _places(
    strikes: Sequence[Strike], links: Sequence[str], nodes: Sequence[str]
) -> dict[str, tuple[str, ...]]:
    """The words of each place."""
    found = {name: ranked("link", rank) for rank, name in enumerate(links)}
    found |= {name: ranked("node", rank) for rank, name in enumerate(nodes)}
    found[EVERYWHERE] = (EVERYWHERE,)
    load = dict[str, float]()
    for one in strikes:
        if one.place not in found:
            load[one.place] = max(load.get(one.place, 0.0), one.load)
    groups = sorted(load, key=lambda place: (-load[place], place))
    return found | {place: ranked("group", rank) for rank, place in enumerate(groups)}


def _words(strikes: Sequence[Strike], places: dict[str, tuple[str, ...]]) -> list[list[int]]:
    """Of each strike; of several of one kind at one place, those that most passes first."""
    alike = defaultdict[tuple[str, str], list[int]](list)
    for i in sorted(range(len(strikes)), key=lambda i: (-strikes[i].load, i)):
        alike[strikes[i].fault.kind, strikes[i].place].append(i)
    found = [list[int]() for _ in strikes]
    for (kind, place), several in alike.items():
        for rank, i in enumerate(several):
            if kind in KINDS:
                which = ranked("variant", rank) if len(several) > 1 else ()
                found[i] = [ID[kind], *ids(places[place]), *ids(which)]
    return found


def _padded(rows: Sequence[Sequence[int]]) -> Ids:
    table = np.full((len(rows), max(map(len, rows))), NO_WORD, dtype=np.int64)
    for row, words in zip(table, rows, strict=True):
        row[: len(words)] = words
    return table
