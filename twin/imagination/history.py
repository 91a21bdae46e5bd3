"""What a network's own incidents say of how often its parts fail."""

from collections import Counter
from collections.abc import Iterable

from twin.knowledge.past import AND, PastIncident
from twin.nouns.rates import History

YEAR_S = 365.25 * 86_400.0


def history_of(incidents: Iterable[PastIncident], since_s: float, now_s: float) -> History:
    """What failed from `since_s` to `now_s` (Unix seconds), by incidents of which measurements or a
    person told the cause.
    """
    failures = Counter[str]()
    first_s = since_s
    for incident in incidents:
        if incident.decided or incident.found_by:
            first_s = min(first_s, incident.opened_s)
            failures.update(incident.cause.split(AND))
    return History(failures=dict(failures), years=max(0.0, now_s - first_s) / YEAR_S)
