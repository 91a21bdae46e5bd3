"""Healthy days are healthy, announced, and the same every time; and how they are counted."""

import pytest

from evals.campaigns.campaign import load_spec
from evals.campaigns.healthy import (
    CAMPAIGN,
    HEALTHY_DAY,
    TOPOLOGIES,
    HealthyRecord,
    Play,
    healthy_day,
    healthy_markdown,
    summarise,
)
from evals.stage import case_names, load_case


def test_the_same_number_is_the_same_day() -> None:
    assert healthy_day(4) == healthy_day(4)
    assert healthy_day(4) != healthy_day(7)


def test_days_go_round_all_topologies() -> None:
    assert {healthy_day(i).world.topology for i in range(3)} == set(TOPOLOGIES)


def test_a_day_has_no_fault_and_all_work_is_announced() -> None:
    for number in range(6):
        day = healthy_day(number)
        assert not day.truth.events
        assert day.truth.demand_episodes
        for planned in day.truth.planned_actions:
            times = (day.world.starts_s + planned.at_s, day.world.starts_s + planned.until_s)
            for at_s in times:
                assert any(w.covers(planned.link, at_s) for w in day.world.planned_work)


def test_shipped_campaign_plays_the_days_and_every_faulty_case() -> None:
    plays = CAMPAIGN.plays(load_spec(CAMPAIGN, days=2))
    assert [p.seed for p in plays if p.case == HEALTHY_DAY] == [0, 1]
    faulty = [name for name in case_names() if load_case(name).truth.events]
    assert [p.case for p in plays if p.case != HEALTHY_DAY] == faulty
    assert len(CAMPAIGN.plays(load_spec(CAMPAIGN, days=2, seeds=0))) == 2


def _raised(case: str, seed: int) -> HealthyRecord:
    play = Play(case=case, arm="noctua", seed=seed)
    return HealthyRecord(campaign="healthy", play=play, commit="abc", cpu_s=1.0, error="Oops: why")


def test_day_that_raised_counts_as_a_false_incident_and_a_case_as_not_noticed() -> None:
    records = [_raised(HEALTHY_DAY, 0), _raised("amber-meadow", 1)]
    report = summarise(records)
    assert (report.false_incidents, report.days, report.per_day) == (1, 1, 1.0)
    # One event in one day (Garwood 1936).
    assert report.upper_per_day == pytest.approx(4.7439, abs=5e-4)
    assert (report.undetected, report.detect_s) == (1, ())
    text = healthy_markdown(records)
    assert "2 of 2 plays raised an error" in text
    assert text.endswith("code abc\n")


def test_slice_without_days_gives_no_rate() -> None:
    report = summarise([_raised("amber-meadow", 1)])
    assert (report.days, report.per_day, report.upper_per_day) == (0, None, None)
