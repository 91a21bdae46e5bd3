"""One setting chooses who plays rollouts."""

import importlib.util
import socket

import pytest

from tests.tools.runners.scenes import lines, tasks_of
from tools.runners.crew import CrewRunner
from tools.runners.selection import Runners, runners_from_setting
from twin.errors import BadInput
from twin.physics.twin import Twin
from twin.runner import InProcessRunner


def test_in_process_plays_in_this_process(twin: Twin, in_process: list[str]) -> None:
    with runners_from_setting("in-process") as runners:
        runner = runners.on(twin)
        assert isinstance(runner, InProcessRunner)
        assert lines(runner.run(tasks_of(twin, 40))) == in_process


@pytest.mark.slow
def test_pool_of_one_gives_the_same_bytes(twin: Twin, in_process: list[str]) -> None:
    with runners_from_setting("pool:1") as runners:
        runner = runners.on(twin)
        assert isinstance(runner, CrewRunner)
        assert lines(runner.run(tasks_of(twin, 40))) == in_process
        assert runners.reruns == 0


@pytest.mark.parametrize("setting", ["", "pool", "pool:0", "pool:-1", "pool:two", "ray:", "Ray"])
def test_other_setting_is_bad_input(setting: str) -> None:
    with pytest.raises(BadInput, match="NOCTUA_RUNNER"):
        runners_from_setting(setting)


@pytest.mark.skipif(importlib.util.find_spec("ray") is not None, reason="Ray is installed here")
@pytest.mark.parametrize("setting", ["ray", "ray:192.0.2.10:6379"])
def test_ray_that_is_not_installed_is_bad_input(setting: str) -> None:
    with pytest.raises(BadInput, match=r"\[ray\]"):
        runners_from_setting(setting)


def test_head_of_a_cluster_that_takes_no_connection_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        head = f"127.0.0.1:{server.getsockname()[1]}"
        assert Runners(head=head).trouble() == ""
    assert Runners(head=head).trouble().startswith(f"the head node {head} takes no connection")
    assert Runners().trouble() == ""
