"""A model composes sentences under the grammar; after each event the twin says what is so then."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from twin.imagination.days import DEMANDS
from twin.imagination.generators.generator import Point
from twin.imagination.language.dependency import Dependencies, Says
from twin.imagination.language.grammar import Composing
from twin.imagination.language.lexicon import Ids, Lexicon
from twin.imagination.language.llama import Array, Llama, Prefix, Reading, read_prefix
from twin.imagination.language.sentences import in_force
from twin.imagination.scenario_space import ScenarioSpace
from twin.imagination.strikes import Strikes
from twin.nouns.risk_scenario import MOST_EVENTS
from twin.nouns.state import NetworkState
from twin.physics.twin import Twin


@dataclass(frozen=True, eq=False)
class Speaker:
    """`model` that speaks of one network. `prefix`: what the twin says of it, read."""

    model: Llama
    lexicon: Lexicon
    dependencies: Dependencies
    prefix: Prefix

    @classmethod
    def of(
        cls,
        model: Llama,
        twin: Twin,
        state: NetworkState,
        strikes: Strikes,
        says: Says = "told",
    ) -> "Speaker":
        """`state`: whose demand is that of the peak. `strikes`: all that may strike it."""
        lexicon = Lexicon.of(strikes, state)
        dependencies = Dependencies(twin, state, lexicon, says)
        prefix = read_prefix(model, np.array(dependencies.of_network()))
        return cls(model, lexicon, dependencies, prefix)

    def compose(
        self,
        space: ScenarioSpace,
        asked: Sequence[int],
        count: int,
        numbers: np.random.Generator,
        head: Array | None = None,
    ) -> list[Point]:
        """Days drawn from the model: `count` of them, and fewer where some cannot be ended. `head`:
        in place of the model's own.
        """
        sentences = [Composing(space, self.lexicon) for _ in range(count)]
        reading = Reading(self.model, self.prefix, count, self._longest(len(asked)))
        unread = {row: list(asked) for row in range(count)}
        while unread:
            chances = self._read(reading, unread, head)
            for row in list(unread):
                sentence = sentences[row]
                allowed = sentence.allowed()
                if not len(allowed):
                    del unread[row]
                    continue
                word = _drawn(chances[row][allowed], allowed, numbers)
                sentence.take(word)
                if sentence.is_complete:
                    del unread[row]
                else:
                    unread[row] = [word, *self._said_of(sentence)]
        return [sentence.point for sentence in sentences if sentence.is_complete]

    def _said_of(self, sentence: Composing) -> list[int]:
        """What the twin says then."""
        if not sentence.is_after_event:
            return []
        faults = in_force(sentence.conditions, sentence.events, self.lexicon.strikes)
        return self.dependencies.after(DEMANDS[sentence.conditions[1]], faults)

    def _read(
        self, reading: Reading, unread: dict[int, list[int]], head: Array | None
    ) -> dict[int, Array]:
        """Log-probabilities of the next word of each; what is as long is read at once."""
        by_length = defaultdict[int, list[int]](list)
        for row, words in unread.items():
            by_length[len(words)].append(row)
        found: dict[int, Array] = {}
        for rows in by_length.values():
            together: Ids = np.array([unread[row] for row in rows])
            hidden = reading.read(np.array(rows), together)[:, -1]
            found |= zip(rows, self.model.log_probs(hidden, head), strict=True)
        return found

    def _longest(self, asked: int) -> int:
        """Words that a sentence may have."""
        strike = self.lexicon.words.shape[1]
        block = len(self.dependencies.after(1.0, ()))
        return int(asked + 2 + 2 * strike + MOST_EVENTS * (1 + strike + block))


def _drawn(chances: Array, words: Ids, numbers: np.random.Generator) -> int:
    """One of `words` by their log-probabilities (Gumbel's trick)."""
    noise = numbers.gumbel(size=len(words))
    return int(words[int((chances + noise).argmax())])
