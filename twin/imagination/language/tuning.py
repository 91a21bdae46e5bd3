"""A model learns from what was judged meanwhile: its last layer alone, on the worst days so far."""

from collections.abc import Sequence

import numpy as np

from twin.imagination.generators.generator import Judged, Point
from twin.imagination.language.composing import Speaker
from twin.imagination.language.llama import Array, Reading
from twin.imagination.language.sentences import told

ELITE = 20

STEPS, RATE, DECAY = 30, 0.02, 0.9
"""Of gradient descent with momentum."""


def tuned_head(speaker: Speaker, judged: Judged, asked: Sequence[int]) -> Array:
    """The last layer of the model, closer to what says the worst of `judged`."""
    worst = sorted(judged, key=lambda point: (-judged[point], point))[:ELITE]
    hidden, words = states_of(speaker, worst, asked)
    head = speaker.model.head.copy()
    speed = np.zeros_like(head)
    rows = np.arange(len(words))
    for _ in range(STEPS):
        chances = np.exp(speaker.model.log_probs(hidden, head))
        chances[rows, words] -= 1.0
        speed = DECAY * speed - RATE * (chances.T @ hidden) / np.float32(len(worst))
        head += speed
    return head


def states_of(
    speaker: Speaker, points: Sequence[Point], asked: Sequence[int]
) -> tuple[Array, "np.ndarray[tuple[int], np.dtype[np.int64]]"]:
    """What the model has read before each word of these days, and the word."""
    found, words = list[Array](), list[int]()
    for point in points:
        sentence = told(point, asked, speaker.lexicon, speaker.dependencies)
        reading = Reading(speaker.model, speaker.prefix, 1, len(sentence.words))
        states = reading.read(np.zeros(1, np.int64), np.array([sentence.words]))[0]
        own = np.flatnonzero(sentence.own)
        found.append(states[own - 1])
        words += [sentence.words[i] for i in own.tolist()]
    return np.concatenate(found), np.array(words)
