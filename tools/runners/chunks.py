"""Tasks in portions for workers, cut by what they say and not by where they stand in a batch."""

import hashlib
from collections.abc import Sequence

from twin.nouns.base import Noun, content_hash
from twin.nouns.state import NetworkState
from twin.runner import Task

CHUNKS_PER_WORKER = 8
"""So many turns even out tasks of different length; each costs a message."""

LARGEST_CHUNK = 64
"""What is lost with a worker at most."""


def chunks(tasks: Sequence[Task[Noun]], workers: int) -> list[tuple[int, ...]]:
    """Positions in `tasks`, each in one chunk; tasks from one base state stand together.

    The same tasks in another order make the same chunks.
    """
    keys = _keys(tasks)
    order = sorted(range(len(tasks)), key=lambda i: keys[i])
    size = -(-len(tasks) // max(1, workers * CHUNKS_PER_WORKER))
    size = min(max(1, size), LARGEST_CHUNK)
    return [tuple(order[i : i + size]) for i in range(0, len(order), size)]


def _keys(tasks: Sequence[Task[Noun]]) -> list[tuple[str, str]]:
    """(base, task) of each, by content."""
    # Many tasks start from one state, and hashing a state costs as much as a step of a rollout.
    bases = {id(task.base): _base_key(task.base) for task in tasks}
    return [(bases[id(task.base)], content_hash(task.content())) for task in tasks]


def _base_key(base: NetworkState | None) -> str:
    if base is None:
        return ""
    digest = hashlib.sha256(content_hash(base.topology).encode())
    digest.update(content_hash(base.running).encode())
    digest.update(repr(base.traffic.nodes).encode())
    digest.update(base.traffic.rates_bps.tobytes())
    digest.update(repr(sorted(base.down_links)).encode())
    losses = sorted((e.node, e.link, fraction) for e, fraction in base.egress_loss.items())
    digest.update(repr(losses).encode())
    return digest.hexdigest()
