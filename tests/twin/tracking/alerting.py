"""Alerts as rules of others send them, in the square."""

from tests.twin.tracking.square import START_S
from twin.nouns.alert import Alert, AlertClaim


def alert(
    claims: AlertClaim,
    resource: str,
    starts_s: float = START_S,
    *,
    rule: str = "theirs",
    ends_s: float | None = None,
    false_rate: float = 0.02,
    missed_rate: float = 0.1,
) -> Alert:
    """One that states the rates that are usual."""
    return Alert(
        rule=rule,
        claims=claims,
        resource=resource,
        starts_s=starts_s,
        ends_s=ends_s,
        false_rate=false_rate,
        missed_rate=missed_rate,
    )
