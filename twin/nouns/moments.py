"""Times and lengths of time as people read them."""

from datetime import UTC, datetime


def utc(time_s: float) -> str:
    """2026-01-31 20:15:07 UTC."""
    return datetime.fromtimestamp(time_s, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def duration(seconds: float) -> str:
    """45 s, 12 min 30 s, 3 h 05 min."""
    whole = round(seconds)
    if abs(whole) < 60:
        return f"{whole} s"
    if abs(whole) < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
