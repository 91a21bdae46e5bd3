"""The risk register of each network: what is expected to break next, and what people say of it."""

from collections.abc import Mapping, Sequence

from pydantic import JsonValue

from tools.journal.database import read
from tools.journal.errors import UnknownRisk
from tools.journal.refresh_rows import RefreshRows
from twin.nouns.principal import AUTOMATIC, Principal
from twin.nouns.risk import Reckoned, Risk, RiskChanges, RiskRecord, RiskState

FAR_MORE = 2.0
"""An accepted line that costs so many times what it did is to be decided anew (our definition)."""


_SETTLES = "foresight"


class RiskRows(RefreshRows):
    """Table risks."""

    def put_risks(
        self, network: str, lines: Sequence[Risk], reckoned: Reckoned, by: Principal
    ) -> RiskChanges:
        """Keep `lines` as what may break next. What is none of them any more stays known as gone;
        what people have said stands, unless it was of far less. The refresh that `reckoned` names
        does so once, and is told again what that changed.
        """
        with self.transaction():
            if (done := self._changed_by(reckoned.refresh)) is not None:
                return done
            known = {record.id: record for record in self.risk_records(network)}
            since_s = max((r.reckoned.at_s for r in known.values()), default=None)
            kept = [self._refreshed(network, x, reckoned, known.get(x.id)) for x in lines]
            ids = {record.id for record in kept}
            left = [r for r in known.values() if r.id not in ids and r.gone_s is None]
            for record in kept:
                self._put_risk(record)
            for record in left:
                self._put_risk(record.model_copy(update={"gone_s": reckoned.at_s}))
            was = {name: known[name].state for name in ids & known.keys()}
            changes = RiskChanges(
                since_s=since_s,
                new=tuple(r.id for r in kept if r.id not in known),
                gone=tuple(record.id for record in left),
                reopened=tuple(r.id for r in kept if r.state == "open" != was.get(r.id, "open")),
            )
            data: dict[str, JsonValue] = {
                "lines": len(kept),
                "new": list(changes.new),
                "gone": list(changes.gone),
                "reopened": list(changes.reopened),
                **by.stated,
            }
            if reckoned.refresh:
                data["refresh"] = reckoned.refresh
            self.append_audit(reckoned.at_s, by.name, "imagine", network, data)
            self._note_changes(reckoned.refresh, changes)
            return changes

    def decide_risk(
        self,
        network: str,
        risk_id: str,
        state: RiskState,
        by: Principal,
        reason: str,
        now_s: float,
        review_s: float | None = None,
    ) -> RiskRecord:
        """`by` says that the line is in `state`. Raises UnknownRisk."""
        with self.transaction():
            record = self.risk_record(network, risk_id)
            decided = record.model_copy(
                update={
                    "state": state,
                    "decided_by": by,
                    "decided_slo_minutes": record.risk.slo_minutes,
                    "reason": reason,
                    "review_s": review_s,
                }
            )
            data: dict[str, JsonValue] = {
                "state": state,
                "slo_minutes": record.risk.slo_minutes,
                "reason": reason,
                "review_s": review_s,
                **by.stated,
            }
            self._put_risk(decided)
            self.append_audit(now_s, by.name, "decide_risk", f"{network}/{risk_id}", data)
            return decided

    def order_work(
        self, network: str, risk_id: str, text: str, by: Principal, now_s: float
    ) -> RiskRecord:
        """`by` asked for what is to be built against the line. Raises UnknownRisk."""
        return self._noted(network, risk_id, "order_work", {"work_order": text}, by, now_s)

    def settle_risk(
        self, record: RiskRecord, now: Risk, state: RiskState, reason: str, now_s: float
    ) -> RiskRecord:
        """What came of a line that people wanted mitigated, and what it costs `now`."""
        by = Principal(name=_SETTLES, provider=AUTOMATIC)
        with self.transaction():
            self._put_risk(record.model_copy(update={"risk": now}))
            return self.decide_risk(record.network, record.id, state, by, reason, now_s)

    def assign_risk(
        self, network: str, risk_id: str, owner: str, by: Principal, now_s: float
    ) -> RiskRecord:
        """The line is `owner`'s from now on. Raises UnknownRisk."""
        return self._noted(network, risk_id, "assign_risk", {"owner": owner}, by, now_s)

    def _noted(
        self,
        network: str,
        risk_id: str,
        what: str,
        fields: Mapping[str, str],
        by: Principal,
        now_s: float,
    ) -> RiskRecord:
        with self.transaction():
            noted = self.risk_record(network, risk_id).model_copy(update=fields)
            self._put_risk(noted)
            data: dict[str, JsonValue] = {**fields, **by.stated}
            self.append_audit(now_s, by.name, what, f"{network}/{risk_id}", data)
            return noted

    def risks_in(self, network: str, state: RiskState) -> tuple[RiskRecord, ...]:
        """The lines in `state` that are not gone, what costs most first."""
        rows = self._rows(
            "SELECT body FROM risks WHERE network = ? AND body ->> 'state' = ?", network, state
        )
        found = (read(RiskRecord, row["body"]) for row in rows)
        return tuple(sorted((r for r in found if r.gone_s is None), key=lambda r: r.risk.rank))

    def risk_record(self, network: str, risk_id: str) -> RiskRecord:
        """The line of that id. Raises UnknownRisk."""
        known = {record.id: record for record in self.risk_records(network)}
        if risk_id not in known:
            raise UnknownRisk(risk_id, known)
        return known[risk_id]

    def risk_records(self, network: str) -> tuple[RiskRecord, ...]:
        """All lines, those that are gone last, what costs most first.

        A journal of an earlier version, opened for reading alone, has none.
        """
        if not self._rows("SELECT 1 FROM sqlite_master WHERE name = 'risks'"):
            return ()
        rows = self._rows("SELECT body FROM risks WHERE network = ?", network)
        found = (read(RiskRecord, row["body"]) for row in rows)
        return tuple(sorted(found, key=lambda r: (r.gone_s is not None, r.risk.rank, r.id)))

    def _refreshed(
        self, network: str, risk: Risk, reckoned: Reckoned, known: RiskRecord | None
    ) -> RiskRecord:
        if known is None:
            first_s = reckoned.at_s
            return RiskRecord(
                network=network, id=risk.id, risk=risk, reckoned=reckoned, first_s=first_s
            )
        worse = risk.slo_minutes > FAR_MORE * known.decided_slo_minutes
        reopened = known.state == "closed" or (known.state != "open" and worse)
        update: dict[str, object] = {"risk": risk, "reckoned": reckoned, "gone_s": None}
        if reopened:
            by = f" by {known.decided_by.name}" if known.decided_by else ""
            reason = f"was {known.state}{by}: {known.reason}"
            update |= {"state": "open", "decided_by": None, "reason": reason, "review_s": None}
        return known.model_copy(update=update)

    def _put_risk(self, record: RiskRecord) -> None:
        self._execute(
            "INSERT INTO risks VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET body = excluded.body",
            record.network,
            record.id,
            record.model_dump_json(),
        )
