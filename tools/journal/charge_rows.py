"""What foreign minds used up, in the journal: for each incident, and for each day of a watch and of
refreshes of the risk register.
"""

from datetime import UTC, datetime
from functools import reduce
from operator import add

from tools.journal.database import made
from tools.journal.incident_rows import IncidentRows
from tools.journal.records import Charges

_COLUMNS = tuple(Charges.model_fields)
_SUMMED = ", ".join(f"{name} = {name} + excluded.{name}" for name in _COLUMNS if name != "currency")
_CURRENCY = "currency = coalesce(nullif(excluded.currency, ''), currency)"


class ChargeRows(IncidentRows):
    """Table charges."""

    def charge(self, incident_id: str, role: str, charges: Charges) -> None:
        """Add to what `role` has used up for the incident."""
        with self.transaction():
            self._require_incident(incident_id)
            self._charge(incident_id, role, charges)

    def charged_roles(self, incident_id: str) -> dict[str, Charges]:
        """What each role has used up for the incident, over all restarts.

        The role "" holds what journals of earlier versions kept for all roles together.
        """
        self._require_incident(incident_id)
        return self._charged(incident_id)

    def charged(self, incident_id: str) -> Charges:
        """What the incident has used up, over all roles and restarts."""
        return reduce(add, self.charged_roles(incident_id).values(), Charges())

    def charge_watch(self, network: str, now_s: float, role: str, charges: Charges) -> None:
        """Add to what `role` has used up in the day (UTC) of `now_s` for watching `network`."""
        with self.transaction():
            self._charge(_watch_account(network, now_s), role, charges)

    def charged_watch(self, network: str, now_s: float) -> dict[str, Charges]:
        """What each role has used up in that day for watching `network`."""
        return self._charged(_watch_account(network, now_s))

    def charge_refresh(self, network: str, now_s: float, role: str, charges: Charges) -> None:
        """Add to what `role` has used up in the day (UTC) of `now_s` for refreshing the register of
        `network`.
        """
        with self.transaction():
            self._charge(_refresh_account(network, now_s), role, charges)

    def charged_refresh(self, network: str, now_s: float) -> dict[str, Charges]:
        """What each role has used up in that day for refreshing the register of `network`."""
        return self._charged(_refresh_account(network, now_s))

    def _charge(self, account: str, role: str, charges: Charges) -> None:
        values = [getattr(charges, name) for name in _COLUMNS]
        self._execute(
            f"INSERT INTO charges (account, role, {', '.join(_COLUMNS)}) "
            f"VALUES (?, ?, {', '.join('?' * len(_COLUMNS))}) "
            f"ON CONFLICT (account, role) DO UPDATE SET {_SUMMED}, {_CURRENCY}",
            account,
            role,
            *values,
        )

    def _charged(self, account: str) -> dict[str, Charges]:
        rows = self._rows(
            f"SELECT role, {', '.join(_COLUMNS)} FROM charges WHERE account = ? ORDER BY rowid",
            account,
        )
        return {row.pop("role"): made(Charges, row) for row in rows}


def _watch_account(network: str, now_s: float) -> str:
    return f"watch:{network}:{_day(now_s)}"


def _refresh_account(network: str, now_s: float) -> str:
    return f"register:{network}:{_day(now_s)}"


def _day(now_s: float) -> str:
    return datetime.fromtimestamp(now_s, UTC).date().isoformat()
