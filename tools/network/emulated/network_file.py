"""The file in which an emulated network keeps itself, so that it outlives whoever talks to it."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from tools.network.emulated.case_truth import CaseTruth
from tools.network.emulated.case_world import CaseWorld
from tools.network.protocol import CommitRecord, CommitState
from tools.writable import unwritable
from twin.errors import NetworkError, NetworkHeld
from twin.nouns.configuration import DeviceConfiguration, NetworkConfiguration
from twin.nouns.inventory import Inventory, ProbePath
from twin.nouns.origins import BEFORE_RECORDED, Origins
from twin.nouns.planned_work import PlannedWork
from twin.nouns.service import Service
from twin.nouns.topology import Topology
from twin.nouns.traffic import DailyProfile, TrafficMatrix


@dataclass(frozen=True, slots=True, eq=False)
class Identity:
    """What never changes of a network."""

    name: str
    seed: int
    designed: Inventory
    world: CaseWorld
    truth: CaseTruth


@dataclass(frozen=True, slots=True)
class Deed:
    """Something that was done to the network from outside. `body`: JSON by `kind`."""

    number: int
    time_s: float
    kind: str
    body: str
    change_id: str
    user: str


@dataclass(frozen=True, slots=True)
class Change:
    """Where a change stands. `previous`: what ran before its commit."""

    node: str
    change_id: str
    state: CommitState
    candidate: DeviceConfiguration
    previous: DeviceConfiguration | None
    return_at_s: float | None


class NetworkFile:
    """SQLite in WAL mode, held by one process. Raises NetworkError for what SQLite raises."""

    def __init__(self, path: Path, *, create: bool) -> None:
        if create and path.exists():
            raise NetworkError(f"{path} exists; open it, or choose another path")
        if not create and not path.exists():
            raise NetworkError(f"{path} does not exist; create the network first")
        with _mapped(path):
            self._db = sqlite3.connect(path, timeout=1.0, isolation_level=None)
            self._path = path
            # One holder: two processes that advance one clock would tear the network apart.
            self._db.execute("PRAGMA locking_mode=EXCLUSIVE")
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=FULL")
            self._db.executescript(files(__package__).joinpath("schema.sql").read_text("utf-8"))

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()

    @contextmanager
    def durably(self) -> Iterator[None]:
        """All or nothing, and on disk before it returns."""
        with _mapped(self._path):
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    @contextmanager
    def cheaply(self) -> Iterator[None]:
        """All or nothing; survives the process, but perhaps not a power failure of the machine."""
        self._db.execute("PRAGMA synchronous=NORMAL")
        try:
            with self.durably():
                yield
        finally:
            self._db.execute("PRAGMA synchronous=FULL")

    # --- identity and clock ----------------------------------------------------------------------

    def write_identity(self, identity: Identity) -> None:
        """Within a transaction, once."""
        values = {
            "name": identity.name,
            "seed": str(identity.seed),
            "designed": _inventory_json(identity.designed),
            "world": identity.world.model_dump_json(),
            "truth": identity.truth.model_dump_json(),
        }
        self._db.executemany("INSERT INTO identity VALUES (?, ?)", values.items())

    def identity(self) -> Identity:
        """What `write_identity` wrote."""
        values = dict(self._db.execute("SELECT key, value FROM identity").fetchall())
        if "designed" not in values:
            raise NetworkError(f"{self._path} is not an emulated network")
        return Identity(
            name=values["name"],
            seed=int(values["seed"]),
            designed=_inventory(values["designed"]),
            world=CaseWorld.model_validate_json(values["world"]),
            truth=CaseTruth.model_validate_json(values["truth"]),
        )

    def set_clock(self, now_s: float) -> None:
        """Within a transaction. Polling begins where the clock first stood."""
        self._db.execute(
            "INSERT INTO clock VALUES (1, ?1, ?1) ON CONFLICT (one) DO UPDATE SET now_s = ?1",
            (now_s,),
        )

    def set_polled(self, polled_s: float) -> None:
        """Within a transaction: everything received until then was handed out."""
        self._db.execute("UPDATE clock SET polled_s = ?", (polled_s,))

    def clock(self) -> tuple[float, float]:
        """Now, and until when telemetry was handed out."""
        with readable(self._path):
            now_s, polled_s = self._db.execute("SELECT now_s, polled_s FROM clock").fetchone()
            return float(now_s), float(polled_s)

    # --- deeds, configurations, changes ----------------------------------------------------------

    def add_deed(
        self, time_s: float, kind: str, body: str, change_id: str, user: str, source: str | None
    ) -> int:
        """Within a transaction; its number."""
        found = self._db.execute(
            "INSERT INTO deed (time_s, kind, source, body, change_id, user) "
            "VALUES (?, ?, ?, ?, ?, ?)",
            (time_s, kind, source, body, change_id, user),
        ).lastrowid
        assert found is not None
        return found

    def deeds(self) -> list[Deed]:
        """All of them, in order."""
        rows = self._db.execute(
            "SELECT number, time_s, kind, body, change_id, user FROM deed ORDER BY number"
        )
        return [Deed(*row) for row in rows]

    def sources(self) -> set[str]:
        """The scripted deeds that were done."""
        rows = self._db.execute("SELECT source FROM deed WHERE source IS NOT NULL")
        return {row[0] for row in rows}

    def set_running(self, device: DeviceConfiguration) -> None:
        """Within a transaction."""
        self._db.execute(
            "INSERT OR REPLACE INTO running VALUES (?, ?)", (device.node, device.model_dump_json())
        )

    def running(self) -> dict[str, DeviceConfiguration]:
        """What every device runs."""
        rows = self._db.execute("SELECT node, configuration FROM running").fetchall()
        return {node: DeviceConfiguration.model_validate_json(text) for node, text in rows}

    def put_change(self, change: Change) -> None:
        """Within a transaction."""
        self._db.execute(
            "INSERT OR REPLACE INTO change VALUES (?, ?, ?, ?, ?, ?)",
            (
                change.node,
                change.change_id,
                change.state.value,
                change.candidate.model_dump_json(),
                change.previous.model_dump_json() if change.previous else None,
                change.return_at_s,
            ),
        )

    def changes(self) -> list[Change]:
        """Every change that was ever staged."""
        rows = self._db.execute("SELECT * FROM change ORDER BY rowid").fetchall()
        return [
            Change(
                node,
                change_id,
                CommitState(state),
                DeviceConfiguration.model_validate_json(candidate),
                DeviceConfiguration.model_validate_json(previous) if previous else None,
                return_at_s,
            )
            for node, change_id, state, candidate, previous, return_at_s in rows
        ]

    def log(self, record: CommitRecord) -> None:
        """Within a transaction."""
        self._db.execute(
            "INSERT INTO commit_log (node, change_id, state, time_s, return_at_s) "
            "VALUES (?, ?, ?, ?, ?)",
            (record.node, record.change_id, record.state, record.time_s, record.return_at_s),
        )

    def commit_log(self, node: str) -> list[CommitRecord]:
        """The log of `node`, oldest first."""
        rows = self._db.execute(
            "SELECT node, change_id, state, time_s, return_at_s FROM commit_log "
            "WHERE node = ? ORDER BY number",
            (node,),
        ).fetchall()
        return [
            CommitRecord(node=n, change_id=c, state=CommitState(s), time_s=t, return_at_s=r)
            for n, c, s, t, r in rows
        ]

    # --- field and snapshots ---------------------------------------------------------------------

    def add_dispatch(self, dispatch_id: str, ordered_s: float, done_s: float, finds: str) -> None:
        """Within a transaction."""
        self._db.execute(
            "INSERT INTO dispatch VALUES (?, ?, ?, ?)", (dispatch_id, ordered_s, done_s, finds)
        )

    def dispatch(self, dispatch_id: str) -> tuple[float, float, str] | None:
        """When it was ordered, when it is done, and what is found."""
        row = self._db.execute(
            "SELECT ordered_s, done_s, finds FROM dispatch WHERE id = ?", (dispatch_id,)
        ).fetchone()
        return None if row is None else (float(row[0]), float(row[1]), str(row[2]))

    def put_snapshot(self, time_s: float, data: bytes, needed_from_s: float) -> None:
        """Within a transaction; drops what is older than the newest one until `needed_from_s`."""
        self._db.execute("INSERT OR REPLACE INTO snapshot VALUES (?, ?)", (time_s, data))
        self._db.execute(
            "DELETE FROM snapshot WHERE time_s < "
            "(SELECT max(time_s) FROM snapshot WHERE time_s <= ?)",
            (needed_from_s,),
        )

    def snapshot_before(self, time_s: float) -> tuple[float, bytes] | None:
        """The newest snapshot at or before `time_s`."""
        row = self._db.execute(
            "SELECT time_s, data FROM snapshot WHERE time_s <= ? ORDER BY time_s DESC LIMIT 1",
            (time_s,),
        ).fetchone()
        return None if row is None else (float(row[0]), bytes(row[1]))


@contextmanager
def readable(path: Path) -> Iterator[None]:
    """Raises NetworkError for rows that are missing, or hold something else than was written."""
    try:
        with _mapped(path):
            yield
    except (TypeError, ValueError, LookupError) as exc:
        raise NetworkError(
            f"{path}: is damaged ({exc!r:.200}); put the last good copy in its place"
        ) from exc


@contextmanager
def _mapped(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as exc:
        if "locked" in str(exc):
            raise NetworkHeld(f"{path}: another process holds it ({exc})") from exc
        raise NetworkError(f"{path}: {unwritable(path, exc) or exc}") from exc


def _inventory_json(inventory: Inventory) -> str:
    data: dict[str, Any] = {
        "topology": inventory.topology.model_dump(mode="json"),
        "intended": inventory.intended.model_dump(mode="json"),
        "services": [s.model_dump(mode="json") for s in inventory.services],
        "nodes": list(inventory.peak_traffic.nodes),
        "rates_bps": inventory.peak_traffic.rates_bps.tolist(),
        "profile": inventory.profile.model_dump(mode="json"),
        "probes": [p.model_dump(mode="json") for p in inventory.probes],
        "planned_work": [w.model_dump(mode="json") for w in inventory.planned_work],
        "origins": inventory.origins.model_dump(mode="json"),
    }
    return json.dumps(data, allow_nan=False)


def _inventory(text: str) -> Inventory:
    data = json.loads(text)
    return Inventory(
        topology=Topology.model_validate(data["topology"]),
        intended=NetworkConfiguration.model_validate(data["intended"]),
        services=tuple(Service.model_validate(s) for s in data["services"]),
        peak_traffic=TrafficMatrix(tuple(data["nodes"]), np.array(data["rates_bps"])),
        profile=DailyProfile.model_validate(data["profile"]),
        probes=tuple(ProbePath.model_validate(p) for p in data["probes"]),
        planned_work=tuple(PlannedWork.model_validate(w) for w in data["planned_work"]),
        origins=Origins.model_validate(data["origins"]) if "origins" in data else BEFORE_RECORDED,
    )
