"""What a tracker believes is wrong, and how much it has read."""

from twin.nouns.health import Seen
from twin.tracking.tracker import Tracker


def seen(tracker: Tracker, now_s: float) -> Seen:
    """What is seen at `now_s`, by the clock of whoever watches."""
    running = tracker.running.devices
    return Seen(
        coverage=tracker.coverage.at(now_s),
        links_down=tuple(sorted(tracker.down_links)),
        links_drained=tuple(sorted({i.link for d in running for i in d.interfaces if i.drained})),
        symptoms=tuple(tracker.measurable(s) for s in tracker.active_symptoms()),
        in_breach=tuple(sorted(tracker.latest().in_breach)),
        telemetry_faults=tracker.telemetry_faults,
    )
