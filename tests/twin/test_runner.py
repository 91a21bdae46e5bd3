"""Deadlines and progress; and that nothing which ran before changes an answer."""

import pickle
import random
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.tools.runners.scenes import lines, small_twin, tasks_of
from twin.forecasting import Uncertainty
from twin.nouns.scenario import Scenario
from twin.physics.twin import ROUTINGS_KEPT, Twin
from twin.rollout import Rollout, RolloutTask
from twin.runner import InProcessRunner, Limits, TaskFailure

COUNT = 20


@pytest.fixture(scope="module")
def twin() -> Twin:
    return small_twin()


@pytest.fixture(scope="module")
def alone(twin: Twin) -> list[str]:
    """Each task on a twin of its own, that has seen nothing."""
    return [
        line
        for task in tasks_of(twin, COUNT)
        for line in lines(InProcessRunner(small_twin()).run([task]))
    ]


@settings(max_examples=15, deadline=None)
@given(places=st.lists(st.integers(0, COUNT - 1), min_size=1, max_size=30))
def test_answer_does_not_depend_on_what_ran_before(
    twin: Twin, alone: list[str], places: list[int]
) -> None:
    tasks = tasks_of(twin, COUNT)
    answers = lines(InProcessRunner(twin).run([tasks[i] for i in places]))
    assert answers == [alone[i] for i in places]


def test_answer_does_not_depend_on_a_full_cache_or_on_global_random_state(
    twin: Twin, alone: list[str]
) -> None:
    random.seed(1)
    for number in range(ROUTINGS_KEPT + 5):
        weight = 11 + number
        node = twin.inventory.intended.devices[0]
        heavier = node.interfaces[0].model_copy(update={"igp_weight": weight})
        twin.route(twin.state(running=twin.inventory.intended.with_interface(node.node, heavier)))
    assert lines(InProcessRunner(twin).run(tasks_of(twin, COUNT))) == alone


def test_pickled_task_gives_the_same_bytes(twin: Twin, alone: list[str]) -> None:
    tasks = pickle.loads(pickle.dumps(tasks_of(twin, COUNT)))
    copy = Twin(pickle.loads(pickle.dumps(twin.inventory)))
    assert lines(InProcessRunner(copy).run(tasks)) == alone


def test_traffic_in_another_memory_order_gives_the_same_bytes(twin: Twin) -> None:
    peak = twin.inventory.peak_traffic
    turned = type(peak)(peak.nodes, peak.rates_bps.transpose(2, 1, 0).copy().transpose(2, 1, 0))
    scenario = Scenario(name="day", starts_s=0.0, duration_s=7200.0)
    tasks = [RolloutTask(scenario, twin.state(traffic=t), 600.0) for t in (peak, turned)]
    straight, other = lines(InProcessRunner(twin).run(tasks))
    assert straight == other
    assert lines(InProcessRunner(twin).run(pickle.loads(pickle.dumps(tasks)))) == [straight, other]


@pytest.mark.slow
@pytest.mark.parametrize(
    "environment",
    [
        {"PYTHONHASHSEED": "1", "OPENBLAS_CORETYPE": "Haswell"},
        {"PYTHONHASHSEED": "2", "OPENBLAS_CORETYPE": "Prescott", "OMP_NUM_THREADS": "1"},
    ],
)
def test_other_process_with_other_hashes_and_another_blas_gives_the_same_bytes(
    alone: list[str], environment: dict[str, str]
) -> None:
    script = (
        "from tests.tools.runners.scenes import *; from twin.runner import InProcessRunner\n"
        f"t = small_twin(); print(*lines(InProcessRunner(t).run(tasks_of(t, {COUNT}))), sep='\\n')"
    )
    other = subprocess.run(
        [sys.executable, "-c", script],
        env={"PYTHONPATH": ".", "PATH": "", **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    assert other.stdout.splitlines() == alone


def test_first_of_two_unknown_links_is_named_whatever_the_order_of_the_set(twin: Twin) -> None:
    scenario = Scenario(name="stray", starts_s=0.0, duration_s=60.0)
    names = ["zz--1", "aa--1", "mm--1", "bb--1"]
    answers = {
        line
        for turn in range(len(names))
        for line in lines(
            InProcessRunner(twin).run(
                [RolloutTask(scenario, twin.state(down_links=names[turn:] + names[:turn]))]
            )
        )
    }
    assert len(answers) == 1
    assert '\\"aa--1\\"' in answers.pop()


@pytest.mark.slow
def test_late_batch_is_answered_with_records(twin: Twin) -> None:
    long = Scenario(name="year", starts_s=0.0, duration_s=365 * 86_400.0)
    brief = Scenario(name="brief", starts_s=0.0, duration_s=60.0)
    tasks = [RolloutTask(s, interval_s=10.0) for s in (brief, long, brief)]
    first, second, third = InProcessRunner(twin, Limits(batch_s=0.5)).run(tasks)
    assert isinstance(first, Rollout)
    for late in (second, third):
        assert isinstance(late, TaskFailure)
        assert late.error == "DeadlineExceeded"
        assert late.reason == "the batch was not finished within 0.5 s"


@pytest.mark.slow
def test_late_task_lets_the_others_go_on(twin: Twin) -> None:
    long = Scenario(name="year", starts_s=0.0, duration_s=365 * 86_400.0)
    brief = Scenario(name="brief", starts_s=0.0, duration_s=60.0)
    tasks = [RolloutTask(s, interval_s=10.0, uncertainty=Uncertainty()) for s in (long, brief)]
    late, fine = InProcessRunner(twin, Limits(task_s=0.5)).run(tasks)
    assert isinstance(late, TaskFailure)
    assert late.reason == "the task was not finished within 0.5 s"
    assert isinstance(fine, Rollout)


def test_progress_counts_every_answer(twin: Twin) -> None:
    seen: list[int] = []
    InProcessRunner(twin).run(tasks_of(twin, 12), seen.append)
    assert seen == list(range(1, 13))
