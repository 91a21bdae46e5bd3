"""Chunks follow what tasks say, not where they stand."""

from hypothesis import given
from hypothesis import strategies as st

from tests.tools.runners.scenes import small_twin, tasks_of
from tools.runners.chunks import LARGEST_CHUNK, chunks

TASKS = tasks_of(small_twin(), 30)


@given(order=st.permutations(range(30)), workers=st.integers(1, 5))
def test_order_of_the_batch_does_not_change_the_chunks(order: list[int], workers: int) -> None:
    straight = [tuple(TASKS[i] for i in chunk) for chunk in chunks(TASKS, workers)]
    shuffled = [TASKS[i] for i in order]
    assert [tuple(shuffled[i] for i in chunk) for chunk in chunks(shuffled, workers)] == straight


@given(count=st.integers(0, 30), workers=st.integers(1, 40))
def test_every_task_is_in_one_chunk(count: int, workers: int) -> None:
    places = [place for chunk in chunks(TASKS[:count], workers) for place in chunk]
    assert sorted(places) == list(range(count))


def test_tasks_from_one_base_stand_together() -> None:
    bases = [TASKS[place].base is None for chunk in chunks(TASKS, 2) for place in chunk]
    assert bases in (sorted(bases), sorted(bases, reverse=True))


def test_no_chunk_is_larger_than_what_may_be_lost() -> None:
    assert {len(chunk) for chunk in chunks(TASKS * 100, 1)} <= set(range(LARGEST_CHUNK + 1))
