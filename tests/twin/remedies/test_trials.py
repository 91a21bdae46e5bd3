"""What simulated remedies are chosen by, besides their cost."""

from twin.events.actions.set_igp_weight import SetIgpWeight
from twin.nouns.forecast import Forecast, Interval
from twin.nouns.plan import Remedy
from twin.remedies.trials import Trial, breaking

NONE = Interval(p05=0.0, median=0.0, p95=0.0)


def trial(name: str, breach: dict[str, float]) -> Trial:
    """Of a remedy with which services are in breach with these chances; R0 does nothing."""
    ahead = Forecast(
        utilisation={},
        max_utilisation=NONE,
        breached_services=NONE,
        lost_bps=NONE,
        service_breach_probability=breach,
        rollouts=64,
        seed=1,
    )
    actions = () if name == "R0" else (SetIgpWeight(node="A", link="A-B", weight=50),)
    remedy = Remedy(id=name, actions=actions, reason="a try")
    return Trial(remedy=remedy, ahead=ahead, in_scenario={}, cost=1.0, slo_minutes_ahead=0.0)


def test_what_was_taken_back_for_a_service_is_not_planned_against_it_again() -> None:
    trials = [
        trial("R0", {"hurt": 1.0}),
        trial("R1", {"well": 0.9}),
        trial("R2", {"well": 0.4}),
        trial("R3", {"hurt": 1.0, "other": 1.0}),
    ]
    assert breaking(trials, {"well"}) == ["R1"]
    assert breaking(trials, {"hurt"}) == [], "it is in breach anyway"
    assert breaking(trials, set()) == []
