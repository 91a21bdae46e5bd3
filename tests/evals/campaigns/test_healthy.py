"""Healthy days are healthy, announced, and the same every time."""

from evals.healthy import TOPOLOGIES, healthy_day


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
