"""Which device to read next, where no commit was reported."""

from dataclasses import replace

import numpy as np
import pytest

from tests.twin.diagnosis.test_likelihood import (
    BUILT,
    DOWN,
    LOSSY,
    NODES,
    NORMAL,
    WEIGHT,
    likelihood,
    observed,
)
from twin.diagnosis.next_look import Believed, by_loads, by_probes, next_looks
from twin.events.fault import Fault
from twin.nouns.observation import Observation
from twin.nouns.topology import Interface


def unread(*faults: Fault) -> Observation:
    """What `faults` bring about, of which no device that was read shows anything."""
    return replace(observed(*faults), running=NORMAL.running)


def nodes(believed: list[Believed], seen: Observation, read: tuple[str, ...] = ()) -> list[str]:
    return [look.node for look in next_looks(believed, likelihood(seen), read)]


def test_loads_lead_to_the_device_whose_weight_would_explain_them() -> None:
    led = by_loads(likelihood(unread(WEIGHT)))
    assert NODES[int(led.argmax())] == WEIGHT.node
    assert by_loads(likelihood(unread())).max() < 0.3


def test_lost_probes_lead_to_the_device_that_they_pass() -> None:
    """Of the probes through A those to B and D are lost, and those through C alone are not."""
    seen = unread(LOSSY)
    assert seen.probes is not None
    arcs = [BUILT.arc_of(Interface(node="A", link=link)) for link in ("A-B", "A-D")]
    lost = np.zeros(BUILT.n_arcs)
    lost[arcs] = 100.0
    led = by_probes(replace(seen, probes=replace(seen.probes, lost=lost)), BUILT)
    assert NODES[int(led.argmax())] == "A"
    assert (by_probes(unread(), BUILT) == 0.0).all()
    assert (by_probes(replace(seen, probes=None), BUILT) == 0.0).all()


def test_where_a_link_that_is_down_explains_all_nothing_is_worth_a_read() -> None:
    assert nodes([Believed((DOWN,), "", 0.999)], unread(DOWN)) == []


def test_a_device_that_is_said_to_lose_is_read_before_people_are_sent() -> None:
    """A configuration may look like that."""
    assert nodes([Believed((LOSSY,), "", 0.999)], unread(LOSSY)) == ["A"]


@pytest.mark.parametrize(("place", "first"), [("C", {"C"}), ("C-D", {"C", "D"}), ("C|C-D", {"C"})])
def test_where_something_unknown_is_the_device_there_comes_first(
    place: str, first: set[str]
) -> None:
    looks = nodes([Believed((), place, 0.9)], unread())
    assert set(looks[: len(first)]) == first
    assert set(looks[len(first) :]) >= {"B"}


def test_what_was_read_is_not_read_again() -> None:
    believed = [Believed((), "C", 0.9)]
    looks = nodes(believed, unread())
    assert nodes(believed, unread(), read=("C", "B")) == [n for n in looks if n not in ("C", "B")]


def test_a_configuration_that_is_known_to_be_wrong_tells_nothing_more() -> None:
    assert WEIGHT.node not in nodes([Believed((WEIGHT,), "", 0.999)], observed(WEIGHT))
