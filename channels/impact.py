"""Who is hit, in words: the same in every channel."""

from channels.report.wording import clock_time, plain
from twin.nouns.impact import Impact

_MOST_NAMES = 4


def hit_text(impact: Impact | None) -> str:
    """3 services in breach at 18:11 UTC: gold-17 (Acme, 12 min), ...; 41 service-minutes so far.

    The services are all that are in breach in the network; "nobody that probes see" where none is.
    """
    if impact is None or not (impact.hit_now or impact.minutes_lost):
        return "nobody that probes see"
    so_far = f"{impact.total_minutes:.0f} service-minutes so far"
    if not impact.hit_now:
        return f"nobody that probes see any more; {so_far}"
    count = len(impact.hit_now)
    seen = f"{clock_time(impact.as_of_s)[:5]} UTC"
    return f"{count} service{'s' * (count > 1)} in breach at {seen}: {_names(impact)}; {so_far}"


def _names(impact: Impact) -> str:
    """Those that have lost most first."""
    lost = impact.minutes_lost
    worst = sorted(impact.hit_now, key=lambda hit: -lost.get(hit.service, 0.0))
    named = [
        f"{plain(hit.service)} ({plain(hit.customer)}, {lost.get(hit.service, 0.0):.0f} min)"
        for hit in worst[:_MOST_NAMES]
    ]
    more = len(worst) - _MOST_NAMES
    return ", ".join(named) + (f" and {more} more" if more > 0 else "")
