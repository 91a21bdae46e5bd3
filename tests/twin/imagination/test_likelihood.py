"""How often a scenario begins, reckoned by hand from the rates of what strikes."""

import math

import pytest

from tests.twin.whatif.test_survey import square
from twin.imagination.elements import elements_of
from twin.imagination.likelihood import Likelihood
from twin.imagination.scenario_text import read_scenario
from twin.nouns.common_cause import CommonCause
from twin.nouns.rates import Rates

TOPOLOGY = square((("A", "D", 8.0),)).inventory.topology
ELEMENTS = {one.name: one for one in elements_of(TOPOLOGY, Rates())}
LIKELIHOOD = Likelihood(tuple(ELEMENTS.values()))

A_YEAR_H = 8766.0


def per_year(text: str) -> float | None:
    return LIKELIHOOD.per_year(read_scenario(text, TOPOLOGY))


def rate(name: str) -> float:
    return ELEMENTS[name].per_year


def test_one_event_begins_by_its_rate_in_one_hour_of_the_day() -> None:
    assert per_year("at 20:00: node A down for 2 h") == pytest.approx(rate("device A") / 24)


def test_shared_cause_has_its_own_rate_and_not_that_of_its_members_together() -> None:
    assert per_year("at 20:00: group duct:A:1 down") == pytest.approx(rate("group duct:A:1") / 24)


def test_links_that_go_down_together_have_the_rate_of_what_takes_down_just_these() -> None:
    """In whatever order they are named; of a device, which is more than its links, they have not
    the rate, and where nothing on record does it, they have none.
    """
    duct = pytest.approx(rate("group duct:A:1") / 24)
    assert per_year("at 20:00: links A-C, A-B down together") == duct
    assert per_year("at 20:00: links B-D, C-D down together") is None
    cause = CommonCause(kind="software", name="version 9", nodes=("B", "C"))
    (*_, shared) = elements_of(TOPOLOGY, Rates(), causes=(cause,))
    likelihood = Likelihood((*ELEMENTS.values(), shared))
    text = "at 20:00: links A-B, A-C, B-D, C-D down together"
    found = likelihood.per_year(read_scenario(text, TOPOLOGY))
    assert found == pytest.approx(shared.per_year / 24)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("at 20:00, by an adversary with things to take down: node A down", "somebody wants it"),
        ("at 20:00: links B-D, C-D down together", "nothing on record takes down just these"),
        ("at 20:00, traffic to A x1.5: node A down", 'none is known of "traffic to A x1.5"'),
        ("at 20:00: link B-D flaps every 60 s", 'none is known of "link B--D flaps every 1 min"'),
        ("at 20:00, group duct:A:1 in work: node D down", "no work is planned on"),
    ],
)
def test_what_has_no_rate_says_why(text: str, why: str) -> None:
    found = LIKELIHOOD.how_often(read_scenario(text, TOPOLOGY))
    assert (found.per_year, found.likely, found.factors) == (None, None, ())
    assert why in found.why_not


def test_rate_is_the_product_of_what_is_told_and_as_sure_as_its_parts() -> None:
    """Gamma of shape 2: 5 and 95 % of it are 0.178 and 2.372 times its mean; of two devices, which
    one source stands for, the squares of that.
    """
    one = LIKELIHOOD.how_often(read_scenario("at 20:00: node A down for 3 h", TOPOLOGY))
    assert one.per_year is not None
    assert one.per_year == pytest.approx(math.prod(factor.value for factor in one.factors))
    assert [factor.unit for factor in one.factors] == ["of all hours", "a year"]
    assert one.likely is not None
    assert one.likely.p05 / one.per_year == pytest.approx(0.178, rel=0.15)
    assert one.likely.p95 / one.per_year == pytest.approx(2.372, rel=0.15)
    text = "at 20:00: node A down for 3 h; after 1 h node D down"
    two = LIKELIHOOD.how_often(read_scenario(text, TOPOLOGY))
    assert two.per_year is not None
    assert two.likely is not None
    assert two.likely.p95 / two.per_year == pytest.approx(2.372**2, rel=0.3)


def test_what_several_devices_share_is_one_event_with_its_own_rate() -> None:
    cause = CommonCause(kind="software", name="version 9", nodes=("A", "D"))
    (*_, shared) = elements_of(TOPOLOGY, Rates(), causes=(cause,))
    likelihood = Likelihood((*ELEMENTS.values(), shared))
    at_once = "at 20:00: node D down for 3 h; node A down for 3 h"
    found = likelihood.per_year(read_scenario(at_once, TOPOLOGY))
    assert found == pytest.approx(shared.per_year / 24)
    apart = at_once.replace("; node A", "; after 1 h node A")
    found = likelihood.per_year(read_scenario(apart, TOPOLOGY))
    assert found == pytest.approx(rate("device A") * rate("device D") * 3 / A_YEAR_H / 24)


def test_second_event_comes_while_the_first_lasts() -> None:
    both = per_year("at 20:00: node A down for 3 h; after 1 h node D down for 1 h")
    assert both == pytest.approx(rate("device A") * rate("device D") * 3 / A_YEAR_H / 24)


def test_third_event_comes_while_both_others_last() -> None:
    text = "at 20:00: node A down for 3 h; after 1 h node D down; after 2 h link B-D down"
    expected = rate("device A") * rate("device D") * rate("link B--D")
    assert per_year(text) == pytest.approx(expected * (3 / A_YEAR_H) * (2 / A_YEAR_H) / 24)


def test_event_after_all_else_is_over_may_come_at_any_time_of_the_day() -> None:
    text = "at 20:00: node A down for 1 h; after 2 h node D down"
    assert per_year(text) == pytest.approx(rate("device A") * rate("device D") * 24 / A_YEAR_H / 24)


def test_work_counts_by_its_share_of_all_hours() -> None:
    share = 4.0 / A_YEAR_H
    text = "at 03:00, link A-C in work: node D down"
    assert per_year(text) == pytest.approx(rate("device D") * share / 24)
    assert per_year("at 03:00, group duct:A:1 in work: node D down") is None


def test_second_event_comes_while_work_is_under_way_too_unless_it_is_over() -> None:
    once = rate("device A") * rate("device D") * (4 / A_YEAR_H) / 24
    text = "at 03:00, link A-C in work for 2 h: node D down for 9 h; after {} node A down"
    assert per_year(text.format("1 h")) == pytest.approx(once * 2 / A_YEAR_H)
    assert per_year(text.format("3 h")) == pytest.approx(once * 9 / A_YEAR_H)


def test_demand_counts_by_how_often_it_is_so_high() -> None:
    """One standard deviation above, of all demand together: 15.9 % of all days."""
    text = "at 20:00, demand x1.0512710963760241: node A down"
    assert per_year(text) == pytest.approx(0.158655 * rate("device A") / 24, rel=1e-4)


@pytest.mark.parametrize(
    "text",
    [
        "at 20:00, by an adversary with things to take down: node A down",
        "at 20:00: syn flood on A of 1M/s",
        "at 20:00, traffic to A x1.5: node A down",
        "at 20:00: node A down; after 1 h link B-D flaps every 60 s",
    ],
)
def test_what_somebody_wants_or_no_rate_is_known_of_has_none(text: str) -> None:
    assert per_year(text) is None
