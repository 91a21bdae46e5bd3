"""The same incident, handled in another way."""

from twin.nouns.base import Noun


class Comparison(Noun):
    """One arm of a comparison on the same hidden realisation.

    `arm`: its name; `what`: what it is, in a sentence. `slo_minutes_lost`: over all services.
    `detect_s`, `mitigate_s`, `resolve_s`: seconds after the onset, None if it never happened.
    `seed` and `case` name the run that computed the figures.
    """

    arm: str
    what: str
    slo_minutes_lost: float
    services_hit: int
    detect_s: float | None
    mitigate_s: float | None
    resolve_s: float | None
    changes_made: int
    note: str = ""
    seed: int
    case: str
