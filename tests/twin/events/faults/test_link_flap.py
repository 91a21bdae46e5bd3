"""A link that comes and goes: what its returns say, and when it is over."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import pytest

from tests.twin.diagnosis.test_likelihood import BUILT, DOWN, NORMAL, likelihood, observed
from tests.twin.tracking.square import START_S
from twin.errors import Ungrounded
from twin.events.faults.link_flap import LinkFlap
from twin.events.kinds import Clues
from twin.nouns.configuration import DeviceConfiguration
from twin.nouns.evidence import CLAIM_NATS
from twin.nouns.observation import Observation
from twin.nouns.topology import Interface

FLAP = LinkFlap(link="A-B", period_s=60)


def returning(*times_s: float, by: str = "", down: bool = False) -> Observation:
    """A-B has come back at these times, and is down now or up."""
    since = {"A-B": START_S + 300} if down else {}
    returns = {"A-B": tuple(START_S + t for t in times_s)}
    found = replace(observed(down_since=since), returns=returns, now_s=START_S + 310)
    return replace(found, returns_by={"A-B": by} if by else {}, one_end={"A-B": by} if by else {})


def odds(seen: Observation, fault: LinkFlap) -> float:
    """Without loads, nats."""
    judge = likelihood(replace(seen, rounds=0))
    return sum(e.log_likelihood_ratio for e in judge.evidence((fault,))) + fault.log_prior()


def test_every_return_beyond_the_first_makes_a_flap_likelier_by_as_much() -> None:
    """ln 0.05 and 4.6 a return: one is a failure that was repaired."""
    for count, nats in ((1, -3.0), (2, 1.6), (3, 6.2), (4, 10.8)):
        seen = returning(*(60.0 * i for i in range(count)))
        assert odds(seen, FLAP) == pytest.approx(nats, abs=0.01)


def test_returns_that_one_end_alone_tells_of_are_a_claim() -> None:
    told = returning(*(30.0 * i for i in range(9)), by="A", down=True)
    assert odds(told, FLAP) == pytest.approx(CLAIM_NATS + math.log(0.05))


def test_link_that_is_down_at_the_look_is_a_failure_the_first_time_and_a_flap_later() -> None:
    for times, flaps in (((60.0,), False), ((60.0, 120.0, 180.0), True)):
        judge = likelihood(replace(returning(*times, down=True), rounds=0))
        down, flap = (
            sum(e.log_likelihood_ratio for e in judge.evidence((f,))) + judge.log_prior((f,))
            for f in (DOWN, FLAP)
        )
        assert (flap > down) == flaps


def test_flap_is_proposed_from_the_second_return_with_the_usual_time_between_them() -> None:
    clues = Clues(BUILT, NORMAL.running, returning(0.0, 50.0, 110.0, 400.0))
    assert list(LinkFlap.propose(clues)) == [(FLAP, "A-B has come back 4 times")]
    assert not list(LinkFlap.propose(Clues(BUILT, NORMAL.running, returning(0.0))))


def test_flapping_link_loses_what_is_sent_until_all_know_and_carries_the_rest() -> None:
    wrong = FLAP.after(NORMAL)
    assert wrong.down_links == frozenset()
    assert wrong.egress_loss == {
        Interface(node=end, link="A-B"): pytest.approx(2 / 60) for end in "AB"
    }
    assert FLAP.repaired(wrong) == NORMAL


@dataclass
class Now:
    """A network in which the adjacency over A-B came back so long ago."""

    back_s: float = math.inf
    down_links: frozenset[str] = frozenset()
    drawing: Mapping[str, float] = field(default_factory=dict)

    def up_for_s(self, link: str) -> float:
        return self.back_s

    def is_active(self, symptom_id: str) -> bool:
        return False

    def is_short(self, link: str) -> bool:
        return False

    def is_late(self, link: str) -> bool:
        return False

    def running(self, node: str) -> DeviceConfiguration:
        return NORMAL.running.device(node)

    def drawn(self, node: str) -> float | None:
        return self.drawing.get(node)


def test_flap_is_over_when_the_link_has_been_up_for_two_periods() -> None:
    assert not FLAP.is_over(Now(119))
    assert FLAP.is_over(Now(121))
    assert not FLAP.is_over(Now(121, down_links=frozenset({"A-B"})))
    slow = LinkFlap(link="A-B", period_s=3000)
    assert slow.is_over(Now(481))
    assert not slow.is_over(Now(479))


@pytest.mark.parametrize("period_s", [5.0, 4000.0])
def test_period_is_one_of_a_flap(period_s: float) -> None:
    with pytest.raises(Ungrounded, match="flaps every 20 to 3600 s"):
        LinkFlap(link="A-B", period_s=period_s).check(BUILT, NORMAL.running)
