"""What several things have in common is an element of its own."""

import pytest

from tests.twin.whatif.test_survey import square
from twin.events.phrases import read_what_if, what_if_text
from twin.imagination.elements import Element, elements_of
from twin.imagination.enumeration import enumerated
from twin.imagination.regimes import Regime
from twin.nouns.common_cause import CauseKind, CommonCause
from twin.nouns.rates import History, Rate, Rates

TWIN = square((("A", "D", 1.0),))
TOPOLOGY = TWIN.inventory.topology
ALL_DAY = (Regime(name="all day", level=1.0, share=1.0),)


def element_of(cause: CommonCause, rates: Rates, history: History | None = None) -> Element:
    return elements_of(TOPOLOGY, rates, history, (cause,))[-1]


@pytest.mark.parametrize(
    ("kind", "per_year", "hours"),
    [
        ("duct", 2.13 * 20 / 1000, 12.0),
        ("power feed", 0.02, 6.0),
        ("software", 0.005, 3.0),
        ("contractor", 0.05, 4.0),
        ("place", 0.02, 12.0),
    ],
)
def test_shared_cause_has_a_rate_of_its_own(kind: CauseKind, per_year: float, hours: float) -> None:
    element = element_of(CommonCause(kind=kind, nodes=("B", "C")), Rates())
    assert element.per_year == pytest.approx(per_year)
    assert element.hours == pytest.approx(hours)
    assert element.links == {"A--B", "A--C", "B--D", "C--D"}


def test_rate_of_a_shared_cause_is_the_operators_where_one_is_given() -> None:
    rates = Rates(place=Rate(per_year=0.5), place_hours=2.0)
    element = element_of(CommonCause(kind="place", links=("A--B", "C--D")), rates)
    assert (element.per_year, element.hours) == (0.5, 2.0)


def test_failure_of_a_shared_cause_can_be_asked_again() -> None:
    cause = CommonCause(kind="place", nodes=("A",), links=("B--D", "C--D"))
    said = what_if_text(element_of(cause, Rates()).event)
    assert said == "node A down; links B--D, C--D down together"
    assert what_if_text(read_what_if(said, TOPOLOGY)) == said


def test_shared_cause_takes_down_what_two_independent_failures_would() -> None:
    """Both ways from A to D run over one bridge: what they cost is that of the bridge, and what the
    two cost when they fail by chance is as it was.
    """
    bridge = CommonCause(kind="place", links=("A--B", "C--D"))
    service_hours = {}
    for causes in ((), (bridge,)):
        elements = elements_of(TOPOLOGY, Rates(), None, causes)
        found = enumerated(TWIN, TWIN.state(), elements, ALL_DAY, lines=100)
        service_hours[len(causes)] = {
            tuple(elements[i].name for i in one.members): one.slo_minutes for one in found.sets
        }
    before, after = service_hours[0], service_hours[1]
    assert before["link A--B", "link C--D"] > 0.0
    assert {names: after[names] for names in before} == before
    odds = 0.02 * 12 / 8766
    services = len(TWIN.services.services)
    assert after[bridge.label,] == pytest.approx(60 * 8766 * odds / (1 + odds) * services)


def test_cuts_of_the_past_go_into_the_rate_of_the_links_that_were_cut_together() -> None:
    """Mean (2 + 3) / (2 / 0.02 + 10) after three in ten years."""
    bridge = CommonCause(kind="place", links=("C--D", "A--B"))
    history = History(failures={"fiber_cut@A--B+C--D": 3}, years=10.0)
    assert element_of(bridge, Rates(), history).per_year == pytest.approx(5 / 110)


def test_shared_cause_whose_members_are_gone_is_no_element() -> None:
    gone = CommonCause(kind="duct", links=("A--B", "A--Z"))
    assert elements_of(TOPOLOGY, Rates(), None, (gone,)) == elements_of(TOPOLOGY, Rates())
