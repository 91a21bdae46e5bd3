"""Of several policies the first that answers as it has to proposes, and people are told who."""

from dataclasses import dataclass
from functools import partial

import numpy as np
import pytest

from tests.twin.remediation.evenings import over_c, worked_out
from twin.errors import Refused
from twin.remediation.choices import WAIT, count
from twin.remediation.episode import Episode
from twin.remediation.policies.first_that_answers import FirstThatAnswers
from twin.remediation.policy import Policy, Proposals
from twin.remediation.situation import Situation

ALLOWED = over_c(4)


@dataclass
class Saying:
    """Proposes one number, whatever is asked."""

    number: int

    def propose(self, situation: Situation) -> Proposals:
        return Proposals(np.array([self.number]))


class Failing:
    """Never answers."""

    def propose(self, situation: Situation) -> Proposals:
        raise Refused("it is out of order")


def _proposed(*policies: Policy) -> Proposals:
    named = [(f"policy {i}", lambda policy=policy: policy) for i, policy in enumerate(policies)]
    return FirstThatAnswers(named).propose(Episode(worked_out()).situation)


def test_policy_that_answers_is_asked_alone() -> None:
    proposals = _proposed(Saying(ALLOWED), Failing())
    assert (proposals.numbers.tolist(), proposals.said) == ([ALLOWED], "policy 0 answered")


def test_next_one_answers_for_one_that_fails() -> None:
    proposals = _proposed(Failing(), Saying(ALLOWED))
    assert proposals.numbers.tolist() == [ALLOWED]
    assert proposals.said == "policy 1 answered (policy 0: it is out of order)"


@pytest.mark.parametrize("outside", [WAIT, -1, 10**6])
def test_proposal_outside_the_mask_is_refused(outside: int) -> None:
    proposals = _proposed(Saying(outside), Saying(ALLOWED))
    assert proposals.numbers.tolist() == [ALLOWED]
    assert f"it proposes choice {outside}, which may not be taken here" in proposals.said


def test_every_choice_that_the_mask_forbids_is_refused() -> None:
    situation = Episode(worked_out()).situation
    for number in range(count(situation.state.topology.n_arcs)):
        answered = _proposed(Saying(number), Saying(ALLOWED)).numbers.tolist()
        allowed = situation.mask[number] and number != WAIT
        assert answered == [number if allowed else ALLOWED]


def test_what_the_last_one_meets_is_raised() -> None:
    with pytest.raises(Refused, match="out of order"):
        _proposed(Failing(), Failing())


def test_policy_is_made_once_and_only_if_it_is_asked() -> None:
    made: list[str] = []

    def making(name: str) -> Policy:
        made.append(name)
        return Failing() if name == "first" else Saying(ALLOWED)

    policy = FirstThatAnswers(
        [(name, partial(making, name)) for name in ("first", "second", "third")]
    )
    for _ in range(3):
        policy.propose(Episode(worked_out()).situation)
    assert made == ["first", "second"]
