"""What runs in a worker: a chunk of tasks on the twin of the inventory that came with it.

Nothing else travels: no settings, no credentials, no network to change.
"""

import os
import pickle
import platform
import traceback
from collections import OrderedDict
from dataclasses import dataclass

from tools.runners.fingerprint import Fingerprint, fingerprint
from twin.nouns.base import Noun
from twin.physics.twin import Twin
from twin.runner import Deadline, Limits, Task, answer

TWINS_KEPT = 4
"""Twins that a worker keeps, by what is on record; telemetry corrects the record now and then."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """Tasks to play. `limits`: of the batch, of which `left_s` is left, and of each task."""

    tasks: tuple[Task[Noun], ...]
    limits: Limits
    left_s: float


@dataclass(frozen=True, slots=True)
class Played:
    """One answer per task, or the traceback of a bug. `worker`: host and process id."""

    worker: str
    fingerprint: Fingerprint
    answers: tuple[Noun, ...]
    bug: str | None = None


def record_of(twin: Twin) -> bytes:
    """What a worker needs to build `twin`."""
    return pickle.dumps((twin.inventory, twin.parameters), protocol=5)


def play(record: bytes, chunk: bytes) -> bytes:
    """A pickled Played for a pickled Chunk; never raises, since exceptions do not travel well."""
    worker = f"{platform.node()}:{os.getpid()}"
    try:
        return pickle.dumps(Played(worker, fingerprint(), _answers(record, chunk)), protocol=5)
    except Exception:
        return pickle.dumps(Played(worker, {}, (), traceback.format_exc()), protocol=5)


def _answers(record: bytes, chunk: bytes) -> tuple[Noun, ...]:
    work: Chunk = pickle.loads(chunk)
    batch = Deadline.after("batch", work.limits.batch_s, work.left_s)
    twin = _twin(record)
    return tuple(answer(task, twin, batch, work.limits.task_s) for task in work.tasks)


_twins: OrderedDict[bytes, Twin] = OrderedDict()


def _twin(record: bytes) -> Twin:
    known = _twins.get(record)
    if known is None:
        inventory, parameters = pickle.loads(record)
        known = _twins[record] = Twin(inventory, parameters)
        # Compiled code is loaded here, and not in the time that the first task has.
        known.assess(known.state())
        while len(_twins) > TWINS_KEPT:
            _twins.popitem(last=False)
    _twins.move_to_end(record)
    return known
