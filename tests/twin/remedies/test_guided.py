"""Guidance in the terms of the objective, worked out by hand, and no more than its caps."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.twin.remediation.evenings import over_c, square, wandered, worked_out
from twin.errors import Refused
from twin.events.actions.drain_link import DrainLink
from twin.events.actions.revert_to_intended import RevertToIntended
from twin.events.actions.set_igp_weight import SetIgpWeight
from twin.nouns.guidance import (
    UNGUIDED,
    ExpectedRepair,
    ExpectedSurge,
    Guidance,
    GuidanceCaps,
    ProtectedService,
    Said,
    Untouched,
)
from twin.nouns.service import Service
from twin.nouns.topology import Interface
from twin.physics.twin import Twin
from twin.remediation.choices import WAIT, place
from twin.remediation.conformance import check_policy
from twin.remediation.disposal import dispose
from twin.remediation.observation import GUIDANCE_FIGURES, observe
from twin.remediation.policies.shipped import POLICIES, shipped
from twin.remediation.policy import Proposals
from twin.remediation.situation import Situation
from twin.remedies.guided import (
    Growth,
    SaidRepair,
    clipped_to,
    median_left_s,
    said_repair,
    service_weights,
)
from twin.remedies.objective import Outlook, RepairTime, expected_cost
from twin.remedies.screening import Screening
from twin.remedies.untouched import touched

NOW_S = 1_800_000_000.0
SAID = Said(by="note of erin", at_s=NOW_S, quote="«as I say»")
CAPS = GuidanceCaps()


def _alone(*elements: str) -> tuple[Untouched, ...]:
    return tuple(Untouched(element=element, said=SAID) for element in elements)


def _clipped(guidance: Guidance) -> Guidance:
    topology = square().inventory.topology
    return clipped_to(CAPS, guidance, topology, NOW_S, RepairTime(), 0.0)


def _first(guidance: Guidance = UNGUIDED) -> Situation:
    evening = worked_out()
    return replace(evening.situation(0, evening.twin.inventory.intended), guidance=guidance)


def _links(situation: Situation) -> set[str]:
    """Of all that may be done."""
    topology = situation.state.topology
    numbers = (n for n in situation.allowed.tolist() if n != WAIT)
    return {topology.links[place(n)[0] // 2].id for n in numbers}


# What is left alone


def test_nothing_is_done_at_a_link_that_is_to_be_left_alone() -> None:
    assert "A-D" in _links(_first())
    guided = _first(Guidance(untouched=_alone("A-D")))
    assert _links(guided) == _links(_first()) - {"A-D"}
    with pytest.raises(Refused, match="may not be taken here"):
        guided.action(over_c(6))


def test_a_node_that_is_to_be_left_alone_is_configured_by_no_choice() -> None:
    guided = _first(Guidance(untouched=_alone("D")))
    running = guided.state.running
    assert guided.allowed.size > 1
    for number in guided.allowed.tolist():
        assert guided.running_after(number).device("D") == running.device("D")


def test_it_may_be_configured_again_once_the_time_is_over() -> None:
    at_s = _first().now_s
    over = Guidance(untouched=(Untouched(element="A-D", until_s=at_s, said=SAID),))
    still = Guidance(untouched=(Untouched(element="A-D", until_s=at_s + 1.0, said=SAID),))
    assert "A-D" in _links(_first(over))
    assert "A-D" not in _links(_first(still))


def test_a_change_is_found_at_either_end_of_a_link_and_anywhere_on_a_node() -> None:
    topology, running = square().inventory.topology, square().inventory.intended
    intended = running
    weight = SetIgpWeight(node="D", link="A-D", weight=60).configured(running, intended, topology)
    drain = DrainLink(link="B-C").configured(running, intended, topology)
    assert touched(topology, running, weight, {"A-D"}) == "A-D"
    assert touched(topology, running, weight, {"D", "B-C"}) == "D"
    assert touched(topology, running, weight, {"A", "B-C", "C-D"}) == ""
    assert touched(topology, running, drain, {"A-D", "C"}) == "C"


def test_screening_proposes_and_lets_pass_nothing_that_configures_it() -> None:
    first = _first()
    topology, running, ahead = first.state.topology, first.state.running, Outlook.at(1.0, 2.0)
    free = Screening(first.twin, first.state, ahead, margin=1.0)
    best = free.best()[0]
    assert touched(topology, running, best.running, ("A-B",)) == "A-B"
    barred = Screening(first.twin, first.state, ahead, margin=1.0, untouched=("A-B", "C"))
    assert barred.refusal(best.actions) == "A-B is not to be configured, as somebody says"
    others = barred.best()
    assert others
    assert not any(touched(topology, running, s.running, ("A-B", "C")) for s in others)


def test_a_whole_device_is_not_put_back_over_an_interface_that_is_to_be_left_alone() -> None:
    first = _first()
    wrong = SetIgpWeight(node="D", link="A-D", weight=60)
    running = wrong.configured(
        first.state.running, first.twin.inventory.intended, first.state.topology
    )
    screening = Screening(
        first.twin,
        first.state.configured(running),
        Outlook.at(1.0, 2.0),
        extra=(RevertToIntended(node="D"),),
        untouched=("A-D",),
    )
    assert screening.refusal((RevertToIntended(node="D"),)) is not None
    assert all(RevertToIntended(node="D") not in s.actions for s in screening.best())


# What is expected


def test_half_of_the_outages_are_over_when_somebody_says_that_they_are() -> None:
    said = SaidRepair(3600.0)
    assert said.survival(3600.0, 9999.0) == pytest.approx(0.5)
    # One spread of 0.4 later, one in six goes on.
    assert said.survival(3600.0 * math.exp(0.4)) == pytest.approx(0.1587, abs=1e-4)


def test_a_repair_that_was_expected_before_now_says_nothing_any_more() -> None:
    late = Guidance(repair=ExpectedRepair(at_s=_first().now_s - 1.0, said=SAID))
    assert _first(late).outlook.hours.tolist() == _first().outlook.hours.tolist()


def test_what_was_said_before_something_else_failed_is_of_what_was_down_then() -> None:
    first = _first()
    said = Said(by="x", at_s=first.now_s - 1000.0, quote="«x»")
    guidance = Guidance(repair=ExpectedRepair(at_s=first.now_s + 900.0, said=said))
    assert said_repair(guidance, first.now_s, lasted_s=1000.0) == SaidRepair(900.0)
    assert said_repair(guidance, first.now_s, lasted_s=999.0) is None


def test_what_has_grown_already_is_not_expected_once_more() -> None:
    begun = Growth(1.44, NOW_S, NOW_S + 3600.0, NOW_S)
    halfway = Growth(1.44, NOW_S, NOW_S + 3600.0, NOW_S + 1800.0)
    assert begun.after(1800.0) == pytest.approx(1.2)
    assert begun.after(7200.0) == pytest.approx(1.44)
    assert halfway.after(1800.0) == pytest.approx(1.2)
    assert halfway.left == pytest.approx(1.2)
    assert Growth(1.44, NOW_S, NOW_S + 3600.0, NOW_S + 9999.0).left == 1.0


def test_a_surge_makes_the_highest_demand_ahead_so_much_higher() -> None:
    at_s = _first().now_s
    said = Said(by="x", at_s=at_s, quote="«x»")
    guided = _first(Guidance(surge=ExpectedSurge(factor=1.5, at_s=at_s + 900.0, said=said)))
    assert guided.outlook.levels.max() == pytest.approx(1.5, rel=0.05)
    assert _first().outlook.levels.max() < 1.1
    assert guided.waiting > _first().waiting


def _two_services() -> Twin:
    inventory = square().inventory
    first = inventory.services[0]
    named = [
        Service.model_validate({**first.model_dump(), "id": name}) for name in ("gold", "silver")
    ]
    return Twin(replace(inventory, services=tuple(named)))


def test_an_hour_in_breach_of_a_protected_service_counts_three_times() -> None:
    twin = _two_services()
    guidance = Guidance(protect=(ProtectedService(service="gold", weight=3.0, said=SAID),))
    weights = service_weights(guidance, twin)
    assert weights is not None
    assert weights.tolist() == [3.0, 1.0]
    # A-B is lossy beyond every objective: both services, of one pair, are in breach for two hours.
    state = replace(
        twin.state(),
        egress_loss={Interface(node=n, link=x.id): 0.5 for x in square().inventory.topology.links
                     for n in (x.a, x.b)},
    )  # fmt: skip
    plain = expected_cost(twin, state, Outlook.at(1.0, 2.0))
    guided = expected_cost(twin, state, Outlook.at(1.0, 2.0).weighing(weights))
    assert plain.breach_hours == guided.breach_hours == pytest.approx(4.0)
    assert guided.total - plain.total == pytest.approx(4.0)


# Caps


def test_a_repair_that_is_said_to_come_at_once_is_at_most_four_times_earlier_than_usual() -> None:
    usual_s = median_left_s(RepairTime(), 0.0)
    assert usual_s == pytest.approx(7200.0, rel=1e-3)
    soon = _clipped(Guidance(repair=ExpectedRepair(at_s=NOW_S + 1.0, said=SAID)))
    late = _clipped(Guidance(repair=ExpectedRepair(at_s=NOW_S + 1e6, said=SAID)))
    assert soon.repair is not None
    assert late.repair is not None
    assert soon.repair.at_s - NOW_S == pytest.approx(1800.0, rel=1e-3)
    assert late.repair.at_s - NOW_S == pytest.approx(28_800.0, rel=1e-3)
    assert "0.5 h more, where 0.0 h were said" in soon.clipped[0]


def test_no_more_links_are_left_alone_than_the_policy_allows_a_node_counting_as_its_links() -> None:
    topology = square().inventory.topology
    caps = GuidanceCaps(most_untouched_links=3)
    said = Guidance(untouched=_alone("B", "A-D", "C-D"))  # B has A-B, B-C and B-D
    kept = clipped_to(caps, said, topology, NOW_S, RepairTime(), 0.0)
    assert [one.element for one in kept.untouched] == ["B"]
    assert kept.clipped == (
        "A-D, C-D may be configured: no more than 3 links are left alone because somebody says so",
    )


def test_what_nobody_clips_stays_as_it_was_said() -> None:
    said = Guidance(
        protect=(ProtectedService(service="gold", weight=3.0, said=SAID),),
        untouched=_alone("A-D"),
        repair=ExpectedRepair(at_s=NOW_S + 3600.0, said=SAID),
        surge=ExpectedSurge(factor=1.4, at_s=NOW_S + 3600.0, said=SAID),
    )
    assert _clipped(said) == said


GUIDANCES = st.builds(
    Guidance,
    untouched=st.lists(st.sampled_from(["A", "D", "A-D", "C-D", "B-C"]), unique=True).map(
        lambda names: _alone(*names)
    ),
    protect=st.lists(
        st.builds(
            ProtectedService,
            service=st.from_regex(r"svc-0[0-9]{2}", fullmatch=True),
            weight=st.floats(1.0, 1e6),
            said=st.just(SAID),
        ),
        max_size=30,
    ).map(tuple),
    repair=st.none()
    | st.builds(ExpectedRepair, at_s=st.floats(NOW_S - 1e6, NOW_S + 1e7), said=st.just(SAID)),
    surge=st.none()
    | st.builds(
        ExpectedSurge,
        factor=st.floats(1.0, 1e6),
        at_s=st.floats(NOW_S - 1e6, NOW_S + 1e6),
        said=st.just(SAID),
    ),
)


@settings(max_examples=30, deadline=None)
@given(said=GUIDANCES)
def test_whatever_is_said_allows_no_choice_lowers_no_demand_and_stays_within_its_caps(
    said: Guidance,
) -> None:
    heeded = _clipped(said)
    free, guided = _first(), _first(heeded)
    assert set(guided.allowed.tolist()) <= set(free.allowed.tolist())
    assert guided.outlook.levels.max() >= free.outlook.levels.max() - 1e-12
    assert guided.outlook.levels.max() <= CAPS.surge_factor * free.outlook.levels.max() + 1e-9
    assert all(1.0 <= one.weight <= CAPS.service_weight for one in heeded.protect)
    assert len(heeded.protect) <= CAPS.most_protected_services
    if heeded.repair is not None:
        left_s = heeded.repair.at_s - NOW_S
        assert 1799.0 <= left_s <= 28_801.0
    assert dispose(guided, Proposals(guided.allowed)).number in free.allowed


# Whoever proposes


@pytest.mark.slow
@pytest.mark.parametrize("name", [*POLICIES, "nearest-32", "carried-32", "random-32"])
def test_every_policy_holds_to_what_is_to_be_left_alone(name: str) -> None:
    policy = shipped(name)
    assert policy is not None
    situations = []
    for situation, _ in zip(wandered(3), range(3), strict=False):
        link, node = situation.state.topology.links[0].id, situation.state.topology.nodes[-1].id
        situations.append(replace(situation, guidance=Guidance(untouched=_alone(link, node))))
    check_policy(policy, situations)


def test_a_policy_sees_what_was_said_and_nothing_else_changes_where_nobody_says_anything() -> None:
    plain, first = observe(_first()), _first()
    assert plain.guidance.tolist() == [0.0, 1.0, 0.0]
    at_s = first.now_s
    said = Said(by="x", at_s=at_s, quote="«x»")
    seen = observe(
        _first(
            Guidance(
                untouched=_alone("D"),
                repair=ExpectedRepair(at_s=at_s + 5400.0, said=said),
                surge=ExpectedSurge(factor=1.25, at_s=at_s + 3600.0, said=said),
            )
        )
    )
    assert len(seen.guidance) == len(GUIDANCE_FIGURES)
    # Of five links D has three.
    assert seen.guidance.tolist() == pytest.approx([1.5, 1.25, 0.6])
    assert np.array_equal(seen.tail, plain.tail)
    again = observe(replace(first, guidance=Guidance()))
    for name in ("arcs", "nodes", "whole", "mask"):
        assert getattr(again, name).tobytes() == getattr(plain, name).tobytes()
