"""Workers on a Ray cluster, and the connection to it. Ray is an extra.

Each chunk is a Ray task; Ray retries nothing (the loop in `crew.py` does, and counts), and gives
tasks of a node that died to the others. What travels is the inventory and the tasks, as bytes.
"""

import os
import socket
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from itertools import count
from typing import Any

_SETTINGS = {
    "RAY_AUTH_MODE": "token",
    "RAY_USAGE_STATS_ENABLED": "0",
    # Ray ends a process that has not reached the head for a minute: that would be all of Noctua.
    "RAY_gcs_rpc_server_reconnect_timeout_s": "31536000",
    # Ray asks for a choice; without GPUs either is the same.
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
}
"""What is set in the environment, where Ray looks for it, unless somebody has set it already."""

for _name, _value in _SETTINGS.items():
    os.environ.setdefault(_name, _value)

# Ray reads some of these when it is imported.
import ray  # noqa: E402
from ray.exceptions import RayError, RayTaskError  # noqa: E402

from tools.runners.worker import play  # noqa: E402
from twin.errors import BadInput  # noqa: E402

_GET_TIMEOUT_S = 30.0
"""For an answer that Ray says is ready; where it is not, its node has just died."""

_KNOCK_S = 5.0
"""For the head node to take a connection."""

_QUEUED_PER_WORKER = 2
"""One to play and one that waits, so that no worker idles for the length of a message."""

_LOCAL_STORE_BYTES = 256 * 2**20
"""Shared memory of a local cluster: for inventories and chunks, which are small."""


class RayCrew:
    """Ray tasks on the cluster at `address`, or on one that is started here and ends with us.

    `address`: host:port of the head node of a cluster that this machine belongs to, or "auto" for
    the one that runs here; None: start a local one. `cpus`: of that local one, default as many as
    there are.

    Raises:
        BadInput: on first use, if the cluster cannot be reached or needs no token, or if this
            process is on another one.
    """

    def __init__(self, address: str | None = None, cpus: int | None = None) -> None:
        self._address = address
        self._cpus = cpus
        self._tickets = count(1)
        self._given: dict[int, Any] = {}
        self._record: tuple[bytes, Any] | None = None
        self._play: Any = None
        self._asking: threading.Thread | None = None
        self._alive = 1

    @property
    def workers(self) -> int:
        """CPUs of the nodes that are alive, at least 1; as last known if the head is silent."""
        self._connect()
        if self._asking is None or not self._asking.is_alive():
            self._asking = threading.Thread(target=self._ask, daemon=True)
            self._asking.start()
            self._asking.join(_KNOCK_S)
        return self._alive

    def _ask(self) -> None:
        # Ray gives this question no timeout.
        with suppress(RayError):
            self._alive = max(1, int(ray.cluster_resources().get("CPU", 1)))

    def has_room(self) -> bool:
        """See Crew."""
        return len(self._given) < self.workers * _QUEUED_PER_WORKER

    def give(self, record: bytes, chunk: bytes) -> int:
        """See Crew."""
        self._connect()
        if self._record is None or self._record[0] != record:
            self._record = record, ray.put(record)
        ticket = next(self._tickets)
        self._given[ticket] = self._play.remote(self._record[1], chunk)
        return ticket

    def finished(self, timeout_s: float) -> Sequence[tuple[int, bytes | None]]:
        """See Crew."""
        tickets = {reference: ticket for ticket, reference in self._given.items()}
        if not tickets:
            return ()
        ready, _ = ray.wait(list(tickets), num_returns=1, timeout=timeout_s)
        return [self._outcome(tickets[reference], reference) for reference in ready]

    def drop(self, ticket: int) -> None:
        """See Crew."""
        reference = self._given.pop(ticket, None)
        if reference is not None:
            ray.cancel(reference, force=True)

    def close(self) -> None:
        """End the connection, and with it a cluster that was started here."""
        if self._play is not None:
            _session.leave()
        self._given.clear()
        self._record = self._play = None

    def _outcome(self, ticket: int, reference: Any) -> tuple[int, bytes | None]:
        del self._given[ticket]
        try:
            return ticket, bytes(ray.get(reference, timeout=_GET_TIMEOUT_S))
        except RayTaskError:
            raise  # `play` answers for whatever it meets, so the worker has not got our code.
        except RayError:
            # Also if the inventory was lost with a node: it is put anew for the next attempt.
            self._record = None
            return ticket, None

    def _connect(self) -> None:
        if self._play is None:
            _session.join(self._address, self._cpus)
            self._play = ray.remote(num_cpus=1, max_retries=0)(play)


class _Session:
    """This process's connection. Ray allows one, so all crews share it, and the last one ends it.

    One that the program had made before is used, and is left as it is.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._crews = 0
        self._address: str | None = None
        self._ours = False

    def join(self, address: str | None, cpus: int | None) -> None:
        with self._lock:
            if self._crews and address != self._address:
                raise BadInput(
                    f"this process uses Ray at {self._address or 'its own cluster'} and cannot "
                    f"use {address or 'another'} as well; give all runners the same address"
                )
            if not self._crews:
                self._ours = not ray.is_initialized()
                if self._ours:
                    _initialise(address, cpus)
                self._address = address
            self._crews += 1

    def leave(self) -> None:
        with self._lock:
            self._crews -= 1
            if not self._crews and self._ours:
                ray.shutdown()


_session = _Session()


@contextmanager
def joined(address: str) -> Iterator[None]:
    """This process is on the cluster at `address` while inside; see RayCrew.

    Raises:
        BadInput: it cannot be reached or needs no token, or this process is on another one.
    """
    _session.join(address, None)
    try:
        yield
    finally:
        _session.leave()


def _initialise(address: str | None, cpus: int | None) -> None:
    refuse_open(os.environ)
    try:
        _refuse_silent(address)
        ray.init(log_to_driver=False, logging_level="ERROR", **_where(address, cpus))
    except (OSError, RayError, RuntimeError, ValueError) as exc:
        what = "cannot be started" if address is None else f"at {address} cannot be joined"
        raise BadInput(
            f"Ray {what} ({str(exc).splitlines()[0]}); does it run there, and with the same token? "
            "See docs/runners.md, or set NOCTUA_RUNNER to pool:2 or in-process"
        ) from exc


def refuse_open(environment: Mapping[str, str]) -> None:
    """Whoever reaches Ray's ports can run code, and Ray opens them on every interface.

    Raises:
        BadInput: the environment says that tokens are off.
    """
    mode = environment.get("RAY_AUTH_MODE", "")
    if mode.lower() != "token":
        raise BadInput(
            f'RAY_AUTH_MODE is "{mode}", and Ray would let everybody in who reaches this machine; '
            "set it to token here and on every node, and give each the same token "
            "(`ray get-auth-token --generate`)"
        )


def _refuse_silent(address: str | None) -> None:
    """Raise OSError if nothing listens at `address`; Ray itself would try for minutes."""
    if address is not None and address != "auto":
        host, port = _host_and_port(address)
        socket.create_connection((host, port), _KNOCK_S).close()


def _host_and_port(address: str) -> tuple[str, int]:
    host, _, port = address.rpartition(":")
    if not host or not port.isdigit():
        raise ValueError("the address is not of the form HOST:PORT")
    return host.strip("[]"), int(port)


def _where(address: str | None, cpus: int | None) -> dict[str, Any]:
    if address is not None:
        return {"address": address}
    return {
        # Not the cluster that RAY_ADDRESS or an earlier `ray start` would offer.
        "address": "local",
        "num_cpus": cpus,
        "include_dashboard": False,
        "object_store_memory": _LOCAL_STORE_BYTES,
    }
