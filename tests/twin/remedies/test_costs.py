"""How bad a state is, in services in breach."""

import pytest

from twin.nouns.forecast import Forecast, Interval
from twin.remedies.costs import expected_cost


def _forecast(lost_bps: float, breach: dict[str, float]) -> Forecast:
    nothing = Interval(p05=0.0, median=0.0, p95=0.0)
    return Forecast(
        utilisation={},
        max_utilisation=nothing,
        breached_services=nothing,
        lost_bps=Interval(p05=0.0, median=lost_bps, p95=2 * lost_bps),
        service_breach_probability=breach,
        rollouts=50,
        seed=1,
    )


def test_cost_is_expected_services_in_breach_and_the_share_of_traffic_lost() -> None:
    # 2.5 % of the traffic counts as one service.
    assert expected_cost(_forecast(0.25e9, {"one": 0.5, "two": 1.0}), 10e9) == pytest.approx(2.5)


def test_nothing_wrong_costs_nothing_even_where_nothing_is_sent() -> None:
    assert expected_cost(_forecast(0.0, {}), 0.0) == 0.0
