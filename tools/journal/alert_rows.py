"""Alerts of other monitoring systems, as they came: none is lost, and none counts twice.

An alert that is sent again is the same alert: by the name that its sender gives it, or by its
labels, and by when it began. What comes out of order changes nothing that is known to be later.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from tools.alerts.reading import Mapped, Received
from tools.journal.audit_rows import AuditRows
from tools.journal.database import json_text, made
from tools.journal.records import AlertCounts, AlertDoor, AlertRecord, AlertSaid

SILENT_AFTER_S = 86_400.0
"""An alert that nobody has sent again for so long is over: Alertmanager repeats what is firing
every four hours (`repeat_interval`)."""

DATED_BACK_S = 300.0
"""An alert that began longer before it was received is dated so much before: what was measured at
that time is what it is compared with."""

AHEAD_S = 300.0
"""Clocks differ by less (assumed). A beginning that is further ahead is not believed: an alert that
begins later than its successors would silence them.
"""


_OLD = "network = ? AND last_wall_s < ? AND (? IS NULL OR ends_s < ?)"


@dataclass(slots=True)
class Taken:
    """What became of the alerts of one post."""

    begun: int = 0
    ended: int = 0
    repeats: int = 0
    late: int = 0
    unmapped: int = 0


@dataclass(frozen=True, slots=True)
class _Moment:
    """When a post was received: by the machine's clock, and by the network's."""

    wall_s: float
    now_s: float

    def dated(self, wall_s: float) -> float:
        """A time of the sender's on the network's clock."""
        return self.now_s - min(max(self.wall_s - wall_s, 0.0), DATED_BACK_S)


class AlertRows(AuditRows):
    """Tables alerts, alert_doors."""

    def take_alerts(
        self,
        network: str,
        door: str,
        alerts: Sequence[tuple[Received, Mapped]],
        wall_s: float,
        now_s: float,
        withheld: int = 0,
    ) -> Taken:
        """Keep what one post brought, all of it or nothing. `now_s`: the network's clock."""
        taken, moment = Taken(), _Moment(wall_s, now_s)
        with self.transaction():
            for alert, mapped in alerts:
                self._take_alert(network, door, alert, mapped, moment, taken)
                taken.unmapped += not mapped.resource
            self._execute(
                "INSERT INTO alert_doors VALUES (?, ?, 1, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET "
                "posts = posts + 1, alerts = alerts + excluded.alerts, "
                "repeats = repeats + excluded.repeats, late = late + excluded.late, "
                "withheld = withheld + excluded.withheld, last_wall_s = excluded.last_wall_s",
                network,
                door,
                len(alerts),
                taken.repeats,
                taken.late,
                withheld,
                wall_s,
            )
        return taken

    def alerts_said(self, network: str, wall_s: float, since_s: float) -> tuple[AlertSaid, ...]:
        """What is said now by rule and part, and what was said and ended at `since_s` or later."""
        rows = self._rows(
            "SELECT rule, claims, resource, min(starts_s) AS starts_s, NULL AS ends_s, "
            "count(*) AS alerts FROM alerts WHERE network = ? AND ends_s IS NULL AND rule <> '' "
            "AND last_wall_s > ? AND ifnull(expires_wall_s, ?) >= ? "
            "GROUP BY rule, claims, resource",
            network,
            wall_s - SILENT_AFTER_S,
            wall_s,
            wall_s,
        )
        over = self._rows(
            "SELECT rule, claims, resource, min(starts_s) AS starts_s, max(ends_s) AS ends_s, "
            "count(*) AS alerts FROM alerts WHERE network = ? AND ends_s >= ? AND rule <> '' "
            "GROUP BY rule, claims, resource",
            network,
            since_s,
        )
        said = {(row["rule"], row["claims"], row["resource"]): row for row in (*over, *rows)}
        return tuple(made(AlertSaid, row) for row in said.values())

    def alerts(
        self, network: str, *, firing: bool = False, unmapped: bool = False, most: int = 100
    ) -> tuple[AlertRecord, ...]:
        """Alerts of `network`, the latest first. `firing`, `unmapped`: only those."""
        rows = self._rows(
            "SELECT * FROM alerts WHERE network = ? AND (NOT ? OR ends_s IS NULL) "
            "AND (NOT ? OR resource = '') ORDER BY id DESC LIMIT ?",
            network,
            firing,
            unmapped,
            most,
        )
        return tuple(_record(row) for row in rows)

    def alert_counts(self, network: str) -> AlertCounts:
        """How many there are of a network."""
        (row,) = self._rows(
            "SELECT count(*) AS begun, count(*) FILTER (WHERE ends_s IS NULL) AS firing, "
            "count(*) FILTER (WHERE resource = '') AS unmapped FROM alerts WHERE network = ?",
            network,
        )
        return made(AlertCounts, row)

    def alerted_networks(self) -> tuple[str, ...]:
        """The networks of which alerts came, by name."""
        rows = self._rows("SELECT DISTINCT network FROM alert_doors ORDER BY network")
        return tuple(row["network"] for row in rows)

    def old_alerts(self, network: str, before_wall_s: float, before_s: float | None) -> int:
        """How many have not been sent since `before_wall_s`, and ended before `before_s`; None for
        whenever they ended, and if nobody said so.
        """
        (row,) = self._rows(
            f"SELECT count(*) AS old FROM alerts WHERE {_OLD}",
            network,
            before_wall_s,
            before_s,
            before_s,
        )
        return int(row["old"])

    def drop_old_alerts(self, network: str, before_wall_s: float, before_s: float | None) -> int:
        """Drop those of `old_alerts`; how many there were."""
        with self.transaction():
            return self._execute(
                f"DELETE FROM alerts WHERE {_OLD}", network, before_wall_s, before_s, before_s
            ).rowcount

    def alert_doors(self, network: str) -> tuple[AlertDoor, ...]:
        """What came through each door of a network, by name."""
        rows = self._rows("SELECT * FROM alert_doors WHERE network = ? ORDER BY door", network)
        return tuple(made(AlertDoor, row) for row in rows)

    def _take_alert(
        self,
        network: str,
        door: str,
        alert: Received,
        mapped: Mapped,
        moment: _Moment,
        taken: Taken,
    ) -> None:
        latest = self._latest_alert(network, door, alert)
        ahead = (alert.starts_wall_s or 0.0) > moment.wall_s + AHEAD_S
        starts_s = None if ahead else alert.starts_wall_s
        if starts_s is None:
            # Nobody says when: it is what is known, or begins now.
            starts_s = latest["starts_wall_s"] if latest and _goes_on(latest, alert) else None
        if starts_s is None:
            over_s = alert.ends_wall_s
            starts_s = moment.wall_s if over_s is None else min(over_s, moment.wall_s)
        if ahead:
            alert = replace(alert, odd=alert.odd or "it begins in the future")
        known = latest
        if latest is not None and latest["starts_wall_s"] != starts_s:
            known = self._known_alert(network, door, alert, starts_s)
        if known is not None:
            self._alert_goes_on(known, alert, mapped, moment, taken)
            return
        over_s = None if alert.ends_wall_s is None else moment.dated(alert.ends_wall_s)
        if latest is not None and starts_s < latest["starts_wall_s"]:
            # It has begun anew before this came.
            over_s = moment.dated(latest["starts_wall_s"])
            taken.late += 1
        elif latest is not None and latest["ends_s"] is None:
            # That it was over was not heard: it has begun anew.
            self._end_alert(latest, moment.dated(starts_s))
        self._begin_alert(network, door, alert, mapped, (starts_s, over_s), moment)
        taken.begun += 1
        taken.ended += over_s is not None

    def _latest_alert(self, network: str, door: str, alert: Received) -> dict[str, Any] | None:
        """The alert as it began last, by its name at this door or by its labels at any."""
        found = self._rows(
            "SELECT * FROM (SELECT * FROM alerts WHERE network = ? AND fingerprint = ? "
            "AND door = ? ORDER BY starts_wall_s DESC LIMIT 1) UNION SELECT * FROM "
            "(SELECT * FROM alerts WHERE network = ? AND content = ? "
            "ORDER BY starts_wall_s DESC LIMIT 1)",
            network,
            alert.fingerprint,
            door,
            network,
            alert.content,
        )
        return max(found, key=lambda row: float(row["starts_wall_s"]), default=None)

    def _known_alert(
        self, network: str, door: str, alert: Received, starts_s: float
    ) -> dict[str, Any] | None:
        """The row of this very time that it began."""
        found = self._rows(
            "SELECT * FROM alerts WHERE network = ? AND fingerprint = ? AND door = ? "
            "AND starts_wall_s = ? UNION SELECT * FROM alerts WHERE network = ? AND content = ? "
            "AND starts_wall_s = ?",
            network,
            alert.fingerprint,
            door,
            starts_s,
            network,
            alert.content,
            starts_s,
        )
        return found[0] if found else None

    def _alert_goes_on(
        self,
        known: dict[str, Any],
        alert: Received,
        mapped: Mapped,
        moment: _Moment,
        taken: Taken,
    ) -> None:
        """One more post about an alert that is known: it ends, or it is only said again."""
        if alert.ends_wall_s is not None and known["ends_s"] is None:
            self._end_alert(known, moment.dated(alert.ends_wall_s))
            taken.ended += 1
        elif alert.ends_wall_s is None and known["ends_s"] is not None:
            taken.late += 1
        else:
            taken.repeats += 1
        self._alert_again(known, alert, mapped, moment)

    def _begin_alert(
        self,
        network: str,
        door: str,
        alert: Received,
        mapped: Mapped,
        span: tuple[float, float | None],
        moment: _Moment,
    ) -> None:
        """A new row. `span`: when it begins, by the sender, and ends, by the network's clock."""
        starts_wall_s, ends_s = span
        self._execute(
            "INSERT INTO alerts VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1, ?, ?, ?, ?, ?, ?)",
            network,
            door,
            alert.fingerprint,
            alert.content,
            starts_wall_s,
            moment.dated(starts_wall_s),
            ends_s,
            alert.expires_wall_s,
            moment.wall_s,
            moment.wall_s,
            *mapped,
            alert.odd,
            json_text({name: text.raw for name, text in alert.labels.items()}),
            json_text({name: text.raw for name, text in alert.annotations.items()}),
        )

    def _alert_again(
        self, known: dict[str, Any], alert: Received, mapped: Mapped, moment: _Moment
    ) -> None:
        """It was received once more; a rule that has been written meanwhile maps it."""
        now = mapped if mapped.resource else (known["rule"], known["claims"], known["resource"])
        self._execute(
            "UPDATE alerts SET times = times + 1, last_wall_s = ?, expires_wall_s = ?, rule = ?, "
            "claims = ?, resource = ? WHERE id = ?",
            moment.wall_s,
            alert.expires_wall_s,
            *now,
            known["id"],
        )

    def _end_alert(self, known: dict[str, Any], ends_s: float) -> None:
        ends_s = max(ends_s, known["starts_s"])
        self._execute("UPDATE alerts SET ends_s = ? WHERE id = ?", ends_s, known["id"])


def _goes_on(latest: dict[str, Any], alert: Received) -> bool:
    """Whether a post that does not say since when is about it; an end may come twice."""
    return latest["ends_s"] is None or alert.ends_wall_s is not None


def _record(row: dict[str, Any]) -> AlertRecord:
    named = {name: row[name] for name in AlertRecord.model_fields if name not in _JSON}
    return made(AlertRecord, named, **{name: row[name] for name in _JSON})


_JSON = ("labels", "annotations")
