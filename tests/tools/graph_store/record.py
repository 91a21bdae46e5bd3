"""Run the tests of the knowledge graph on a real Neo4j, and keep what came of it.

NOCTUA_TEST_NEO4J=.../serve python -m tests.tools.graph_store.record
"""

import hashlib
import json
import sys
import time
from pathlib import Path

import pytest
from neo4j import GraphDatabase
from neo4j import __version__ as driver_version

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
RECORD = HERE / "neo4j_record.json"


STORE = (
    "checking.py", "forwarding.py", "last.py", "neo4j.py", "packed.py", "protocol.py",
    "queries.py", "standby.py", "transaction.py",
)  # fmt: skip
TESTS = ("going_away.py", "server.py", "test_conformance.py", "test_neo4j.py")


def store_hash() -> str:
    """SHA-256 over the store that speaks to the server, and the tests that were run on it."""
    store = ROOT / "tools" / "graph_store"
    files = [
        *sorted((store / "cypher").glob("*.cypher")),
        *(store / name for name in STORE),
        *(HERE / name for name in TESTS),
    ]
    digest = hashlib.sha256()
    for file in files:
        digest.update(f"{file.relative_to(ROOT)}\0".encode() + file.read_bytes() + b"\0")
    return digest.hexdigest()


class _Outcomes:
    def __init__(self) -> None:
        self.passed: dict[str, float] = {}
        self.other: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call" and report.passed:
            self.passed[report.nodeid.rpartition("::")[2]] = round(report.duration, 2)
        elif not report.passed:
            self.other.append(report.nodeid)


def main() -> int:
    """Run them, and write the record if all have passed."""
    outcomes, begun = _Outcomes(), time.monotonic()
    files = [
        *(HERE / name for name in TESTS[-2:]),
        ROOT / "tests" / "graphs" / "test_graph_lost.py",
    ]
    code = pytest.main(["-q", "-k", "neo4j", *map(str, files)], plugins=[outcomes])
    if code or outcomes.other or not outcomes.passed:
        return 1
    # Only now: pytest rewrites the assertions of what it imports itself.
    from tests.tools.graph_store.server import KILLS, neo4j_graph
    from tests.tools.graph_store.test_conformance import SCHEMA

    graph = neo4j_graph("record", SCHEMA)
    settings = graph._settings
    with GraphDatabase.driver(settings.address, auth=(settings.user, settings.password)) as driver:
        agent = driver.get_server_info().agent
    graph.close()
    record = {
        "server": agent,
        "driver": driver_version,
        "store": store_hash(),
        "tests": len(outcomes.passed),
        "seconds": round(time.monotonic() - begun, 1),
        "kills": KILLS,
        "passed": outcomes.passed,
    }
    RECORD.write_text(json.dumps(record, indent=1, sort_keys=True) + "\n", "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
