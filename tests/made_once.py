"""What takes seconds to play is played once, and every worker of a run of the tests copies it."""

import fcntl
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from evals.questions.staging import SCENES, stage_history

PAST = SCENES[0]
"""What has befallen Abilene in `past`."""


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """A copy of the folder that `make`, handed one that does not exist yet, makes for `name`."""
    base = factory.getbasetemp()
    # The folder of a worker lies beside those of the others.
    shared = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "made_once"
    shared.mkdir(exist_ok=True)
    made, unfinished = shared / name, shared / f"{name}.unfinished"
    with (shared / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            make(unfinished)
            unfinished.rename(made)
    return Path(shutil.copytree(made, factory.mktemp(name) / "state"))


def past(factory: pytest.TempPathFactory) -> Path:
    """A state directory of Abilene, whose incident is over."""
    return made_once(factory, PAST.name, lambda folder: stage_history(folder, PAST))
