"""Who reads which device next, and what is counted."""

import pytest

from evals.campaigns.records import Record
from evals.diagnosis.reading import (
    ARMS,
    CAMPAIGN,
    Play,
    Read,
    Reads,
    read_devices,
    reading_markdown,
)


def _play(kind: str) -> Play:
    arms = tuple(ARMS)
    return Play(case="sndlib/abilene", kind=kind, seed=2, missing=0.1, arms=arms)


@pytest.mark.slow
def test_each_arm_reads_the_same_looks_until_the_cause_is_named() -> None:
    played = read_devices(_play("blackhole_route"))
    assert played.devices == 12
    assert [one.arm for one in played.reads] == list(ARMS)
    for one in played.reads:
        assert one.named_s is not None
        assert 1 <= one.reads <= 3 * played.devices
    assert played.reads[0].reads <= 2


def test_what_is_not_named_counts_as_later_than_all_that_is() -> None:
    read = Read(
        devices=12,
        reads=(
            Reads(arm="most telling", reads=1, named_s=None),
            Reads(arm="in order", reads=9, named_s=330.0),
        ),
    )
    record = Record[Play, Read](
        campaign=CAMPAIGN.name, play=_play("blackhole_route"), commit="c", cpu_s=1.0, outcome=read
    )
    told = reading_markdown([record])
    assert "| most telling | 0 of 1 | 1.0 | 1.0 | inf |" in told
    assert "in order, more than most telling, median of pairs: reads 8.0; minutes -8.5" in told
