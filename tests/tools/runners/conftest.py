"""One small network, and what the in-process runner says of it."""

import pytest

from tests.tools.runners.scenes import lines, small_twin, tasks_of
from twin.physics.twin import Twin
from twin.runner import InProcessRunner


@pytest.fixture(scope="session")
def twin() -> Twin:
    return small_twin()


@pytest.fixture(scope="session")
def in_process(twin: Twin) -> list[str]:
    """The bytes of forty rollouts, on a twin that has seen nothing else."""
    return lines(InProcessRunner(small_twin()).run(tasks_of(twin, 40)))
