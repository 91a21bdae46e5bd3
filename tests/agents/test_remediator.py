"""What a remediator is told, finds and may answer, on nets of four routers."""

from collections.abc import Sequence

import pytest

from agents.roles.remediator import (
    DO_NOTHING,
    Proposal,
    ProposedRemedy,
    Proposer,
    SearchRemedies,
)
from tests.twin.tracking.square import inventory
from twin.errors import Ungrounded, UnknownLink, UnknownNode
from twin.events.action import ProposedAction
from twin.events.actions.drain_link import DrainLink
from twin.events.actions.revert_to_intended import RevertToIntended
from twin.events.actions.set_igp_weight import SetIgpWeight
from twin.nouns.inventory import Inventory
from twin.physics.questions import offered_totals
from twin.physics.twin import Twin
from twin.remedies.objective import Outlook
from twin.remedies.screening import Screening

# B's 2.5 of D's 5 Gbit/s come over A: 10.5 on A-B, which carries 10.
CROWDED = (("A", "B", 8e9), ("D", "B", 5e9))


def _screening(demands: Sequence[tuple[str, str, float]]) -> Screening:
    twin = Twin(inventory(demands=demands))
    return Screening(twin, twin.state(), Outlook.at())


def _proposal(*actions: ProposedAction) -> Proposal:
    return Proposal(remedies=(ProposedRemedy(actions=actions, reason="a try"),))


@pytest.fixture
def proposer() -> Proposer:
    return Proposer(_screening((("A", "B", 8e9), ("A", "D", 3e9))), ())


def test_doing_nothing_is_always_the_first_remedy(proposer: Proposer) -> None:
    answer = _proposal(SetIgpWeight(node="A", link="A-B", weight=20))
    for given in (answer, Proposal(remedies=())):
        nothing, *others = proposer.remedies(given)
        assert (nothing.id, nothing.actions) == (DO_NOTHING, ())
        assert [r.id for r in others] == ["R1"] * len(given.remedies)


def test_drain_that_would_overload_is_refused_in_an_answer(proposer: Proposer) -> None:
    with pytest.raises(Ungrounded, match=r"would load a link to 1\d\d%"):
        proposer.ground(_proposal(DrainLink(link="A-B")))


@pytest.mark.parametrize(
    ("action", "error"),
    [
        (DrainLink(link="A-C"), UnknownLink),
        (SetIgpWeight(node="A", link="B-C", weight=20), UnknownLink),
        (RevertToIntended(node="Z"), UnknownNode),
    ],
)
def test_action_on_what_does_not_exist_is_refused(
    proposer: Proposer, action: ProposedAction, error: type[Exception]
) -> None:
    with pytest.raises(error):
        proposer.ground(_proposal(action))


def test_sound_proposal_passes(proposer: Proposer) -> None:
    proposer.ground(_proposal(SetIgpWeight(node="A", link="A-B", weight=20)))


def test_remediator_is_told_what_doing_nothing_costs() -> None:
    proposer = Proposer(_screening(CROWDED), ())
    task = proposer.task()
    # Half a gigabit of thirteen is lost at the least, which is 40 times its share in service-hours.
    assert task.cost > 40 * 0.5 / 13
    assert task.max_utilisation == 1.05
    found = proposer.search_remedies(SearchRemedies(most_changes=1)).remedies
    assert found[0].cost < task.cost
    assert [row.cost for row in found] == sorted(row.cost for row in found)


def test_fixture_loads_are_as_the_comments_say() -> None:
    known: Inventory = inventory(demands=CROWDED)
    assert offered_totals(Twin(known), Twin(known).state())[0] == pytest.approx(10.5e9)


def test_remedy_that_nobody_has_found_is_the_minds_own() -> None:
    proposer = Proposer(_screening(CROWDED), ())
    found = proposer.search_remedies(SearchRemedies(most_changes=2)).remedies[0].actions
    own = SetIgpWeight(node="C", link="B-C", weight=500)
    answer = Proposal(
        remedies=tuple(
            ProposedRemedy.model_validate({"actions": actions, "reason": "a try"})
            for actions in (found, (own,))
        )
    )
    _, first, second = proposer.remedies(answer)
    assert "search" in first.sources
    assert second.sources == ("mind",)


def test_answer_from_before_a_restart_says_who_proposed_it_too() -> None:
    before, after = (Proposer(_screening(CROWDED), ()) for _ in range(2))
    found = before.search_remedies(SearchRemedies(most_changes=4)).remedies[0].actions
    answer = Proposal(
        remedies=(ProposedRemedy.model_validate({"actions": found, "reason": "a try"}),)
    )
    assert after.remedies(answer) == before.remedies(answer)
