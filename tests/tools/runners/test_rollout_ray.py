"""Ray: a cluster of two nodes on this machine, one of which is killed in the middle of a batch."""

import importlib.util
import os
import secrets
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

if importlib.util.find_spec("ray") is None:
    pytest.skip("Ray is an extra and not installed here", allow_module_level=True)

# What Ray's own code leaves open or calls by an old name is Ray's.
pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

from tests.tools.runners.scenes import (  # noqa: E402
    days_of,
    evenings_of,
    heavy_tasks,
    lines,
    mitigations_of,
    small_twin,
    tasks_of,
    trials_of,
)
from tools.runners.rollout_ray import RayCrew, refuse_open  # noqa: E402
from tools.runners.selection import Runners, runners_from_setting  # noqa: E402
from twin.errors import BadInput  # noqa: E402
from twin.nouns.scenario import Scenario  # noqa: E402
from twin.physics.twin import Twin  # noqa: E402
from twin.rollout import RolloutTask  # noqa: E402
from twin.runner import InProcessRunner, Limits  # noqa: E402

STORE_BYTES = 80 * 2**20

_LOOKS = 50
"""For who has just answered to begin the chunk that waits for it."""


class TwoNodes:
    """A head with one CPU and a second node with one, on ports of their own."""

    def __init__(self) -> None:
        from ray.cluster_utils import Cluster

        head = {"num_cpus": 1, "include_dashboard": False, "object_store_memory": STORE_BYTES}
        self._cluster = Cluster(initialize_head=True, head_node_args=head)
        self._second = self._add()
        self.address: str = self._cluster.address

    def _add(self) -> Any:
        return self._cluster.add_node(num_cpus=1, object_store_memory=STORE_BYTES)

    def kill_a_worker(self) -> bool:
        """A process of the head that plays gets SIGKILL; false if none does now."""
        playing = _held_under(self._cluster.head_node)
        if playing is not None:
            os.kill(playing, signal.SIGKILL)
        return playing is not None

    def kill_second(self) -> bool:
        """Its processes get SIGKILL while one of them plays; false if none does now."""
        playing = _held_under(self._second)
        if playing is not None:
            self._cluster.remove_node(self._second, allow_graceful=False)
            with suppress(ProcessLookupError):
                os.kill(playing, signal.SIGKILL)
        return playing is not None

    def kill_head_service(self) -> None:
        """What the head knows of the cluster is gone; its workers go on for the time being."""
        self._cluster.head_node.kill_gcs_server()

    def replace_second(self) -> None:
        """Another node joins."""
        self._second = self._add()

    def close(self) -> None:
        self._cluster.shutdown()


def _held_under(node: Any) -> int | None:
    """A process of the node that plays, and stands still from now on, so that it does not end
    before it is killed. None if none begins to play soon.
    """
    raylet = node.all_processes["raylet"][0].process.pid
    for _ in range(_LOOKS):
        for process in _playing_under(raylet):
            os.kill(process, signal.SIGSTOP)
            if process in _playing_under(raylet):
                return process
            os.kill(process, signal.SIGCONT)
        time.sleep(0.01)
    return None


def _playing_under(raylet: int) -> list[int]:
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            title = (process / "cmdline").read_text(encoding="utf-8")
            parent = int(
                (process / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()[1]
            )
            if parent == raylet and title.startswith("ray::play"):
                found.append(int(process.name))
    return found


@pytest.fixture(scope="module")
def cluster() -> Iterator[TwoNodes]:
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("RAY_AUTH_TOKEN", secrets.token_hex(32))
        nodes = TwoNodes()
        yield nodes
        nodes.close()


@pytest.fixture
def runners(cluster: TwoNodes) -> Iterator[Runners]:
    with runners_from_setting(f"ray:{cluster.address}", Limits(batch_s=120.0)) as opened:
        yield opened


def test_ray_gives_the_bytes_of_the_in_process_runner(
    runners: Runners, twin: Twin, in_process: list[str]
) -> None:
    tasks = tasks_of(twin, 40)
    runner = runners.on(twin)
    assert lines(runner.run(tasks)) == in_process
    assert lines(runner.run(tasks[::-1])) == in_process[::-1]
    assert [line for task in tasks[:4] for line in lines(runner.run([task]))] == in_process[:4]
    assert runners.reruns == 0


def test_ray_plays_trials_of_remedies_to_the_same_bytes(runners: Runners, twin: Twin) -> None:
    tasks = trials_of(twin)
    assert lines(runners.on(twin).run(tasks)) == lines(InProcessRunner(small_twin()).run(tasks))


def test_ray_finds_remedies_of_a_register_to_the_same_bytes(runners: Runners, twin: Twin) -> None:
    tasks = mitigations_of(twin)
    assert lines(runners.on(twin).run(tasks)) == lines(InProcessRunner(small_twin()).run(tasks))


def test_days_and_what_follows_from_them_are_judged_on_a_cluster_to_the_same_bytes(
    runners: Runners, twin: Twin
) -> None:
    tasks = days_of(twin)
    here = lines(InProcessRunner(small_twin()).run(tasks))
    assert lines(runners.on(twin).run(tasks)) == here
    with runners_from_setting("pool:2") as pool:
        assert lines(pool.on(twin).run(tasks[::-1])) == here[::-1]
    assert len(set(here)) == len(tasks)


def test_ray_plays_evenings_to_the_same_bytes(runners: Runners, twin: Twin) -> None:
    tasks = evenings_of(2)
    assert lines(runners.on(twin).run(tasks)) == lines(InProcessRunner(small_twin()).run(tasks))


def test_killed_node_costs_reruns_and_not_the_answer(
    cluster: TwoNodes, runners: Runners, twin: Twin
) -> None:
    tasks = heavy_tasks(twin, 48)
    expected = lines(InProcessRunner(small_twin()).run(tasks))
    killed: list[int] = []

    def kill_second(answered: int) -> None:
        if answered >= len(tasks) // 4 and not killed and cluster.kill_second():
            killed.append(answered)

    answers = lines(runners.on(twin).run(tasks, kill_second))
    cluster.replace_second()
    assert answers == expected
    assert killed[0] < len(tasks)
    assert runners.reruns >= 1


def test_worker_process_that_is_killed_costs_a_rerun(
    cluster: TwoNodes, runners: Runners, twin: Twin
) -> None:
    tasks = heavy_tasks(twin, 16)
    expected = lines(InProcessRunner(small_twin()).run(tasks))
    killed: list[int] = []

    def kill_a_worker(answered: int) -> None:
        if not killed and cluster.kill_a_worker():
            killed.append(answered)

    assert lines(runners.on(twin).run(tasks, kill_a_worker)) == expected
    assert killed[0] < len(tasks)
    assert runners.reruns >= 1


def test_dead_head_neither_ends_this_process_nor_the_batch(cluster: TwoNodes, twin: Twin) -> None:
    tasks = heavy_tasks(twin, 24)
    expected = lines(InProcessRunner(small_twin()).run(tasks))
    other = TwoNodes()
    killed: list[int] = []

    def kill_head(answered: int) -> None:
        if not killed:
            killed.append(answered)
            other.kill_head_service()

    with runners_from_setting(f"ray:{other.address}", Limits(batch_s=120.0)) as runners:
        assert lines(runners.on(twin).run(tasks, kill_head)) == expected
    assert killed[0] < len(tasks)
    other.close()


def test_late_batch_ends_in_the_records_of_the_in_process_runner(
    cluster: TwoNodes, twin: Twin
) -> None:
    year = Scenario(name="year", starts_s=0.0, duration_s=365 * 86_400.0)
    tasks = [RolloutTask(year, interval_s=10.0, seed=seed) for seed in range(5)]
    limits = Limits(batch_s=2.0)
    with runners_from_setting(f"ray:{cluster.address}", limits) as runners:
        assert runners.on(twin).run(tasks) == InProcessRunner(twin, limits).run(tasks)


def test_address_where_nothing_listens_is_bad_input(twin: Twin) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with (
        runners_from_setting(f"ray:127.0.0.1:{port}") as runners,
        pytest.raises(BadInput, match="cannot be joined"),
    ):
        runners.on(twin).run(tasks_of(twin, 2))


def test_address_without_a_port_is_bad_input(twin: Twin) -> None:
    with runners_from_setting("ray:head") as runners, pytest.raises(BadInput, match="HOST:PORT"):
        runners.on(twin).run(tasks_of(twin, 2))


def test_second_crew_shares_the_connection_and_the_first_may_leave(
    cluster: TwoNodes, twin: Twin, in_process: list[str]
) -> None:
    setting = f"ray:{cluster.address}"
    tasks = tasks_of(twin, 40)
    with runners_from_setting(setting) as second:
        with runners_from_setting(setting) as first:
            assert lines(first.on(twin).run(tasks[:4])) == in_process[:4]
            assert lines(second.on(twin).run(tasks[:4])) == in_process[:4]
        assert lines(second.on(twin).run(tasks)) == in_process
        with runners_from_setting("ray") as third, pytest.raises(BadInput, match="cannot use"):
            third.on(twin).run(tasks)


@pytest.mark.parametrize("mode", ["disabled", "", "none"])
def test_cluster_without_tokens_is_refused(mode: str) -> None:
    with pytest.raises(BadInput, match="RAY_AUTH_MODE"):
        refuse_open({"RAY_AUTH_MODE": mode})
    refuse_open({"RAY_AUTH_MODE": "token"})


def test_usage_statistics_are_off() -> None:
    assert RayCrew.__module__ == "tools.runners.rollout_ray"
    assert os.environ["RAY_USAGE_STATS_ENABLED"] == "0"
