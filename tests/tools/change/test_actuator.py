"""A plan reaches all of its devices or none, and an unknown outcome is looked up."""

import pytest

from tests.tools.change.conftest import Bench
from tests.tools.change.in_memory import Trouble
from tools.change.device_calls import ATTEMPTS, MOST_DEVICE_DIFF
from tools.change.gate import Needs
from tools.change.policy import SecondApprover
from tools.change.refusals import (
    ActionUsed,
    ApprovalUsed,
    DiffDiffers,
    InQuarantine,
    NotCommitted,
    StaleState,
)
from tools.journal.errors import JournalFailed
from tools.journal.journal import Journal
from tools.journal.records import ChangeState
from tools.network.protocol import CommitState
from twin.events.actions.drain_link import DrainLink
from twin.events.actions.rate_limit import RateLimit
from twin.events.actions.set_igp_weight import SetIgpWeight
from twin.nouns.configuration import NetworkConfiguration
from twin.nouns.plan import Plan
from twin.nouns.principal import OS_USER, Principal
from twin.nouns.traffic import TrafficClass

STAGED, COMMITTED, CONFIRMED, ROLLED_BACK, RETURNED = CommitState


def _before(bench: Bench) -> NetworkConfiguration:
    return bench.network.inventory().intended


def test_approved_plan_is_committed_in_order_and_confirmed_last(bench: Bench, drain: Plan) -> None:
    assert bench.actuator.commit(drain, ()).state == "committed"
    assert bench.network.devices_called("commit") == ["A", "B"]
    assert bench.network.devices_called("confirm") == []

    assert bench.actuator.confirm(drain, ()).state == "confirmed"
    assert bench.network.history("A") == [STAGED, COMMITTED, CONFIRMED]
    assert bench.network.configuration().device("B").interface("A-B").drained
    assert [c.state for c in bench.journal.changes(plan_id=drain.id)] == [ChangeState.CONFIRMED] * 2


def test_actions_on_one_device_are_one_commit(bench: Bench) -> None:
    limit = RateLimit(node="A", link="A-C", traffic_class=TrafficClass.BEST_EFFORT, rate_bps=4e9)
    plan = bench.approve(bench.plan(DrainLink(link="A-B"), limit))
    assert [step.node for step in plan.steps] == ["A", "B"]
    assert plan.steps[0].actions == (DrainLink(link="A-B"), limit)

    bench.actuator.commit(plan, ())
    assert bench.network.devices_called("commit") == ["A", "B"]
    device = bench.network.configuration().device("A")
    assert device.interface("A-B").drained
    assert device.interface("A-C").policers[0].rate_bps == 4e9


def test_nobody_confirms_and_the_devices_return(bench: Bench, drain: Plan) -> None:
    return_at_s = bench.actuator.commit(drain, ()).return_at_s
    assert return_at_s is not None
    bench.clock.wait_until(return_at_s)
    assert bench.network.configuration() == _before(bench)


@pytest.mark.parametrize("call", ["stage", "diff", "commit"])
def test_device_that_fails_midway_returns_all_in_reverse_order(
    bench: Bench, drain: Plan, call: str
) -> None:
    bench.network.troubles.append(Trouble(call, "B", times=ATTEMPTS))
    actuation = bench.actuator.commit(drain, ())
    assert actuation.state == "rolled_back"
    assert '"B"' in actuation.reason
    assert bench.network.devices_called("roll_back") == ["B", "A"]
    assert bench.network.configuration() == _before(bench)
    assert {c.state for c in actuation.changes} == {ChangeState.ROLLED_BACK}


@pytest.mark.parametrize("call", ["stage", "commit"])
def test_lost_acknowledgement_is_looked_up_and_not_repeated(
    bench: Bench, drain: Plan, call: str
) -> None:
    bench.network.troubles.append(Trouble(call, "A", lost_reply=True))
    assert bench.actuator.commit(drain, ()).state == "committed"
    assert bench.network.devices_called(call) == ["A", "B"]
    assert bench.network.history("A") == [STAGED, COMMITTED]
    looked_up = [x for x in bench.journal.audit_lines() if x.action == "look_up"]
    assert [line.data["found"] for line in looked_up] == [
        {"stage": "staged", "commit": "committed"}[call]
    ]


@pytest.mark.parametrize("node", ["A", "B"])
def test_lost_acknowledgement_of_a_confirm_is_looked_up(
    bench: Bench, drain: Plan, node: str
) -> None:
    bench.actuator.commit(drain, ())
    bench.network.troubles.append(Trouble("confirm", node, lost_reply=True))
    assert bench.actuator.confirm(drain, ()).state == "confirmed"
    assert bench.network.devices_called("confirm") == ["A", "B"]


def test_lost_acknowledgement_of_a_return_is_looked_up(bench: Bench, drain: Plan) -> None:
    bench.actuator.commit(drain, ())
    bench.network.troubles.append(Trouble("roll_back", "B", lost_reply=True))
    assert bench.actuator.roll_back(drain, "services got worse").state == "rolled_back"
    assert bench.network.devices_called("roll_back") == ["B", "A"]


def test_silent_device_is_quarantined_with_a_page_and_the_others_return(
    bench: Bench, drain: Plan
) -> None:
    bench.network.troubles += [
        Trouble("commit", "B", lost_reply=True),
        Trouble("commit_log", "B", times=100),
        Trouble("roll_back", "B", times=100),
    ]
    actuation = bench.actuator.commit(drain, ())
    assert actuation.state == "quarantined"
    assert [c.state for c in actuation.changes] == [
        ChangeState.ROLLED_BACK,
        ChangeState.QUARANTINED,
    ]
    assert bench.network.history("A") == [STAGED, COMMITTED, ROLLED_BACK]
    pages = [e for e in bench.journal.timeline("inc-1") if e.kind == "page"]
    assert [page.data["node"] for page in pages] == ["B"]


def test_device_in_quarantine_is_left_alone_until_a_person_vouches_for_it(
    bench: Bench, drain: Plan
) -> None:
    bench.network.troubles += [
        Trouble("commit", "B"),
        Trouble("commit_log", "B", times=ATTEMPTS),
        Trouble("roll_back", "B", times=100),
    ]
    assert bench.actuator.commit(drain, ()).state == "quarantined"
    bench.network.troubles.clear()
    bench.network.roll_back("B", bench.journal.changes(plan_id=drain.id)[1].change_id)
    again = bench.approve(bench.plan(DrainLink(link="A-B"), plan_id="inc-1/plan-2"))
    with pytest.raises(InQuarantine, match='"B"'):
        bench.actuator.commit(again, ())
    erin = Principal(name="erin", provider=OS_USER)
    assert bench.journal.lift_quarantine("four", "B", erin, bench.clock.now_s())
    assert bench.actuator.commit(again, ()).state == "committed"


def test_diff_that_differs_from_the_approved_one_is_refused(bench: Bench, drain: Plan) -> None:
    bench.network.diff_suffix = "+  snmp community public\n"
    with pytest.raises(DiffDiffers, match="snmp community public"):
        bench.actuator.commit(drain, ())
    assert bench.network.devices_called("commit") == []
    assert bench.network.history("A") == [STAGED, ROLLED_BACK]
    assert bench.refusals() == ["diff"]


def test_device_that_has_returned_keeps_the_others_from_being_confirmed(
    bench: Bench, drain: Plan
) -> None:
    return_at_s = bench.actuator.commit(drain, ()).return_at_s
    assert return_at_s is not None
    bench.clock.wait_until(return_at_s - bench.policy.commit.confirm_margin_s + 1)
    actuation = bench.actuator.confirm(drain, ())
    assert actuation.state == "rolled_back"
    assert "too soon" in actuation.reason
    assert bench.network.configuration() == _before(bench)


def test_return_during_a_restart_is_found_in_the_log(bench: Bench, drain: Plan) -> None:
    bench.actuator.commit(drain, ())
    bench.clock.wait_until(bench.clock.now_s() + 10 * bench.policy.commit.return_after_s)
    actuation = bench.actuator.confirm(drain, ())
    assert actuation.state == "returned"
    assert bench.network.history("A") == [STAGED, COMMITTED, RETURNED]


@pytest.mark.parametrize(("late", "end"), [("", "returned"), ("B", "rolled_back")])
def test_rolling_back_what_has_returned_says_that_it_had(
    bench: Bench, drain: Plan, late: str, end: str
) -> None:
    """B may be committed later than A, so that its timer is not out yet."""
    if late:
        # Three tries before it is staged, and one after its commit, when B has yet to come.
        bench.network.troubles.append(Trouble("commit_log", "A", times=ATTEMPTS + 1))
    return_at_s = bench.actuator.commit(drain, ()).return_at_s
    assert return_at_s is not None
    bench.clock.wait_until(return_at_s)
    done = bench.actuator.roll_back(drain, "services got worse")
    assert done.state == end
    assert "services got worse" in done.reason
    assert bench.network.configuration() == _before(bench)


def test_what_an_approval_has_to_say_is_asked_of_the_gate(bench: Bench) -> None:
    """A drain of A-B moves a quarter of all traffic."""
    plan = bench.plan(DrainLink(link="A-B"))
    assert bench.actuator.needs(plan, ()) == Needs(approvers=1, overrides=())
    second = SecondApprover(above_devices=1, above_services=60, above_moved_share=1.0)
    asking = bench.policy.approval.model_copy(update={"second_approver": second})
    bench.policy = bench.policy.model_copy(update={"approval": asking})
    assert bench.actuator.needs(plan, ()).approvers == 2


def test_half_confirmed_plan_pages_for_the_half_that_stays(bench: Bench, drain: Plan) -> None:
    bench.actuator.commit(drain, ())
    bench.network.troubles.append(Trouble("confirm", "B", times=ATTEMPTS))
    actuation = bench.actuator.confirm(drain, ())
    assert actuation.state == "quarantined"
    assert [c.state for c in actuation.changes] == [
        ChangeState.QUARANTINED,
        ChangeState.ROLLED_BACK,
    ]


def test_foreign_change_under_a_confirm_is_found_when_read_back(bench: Bench, drain: Plan) -> None:
    bench.actuator.commit(drain, ())
    bench.network.reconfigure(_before(bench).device("A"))
    actuation = bench.actuator.confirm(drain, ())
    assert actuation.state == "quarantined"
    assert "not as approved on A" in actuation.reason


def test_confirmed_plan_is_not_rolled_back_but_needs_a_plan_of_its_own(
    bench: Bench, drain: Plan
) -> None:
    bench.actuator.commit(drain, ())
    bench.actuator.confirm(drain, ())
    with pytest.raises(NotCommitted, match="plan of its own"):
        bench.actuator.roll_back(drain, "second thoughts")
    assert bench.actuator.confirm(drain, ()).state == "confirmed"
    assert bench.network.devices_called("confirm") == ["A", "B"]


def test_plan_that_was_never_carried_out_is_not_confirmed(bench: Bench, drain: Plan) -> None:
    with pytest.raises(NotCommitted):
        bench.actuator.confirm(drain, ())
    assert bench.refusals() == ["not_committed"]


def test_approval_carries_one_attempt_only(bench: Bench, drain: Plan) -> None:
    bench.actuator.commit(drain, ())
    with pytest.raises(StaleState):
        bench.actuator.commit(drain, ())
    bench.actuator.roll_back(drain, "services got worse")
    with pytest.raises(ApprovalUsed, match="used before"):
        bench.actuator.commit(drain, ())
    assert bench.network.devices_called("commit") == ["A", "B"]
    assert bench.refusals() == ["state", "approval_used"]


def test_action_id_of_an_earlier_attempt_is_refused(bench: Bench, drain: Plan) -> None:
    bench.actuator.commit(drain, ())
    bench.actuator.roll_back(drain, "services got worse")
    again = bench.plan(DrainLink(link="A-B"), plan_id="inc-1/plan-2")
    stale_ids = again.model_copy(update={"steps": drain.steps})
    bench.approve(stale_ids)
    with pytest.raises(ActionUsed, match="already tried"):
        bench.actuator.commit(stale_ids, ())
    # The refused attempt left nothing behind, not even a used approval.
    assert bench.journal.approval_request(stale_ids.id, bench.clock.now_s()).state == "approved"
    assert bench.journal.changes(plan_id=stale_ids.id) == ()


def test_intent_is_on_disk_before_the_first_call_to_a_device(bench: Bench, drain: Plan) -> None:
    seen: list[tuple[ChangeState, str]] = []
    stage = bench.network.stage

    def spy(change_id: str, candidate: object) -> str:
        with Journal.open(bench.journal.path) as other:
            seen.extend((c.state, c.calling) for c in other.changes(plan_id=drain.id))
        return stage(change_id, candidate)  # type: ignore[arg-type]  # the spy passes on what it gets

    bench.network.stage = spy  # type: ignore[method-assign]  # watches the order of two real parts
    bench.actuator.commit(drain, ())
    assert seen[:2] == [(ChangeState.INTENT, "stage"), (ChangeState.INTENT, "")]


def test_what_a_device_says_of_a_change_is_kept_and_audited(bench: Bench, drain: Plan) -> None:
    bench.network.own_words = "set isis interface ae0 overload"
    bench.actuator.commit(drain, ())
    first = bench.journal.changes(plan_id=drain.id)[0]
    assert first.device_diff == first.differing_device_diff == "set isis interface ae0 overload"
    assert first.state is ChangeState.COMMITTED
    lines = [x for x in bench.journal.audit_lines() if x.subject == first.change_id]
    assert [x.action for x in lines] == ["staged", "device_diff", "committed"]
    assert lines[1].data == {"text": first.device_diff}


def test_of_a_device_that_talks_without_end_the_beginning_is_kept(
    bench: Bench, drain: Plan
) -> None:
    bench.network.own_words = "x" * (MOST_DEVICE_DIFF + 1)
    bench.actuator.commit(drain, ())
    assert len(bench.journal.changes(plan_id=drain.id)[0].device_diff) == MOST_DEVICE_DIFF


def test_a_device_that_says_what_we_say_differs_in_nothing(bench: Bench, drain: Plan) -> None:
    bench.network.own_words = drain.steps[0].diff.replace("\n", "\r\n")
    bench.actuator.commit(drain, ())
    assert bench.journal.changes(plan_id=drain.id)[0].differing_device_diff == ""


def test_a_reply_that_was_lost_leaves_no_words_and_the_change_goes_on(
    bench: Bench, drain: Plan
) -> None:
    bench.network.own_words = "set isis interface ae0 overload"
    bench.network.troubles.append(Trouble("stage", "A", lost_reply=True))
    assert bench.actuator.commit(drain, ()).state == "committed"
    said = {c.node: c.device_diff for c in bench.journal.changes(plan_id=drain.id)}
    assert said == {"A": "", "B": "set isis interface ae0 overload"}


def test_every_change_of_state_has_its_audit_line(bench: Bench, drain: Plan) -> None:
    bench.actuator.commit(drain, ())
    bench.actuator.confirm(drain, ())
    first = bench.journal.changes(plan_id=drain.id)[0].change_id
    lines = bench.journal.audit_lines()
    assert [x.action for x in lines if x.subject == first] == ["staged", "committed", "confirmed"]
    told = [x.action for x in lines if x.subject == drain.id]
    assert told == ["answer", "pass", "intend", "probe", "end"]
    assert bench.journal.verify_audit().first_broken is None


def test_drained_link_is_the_last_path_and_a_weight_is_not(bench: Bench) -> None:
    plan = bench.approve(bench.plan(SetIgpWeight(node="A", link="A-B", weight=100)))
    bench.actuator.commit(plan, ())
    interface = bench.network.configuration().device("A").interface("A-B")
    assert (interface.igp_weight, interface.drained) == (100, False)


def test_audit_log_that_does_not_hold_lets_nothing_be_committed_or_confirmed(
    bench: Bench, drain: Plan
) -> None:
    """Whoever altered it may have altered the answers as well."""
    later = bench.approve(bench.plan(SetIgpWeight(node="C", link="C-D", weight=20), plan_id="p2"))
    bench.actuator.commit(drain, ())
    bench.journal._execute("DROP TRIGGER audit_is_not_altered")
    bench.journal._execute("UPDATE audit SET actor = 'nobody' WHERE seq = 1")
    with pytest.raises(JournalFailed, match="audit log does not hold at line 1"):
        bench.actuator.confirm(drain, ())
    with pytest.raises(JournalFailed, match="noctua audit verify"):
        bench.actuator.commit(later, ())
    assert bench.network.devices_called("confirm") == []
    assert bench.network.devices_called("commit") == ["A", "B"]
    assert bench.actuator.roll_back(drain, "it may be taken back").state == "rolled_back"
    assert bench.network.configuration() == _before(bench)
