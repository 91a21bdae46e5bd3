"""Telling apart, in one process, what the watch costs and what the emulated network does."""

import time
from collections.abc import Sequence

from tools.network.protocol import Network
from twin.nouns.telemetry import Telemetry


def polling_of(network: Network) -> list[float]:
    """From now on, CPU seconds that `network` has spent on being polled: the one item.

    An emulated network shares the process, and what it computes is none of the watch's time.
    """
    spent, poll = [0.0], network.poll

    def polled(after_s: float | None = None) -> Sequence[Telemetry]:
        begin = time.process_time()
        found = poll(after_s)
        spent[0] += time.process_time() - begin
        return found

    network.poll = polled  # type: ignore[method-assign]  # a stopwatch
    return spent
