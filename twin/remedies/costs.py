"""How bad a state of the network is: one definition, used wherever remedies or scenarios are
ranked.
"""

from twin.nouns.forecast import Forecast

LOST_SHARE_WEIGHT = 40.0
"""Losing 2.5 % of all traffic is as bad as one service in breach (our definition)."""

DEVICE_WEIGHT = 0.03
"""Every device that a remedy touches costs this much of a service in breach (our definition)."""

TIE = 0.25
"""Costs closer than a quarter of a service in breach are a tie: the forecast cannot tell them
apart.
"""


def expected_cost(forecast: Forecast, offered_bps: float) -> float:
    """Expected services in breach, plus the share of traffic lost in the same currency."""
    breached = sum(forecast.service_breach_probability.values())
    return breached + LOST_SHARE_WEIGHT * forecast.lost_bps.median / max(offered_bps, 1.0)
