"""What is learned from: sentences of days, with what the twin says in between, by network."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from evals.language_training.network import CausalLm
from evals.language_training.worlds import Judged, World
from twin.imagination.language.dependency import Dependencies
from twin.imagination.language.sentences import Told, asked, told
from twin.imagination.language.vocabulary import ANY_CHANGE, ANY_LOSS, ID

ELITE = 40
"""Of a network, so many days that cost most are learned from most of the time."""

OFTEN = 0.8
"""How often; else any that was judged, asked for as what it is."""

UNASKED = 0.15
"""How often it is not said what a day costs; and half of all it is not said what it changes."""

WITHHELD = 0.1
"""How often the twin says nothing, so that the model can do without."""

NOT_LEARNED = -100


def drawn(
    world: World,
    judged: Judged,
    dependencies: Dependencies,
    count: int,
    numbers: np.random.Generator,
) -> list[Told]:
    """`count` sentences of one network: mostly of the worst days that are known of it."""
    in_order = sorted(judged, key=lambda point: (-judged[point], point))
    worst, found = judged[in_order[0]], list[Told]()
    for _ in range(count):
        among = ELITE if numbers.random() < OFTEN else len(in_order)
        point = in_order[int(numbers.integers(min(among, len(in_order))))]
        loss, change = asked(judged[point], worst, world.space.events(point))
        if numbers.random() < UNASKED:
            loss = ID[ANY_LOSS]
        if numbers.random() < 0.5:
            change = ID[ANY_CHANGE]
        found.append(told(point, (loss, change), world.lexicon, dependencies))
    return found


def loss_of(model: CausalLm, before: Sequence[int], sentences: Sequence[Told]) -> Tensor:
    """The mean over the words that the model says; `before`: what the twin says of the network."""
    longest = max(len(one.words) for one in sentences)
    words = torch.zeros(len(sentences), longest, dtype=torch.long)
    wanted = torch.full((len(sentences), longest), NOT_LEARNED)
    for row, one in enumerate(sentences):
        said = torch.tensor(one.words)
        words[row, : len(said)] = said
        wanted[row, : len(said) - 1] = torch.where(torch.tensor(one.own), said, NOT_LEARNED)[1:]
    with torch.autocast("cpu", torch.bfloat16):
        _, kept = model(torch.tensor([before]))
        logits, _ = model(words, kept)
    return functional.cross_entropy(
        logits.float().flatten(0, 1), wanted.flatten(), ignore_index=NOT_LEARNED
    )
