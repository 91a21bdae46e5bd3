"""Who works: leases with their epochs, how each watch is, and what stands blocked."""

from collections.abc import Callable
from typing import NamedTuple

from tools.journal.audit_rows import AuditRows
from tools.journal.database import made
from tools.journal.errors import LeaseHeld
from tools.journal.records import Blocked, Lease, LeaseRecord, WatchRecord


class Since(NamedTuple):
    """A moment that nobody can set: seconds since a boot of the machine, and which boot."""

    boot: str
    seconds: float


def incident_subject(incident_id: str) -> str:
    """What a lease on an incident, or a block, is about."""
    return f"incident:{incident_id}"


def network_subject(network: str) -> str:
    """What a lease on watching a network, or a block, is about."""
    return f"network:{network}"


class LeaseRows(AuditRows):
    """Tables leases, watches, blocked."""

    def take_lease(
        self,
        subject: str,
        holder: str,
        now: Since,
        ttl_s: float,
        is_dead: Callable[[str], bool] = lambda _: False,
    ) -> Lease:
        """Become the one holder of `subject`; whoever has it already has it still.

        It is free if nobody has it, if its holder was of another boot, has not renewed it for
        `ttl_s`, or is known to be dead. Every new holder has a higher epoch.

        Raises:
            LeaseHeld: somebody else has it.
        """
        with self.transaction():
            known = self.lease(subject)
            epoch = known.epoch if known else 0
            mine = known is not None and known.holder == holder
            if not mine:
                if known and not _is_free(known, now, ttl_s, is_dead):
                    raise LeaseHeld(subject, known.holder)
                epoch += 1
            if not (mine and known and _is_fresh(known, now, ttl_s)):
                self._execute(
                    "INSERT OR REPLACE INTO leases VALUES (?, ?, ?, ?, ?)",
                    subject,
                    holder,
                    epoch,
                    *now,
                )
            return Lease(subject=subject, holder=holder, epoch=epoch)

    def renew_leases(self, holder: str, now: Since) -> None:
        """Say that `holder` lives."""
        with self.transaction():
            self._execute(
                "UPDATE leases SET heartbeat_s = ? WHERE holder = ? AND boot = ?",
                now.seconds,
                holder,
                now.boot,
            )

    def release_leases(self, holder: str, subject: str | None = None) -> None:
        """Let go of one subject, or of all. The epoch stays, so that it never goes back."""
        with self.transaction():
            self._execute(
                "UPDATE leases SET holder = '' WHERE holder = ? AND subject = coalesce(?, subject)",
                holder,
                subject,
            )

    def lease(self, subject: str) -> LeaseRecord | None:
        """Who holds `subject`, or held it last (`holder` is "" then)."""
        rows = self._rows("SELECT * FROM leases WHERE subject = ?", subject)
        return made(LeaseRecord, rows[0]) if rows else None

    # What stands blocked

    def block(self, subject: str, reason: str, now_s: float) -> None:
        """Say that `subject` cannot go on, and why; since when it cannot is kept."""
        with self.transaction():
            self._execute(
                "INSERT INTO blocked VALUES (?, ?, ?) "
                "ON CONFLICT (subject) DO UPDATE SET reason = excluded.reason",
                subject,
                reason,
                now_s,
            )

    def unblock(self, subject: str) -> bool:
        """It goes on. False if it was not blocked."""
        with self.transaction():
            return self._execute("DELETE FROM blocked WHERE subject = ?", subject).rowcount == 1

    def blocked(self) -> tuple[Blocked, ...]:
        """Everything that stands blocked, oldest first."""
        rows = self._rows("SELECT * FROM blocked ORDER BY since_s, subject")
        return tuple(made(Blocked, row) for row in rows)

    # Watches

    def report_watch(self, record: WatchRecord) -> None:
        """Say how the watch of a network is."""
        seen = record.seen.model_dump_json() if record.seen else ""
        values = {**record.model_dump(exclude={"seen"}), "seen": seen}.values()
        marks = ", ".join("?" * len(values))
        with self.transaction():
            self._execute(f"INSERT OR REPLACE INTO watches VALUES ({marks})", *values)

    def watches(self) -> tuple[WatchRecord, ...]:
        """What every watch last said of itself."""
        rows = self._rows("SELECT * FROM watches")
        return tuple(made(WatchRecord, row, seen=row["seen"] or "null") for row in rows)


def _is_free(known: LeaseRecord, now: Since, ttl_s: float, is_dead: Callable[[str], bool]) -> bool:
    return (
        not known.holder
        or known.boot != now.boot
        or now.seconds - known.heartbeat_s > ttl_s
        or is_dead(known.holder)
    )


def _is_fresh(known: LeaseRecord, now: Since, ttl_s: float) -> bool:
    """Renewed so lately that writing it again would say nothing new."""
    return known.boot == now.boot and 0 <= now.seconds - known.heartbeat_s < ttl_s / 3
