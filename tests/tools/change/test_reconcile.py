"""Whoever is killed at any step leaves a plan that is found on its devices, and ends well."""

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.tools.change.conftest import Bench, holding
from tests.tools.change.faults import (
    ACTIONS,
    Beginning,
    KillAround,
    KillAt,
    Killed,
    Life,
    LoseReplies,
    pass_by,
)
from tests.tools.change.in_memory import START_S, Trouble
from tools.change.actuation import Actuation
from tools.change.refusals import LeaseNotHeld, NotCommitted
from tools.journal.errors import DeviceBusy, LeaseLost
from tools.journal.journal import Journal
from tools.journal.lease_rows import Since
from tools.journal.records import ChangeState, Claim
from tools.network.protocol import CommitState
from twin.nouns.plan import Plan

SHORT_S, LONG_S = 5.0, 1500.0
"""Outages: much shorter than the return timer of 600 s, and longer."""

STAGED, COMMITTED, CONFIRMED, ROLLED_BACK, RETURNED = CommitState


@pytest.fixture
def beginning(tmp_path: Path) -> Beginning:
    return Beginning(tmp_path)


def _steps(beginning: Beginning) -> list[str]:
    """Every step of a life in which nothing goes wrong."""
    whole, life = KillAt(frozenset()), beginning.life()
    done = life.live(whole, SHORT_S)
    life.judge(done)
    assert done is not None
    assert done.state == "confirmed"
    return whole.passed


# Killed anywhere


@pytest.mark.slow
@pytest.mark.parametrize(
    ("outage_s", "ends"),
    [
        (SHORT_S, {"confirmed", "rolled_back"}),
        (LONG_S, {"confirmed", "rolled_back", "returned", "quarantined"}),
    ],
)
def test_killed_at_any_step_it_is_all_or_nothing(
    beginning: Beginning, outage_s: float, ends: set[str]
) -> None:
    found, steps = Counter[str](), _steps(beginning)
    for number in range(len(steps)):
        life = beginning.life()
        done = life.live(KillAt(frozenset({number})), outage_s)
        life.judge(done)
        assert life.restarts == 1
        assert done is not None, "what was not begun is begun after the restart"
        found[done.state] += 1
    assert set(found) == ends
    print(f"\nkilled at {len(steps)} steps, {outage_s:.0f} s away: {dict(found)}; none twice")


@pytest.mark.slow
def test_killed_once_more_while_it_is_put_right_it_is_all_or_nothing(beginning: Beginning) -> None:
    steps, ends = len(_steps(beginning)), Counter[str]()
    for seed in range(200):
        draw = random.Random(seed)
        first = draw.randrange(steps)
        later = [first + draw.randrange(1, 25) for _ in range(draw.choice((1, 1, 2)))]
        life = beginning.life()
        done = life.live(KillAt(frozenset({first, *later})), draw.choice((SHORT_S, 200.0, LONG_S)))
        life.judge(done)
        ends[done.state if done else "refused"] += 1
    assert ends.keys() >= {"confirmed", "rolled_back", "returned", "quarantined"}
    print(f"\n200 lives that were killed twice or more: {dict(ends)}; none twice")


@pytest.mark.slow
@pytest.mark.parametrize("undone", [0.0, pytest.param(0.1, marks=pytest.mark.slow)])
def test_what_is_done_but_times_out_is_never_done_twice(
    beginning: Beginning, undone: float
) -> None:
    ends, lost, restarts = Counter[str](), 0, 0
    for seed in range(300):
        draw, life = random.Random(seed), beginning.life()
        loses = LoseReplies(draw, done=0.1, undone=undone)
        done = life.live(loses, draw.choice((SHORT_S, LONG_S)))
        life.judge(done)
        ends[done.state if done else "refused"] += 1
        lost, restarts = lost + loses.lost, restarts + life.restarts
    assert min(ends["confirmed"], ends["rolled_back"], ends["returned"]) > 0
    print(f"\n300 lives, {lost} timeouts, {restarts} restarts: {dict(ends)}; none twice")


# What is found, and what follows from it


def _cut_off(life: Life, what: str, times: int, *, done: bool = True) -> None:
    """Carry the plan out, and be killed right after (or before) the `times`-th call of a kind."""
    with pytest.raises(Killed), life.process(KillAround(what, times, done)) as (_, actuator):
        life.carry_on(actuator)
    life.network.calls.clear()


def _reconciled(life: Life) -> Actuation:
    before = len(life.network.calls)
    with life.process() as (_, actuator):
        done = actuator.reconcile(life.plan)
    assert done is not None
    assert {"stage", "commit"}.isdisjoint(call for call, _ in life.network.calls[before:])
    return done


def _audited(life: Life, action: str) -> list[dict[str, object]]:
    with life.process() as (journal, _):
        return [dict(line.data) for line in journal.audit_lines() if line.action == action]


def test_what_was_not_begun_is_said_to_be_nothing(bench: Bench, drain: Plan) -> None:
    assert bench.actuator.reconcile(drain) is None
    assert bench.network.calls == []


def test_what_is_committed_everywhere_goes_on(beginning: Beginning) -> None:
    life = beginning.life()
    _cut_off(life, "commit", 3)
    life.clock.wait_until(START_S + SHORT_S)
    done = _reconciled(life)
    assert (done.state, done.return_at_s, done.committed_at_s) == (
        "committed",
        START_S + 600,
        START_S,
    )
    assert [c.return_at_s for c in done.changes] == [START_S + 600] * 3
    assert _audited(life, "reconcile") == [{"was": "staged", "found": "committed"}]
    with life.process() as (_, actuator):
        assert actuator.confirm(life.plan, ()).state == "confirmed"


def test_last_of_the_devices_says_since_when_a_change_is_in_force(beginning: Beginning) -> None:
    life = beginning.life()
    # Three tries are lost before it is staged, the first one after its commit as well, and the
    # second one comes a second later.
    life.network.troubles.append(Trouble("running", "B", times=1))
    life.network.troubles.append(Trouble("commit_log", "A", times=4))
    with life.process() as (_, actuator):
        done = actuator.commit(life.plan, ())
    times = [r.time_s for r in life.network.records if r.state is COMMITTED]
    assert times[0] < times[1]
    assert (done.committed_at_s, done.return_at_s) == (times[-1], times[0] + 600)


def test_what_is_committed_on_some_devices_is_taken_back_in_reverse_order(
    beginning: Beginning,
) -> None:
    life = beginning.life()
    _cut_off(life, "commit", 3, done=False)
    assert _reconciled(life).state == "rolled_back"
    assert life.network.devices_called("roll_back") == ["C", "B", "A"]
    assert life.network.configuration() == life.before


def test_what_was_decided_to_be_kept_is_kept_on_the_other_devices_too(beginning: Beginning) -> None:
    life = beginning.life()
    _cut_off(life, "confirm", 1)
    assert _reconciled(life).state == "confirmed"
    assert life.network.devices_called("confirm") == ["B", "C"]
    assert life.network.configuration() == life.candidate


@pytest.mark.parametrize("journalled", [False, True])
def test_confirm_goes_on_where_it_was_cut_off(beginning: Beginning, journalled: bool) -> None:
    first = _steps(beginning).index("after confirm")
    life = beginning.life()
    with (
        pytest.raises(Killed),
        life.process(KillAt(frozenset({first + 2 * journalled}))) as (
            _,
            actuator,
        ),
    ):
        life.carry_on(actuator)
    probed = len(life.network.devices_called("probe"))
    with life.process() as (_, actuator):
        assert actuator.confirm(life.plan, ()).state == "confirmed"
    assert len(life.network.devices_called("probe")) == probed
    assert life.network.devices_called("confirm") == ["A", "B", "C"]
    assert life.network.configuration() == life.candidate


def test_what_was_being_kept_is_not_rolled_back(beginning: Beginning) -> None:
    life = beginning.life()
    _cut_off(life, "confirm", 1)
    with life.process() as (_, actuator), pytest.raises(NotCommitted, match="plan of its own"):
        actuator.roll_back(life.plan, "second thoughts")
    assert life.network.configuration() == life.candidate


@pytest.mark.parametrize("moved_s", [-3600.0, 0.0, 3600.0])
def test_what_cannot_be_kept_everywhere_is_shown_to_a_person(
    beginning: Beginning, moved_s: float
) -> None:
    life = beginning.life()
    _cut_off(life, "confirm", 1)
    if moved_s:
        life.clock.moved_s = moved_s
    else:
        life.clock.wait_until(START_S + 590)
    done = _reconciled(life)
    assert done.state == "quarantined"
    assert "look at A" in done.reason
    assert ("clock" in done.reason) == bool(moved_s)
    assert [c.state for c in done.changes] == [
        ChangeState.QUARANTINED,
        ChangeState.ROLLED_BACK,
        ChangeState.ROLLED_BACK,
    ]
    life.judge(done)


def test_devices_that_returned_while_nobody_was_there_are_not_held_against_the_plan(
    beginning: Beginning,
) -> None:
    life = beginning.life()
    _cut_off(life, "commit", 2)
    life.clock.wait_until(START_S + LONG_S)
    done = _reconciled(life)
    assert (done.state, done.reason) == ("returned", "A, B returned before anybody confirmed")
    assert life.network.devices_called("roll_back") == ["C"]
    assert life.network.history("A") == [STAGED, COMMITTED, RETURNED]
    assert life.network.history("C") == [STAGED, ROLLED_BACK]


def test_silent_device_is_unknown_and_then_in_quarantine_with_a_page(beginning: Beginning) -> None:
    life = beginning.life()
    _cut_off(life, "commit", 3)
    life.network.troubles.append(Trouble("*", "B", times=100))
    done = _reconciled(life)
    assert done.state == "quarantined"
    assert '"B" does not answer' in done.reason
    assert {"was": "committed", "found": "unknown"} in _audited(life, "reconcile")
    assert life.network.devices_called("roll_back") == ["C", "B", "A"]
    life.network.troubles.clear()
    life.judge(done)
    assert life.network.configuration() == life.before, "B has returned by itself"


def test_device_that_took_half_before_the_death_is_taken_back(beginning: Beginning) -> None:
    life = beginning.life()
    life.network.halving.add("C")
    _cut_off(life, "commit", 3)
    done = _reconciled(life)
    assert done.state == "rolled_back"
    assert '"C" took half of the change' in done.reason
    assert life.network.devices_called("roll_back") == ["C", "B", "A"]


def test_taking_back_that_was_cut_off_goes_on_for_its_first_reason(beginning: Beginning) -> None:
    life = beginning.life()
    life.network.troubles.append(Trouble("commit", "C"))
    _cut_off(life, "roll_back", 1)
    done = _reconciled(life)
    assert (done.state, done.reason) == ("rolled_back", 'commit on "C" failed: C: commit timed out')
    assert life.network.devices_called("roll_back") == ["B", "A"]


def test_decision_to_take_back_outlives_its_process(beginning: Beginning) -> None:
    life = beginning.life()
    with life.process() as (_, actuator):
        actuator.commit(life.plan, ())
    with pytest.raises(Killed), life.process(KillAround("journal", 3)) as (_, actuator):
        actuator.roll_back(life.plan, "services got worse")
    assert not life.network.devices_called("roll_back")
    done = _reconciled(life)
    assert (done.state, done.reason) == ("rolled_back", "services got worse")


@pytest.mark.parametrize(
    ("what", "times", "outage_s"),
    [
        ("commit", 2, SHORT_S),
        ("commit", 2, LONG_S),
        ("confirm", 1, LONG_S),
        ("confirm", 3, SHORT_S),
    ],
)
def test_reconciling_twice_does_nothing_more(
    beginning: Beginning, what: str, times: int, outage_s: float
) -> None:
    life = beginning.life()
    _cut_off(life, what, times)
    life.clock.wait_until(life.clock.now_s() + outage_s)
    first = _reconciled(life)
    with life.process() as (journal, _):
        lines = journal.audit_lines()
    life.network.calls.clear()
    assert _reconciled(life) == first
    assert life.network.calls == []
    with life.process() as (journal, _):
        assert journal.audit_lines() == lines


def test_later_change_by_others_is_not_held_against_a_plan_that_has_ended(
    bench: Bench, drain: Plan
) -> None:
    bench.actuator.commit(drain, ())
    kept = bench.actuator.confirm(drain, ())
    bench.network.reconfigure(bench.network.inventory().intended.device("A"))
    assert bench.actuator.reconcile(drain) == kept


# Who may


def test_only_the_holder_of_the_incident_goes_on_with_its_plan(bench: Bench, drain: Plan) -> None:
    bench.actuator.commit(drain, ())
    bench.network.calls.clear()
    with holding(bench.journal, "incident:another"):
        calls: tuple[Callable[[], object], ...] = (
            lambda: bench.actuator.reconcile(drain),
            lambda: bench.actuator.confirm(drain, ()),
            lambda: bench.actuator.roll_back(drain, "services got worse"),
        )
        for call in calls:
            with pytest.raises(LeaseNotHeld, match="incident:inc-1 is not held here"):
                call()
    assert bench.network.calls == []


@dataclass
class TakenOver:
    """After so many transactions another process takes the incident over."""

    path: Path
    transactions: int
    changing: list[str]

    def __call__(self, what: str, done: bool) -> None:
        if what == "journal" and done:
            self.transactions -= 1
            if self.transactions == 0:
                with Journal.open(self.path) as journal:
                    since = Since(boot="this one", seconds=0.0)
                    journal.take_lease("incident:inc-1", "there", since, 30.0, lambda _: True)
        elif self.transactions <= 0 and not done and what in ("stage", "commit", "confirm"):
            self.changing.append(what)


@pytest.mark.slow
def test_stale_holder_stops_with_the_call_that_it_is_making(beginning: Beginning) -> None:
    transactions = _steps(beginning).count("after journal")
    # The first is its own taking of the lease.
    for number in range(2, transactions):
        life = beginning.life()
        stale = TakenOver(life.path, number, [])
        with pytest.raises(LeaseLost), life.process(stale) as (_, actuator):
            life.carry_on(actuator)
        assert len(stale.changing) <= 1
        with Journal.open(life.path) as journal:
            journal.release_leases("there")
        done = life.live(pass_by, SHORT_S)
        life.judge(done)
        assert done is not None


def test_another_plans_device_is_not_touched(bench: Bench, drain: Plan) -> None:
    _claim(bench.journal, bench.approve(bench.plan(ACTIONS[1], plan_id="inc-1/plan-2")), "B")
    with pytest.raises(DeviceBusy, match='"inc-1/plan-2" works on "B"'):
        bench.actuator.commit(drain, ())
    assert not bench.network.devices_called("stage")
    assert bench.refusals() == ["device_busy"]
    request = bench.journal.approval_request(drain.id, bench.clock.now_s())
    assert request.state == "approved", "it may be tried again when the other plan has ended"


@dataclass
class ClaimedFirst:
    """Between the gate and the intent of a plan, another one takes a device."""

    path: Path
    other: Plan

    def __call__(self, what: str, done: bool) -> None:
        with Journal.open(self.path) as journal:
            passed = [line for line in journal.audit_lines() if line.action == "pass"]
            if done and what == "journal" and passed and not journal.claims("four"):
                _claim(journal, self.other, "C")


def test_device_that_another_plan_took_a_moment_ago_is_not_touched(beginning: Beginning) -> None:
    life = beginning.life()
    other = life.plan.model_copy(update={"id": "inc-1/plan-2"})
    with life.process() as (journal, _):
        journal.record_plan(other)
    with pytest.raises(DeviceBusy), life.process(ClaimedFirst(life.path, other)) as (_, actuator):
        actuator.commit(life.plan, ())
    assert not life.network.devices_called("stage")
    assert [line["rule"] for line in _audited(life, "refuse")] == ["device_busy"]
    with life.process() as (journal, _):
        assert journal.changes(plan_id=life.plan.id) == ()
        assert [claim.plan_id for claim in journal.claims("four")] == [other.id]


def _claim(journal: Journal, plan: Plan, node: str) -> None:
    claim = Claim(network="four", node=node, incident_id="inc-1", plan_id=plan.id, since_s=START_S)
    journal.claim_devices([claim])


def test_devices_are_a_plans_own_until_it_has_ended(bench: Bench, drain: Plan) -> None:
    def claimed() -> list[str]:
        return [claim.node for claim in bench.journal.claims("four")]

    bench.actuator.commit(drain, ())
    assert claimed() == ["A", "B"]
    bench.actuator.confirm(drain, ())
    assert claimed() == []


def test_armed_timers_are_in_the_journal_while_they_run(bench: Bench, drain: Plan) -> None:
    done = bench.actuator.commit(drain, ())
    assert [c.return_at_s for c in done.changes] == [done.return_at_s] * 2
    done = bench.actuator.confirm(drain, ())
    assert [c.return_at_s for c in done.changes] == [None, None]
