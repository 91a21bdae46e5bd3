"""The newest readings survive a restart, and give way to newer ones."""

import numpy as np

from twin.tracking.latest import Latest, newer
from twin.tracking.rates import RateRound


def _round(sent: list[float], until: float) -> RateRound:
    n = len(sent)
    per_class = np.zeros((n, 3))
    per_class[:, 0] = sent
    return RateRound(
        from_s=np.full(n, until - 30.0),
        until_s=np.full(n, until),
        sent_bps=per_class,
        dropped_bps=np.zeros((n, 3)),
        loss=np.zeros(n),
        loss_from_s=np.full(n, until - 60.0),
        loss_until_s=np.full(n, until - 30.0),
        misread=np.zeros(n, np.bool_),
    )


def test_newest_reading_of_each_arc_counts() -> None:
    latest = newer(None, [_round([1.0, 2.0], 30.0), _round([3.0, np.nan], 60.0)], 2, ["b", "a"], 61)
    assert latest.sent_bps == (3.0, 2.0)
    assert latest.read_s == (60.0, 30.0)
    assert latest.in_breach == ("a", "b")


def test_what_was_kept_stands_until_something_newer_comes() -> None:
    kept = Latest(sent_bps=(5.0, None), read_s=(10.0, None), in_breach=("a",), probed_s=11.0)
    assert newer(kept, [], 2, [], None) == kept
    later = newer(kept, [_round([np.nan, 7.0], 40.0)], 2, [], 41.0)
    assert later == Latest(sent_bps=(5.0, 7.0), read_s=(10.0, 40.0), in_breach=(), probed_s=41.0)
