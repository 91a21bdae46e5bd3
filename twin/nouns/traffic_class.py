"""The classes of traffic. Configurations and plans name them, and need none of the arrays."""

from enum import StrEnum


class TrafficClass(StrEnum):
    """Three classes in two queues: VOICE has a strict-priority queue, the others share one.

    The priority queue is the expedited forwarding of RFC 3246; what the other two share is the
    default forwarding of RFC 2474.
    """

    VOICE = "voice"
    BUSINESS = "business"
    BEST_EFFORT = "best_effort"


TRAFFIC_CLASSES: tuple[TrafficClass, ...] = tuple(TrafficClass)
"""Axis 0 of every per-class array, in this order."""
