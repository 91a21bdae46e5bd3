"""Every written rule refuses with a class, a message and an audit line of its own."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tests.tools.change.conftest import Bench, approval, holding, lose_a_mind
from tests.tools.change.in_memory import START_S
from tools.change.controls import EVERY_CONTROL
from tools.change.gate import Gate, Needs, Situation
from tools.change.policy import CalendarRules, ChangeWindow, Freeze, SecondApprover
from tools.change.refusals import (
    ActionNotAllowed,
    AnsweredOutOfTime,
    ApprovalExpired,
    ApprovalNotAttested,
    BlastDisagrees,
    BlastTooLarge,
    ChangeFrozen,
    EditedAfterApproval,
    ManagementPathLost,
    NotAPlan,
    NotApproved,
    NotInInventory,
    OutsideWindow,
    RejectedByPerson,
    SecondApproverMissing,
    StaleState,
    StepsDiffer,
)
from tools.journal.errors import JournalFailed
from twin.errors import Refused
from twin.events.actions.drain_link import DrainLink
from twin.events.actions.rate_limit import RateLimit
from twin.events.actions.restore_device import RestoreDevice
from twin.events.actions.revert_interface import RevertInterface
from twin.events.actions.revert_to_intended import RevertToIntended
from twin.events.actions.set_igp_weight import SetIgpWeight
from twin.events.faults.link_flap import LinkFlap
from twin.nouns.condition import Condition, ConditionKind
from twin.nouns.configuration import DeviceConfiguration
from twin.nouns.plan import BlastRadius, Plan
from twin.nouns.planned_work import PlannedWork
from twin.nouns.principal import FLAG, Principal
from twin.nouns.state import state_hash
from twin.nouns.traffic import TrafficClass

WEIGHT = SetIgpWeight(node="A", link="A-B", weight=100)


def _refused(bench: Bench, plan: Plan, kind: type[Refused], saying: str) -> None:
    """`plan` is refused by exactly that rule, nothing is touched, and the audit log says why."""
    with pytest.raises(kind, match=saying) as caught:
        bench.actuator.commit(plan, ())
    assert type(caught.value) is kind
    line = bench.journal.audit_lines()[-1]
    assert (line.actor, line.action, line.subject) == ("gate", "refuse", plan.id)
    assert line.data == {"rule": kind.rule, "message": str(caught.value)}
    assert bench.network.devices_called("stage") == []


def _without(device: DeviceConfiguration, *shut: str) -> DeviceConfiguration:
    for link in shut:
        changed = device.interface(link).model_copy(update={"shut_down": True})
        device = device.with_interface(changed)
    return device


def _bounded(bench: Bench, **bounds: float) -> None:
    blast = bench.policy.blast.model_copy(update=bounds)
    bench.policy = bench.policy.model_copy(update={"blast": blast})


def test_approved_plan_passes_and_says_so(bench: Bench, drain: Plan) -> None:
    bench.actuator.commit(drain, ())
    assert "pass" in [line.action for line in bench.journal.audit_lines()]


def test_plan_without_steps_is_refused(bench: Bench) -> None:
    _refused(bench, bench.plan(), NotAPlan, "has no steps")


def test_plan_with_an_invented_action_is_refused(bench: Bench) -> None:
    forged = bench.plan(WEIGHT).model_copy(update={"actions": ({"kind": "erase"},)})
    _refused(bench, forged, NotAPlan, "does not validate")


def test_plan_that_commits_a_device_twice_is_refused(bench: Bench) -> None:
    plan = bench.plan(WEIGHT)
    _refused(
        bench,
        plan.model_copy(update={"steps": plan.steps * 2}),
        NotAPlan,
        "commits a device twice",
    )


def test_kind_outside_the_policy_is_refused(bench: Bench) -> None:
    recorded = bench.network.configuration().device("A")
    changed = recorded.with_interface(
        recorded.interface("A-B").model_copy(update={"drained": True})
    )
    plan = bench.plan(RestoreDevice(configuration=changed))
    _refused(bench, plan, ActionNotAllowed, "restore_device in a plan to mitigate")


def test_limit_of_a_protected_class_is_refused(bench: Bench) -> None:
    limit = RateLimit(node="A", link="A-B", traffic_class=TrafficClass.VOICE, rate_bps=5e9)
    _refused(bench, bench.plan(limit), ActionNotAllowed, "protects voice")


def test_limit_that_takes_nearly_all_is_refused(bench: Bench) -> None:
    limit = RateLimit(node="A", link="A-B", traffic_class=TrafficClass.BEST_EFFORT, rate_bps=1e9)
    _refused(bench, bench.plan(limit), ActionNotAllowed, r"at least 2.00 Gbit/s")


def test_name_that_does_not_exist_is_refused(bench: Bench) -> None:
    plan = bench.plan(WEIGHT).model_copy(update={"actions": (DrainLink(link="A-Z"),)})
    _refused(bench, plan, NotInInventory, r"A-Z.*did you mean")


def test_interface_of_another_node_is_refused(bench: Bench) -> None:
    elsewhere = SetIgpWeight(node="D", link="A-B", weight=7)
    plan = bench.plan(WEIGHT).model_copy(update={"actions": (elsewhere,)})
    _refused(bench, plan, NotInInventory, 'node "D" is not in link "A-B"')


def test_plan_for_another_configuration_is_refused(bench: Bench, drain: Plan) -> None:
    device = bench.network.configuration().device("D")
    changed = device.interface("C-D").model_copy(update={"igp_weight": 11})
    bench.network.reconfigure(device.with_interface(changed))
    _refused(bench, drain, StaleState, "made for another state")


def test_plan_for_other_links_up_is_refused(bench: Bench, drain: Plan) -> None:
    with pytest.raises(StaleState, match="made for another state"):
        bench.actuator.commit(drain, {"B-C"})
    assert bench.refusals() == ["state"]


def test_link_that_flaps_by_the_cause_of_a_plan_may_be_down_or_up(bench: Bench) -> None:
    """Else no plan against it would live to be approved; that another link is down counts."""
    flap = LinkFlap(link="A-C", period_s=60.0)
    plan = bench.plan(WEIGHT).model_copy(update={"cause": (flap,)})
    bench.approve(plan)
    with pytest.raises(StaleState, match="made for another state"):
        bench.actuator.commit(plan, {"A-C", "B-C"})
    bench.actuator.commit(plan, {"A-C"})
    assert "pass" in [line.action for line in bench.journal.audit_lines()]


def test_steps_that_are_not_what_the_actions_make_are_refused(bench: Bench) -> None:
    hidden = bench.plan(DrainLink(link="A-B"), SetIgpWeight(node="C", link="C-D", weight=99))
    shown = hidden.model_copy(update={"actions": (DrainLink(link="A-B"),)})
    _refused(bench, bench.approve(shown), StepsDiffer, "not what its actions make")


def test_blast_is_counted_from_the_actions_and_not_read_from_the_plan(bench: Bench) -> None:
    # A to D (1 of 4 Gbit/s) goes over A-C alone, and moves when A-C is drained.
    plan = bench.plan(DrainLink(link="A-C"))
    modest = plan.blast_radius.model_copy(update={"moved_bps": 0.0})
    plan = plan.model_copy(update={"blast_radius": modest})
    _bounded(bench, max_moved_share=0.24)
    needs = _gate(bench).needs(plan, _situation(bench))
    assert needs == Needs(approvers=2, overrides=("blast:max_moved_share",))


def test_plan_that_states_less_than_it_touches_is_refused(bench: Bench) -> None:
    plan = bench.plan(DrainLink(link="A-C"))
    modest = plan.blast_radius.model_copy(update={"moved_bps": 0.0})
    plan = bench.approve(plan.model_copy(update={"blast_radius": modest}))
    _refused(bench, plan, BlastDisagrees, "leaves out 1 Gbit/s")


def test_share_at_the_bound_is_allowed(bench: Bench) -> None:
    plan = bench.approve(bench.plan(DrainLink(link="A-C")))
    _bounded(bench, max_moved_share=0.25)
    assert bench.actuator.commit(plan, ()).state == "committed"


@pytest.mark.parametrize(
    ("bound", "said"),
    [
        ({"max_moved_share": 0.24}, r"blast.max_moved_share is 0.24 in the policy and 0.25 here"),
        ({"max_devices": 1}, r"blast.max_devices is 1 in the policy and 2 here"),
        ({"max_services": 0}, r"blast.max_services is 0 in the policy and 1 here"),
    ],
)
def test_what_touches_more_than_a_bound_needs_two_people_who_override_it(
    bench: Bench, bound: dict[str, float], said: str
) -> None:
    _bounded(bench, **bound)
    (key,) = bound
    _refused(bench, bench.approve(bench.plan(DrainLink(link="A-C"))), BlastTooLarge, said)
    plan = _answered(bench, bench.plan(DrainLink(link="A-C"), plan_id="inc-1/p2"))
    now_s, override = bench.clock.now_s(), (f"blast:{key}",)
    with pytest.raises(Refused, match=rf"blast:{key} stands against a change now"):
        bench.journal.answer(approval(plan, now_s))
    unreasoned = approval(plan, now_s, "erin", override).model_copy(update={"reason": " "})
    with pytest.raises(Refused, match=r"say why .*--reason WHY"):
        bench.journal.answer(unreasoned)
    bench.journal.answer(approval(plan, now_s, "erin", override))
    _refused(bench, plan, SecondApproverMissing, "than erin has to approve")
    bench.journal.answer(approval(plan, now_s, "ERIN", override))
    _refused(bench, plan, SecondApproverMissing, "than erin has to approve")
    bench.journal.answer(approval(plan, now_s, "omar", override))
    assert bench.actuator.commit(plan, ()).state == "committed"


def test_rehearsal_lets_pass_what_two_people_may_approve(bench: Bench) -> None:
    _bounded(bench, max_devices=1)
    _gate(bench).rehearse(bench.plan(DrainLink(link="A-C")), _situation(bench))


def test_what_goes_back_to_what_is_intended_does_not_count_against_the_bounds(
    bench: Bench,
) -> None:
    edited = bench.network.configuration().device("A")
    cheap = edited.interface("A-B").model_copy(update={"igp_weight": 1})
    dear = edited.interface("A-C").model_copy(update={"igp_weight": 100})
    bench.network.reconfigure(edited.with_interface(cheap).with_interface(dear))
    _bounded(bench, max_services=0, max_moved_share=0.0)
    plan = bench.plan(RevertToIntended(node="A"))
    assert plan.blast_radius.services == plan.blast_radius.returning_services == ("vpn-1",)
    assert plan.blast_radius.returning_bps == plan.blast_radius.moved_bps == 1e9
    assert _gate(bench).needs(plan, _situation(bench)) == Needs(approvers=1, overrides=())
    assert bench.actuator.commit(bench.approve(plan), ()).state == "committed"


def test_large_revert_still_needs_the_second_person_of_the_policy(bench: Bench) -> None:
    edited = bench.network.configuration().device("A")
    dear = edited.interface("A-C").model_copy(update={"igp_weight": 100})
    bench.network.reconfigure(edited.with_interface(dear))
    second = SecondApprover(above_devices=9, above_services=9, above_moved_share=0.2)
    rules = bench.policy.approval.model_copy(update={"second_approver": second})
    _with_policy(bench, "approval", rules)
    plan = bench.plan(RevertToIntended(node="A"))
    assert _gate(bench).needs(plan, _situation(bench)) == Needs(approvers=2, overrides=())


def test_plan_that_says_that_more_goes_back_than_does_is_refused(bench: Bench) -> None:
    plan = bench.plan(DrainLink(link="A-C"))
    forged = plan.blast_radius.model_copy(
        update={"returning_services": ("vpn-1",), "returning_bps": 1e9}
    )
    plan = bench.approve(plan.model_copy(update={"blast_radius": forged}))
    said = "leaves out that services vpn-1 and 1 Gbit/s do not go back to what is intended"
    _refused(bench, plan, BlastDisagrees, said)


def test_change_that_cuts_a_node_off_is_refused(bench: Bench) -> None:
    # C is to go back to an intended configuration in which its only link to D is shut.
    inventory = bench.network.inventory()
    shut = _without(inventory.intended.device("C"), "C-D")
    object.__setattr__(inventory, "intended", inventory.intended.with_device(shut))
    plan = bench.approve(bench.plan(RevertToIntended(node="C")))
    _refused(bench, plan, ManagementPathLost, 'D could no longer be reached from "A"')


def test_node_that_a_fault_has_cut_off_already_does_not_hold_a_repair_up(bench: Bench) -> None:
    plan = bench.plan(WEIGHT)
    hashed = state_hash(bench.network.configuration(), {"C-D"})
    plan = bench.approve(plan.model_copy(update={"state_hash": hashed}))
    assert bench.actuator.commit(plan, {"C-D"}).state == "committed"


def test_plan_that_nobody_was_asked_about_is_refused(bench: Bench) -> None:
    _refused(bench, bench.plan(WEIGHT), NotApproved, "nobody was asked")


def test_plan_that_waits_for_an_answer_is_refused(bench: Bench) -> None:
    plan = bench.plan(WEIGHT)
    bench.journal.request_approval(plan, bench.clock.now_s(), bench.clock.now_s() + 60)
    _refused(bench, plan, NotApproved, "nobody has answered yet")


def test_rejected_plan_is_refused_and_leaves_the_network_unchanged(bench: Bench) -> None:
    plan, now_s = bench.plan(WEIGHT), bench.clock.now_s()
    bench.journal.request_approval(plan, now_s, now_s + 60)
    answer = approval(plan, now_s).model_copy(update={"decision": "reject", "reason": "not today"})
    bench.journal.answer(answer)
    _refused(bench, plan, RejectedByPerson, "rejected by erin: not today")


def test_plan_that_was_edited_after_its_approval_is_refused(bench: Bench) -> None:
    bench.approve(bench.plan(WEIGHT))
    edited = bench.plan(SetIgpWeight(node="A", link="A-B", weight=5))
    _refused(bench, edited, EditedAfterApproval, "was edited after erin")


def test_answer_to_another_content_than_was_asked_about_is_refused(bench: Bench) -> None:
    plan, now_s = bench.plan(WEIGHT), bench.clock.now_s()
    bench.journal.request_approval(plan, now_s, now_s + 60)
    other = plan.model_copy(update={"reason": "what the approver read"})
    bench.journal.answer(approval(other, now_s))
    _refused(bench, plan, EditedAfterApproval, "was edited after erin")


@pytest.mark.parametrize("off_s", [-31.0, 31.0])
def test_answer_from_outside_the_time_in_which_it_could_be_given_is_refused(
    bench: Bench, off_s: float
) -> None:
    """The clocks of whoever asks, answers and commits may differ by half a minute."""
    plan, now_s = bench.plan(WEIGHT), bench.clock.now_s()
    bench.journal.request_approval(plan, now_s, now_s + 60)
    bench.journal.answer(approval(plan, now_s + off_s))
    _refused(bench, plan, AnsweredOutOfTime, f"is dated {off_s:.0f} s after the question")


@pytest.mark.parametrize("off_s", [-29.0, 29.0])
def test_answer_by_a_clock_that_is_half_a_minute_off_carries_the_plan(
    bench: Bench, off_s: float
) -> None:
    plan, now_s = bench.plan(WEIGHT), bench.clock.now_s()
    bench.journal.request_approval(plan, now_s, now_s + 60)
    bench.journal.answer(approval(plan, now_s + off_s))
    assert bench.actuator.commit(plan, ()).state == "committed"


def test_approval_that_comes_to_be_used_too_late_is_refused(bench: Bench, drain: Plan) -> None:
    bench.clock.wait_until(bench.clock.now_s() + bench.policy.approval.expires_after_s + 5)
    _refused(bench, drain, ApprovalExpired, "expired 5 s ago")


# The calendar, and how many people

START = datetime.fromtimestamp(START_S, UTC)
FREEZE = Freeze.model_validate(
    {
        "id": "year-end",
        "from": START - timedelta(hours=1),
        "until": START + timedelta(hours=1),
        "reason": "nobody is there",
    }
)
WINDOW = ChangeWindow.model_validate(
    {"id": "nights", "from": "22:00", "to": "05:00", "timezone": "UTC"}
)
BOTH = CalendarRules(windows=(WINDOW,), freezes=(FREEZE,))
NAMES = ("window:nights", "freeze:year-end")


def _gate(bench: Bench) -> Gate:
    return Gate(bench.journal, bench.policy, bench.network.inventory(), bench.network.name)


def _situation(bench: Bench) -> Situation:
    return Situation(bench.network.configuration(), frozenset(), bench.clock.now_s())


def _with_policy(bench: Bench, section: str, value: object) -> None:
    bench.policy = bench.policy.model_copy(update={section: value})


def _two_people_needed(bench: Bench) -> None:
    second = SecondApprover(above_devices=1, above_services=60, above_moved_share=1.0)
    rules = bench.policy.approval.model_copy(update={"second_approver": second})
    _with_policy(bench, "approval", rules)


def _answered(bench: Bench, plan: Plan, *answers: tuple[str, tuple[str, ...]]) -> Plan:
    """`plan`, asked about as the gate says, and approved by people who name overrides."""
    needs, now_s = _gate(bench).needs(plan, _situation(bench)), bench.clock.now_s()
    bench.journal.request_approval(
        plan, now_s, now_s + 600, approvers_needed=needs.approvers, overrides_needed=needs.overrides
    )
    for by, overrides in answers:
        bench.journal.answer(approval(plan, now_s, by, overrides))
    return plan


def test_approval_that_names_everything_that_stands_carries_the_plan(bench: Bench) -> None:
    _with_policy(bench, "calendar", BOTH)
    plan = _answered(bench, bench.plan(WEIGHT), ("erin", NAMES))
    assert bench.actuator.commit(plan, ()).state == "committed"


def test_what_comes_to_stand_after_the_approval_still_refuses(bench: Bench) -> None:
    plan = _answered(bench, bench.plan(WEIGHT), ("erin", ()))
    _with_policy(bench, "calendar", BOTH)
    _refused(bench, plan, OutsideWindow, "make a new plan and approve that, .*window:nights")


def test_only_the_entries_that_no_approval_names_refuse(bench: Bench) -> None:
    _with_policy(bench, "calendar", CalendarRules(windows=(WINDOW,)))
    plan = _answered(bench, bench.plan(WEIGHT), ("erin", ("window:nights",)))
    _with_policy(bench, "calendar", BOTH)
    _refused(bench, plan, ChangeFrozen, "frozen until .* approve that, overriding freeze")
    assert "window:nights" not in str(bench.journal.audit_lines()[-1].data["message"])


def test_every_approver_has_to_name_what_is_overridden(bench: Bench) -> None:
    _two_people_needed(bench)
    _with_policy(bench, "calendar", BOTH)
    plan = _answered(bench, bench.plan(DrainLink(link="A-B")), ("erin", NAMES))
    now_s = bench.clock.now_s()
    with pytest.raises(Refused, match="freeze:year-end stands against a change now"):
        bench.journal.answer(approval(plan, now_s, "omar", ("window:nights",)))
    _refused(bench, plan, SecondApproverMissing, "than erin has to approve")
    bench.journal.answer(approval(plan, now_s, "omar", NAMES))
    assert bench.actuator.commit(plan, ()).state == "committed"


def test_approval_that_overrides_what_nothing_asked_for_is_no_answer(bench: Bench) -> None:
    _with_policy(bench, "calendar", CalendarRules(windows=(WINDOW,)))
    plan, now_s = _answered(bench, bench.plan(WEIGHT)), bench.clock.now_s()
    with pytest.raises(Refused, match=r"freeze:year-end would be overridden.*window:nights alone"):
        bench.journal.answer(approval(plan, now_s, "erin", NAMES))
    assert bench.journal.audit_lines()[-1].action == "answer_unasked"
    _refused(bench, plan, OutsideWindow, "no change window")
    bench.journal.answer(approval(plan, now_s, "erin", ("window:nights",)))
    assert bench.actuator.commit(plan, ()).state == "committed"


def test_rejection_may_name_what_it_likes(bench: Bench) -> None:
    plan, now_s = _answered(bench, bench.plan(WEIGHT)), bench.clock.now_s()
    answer = approval(plan, now_s, "erin", NAMES).model_copy(update={"decision": "reject"})
    assert bench.journal.answer(answer).won


def test_override_that_was_asked_for_and_stands_no_more_does_no_harm(bench: Bench) -> None:
    _with_policy(bench, "calendar", BOTH)
    plan = _answered(bench, bench.plan(WEIGHT), ("erin", NAMES))
    _with_policy(bench, "calendar", CalendarRules())
    assert bench.actuator.commit(plan, ()).state == "committed"


def test_planned_work_on_other_links_does_not_hold_a_plan_up(bench: Bench) -> None:
    work = PlannedWork(id="PW-1", links=("C-D",), starts_s=START_S, ends_s=START_S + 60)
    object.__setattr__(bench.network.inventory(), "planned_work", (work,))
    plan = _answered(bench, bench.plan(WEIGHT), ("erin", ()))
    assert bench.actuator.commit(plan, ()).state == "committed"


def test_work_that_a_person_announced_stands_until_it_is_cancelled(bench: Bench) -> None:
    work = PlannedWork(id="CHG-1", links=("A-B",), starts_s=START_S, ends_s=START_S + 3600)
    ann = Principal(name="ann", provider=FLAG)
    bench.journal.announce_work(bench.network.name, work, ann, "", START_S)
    plan = bench.plan(DrainLink(link="A-B"))
    overrides = ("planned_work:CHG-1",)
    assert _gate(bench).needs(plan, _situation(bench)).overrides == overrides
    bench.journal.cancel_work(bench.network.name, work, ann, "rain", START_S)
    assert _gate(bench).needs(plan, _situation(bench)).overrides == ()


def test_who_allows_that_a_device_is_reverted_allows_that_of_one_interface(bench: Bench) -> None:
    _gate(bench).rehearse(_one_interface(bench), _situation(bench))
    kinds = bench.policy.actions.mitigate - {"revert_to_intended"}
    _with_policy(bench, "actions", bench.policy.actions.model_copy(update={"mitigate": kinds}))
    with pytest.raises(ActionNotAllowed, match="revert_interface"):
        _gate(bench).rehearse(_one_interface(bench), _situation(bench))


def _one_interface(bench: Bench) -> Plan:
    """A is reverted on A-B, where somebody has set a weight."""
    device = bench.network.running("A")
    wrong = device.interface("A-B").model_copy(update={"igp_weight": 77})
    if device.interface("A-B").igp_weight != 77:
        bench.network.stage("manual", device.with_interface(wrong))
        bench.network.commit("A", "manual", 600.0)
        bench.network.confirm("A", "manual")
    return bench.plan(RevertInterface(node="A", link="A-B"))


def test_big_plan_waits_for_a_second_person_and_passes_with_one(bench: Bench) -> None:
    _two_people_needed(bench)
    plan = _answered(bench, bench.plan(DrainLink(link="A-B")), ("erin", ()))
    _refused(bench, plan, SecondApproverMissing, f"than erin has .*noctua approve {plan.id}")
    bench.journal.answer(approval(plan, bench.clock.now_s(), "Erin "))
    _refused(bench, plan, SecondApproverMissing, "than erin has to approve")
    bench.journal.answer(approval(plan, bench.clock.now_s(), "omar"))
    assert bench.actuator.commit(plan, ()).state == "committed"


def test_small_plan_needs_one_person(bench: Bench) -> None:
    _two_people_needed(bench)
    plan = _answered(bench, bench.plan(WEIGHT), ("erin", ()))
    assert bench.actuator.commit(plan, ()).state == "committed"


def test_needs_are_counted_from_the_actions_and_the_calendar(bench: Bench) -> None:
    gate, small = _gate(bench), bench.plan(WEIGHT)
    assert gate.needs(small, _situation(bench)) == Needs(approvers=1, overrides=())
    work = PlannedWork(id="PW-1", links=("A-B",), starts_s=START_S + 599, ends_s=START_S + 900)
    object.__setattr__(bench.network.inventory(), "planned_work", (work,))
    _two_people_needed(bench)
    _with_policy(bench, "calendar", BOTH)
    nothing = BlastRadius(devices=(), services=(), moved_bps=0.0)
    modest = bench.plan(DrainLink(link="A-B")).model_copy(update={"blast_radius": nothing})
    needs = _gate(bench).needs(modest, _situation(bench))
    assert needs == Needs(approvers=2, overrides=(*NAMES, "planned_work:PW-1"))


def test_rehearsal_asks_about_the_plan_and_not_for_leave(bench: Bench) -> None:
    _with_policy(bench, "calendar", BOTH)
    _two_people_needed(bench)
    plan, situation = bench.plan(DrainLink(link="A-B")), _situation(bench)
    with holding(bench.journal, "incident:inc-2"):
        _gate(bench).rehearse(plan, situation)
    wrong = Condition(network="live", kind=ConditionKind.CLOCK_STEPPED, detail="set forward")
    # What stands in the way now may be gone by the time that people have answered.
    _gate(bench).rehearse(plan, replace(situation, clock_doubt="set", conditions=(wrong,)))
    assert bench.journal.audit_lines() == ()


# What is in the file, and what was really answered


def test_rejection_that_is_turned_into_an_approval_in_the_file_is_refused(bench: Bench) -> None:
    plan, now_s = bench.plan(WEIGHT), bench.clock.now_s()
    bench.journal.request_approval(plan, now_s, now_s + 60)
    bench.journal.answer(approval(plan, now_s).model_copy(update={"decision": "reject"}))
    forged = approval(plan, now_s).model_dump_json()
    bench.write_past_the_journal("UPDATE answers SET approval = ?", forged)
    _refused(bench, plan, ApprovalNotAttested, "somebody has altered the file")


def test_approval_that_nobody_gave_is_refused(bench: Bench) -> None:
    plan, now_s = bench.plan(WEIGHT), bench.clock.now_s()
    bench.journal.request_approval(plan, now_s, now_s + 60)
    forged = approval(plan, now_s).model_dump_json()
    bench.write_past_the_journal(
        "INSERT INTO answers VALUES (?, 1, 'erin', ?, '')", plan.id, forged
    )
    _refused(bench, plan, ApprovalNotAttested, "somebody has altered the file")


def test_approval_that_somebody_else_entered_into_the_audit_log_is_refused(bench: Bench) -> None:
    plan, now_s = bench.plan(WEIGHT), bench.clock.now_s()
    bench.journal.request_approval(plan, now_s, now_s + 60)
    forged = approval(plan, now_s)
    bench.write_past_the_journal(
        "INSERT INTO answers VALUES (?, 1, 'erin', ?, '')", plan.id, forged.model_dump_json()
    )
    bench.journal.append_audit(now_s, "mallory", "answer", plan.id, forged.model_dump(mode="json"))
    _refused(bench, plan, ApprovalNotAttested, "somebody has altered the file")


FORGERIES = {
    "an answer is altered": "UPDATE answers SET approval = replace(approval, 'erin', 'omar')",
    "an answer is put in": (
        "INSERT INTO answers SELECT plan_id, 2, 'omar', approval, signature FROM answers"
    ),
    "an answer is taken out": "DELETE FROM answers",
    "fewer people are asked": "UPDATE approval_requests SET approvers_needed = 0",
    "the question never expires": "UPDATE approval_requests SET expires_s = 9e9",
    "the mind was never lost": "DELETE FROM timeline",
}


@pytest.mark.parametrize("sql", FORGERIES.values(), ids=FORGERIES.keys())
def test_nothing_is_committed_while_a_row_is_not_what_was_written(
    bench: Bench, drain: Plan, sql: str
) -> None:
    lose_a_mind(bench, "imaginer")
    bench.write_past_the_journal(sql)
    bench.controls = EVERY_CONTROL
    with pytest.raises(JournalFailed, match=r"it was altered: .*`noctua audit verify`"):
        bench.actuator.commit(drain, ())
    assert bench.network.devices_called("stage") == []


def test_policy_that_is_loosened_meanwhile_does_not_answer_an_open_question(bench: Bench) -> None:
    strict = bench.policy
    _two_people_needed(bench)
    plan = _answered(bench, bench.plan(DrainLink(link="A-B")), ("erin", ()))
    bench.policy = strict
    _refused(bench, plan, SecondApproverMissing, f"noctua approve {plan.id}")


def test_second_person_who_was_struck_from_the_question_is_still_needed(bench: Bench) -> None:
    _two_people_needed(bench)
    plan = _answered(bench, bench.plan(DrainLink(link="A-B")), ("erin", ()))
    bench.write_past_the_journal("UPDATE approval_requests SET approvers_needed = 1")
    _refused(bench, plan, SecondApproverMissing, "it was decided with fewer")
