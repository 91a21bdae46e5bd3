"""A real Neo4j server for the tests, started when first asked for and ended with the process.

NOCTUA_TEST_NEO4J names a script `serve FOLDER PORT PASSWORD` that runs one in the foreground.
"""

import atexit
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from tools.graph_store.neo4j import Neo4jGraph, Neo4jSettings
from tools.graph_store.protocol import GraphUnavailable
from twin.knowledge.kinds import shipped_schema
from twin.knowledge.schema import Schema

SETTING = "NOCTUA_TEST_NEO4J"

KILLS = int(os.environ.get("NOCTUA_TEST_NEO4J_KILLS", "20"))
"""How often a server is killed; each takes as long as it takes to start."""

PASSWORD = "noctua-test"

_PATIENCE_S = 120.0


@dataclass
class Server:
    """One server with a store of its own."""

    folder: Path
    port: int
    process: "subprocess.Popen[bytes] | None" = None
    password: str = PASSWORD

    @property
    def settings(self) -> Neo4jSettings:
        """How to reach it."""
        user = "neo4j" if self.password else ""
        return Neo4jSettings(f"bolt://127.0.0.1:{self.port}", user, self.password)

    def start(self, schema: Schema) -> None:
        """Start it, and wait until Bolt answers."""
        command = [os.environ[SETTING], str(self.folder), str(self.port), self.password]
        with (self.folder.parent / f"{self.folder.name}.log").open("ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
        deadline = time.monotonic() + _PATIENCE_S
        while True:
            try:
                Neo4jGraph.open(self.settings, "waiting", schema).close()
                return
            except GraphUnavailable:
                if time.monotonic() > deadline or self.process.poll() is not None:
                    raise
                time.sleep(0.5)

    def kill(self) -> None:
        """As when the machine goes away."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def freeze(self) -> None:
        """As when its machine is too busy: it refuses nothing and answers nothing."""
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """It goes on."""
        assert self.process is not None
        self.process.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        """End it, and its store."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        shutil.rmtree(self.folder.parent, ignore_errors=True)


def new_server(schema: Schema, password: str = PASSWORD) -> Server:
    """A running server of one's own; skips where there is none to run."""
    if not os.environ.get(SETTING):
        pytest.skip(f"no Neo4j at hand: set {SETTING} to a script that serves one")
    folder = Path(tempfile.mkdtemp(prefix="noctua-neo4j-")) / "store"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        server = Server(folder, free.getsockname()[1], password=password)
    atexit.register(server.stop)
    server.start(schema)
    return server


@cache
def _shared() -> Server:
    return new_server(shipped_schema())


def neo4j_graph(name: str, schema: Schema) -> Neo4jGraph:
    """The graph of that name on the server that all tests share."""
    return Neo4jGraph.open(_shared().settings, name, schema)
