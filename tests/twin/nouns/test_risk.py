"""A line of the risk register, as people read it."""

from twin.nouns.forecast import Interval
from twin.nouns.risk import LONGEST_SAID, Risk

ONCE = Interval(p05=1.0, median=1.0, p95=1.0)


def _line(what_if: str) -> Risk:
    return Risk(
        rank=1,
        what_if=what_if,
        elements=("software XR 7.5", "link A-B"),
        per_year=1.0,
        per_year_range=ONCE,
        hours=1.0,
        slo_minutes=1.0,
        slo_minutes_range=ONCE,
        in_work=0.0,
        regimes=(),
        customers=(),
    )


def test_what_fails_is_said_in_words_of_what_ifs_unless_nobody_would_read_them() -> None:
    said = "x" * LONGEST_SAID
    assert _line(said).fails == said
    assert _line(f"{said}x").fails == "software XR 7.5 down; link A-B down"
