"""Nothing is done that the twin has not tried, and nothing that is forecast to be worse."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.twin.remediation.evenings import over_c, wandered, worked_out
from twin.errors import Refused
from twin.remediation.choices import WAIT
from twin.remediation.disposal import Decision, dispose
from twin.remediation.episode import Episode
from twin.remediation.policy import Proposals
from twin.remediation.situation import Situation
from twin.remedies.objective import Outlook

LOADS = tuple(wandered(40))
SERVICES = tuple(wandered(20, "services"))


@given(st.sampled_from((*LOADS, *SERVICES)), st.randoms(use_true_random=False), st.data())
@settings(max_examples=100, deadline=None)
def test_whatever_is_proposed_the_forecast_is_never_worse_than_waiting(
    situation: Situation, random: np.random.Generator, data: st.DataObject
) -> None:
    allowed = situation.allowed.tolist()
    proposed = data.draw(st.lists(st.sampled_from(allowed), max_size=8, unique=True))
    decision = dispose(situation, Proposals(np.array(proposed, dtype=np.int64)))
    assert decision.number in {WAIT, *proposed}
    assert decision.tried[decision.number] <= decision.tried[WAIT]
    if situation.priced == "loads":
        costs = situation.costs(np.array([WAIT, *proposed]))
        assert decision.tried[decision.number] == pytest.approx(costs.min(), abs=1e-9)
    else:
        assert decision.tried[decision.number] == situation.judged(decision.number)


def test_what_was_not_tried_is_refused() -> None:
    with pytest.raises(Refused, match="choice 7 was not tried"):
        Decision(7, {WAIT: 1.0, 5: 0.5})
    with pytest.raises(Refused, match="not tried"):
        Decision(5, {5: 0.5})


def test_what_is_worse_than_waiting_is_refused() -> None:
    with pytest.raises(Refused, match="cost more than to wait"):
        Decision(5, {WAIT: 1.0, 5: 1.1})
    assert Decision(WAIT, {WAIT: 1.0, 5: 0.5}).number == WAIT


def test_a_proposal_outside_the_mask_is_refused() -> None:
    situation = Episode(worked_out()).situation
    for number in (-3, over_c(level=2), 10_000):
        with pytest.raises(Refused, match=f"choice {number} may not"):
            dispose(situation, Proposals(np.array([over_c(level=3), number])))


def test_the_cheapest_wins_whatever_its_place() -> None:
    situation = Episode(worked_out()).situation
    # With weight 14 and more D sends all over C; with 7 it would send all over A.
    for proposed in ([over_c(1), over_c(3)], [over_c(3), over_c(1)]):
        assert dispose(situation, Proposals(np.array(proposed))).number == over_c(3)


def test_waiting_wins_unless_something_is_better() -> None:
    situation = Episode(worked_out()).situation
    nothing = dispose(situation, Proposals(np.array([over_c(1)])))
    assert nothing.number == WAIT
    # Over hours in which nothing is lost every change costs its devices alone.
    quiet = dispose(situation, Proposals(np.array([over_c(3)]), Outlook.at(0.5)))
    assert quiet.number == WAIT
