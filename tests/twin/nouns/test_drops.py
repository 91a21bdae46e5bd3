"""What is dropped, weighed by hand: 10 Gbit/s in two members, five minutes after the onset."""

import numpy as np
import pytest

from twin.nouns.drops import Drops

FULL, HALF = 10e9, 5e9


def drops(
    offered: float,
    lost: float,
    *,
    voice_lost: float = 0.0,
    carried: float = 5e9,
    voice: float = 0.0,
) -> Drops:
    """One egress that is `offered` so much and loses the share `lost`, of voice `voice_lost`."""
    wanted = np.array([[voice, offered - voice, 0.0]])
    share = np.array([[voice_lost, lost, 0.0]])
    return Drops(
        sent_bps=wanted * (1 - share),
        dropped_bps=wanted * share,
        carried_bps=np.array([carried]),
        lately_bps=np.array([offered]),
        minutes=5.0,
        short={},
    )


@pytest.mark.parametrize(
    ("offered", "carried", "nats"),
    [
        (4.5e9, 5e9, 14.21),  # -ln 1e-4, and five minutes
        (4.5e9, 3e9, 5.02),  # -ln(0.01 / (1 + exp(-2/3))): half of it may have been gone before
        (8.8e9, 5e9, 0.69),  # -ln(1/2): as full as that, a burst drops
    ],
)
def test_drops_are_the_less_likely_the_emptier_the_egress(
    offered: float, carried: float, nats: float
) -> None:
    seen = drops(offered, 0.1, carried=carried)
    assert seen.unlikely(0, FULL, HALF) == pytest.approx(nats, abs=0.01)


def test_egress_that_is_full_of_what_is_left_drops_and_one_that_is_not_refutes_it() -> None:
    assert drops(4.5e9, 0.1).full_of(0, HALF, FULL, HALF) == pytest.approx(14.21 - 0.414, abs=0.01)
    assert drops(4.9e9, 0.0).full_of(0, HALF, FULL, HALF) == pytest.approx(-3.37, abs=0.01)
    assert drops(1.0e9, 0.0).full_of(0, HALF, FULL, HALF) == pytest.approx(0.0, abs=0.01)
    assert drops(np.nan, 0.0).full_of(0, HALF, FULL, HALF) is None


@pytest.mark.parametrize(
    ("voice", "voice_lost", "share"), [(1e9, 0.0, 0.0), (1e9, 0.1, 1.0), (0.0, 0.0, None)]
)
def test_voice_that_loses_as_all_else_is_told_from_voice_that_is_spared(
    voice: float, voice_lost: float, share: float | None
) -> None:
    found = drops(4e9, 0.1, voice=voice, voice_lost=voice_lost).voice_share(0)
    assert found == (None if share is None else pytest.approx(share))


@pytest.mark.parametrize(
    ("voice", "voice_lost", "hit"), [(1e9, 0.04, False), (1e9, 0.05, True), (0.0, 0.0, None)]
)
def test_drops_hit_voice_where_it_loses_more_than_half_of_what_all_lose(
    voice: float, voice_lost: float, hit: bool | None
) -> None:
    """Of 1 and 3 Gbit/s: 4 % is 0.47 of the 8.5 % that all lose, 5 % is 0.57 of 8.75 %."""
    assert drops(4e9, 0.1, voice=voice, voice_lost=voice_lost).hits_voice(0) is hit


def test_what_is_under_a_fifth_of_a_percent_is_not_seen() -> None:
    assert not drops(4e9, 0.0019).is_seen(0)
    assert drops(4e9, 0.0021).is_seen(0)


def test_drops_that_hit_voice_are_no_queues_however_full_it_is() -> None:
    """-ln 1e-4, and five minutes: 14.21; a queue at 98 % would do it as well as not."""
    full = 9.8e9
    assert drops(full, 0.1, voice=1e9).unlikely(0, 10e9, 5e9) < 0.1
    hit = drops(full, 0.1, voice=1e9, voice_lost=0.1)
    assert hit.unlikely(0, 10e9, 5e9) == pytest.approx(14.21, abs=0.01)
