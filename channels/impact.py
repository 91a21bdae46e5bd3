"""Who is hit, in words: the same in every channel."""

from collections.abc import Sequence

from channels.report.wording import plain
from twin.nouns.impact import Impact, ServiceHit

_MOST_NAMES = 4


def hit_text(impact: Impact | None) -> str:
    """3 services in breach: gold-17 (Acme), ...; 41 service-minutes so far.

    The services are all that are in breach in the network; "nobody that probes see" where none is.
    """
    if impact is None or not (impact.hit_now or impact.minutes_lost):
        return "nobody that probes see"
    so_far = f"{minutes_text(impact)} service-minutes so far"
    if not impact.hit_now:
        return f"nobody that probes see any more; {so_far}"
    count = len(impact.hit_now)
    return f"{count} service{'s' * (count > 1)} in breach: {_names(impact.hit_now)}; {so_far}"


def minutes_text(impact: Impact | None) -> str:
    """Minutes that services have lost so far, all together."""
    return f"{impact.total_minutes:.0f}" if impact else "0"


def _names(hit: Sequence[ServiceHit]) -> str:
    named = [f"{plain(h.service)} ({plain(h.customer)})" for h in hit[:_MOST_NAMES]]
    more = len(hit) - _MOST_NAMES
    return ", ".join(named) + (f" and {more} more" if more > 0 else "")
