"""Worker processes: the bytes of the in-process runner, and workers that die, stop and hang."""

import os
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest

from tests.tools.runners.scenes import (
    days_of,
    evenings_of,
    heavy_tasks,
    lines,
    mitigations_of,
    small_twin,
    tasks_of,
    trials_of,
)
from tools.runners.crew import ATTEMPTS, CrewRunner, RolloutBug, SharedCrew
from tools.runners.fingerprint import WorkersDiffer, fingerprint, require_same
from tools.runners.pool import PoolCrew
from twin.nouns.scenario import Scenario
from twin.physics.twin import Twin
from twin.rollout import Rollout, RolloutTask
from twin.runner import InProcessRunner, Limits, TaskFailure


@pytest.fixture(scope="module")
def crew() -> Iterator[PoolCrew]:
    pool = PoolCrew(2)
    yield pool
    pool.close()


@pytest.fixture
def shared(crew: PoolCrew) -> SharedCrew:
    return SharedCrew(crew)


@pytest.mark.slow
def test_pool_gives_the_bytes_of_the_in_process_runner(
    twin: Twin, shared: SharedCrew, in_process: list[str]
) -> None:
    runner = CrewRunner(shared, twin)
    tasks = tasks_of(twin, 40)
    assert lines(runner.run(tasks)) == in_process
    assert lines(runner.run(tasks[::-1])) == in_process[::-1]
    assert [line for task in tasks[:8] for line in lines(runner.run([task]))] == in_process[:8]
    assert shared.reruns == 0


@pytest.mark.slow
def test_evenings_of_every_policy_are_played_on_workers_to_the_same_bytes(
    twin: Twin, shared: SharedCrew
) -> None:
    tasks = evenings_of(3)
    here = lines(InProcessRunner(small_twin()).run(tasks))
    assert lines(CrewRunner(shared, twin).run(tasks)) == here
    assert lines(CrewRunner(shared, twin).run(tasks[::-1])) == here[::-1]
    assert '"error":"BadInput"' in here[-1]
    assert len(set(here)) > 6


def test_trials_of_remedies_are_played_on_workers_to_the_same_bytes(
    twin: Twin, shared: SharedCrew
) -> None:
    tasks = trials_of(twin)
    here = lines(InProcessRunner(small_twin()).run(tasks))
    assert lines(CrewRunner(shared, twin).run(tasks)) == here
    assert len(set(here)) >= 4


def test_remedies_of_a_register_are_found_on_workers_to_the_same_bytes(
    twin: Twin, shared: SharedCrew
) -> None:
    tasks = mitigations_of(twin)
    here = lines(InProcessRunner(small_twin()).run(tasks))
    assert lines(CrewRunner(shared, twin).run(tasks)) == here
    assert len(set(here)) >= 4


@pytest.mark.slow
def test_days_and_what_follows_from_them_are_judged_on_workers_to_the_same_bytes(
    twin: Twin, shared: SharedCrew
) -> None:
    tasks = days_of(twin)
    here = lines(InProcessRunner(small_twin()).run(tasks))
    assert lines(CrewRunner(shared, twin).run(tasks)) == here
    assert len(set(here)) == len(tasks)


def test_failed_rollouts_are_the_same_records(twin: Twin, shared: SharedCrew) -> None:
    failures = [a for a in CrewRunner(shared, twin).run(tasks_of(twin, 40)) if _failed(a)]
    here = [a for a in InProcessRunner(twin).run(tasks_of(twin, 40)) if _failed(a)]
    assert len(failures) == 4
    assert failures == here


def test_nothing_to_play_starts_nobody(twin: Twin) -> None:
    pool = PoolCrew(2)
    assert CrewRunner(SharedCrew(pool), twin).run([]) == ()
    assert pool.process_ids == ()


def test_workers_stay_for_another_twin(
    twin: Twin, crew: PoolCrew, shared: SharedCrew, in_process: list[str]
) -> None:
    CrewRunner(shared, twin).run(tasks_of(twin, 4))
    before = crew.process_ids
    topology = twin.inventory.topology
    halved = [
        link.model_copy(update={"capacity_bps": link.capacity_bps / 2}) for link in topology.links
    ]
    corrected = replace(
        twin.inventory, topology=topology.model_copy(update={"links": tuple(halved)})
    )
    tasks = tasks_of(Twin(corrected), 40)
    theirs = lines(CrewRunner(shared, Twin(corrected)).run(tasks))
    assert theirs == lines(InProcessRunner(Twin(corrected)).run(tasks)) != in_process
    assert lines(CrewRunner(shared, twin).run(tasks_of(twin, 40))) == in_process
    assert crew.process_ids == before


@pytest.mark.slow
def test_killed_worker_costs_a_rerun_and_not_the_answer(
    twin: Twin, crew: PoolCrew, shared: SharedCrew
) -> None:
    tasks = heavy_tasks(twin, 24)
    expected = lines(InProcessRunner(small_twin()).run(tasks))
    killed: list[int] = []

    def kill_one(answered: int) -> None:
        if not killed:
            killed.append(crew.process_ids[0])
            # Both have the next chunk by then.
            threading.Timer(0.15, os.kill, (killed[0], signal.SIGKILL)).start()

    assert lines(CrewRunner(shared, twin).run(tasks, kill_one)) == expected
    assert shared.reruns == 1
    assert killed[0] not in crew.process_ids


@pytest.mark.slow
def test_both_workers_killed_between_batches_are_replaced(
    twin: Twin, crew: PoolCrew, shared: SharedCrew, in_process: list[str]
) -> None:
    runner = CrewRunner(shared, twin)
    runner.run(tasks_of(twin, 40))
    for process in crew.process_ids:
        os.kill(process, signal.SIGKILL)
    assert lines(runner.run(tasks_of(twin, 40))) == in_process
    assert shared.reruns == 2


@pytest.mark.slow
def test_task_whose_workers_all_die_is_a_record_and_the_others_go_on(twin: Twin) -> None:
    crew = _Murdered(PoolCrew(1))
    shared = SharedCrew(crew)
    tasks = heavy_tasks(twin, 2)
    answers = CrewRunner(shared, twin).run(tasks)
    crew.close()
    lost = [a for a in answers if isinstance(a, TaskFailure)]
    assert [a.error for a in lost] == ["WorkerLost"]
    assert str(ATTEMPTS) in lost[0].reason
    assert shared.reruns == ATTEMPTS
    assert sum(isinstance(a, Rollout) for a in answers) == 1


@pytest.mark.slow
def test_stopped_worker_ends_in_records_and_not_in_a_hang(twin: Twin) -> None:
    crew = PoolCrew(2)
    shared = SharedCrew(crew)
    CrewRunner(shared, twin).run(tasks_of(twin, 4))
    frozen = crew.process_ids
    os.kill(frozen[0], signal.SIGSTOP)
    answers = CrewRunner(shared, twin, Limits(batch_s=8.0)).run(tasks_of(twin, 40))
    crew.close()
    late = [a for a in answers if isinstance(a, TaskFailure) and a.error == "DeadlineExceeded"]
    assert 0 < len(late) < 40
    assert {a.reason for a in late} == {"the batch was not finished within 8 s"}
    assert not _alive(frozen[0])


@pytest.mark.slow
def test_late_batch_has_the_text_of_the_in_process_runner(twin: Twin, shared: SharedCrew) -> None:
    year = Scenario(name="year", starts_s=0.0, duration_s=365 * 86_400.0)
    tasks = [RolloutTask(year, interval_s=10.0)]
    limits = Limits(batch_s=0.5)
    assert CrewRunner(shared, twin, limits).run(tasks) == InProcessRunner(twin, limits).run(tasks)


@pytest.mark.slow
def test_late_task_lets_the_others_go_on(twin: Twin, shared: SharedCrew) -> None:
    year = Scenario(name="year", starts_s=0.0, duration_s=365 * 86_400.0)
    tasks = [RolloutTask(year, interval_s=10.0), *tasks_of(twin, 3)]
    limits = Limits(batch_s=60.0, task_s=1.0)
    assert CrewRunner(shared, twin, limits).run(tasks) == InProcessRunner(twin, limits).run(tasks)


def test_bug_in_a_worker_is_raised_with_its_traceback(twin: Twin, shared: SharedCrew) -> None:
    scenario = Scenario(name="bug", starts_s=0.0, duration_s=60.0)
    with pytest.raises(RolloutBug, match="ZeroDivisionError"):
        CrewRunner(shared, twin).run([RolloutTask(scenario, interval_s=0.0)])
    with pytest.raises(ZeroDivisionError):
        InProcessRunner(twin).run([RolloutTask(scenario, interval_s=0.0)])


def test_progress_goes_up_to_the_whole_batch(twin: Twin, shared: SharedCrew) -> None:
    seen: list[int] = []
    CrewRunner(shared, twin).run(tasks_of(twin, 40), seen.append)
    assert seen == sorted(set(seen))
    assert seen[-1] == 40


def test_batches_from_several_threads_do_not_mix(
    twin: Twin, shared: SharedCrew, in_process: list[str]
) -> None:
    tasks = tasks_of(twin, 40)
    found: dict[int, list[str]] = {}

    def work(first: int) -> None:
        found[first] = lines(CrewRunner(shared, twin).run(tasks[first : first + 10]))

    threads = [threading.Thread(target=work, args=(first,)) for first in (0, 10, 20, 30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [line for first in (0, 10, 20, 30) for line in found[first]] == in_process


def test_worker_that_differs_is_refused_by_name() -> None:
    require_same(fingerprint(), "host:1")
    with pytest.raises(WorkersDiffer, match=r"host:1 .*numpy: 1\.0 there"):
        require_same({**fingerprint(), "numpy": "1.0"}, "host:1")


def _failed(answer: Rollout | TaskFailure) -> bool:
    return isinstance(answer, TaskFailure)


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


class _Murdered:
    """A pool of which whoever plays the scenario "long-1" is killed while it does."""

    def __init__(self, pool: PoolCrew) -> None:
        self._pool = pool
        self.workers = pool.workers

    def has_room(self) -> bool:
        return self._pool.has_room()

    def give(self, record: bytes, chunk: bytes) -> int:
        ticket = self._pool.give(record, chunk)
        if b"long-1" in chunk:
            time.sleep(0.05)
            os.kill(self._pool.process_ids[0], signal.SIGKILL)
        return ticket

    def finished(self, timeout_s: float) -> Sequence[tuple[int, bytes | None]]:
        return self._pool.finished(timeout_s)

    def drop(self, ticket: int) -> None:
        self._pool.drop(ticket)

    def close(self) -> None:
        self._pool.close()
