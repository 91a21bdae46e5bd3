"""Actions in words."""

from twin.events.action import Action, in_words
from twin.events.actions.rate_limit import RateLimit
from twin.events.actions.remove_rate_limit import RemoveRateLimit
from twin.events.actions.set_igp_weight import SetIgpWeight
from twin.nouns.traffic_class import TrafficClass

BEST_EFFORT = TrafficClass.BEST_EFFORT


def _limits(count: int) -> list[Action]:
    return [
        RateLimit(
            node=f"N{i // 2}", link=f"N{i // 2}-M{i}", traffic_class=BEST_EFFORT, rate_bps=1e9
        )
        for i in range(count)
    ]


def test_few_limits_are_told_one_by_one() -> None:
    limits = _limits(4)
    assert in_words(limits) == tuple(limit.describe() for limit in limits)


def test_many_limits_are_told_as_one_where_the_first_stands() -> None:
    weight = SetIgpWeight(node="A", link="A-B", weight=7)
    told = in_words([*_limits(3), weight, *_limits(5)[3:]])
    assert told == ("limit best_effort on 5 egresses of 3 devices", weight.describe())


def test_limits_of_another_class_and_removals_are_told_apart() -> None:
    other = RateLimit(node="A", link="A-B", traffic_class=TrafficClass.BUSINESS, rate_bps=2e9)
    removal = RemoveRateLimit(node="A", link="A-B", traffic_class=BEST_EFFORT)
    told = in_words([*_limits(5), other, removal])
    assert told[1:] == (other.describe(), removal.describe())
