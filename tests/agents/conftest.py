"""Networks that really run, closed after the test."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from agents.roles.situation import Situation
from tests.agents.bench import situation_of
from tools.network.emulated import EmulatedNetwork
from twin.nouns.inventory import Inventory

Place = Callable[[Inventory], Situation]


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """`place(inventory)` gives a situation around a network of that inventory."""
    placed: list[Situation] = []

    def put(known: Inventory) -> Situation:
        placed.append(situation_of(tmp_path, known))
        return placed[-1]

    yield put
    for situation in placed:
        assert isinstance(situation.network, EmulatedNetwork)
        situation.network.close()
