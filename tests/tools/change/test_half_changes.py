"""A device that takes half a change, or is lost in the middle: all are back, or a person is called.

A, B and C are committed, in that order.
"""

from pathlib import Path

import pytest

from tests.tools.change.conftest import Bench
from tests.tools.change.faults import Beginning, Life
from tests.tools.change.in_memory import Trouble
from tools.change.actuation import Actuation
from tools.change.device_calls import ATTEMPTS
from tools.network.protocol import CommitState
from twin.events.actions.drain_link import DrainLink
from twin.events.actions.rate_limit import RateLimit
from twin.nouns.traffic import TrafficClass

SOON, NEVER = ATTEMPTS - 1, 1000
"""Calls that fail until the session is there again."""


@pytest.fixture
def life(tmp_path: Path) -> Life:
    return Beginning(tmp_path).life()


def _kept(life: Life) -> Actuation:
    with life.process() as (_, actuator):
        return life.carry_on(actuator)


def _rolled_back(life: Life) -> Actuation:
    with life.process() as (_, actuator):
        assert actuator.commit(life.plan, ()).state == "committed"
        return actuator.roll_back(life.plan, "services got worse")


def _held(done: Actuation) -> set[str]:
    return {change.node for change in done.changes if change.state == "quarantined"}


# Half of it


@pytest.mark.parametrize("node", ["A", "B", "C"])
def test_device_that_takes_half_of_a_change_takes_all_back(life: Life, node: str) -> None:
    life.network.halving.add(node)
    done = _kept(life)
    life.judge(done)
    assert done.state == "rolled_back"
    assert f'"{node}" took half of the change' in done.reason
    committed = "ABC"[: "ABC".index(node) + 1]
    assert life.network.devices_called("commit") == list(committed), "the others are spared"
    assert life.network.devices_called("roll_back") == ["C", "B", "A"]


def test_half_of_one_devices_commit_does_not_stay(bench: Bench) -> None:
    """A's candidate changes two interfaces, of which it takes one."""
    limit = RateLimit(node="A", link="A-C", traffic_class=TrafficClass.BEST_EFFORT, rate_bps=4e9)
    plan = bench.approve(bench.plan(DrainLink(link="A-B"), limit))
    before = bench.network.configuration()
    bench.network.halving.add("A")
    done = bench.actuator.commit(plan, ())
    assert done.state == "rolled_back"
    assert bench.network.devices_called("commit") == ["A"]
    assert bench.network.configuration() == before


@pytest.mark.parametrize("node", ["A", "B", "C"])
def test_device_that_only_says_that_it_has_gone_back_is_quarantined(life: Life, node: str) -> None:
    life.network.sticking.add(node)
    done = _rolled_back(life)
    life.judge(done)
    assert _held(done) == {node}
    assert life.network.devices_called("roll_back") == ["C", "B", "A"]


def test_device_whose_timer_did_not_bring_it_back_is_quarantined(life: Life) -> None:
    life.network.sticking.add("B")
    with life.process() as (_, actuator):
        actuator.commit(life.plan, ())
    life.clock.wait_until(life.clock.now_s() + 1500.0)
    with life.process() as (_, actuator):
        done = actuator.reconcile(life.plan)
    assert done is not None
    life.judge(done)
    assert _held(done) == {"B"}


@pytest.mark.parametrize("node", ["A", "B", "C"])
def test_device_that_cannot_be_taken_back_is_quarantined_and_the_others_are_back(
    life: Life, node: str
) -> None:
    life.network.troubles.append(Trouble("roll_back", node, times=NEVER))
    done = _rolled_back(life)
    asked = [n for n in "CBA" for _ in range(ATTEMPTS if n == node else 1)]
    assert life.network.devices_called("roll_back") == asked
    life.judge(done)
    assert _held(done) == {node}
    assert f"look at {node}" in done.reason
    assert life.network.configuration() == life.before, "its own timer has brought it back since"


# The session is lost in the middle


@pytest.mark.parametrize("node", ["A", "B", "C"])
@pytest.mark.parametrize(
    ("call", "lost_reply", "end"),
    [
        ("stage", True, "confirmed"),
        ("stage", False, "rolled_back"),
        ("commit", True, "confirmed"),
        ("commit", False, "rolled_back"),
        ("confirm", True, "confirmed"),
        ("confirm", False, "confirmed"),
    ],
)
def test_session_that_comes_back_shows_what_was_done(
    life: Life, node: str, call: str, lost_reply: bool, end: str
) -> None:
    """What is staged or committed is known then; a confirmation that never arrived is repeated."""
    life.network.troubles.append(Trouble(call, node, lost_reply, then=SOON))
    done = _kept(life)
    life.judge(done)
    assert done.state == end
    if end == "rolled_back":
        assert _reverse(life.network.devices_called("roll_back"))


@pytest.mark.parametrize("node", ["A", "B", "C"])
@pytest.mark.parametrize("lost_reply", [True, False])
def test_session_that_comes_back_while_taking_back_ends_well(
    life: Life, node: str, lost_reply: bool
) -> None:
    life.network.troubles.append(Trouble("roll_back", node, lost_reply, then=SOON))
    done = _rolled_back(life)
    life.judge(done)
    assert done.state == "rolled_back"
    assert _reverse(life.network.devices_called("roll_back"))


@pytest.mark.parametrize("node", ["A", "B", "C"])
@pytest.mark.parametrize("call", ["stage", "diff", "commit"])
@pytest.mark.parametrize("lost_reply", [True, False])
def test_device_that_stays_lost_is_quarantined_and_the_others_are_back(
    life: Life, node: str, call: str, lost_reply: bool
) -> None:
    life.network.troubles.append(Trouble(call, node, lost_reply, then=NEVER))
    done = _kept(life)
    life.judge(done)
    assert _held(done) == {node}
    assert life.network.configuration() == life.before, "by its own timer, where it had committed"
    assert _reverse(life.network.devices_called("roll_back"))


@pytest.mark.parametrize("node", ["A", "B", "C"])
@pytest.mark.parametrize("lost_reply", [True, False])
def test_device_lost_while_confirming_leaves_what_was_confirmed_to_a_person(
    life: Life, node: str, lost_reply: bool
) -> None:
    life.network.troubles.append(Trouble("confirm", node, lost_reply, then=NEVER))
    done = _kept(life)
    life.judge(done)
    confirmed = set("ABC"[: "ABC".index(node)])
    assert _held(done) == confirmed | {node}
    for other in set("ABC") - _held(done):
        assert life.network.history(other)[-1] is CommitState.ROLLED_BACK


@pytest.mark.parametrize("node", ["A", "B", "C"])
def test_device_lost_while_taking_back_does_not_keep_the_others(life: Life, node: str) -> None:
    life.network.troubles.append(Trouble("roll_back", node, then=NEVER))
    done = _rolled_back(life)
    life.judge(done)
    assert _held(done) == {node}
    assert _reverse(life.network.devices_called("roll_back"))


def test_every_device_lost_at_once_is_quarantined(life: Life) -> None:
    with life.process() as (_, actuator):
        actuator.commit(life.plan, ())
    life.network.troubles += [Trouble("*", node, times=NEVER) for node in "ABC"]
    with life.process() as (_, actuator):
        done = actuator.roll_back(life.plan, "services got worse")
    life.judge(done)
    assert _held(done) == set("ABC")
    assert life.network.configuration() == life.before


def _reverse(called: list[str]) -> bool:
    return called == sorted(called, reverse=True) and bool(called)
