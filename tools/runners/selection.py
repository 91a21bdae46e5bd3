"""Which runner plays rollouts, by one setting."""

import re
import socket
from collections.abc import Callable
from typing import Self

from tools.runners.crew import DEFAULT_LIMITS, Crew, CrewRunner, SharedCrew
from tools.runners.pool import PoolCrew
from twin.errors import BadInput, installing
from twin.physics.twin import Twin
from twin.runner import InProcessRunner, Limits, Runner

RUNNER_SETTING = "NOCTUA_RUNNER"
"""The environment variable that the composition root reads."""

IN_PROCESS = "in-process"

_KNOCK_S = 1.0
"""For the head node to take a connection; it is asked at every step of a watch."""


class Runners:
    """A runner for any twin, on workers that all of them share; opened once and closed once.

    Workers start with the first batch.
    """

    def __init__(
        self, crew: Crew | None = None, limits: Limits | None = None, head: str | None = None
    ) -> None:
        """`head`: host:port of whoever gives out the work, where that is another process."""
        self._head = head
        self._shared = None if crew is None else SharedCrew(crew)
        self._limits = limits

    @property
    def reruns(self) -> int:
        """Chunks that were lost with their worker and played anew."""
        return 0 if self._shared is None else self._shared.reruns

    def on(self, twin: Twin) -> Runner:
        """A runner on `twin`."""
        if self._shared is None:
            return InProcessRunner(twin, self._limits or Limits())
        return CrewRunner(self._shared, twin, self._limits or DEFAULT_LIMITS)

    def trouble(self) -> str:
        """That whoever gives out the work has gone, "" as long as it takes connections."""
        if self._head is None:
            return ""
        host, _, port = self._head.rpartition(":")
        try:
            socket.create_connection((host.strip("[]"), int(port)), _KNOCK_S).close()
        except (OSError, ValueError) as error:
            return f"the head node {self._head} takes no connection ({error})"
        return ""

    def close(self) -> None:
        """Stop the workers."""
        if self._shared is not None:
            self._shared.crew.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def runners_from_setting(setting: str, limits: Limits | None = None) -> Runners:
    """`in-process`, `pool:N`, `ray` (a cluster of its own) or `ray:ADDRESS` (one that runs).

    ADDRESS: host:port of the head node, or `auto` on a machine of the cluster.

    Raises:
        BadInput: the setting is none of these, or Ray is not installed.
    """
    if setting == IN_PROCESS:
        return Runners(limits=limits)
    if found := re.fullmatch(r"pool:([1-9]\d{0,3})", setting):
        return Runners(PoolCrew(int(found[1])), limits)
    if found := re.fullmatch(r"ray(?::(\S+))?", setting):
        head = None if found[1] in (None, "auto") else found[1]
        return Runners(_ray_crew()(found[1]), limits, head)
    raise BadInput(
        f'{RUNNER_SETTING} is "{setting}", expected in-process, pool:N, ray or ray:HOST:PORT '
        "(N: processes)"
    )


def _ray_crew() -> Callable[[str | None], Crew]:
    # Here, since Ray is an extra and takes a second to import.
    try:
        from tools.runners.rollout_ray import RayCrew
    except ModuleNotFoundError as exc:
        if exc.name != "ray":
            raise
        raise BadInput(
            f"{RUNNER_SETTING} asks for Ray, which is not installed: {installing('ray')}"
        ) from exc
    return RayCrew
