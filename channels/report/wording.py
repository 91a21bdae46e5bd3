"""Facts in words, and numbers as a person reads them."""

import unicodedata
from typing import assert_never

from twin.nouns import moments
from twin.nouns.counted import counted
from twin.nouns.incident import Symptom
from twin.nouns.untrusted import UntrustedText


def quoted(text: str, limit: int = 500) -> str:
    """What a person, a mind or a device wrote: one printable line inside «»."""
    return UntrustedText(text).quoted(limit)


def plain(text: str, limit: int = 1000) -> str:
    """`text` on one line, cut at `limit`, without control characters: safe for a terminal."""
    return printable(text if len(text) <= limit else text[: limit - 1] + "…")


def printable(text: str) -> str:
    """`text` with a space for every kind of space, and without control characters."""
    kept = (c for c in text if c.isspace() or unicodedata.category(c)[0] != "C")
    return "".join(" " if c.isspace() else c for c in kept)


def utc(time_s: float | None) -> str:
    """2026-01-31 20:15:07, or a dash. The reader is told once that it is UTC."""
    if time_s is None:
        return "–"
    return moments.utc(time_s).removesuffix(" UTC")


def clock_time(time_s: float | None) -> str:
    """20:15:07, or a dash."""
    return utc(time_s)[11:] if time_s is not None else "–"


def duration(seconds: float | None) -> str:
    """45 s, 12 min 30 s, 3 h 05 min, or a dash."""
    if seconds is None:
        return "–"
    return moments.duration(seconds)


def rate(bps: float) -> str:
    """1.2 Tbit/s, 40 Gbit/s, 250 Mbit/s."""
    for unit, size in (("Tbit/s", 1e12), ("Gbit/s", 1e9), ("Mbit/s", 1e6), ("kbit/s", 1e3)):
        if abs(bps) >= size:
            return f"{bps / size:.3g} {unit}"
    whole = f"{bps:.0f}"
    return f"{'0' if whole == '-0' else whole} bit/s"


def percent(share: float | None) -> str:
    """63 %, or a dash."""
    return "–" if share is None else f"{100 * share:.0f} %"


def significant(value: float) -> str:
    """Three digits, and no exponent where it is large."""
    return f"{value:,.0f}" if abs(value) >= 999.5 else f"{value:.3g}"


def probability(share: float) -> str:
    """42 %, 0.4 %, < 0.1 % or > 99 %: certainty is never claimed."""
    if share < 0.001:
        return "< 0.1 %"
    if share < 0.0095:
        return f"{100 * share:.1f} %"
    return "> 99 %" if share > 0.99 else f"{100 * share:.0f} %"


def magnitude_text(symptom: Symptom) -> str:
    """The symptom's magnitude with its unit."""
    value = symptom.magnitude
    match symptom.kind:
        case "adjacency_down":
            return "down"
        case "configuration_change":
            return "changed"
        case "queue_drops" | "silent_loss" | "probe_loss":
            return f"{100 * value:.2g} % lost"
        case "probe_delay" | "late_link":
            return f"{1000 * value:.2g} ms above normal"
        case "service_breach":
            return "outside its objective"
        case "traffic_surge":
            return f"{value:.2f} × expected"
        case "flow_surge":
            return f"{value:.3g} × the flows expected"
        case "alert":
            return counted(round(value), "alert")
        case _:
            assert_never(symptom.kind)


FILTERS = {
    "counted": counted,
    "significant": significant,
    "utc": utc,
    "clock_time": clock_time,
    "duration": duration,
    "rate": rate,
    "percent": percent,
    "probability": probability,
    "plain": plain,
    "quoted": quoted,
}
"""By the names that templates use."""
