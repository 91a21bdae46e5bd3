"""Why the time may be wrong: timers, windows and expiry are worth no more than the clock."""

from tools.clock import Clock
from tools.journal.journal import Journal
from tools.network.protocol import Network

STEPPED_S = 5.0
"""NTP slews what is less than 0.128 s and steps what is more, so 5 s is a step by any measure."""

APART_S = 30.0
"""Our clock and the network's, a slow reply included; as long as the default confirm margin."""


def clock_doubt(clock: Clock, network: Network, journal: Journal) -> str:
    """What speaks against `clock.now_s()` and how to mend it, "" if nothing does."""
    if stepped := step_doubt(clock):
        return stepped
    try:
        network_s = network.now_s()
    except Exception as error:
        # Whatever a driver raises, there is nothing to compare with.
        return f"the network's clock cannot be read ({error}); see why the network is silent"
    return apart_doubt(clock.now_s(), network_s, journal.last_written_s(network.name))


def step_doubt(clock: Clock) -> str:
    """That somebody has moved the clock, "" if nobody has."""
    stepped_s = clock.stepped_s()
    if abs(stepped_s) <= STEPPED_S:
        return ""
    return (
        f"the clock was moved by {stepped_s:+.0f} s while this process ran; check it against "
        "NTP and start the process again"
    )


def apart_doubt(now_s: float, network_s: float, written_s: float | None) -> str:
    """What the network's clock or the journal's last entry says against `now_s`, "" if nothing."""
    if abs(apart_s := now_s - network_s) > APART_S:
        return (
            f"the clock is {apart_s:+.0f} s from the network's; check both against NTP and set "
            "right the one that is wrong"
        )
    if written_s is not None and written_s - now_s > APART_S:
        return (
            f"the journal has entries that are {written_s - now_s:.0f} s later than the clock, "
            "which was put back or was ahead then; check it against NTP, or wait until it is past "
            "them"
        )
    return ""
