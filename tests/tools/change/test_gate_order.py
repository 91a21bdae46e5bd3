"""Every written rule is really broken once, alone and together with each rule after it."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

import pytest

from tests.tools.change.conftest import Bench, approval, holding, lose_a_mind
from tests.tools.change.in_memory import START_S
from tools.change import refusals
from tools.change.gate import ABOUT_LEAVE, ABOUT_THE_PLAN, Gate, Situation
from tools.change.policy import CalendarRules, ChangeWindow, Freeze, SecondApprover
from tools.change.refusals import (
    ActionNotAllowed,
    ActionUsed,
    AnsweredOutOfTime,
    ApprovalExpired,
    ApprovalNotAttested,
    ApprovalNotSigned,
    ApprovalUsed,
    BlastDisagrees,
    BlastTooLarge,
    ChangeFrozen,
    ClockInDoubt,
    DiffDiffers,
    DuringPlannedWork,
    EditedAfterApproval,
    InQuarantine,
    LeaseNotHeld,
    ManagementPathLost,
    NotAPlan,
    NotApproved,
    NotCommitted,
    NotEntitled,
    NotInInventory,
    OutsideWindow,
    OverrideUnasked,
    PersonNeeded,
    RejectedByPerson,
    SecondApproverMissing,
    SignedBefore,
    StaleState,
    StepsDiffer,
    WatchImpaired,
)
from tools.journal.errors import DeviceBusy
from tools.journal.records import Claim, Quarantine
from twin.errors import Refused
from twin.events.action import Action
from twin.events.actions.drain_link import DrainLink
from twin.events.actions.revert_to_intended import RevertToIntended
from twin.nouns.account import Account
from twin.nouns.condition import Condition, ConditionKind
from twin.nouns.plan import Plan
from twin.nouns.planned_work import PlannedWork
from twin.nouns.principal import AUTOMATIC, OS_USER, Principal

DRAIN = DrainLink(link="A-C")
"""Moves A to D: two devices, one service, and 1 of 4 Gbit/s."""


def _nothing(bench: Bench, plan: Plan) -> None:
    """The rest of the case breaks the rule."""


def _unprepared(bench: Bench) -> None:
    """As `_nothing`."""


def _as_it_is(plan: Plan) -> Plan:
    return plan


def _approve(bench: Bench, plan: Plan) -> None:
    bench.approve(plan)


def _commit(bench: Bench, plan: Plan) -> None:
    bench.actuator.commit(plan, ())


@dataclass(frozen=True)
class Violation:
    """How a rule comes to be broken, in the order in which these things happen.

    `saying`: what the message tells the reader to do.
    """

    kind: type[Refused]
    rule: str
    saying: str
    prepare: Callable[[Bench], None] = _unprepared
    action: Action = DRAIN
    alter: Callable[[Plan], Plan] = _as_it_is
    answer: Callable[[Bench, Plan], None] = _approve
    meanwhile: Callable[[Bench, Plan], None] = _nothing
    attempt: Callable[[Bench, Plan], None] = _commit


def _policy(bench: Bench, section: str, **values: Any) -> None:
    changed = getattr(bench.policy, section).model_copy(update=values)
    bench.policy = bench.policy.model_copy(update={section: changed})


def _calendar(bench: Bench, **entries: tuple[object, ...]) -> None:
    calendar = bench.policy.calendar.model_dump(by_alias=True) | entries
    bench.policy = bench.policy.model_copy(
        update={"calendar": CalendarRules.model_validate(calendar)}
    )


def _inventory(bench: Bench, **values: object) -> None:
    inventory = bench.network.inventory()
    for name, value in values.items():
        # The network hands the same frozen record out to everybody.
        object.__setattr__(inventory, name, value)


def _window(bench: Bench) -> None:
    # It is 13:46 in UTC.
    night = {"id": "nights", "from": "22:00", "to": "05:00", "timezone": "UTC"}
    _calendar(bench, windows=(ChangeWindow.model_validate(night),))


def _freeze(bench: Bench) -> None:
    span = {"from": "1970-01-10T00:00:00Z", "until": "1970-01-20T00:00:00Z"}
    freeze = Freeze.model_validate({"id": "year-end", "reason": "nobody is there"} | span)
    _calendar(bench, freezes=(freeze,))


def _planned_work(bench: Bench) -> None:
    work = PlannedWork(
        id="PW-12", links=("A-C", "C-D"), starts_s=START_S + 300, ends_s=START_S + 7200
    )
    _inventory(bench, planned_work=(work,))


def _one_link_to_d_shut(bench: Bench) -> None:
    """Reverting C would shut its only link to D."""
    intended = bench.network.inventory().intended
    shut = intended.device("C").interface("C-D").model_copy(update={"shut_down": True})
    _inventory(bench, intended=intended.with_interface("C", shut))


def _other_diff(plan: Plan) -> Plan:
    first, *others = plan.steps
    return plan.model_copy(
        update={"steps": (first.model_copy(update={"diff": "+ harmless\n"}), *others)}
    )


def _modest(plan: Plan) -> Plan:
    touched = plan.blast_radius.model_copy(update={"moved_bps": 0.0})
    return plan.model_copy(update={"blast_radius": touched})


def _reconfigure_d(bench: Bench, plan: Plan) -> None:
    device = bench.network.configuration().device("D")
    changed = device.interface("C-D").model_copy(update={"igp_weight": 11})
    bench.network.reconfigure(device.with_interface(changed))


def _quarantine(bench: Bench, plan: Plan) -> None:
    for node in "AC":
        entry = Quarantine(network="four", node=node, since_s=START_S, reason="half a change")
        bench.journal.quarantine(entry)


def _claim(bench: Bench, plan: Plan) -> None:
    bench.journal.record_plan(bench.plan(plan_id="inc-1/p9"))
    bench.journal.claim_devices(
        [
            Claim(network="four", node=n, incident_id="inc-1", plan_id="inc-1/p9", since_s=START_S)
            for n in "AC"
        ]
    )


def _ask(bench: Bench, plan: Plan) -> None:
    now_s = bench.clock.now_s()
    expires_s = now_s + bench.policy.approval.expires_after_s
    bench.journal.request_approval(plan, now_s, expires_s)


def _reject(bench: Bench, plan: Plan) -> None:
    _ask(bench, plan)
    answer = approval(plan, bench.clock.now_s())
    bench.journal.answer(answer.model_copy(update={"decision": "reject", "reason": "not today"}))


def _approve_another_content(bench: Bench, plan: Plan) -> None:
    _ask(bench, plan)
    other = plan.model_copy(update={"reason": "what the approver read"})
    bench.journal.answer(approval(other, bench.clock.now_s()))


def _approve_tomorrow(bench: Bench, plan: Plan) -> None:
    _ask(bench, plan)
    bench.journal.answer(approval(plan, bench.clock.now_s() + 60))


def _wait_too_long(bench: Bench, plan: Plan) -> None:
    bench.clock.wait_until(bench.clock.now_s() + bench.policy.approval.expires_after_s + 5)


def _give_ann_an_account(bench: Bench, plan: Plan) -> None:
    """Erin, who has approved, has none."""
    ann = Account(id="ann", name="Ann", role="admin")
    bench.journal.put_account(ann, Principal(name="ann", provider=OS_USER), "account_made")


def _use(bench: Bench, plan: Plan) -> None:
    assert bench.journal.use_approval(plan.id, bench.clock.now_s())


def _two_people(bench: Bench) -> None:
    second = SecondApprover(above_devices=0, above_services=60, above_moved_share=1.0)
    _policy(bench, "approval", second_approver=second)


def _approve_automatically(bench: Bench, plan: Plan) -> None:
    _ask(bench, plan)
    answer = approval(plan, bench.clock.now_s())
    bench.journal.answer(
        answer.model_copy(update={"by": Principal(name="a script", provider=AUTOMATIC)})
    )


def _lose_minds(bench: Bench, plan: Plan) -> None:
    for role in ("diagnoser", "imaginer", "supervisor"):
        lose_a_mind(bench, role)


def _forge(bench: Bench, plan: Plan) -> None:
    [given] = bench.journal.approval_request(plan.id, bench.clock.now_s()).answers
    by = given.by.model_copy(update={"name": "the director"})
    forged = given.model_copy(update={"by": by})
    bench.write_past_the_journal("UPDATE answers SET approval = ?", forged.model_dump_json())


def _sign_with_another_key(bench: Bench, plan: Plan) -> None:
    forged = "substr(signature, 1, 17) || hex(randomblob(32))"
    bench.write_past_the_journal(f"UPDATE answers SET signature = {forged}")


def _unsign(bench: Bench, plan: Plan) -> None:
    """It was given before answers were signed."""
    bench.write_and_vouch("UPDATE answers SET signature = ''")


def _override_unasked(bench: Bench, plan: Plan) -> None:
    """Only somebody who vouches for it could have brought this about."""
    now_s = bench.clock.now_s()
    asked = ("freeze:christmas",)
    bench.journal.request_approval(plan, now_s, now_s + 600, overrides_needed=asked)
    bench.journal.answer(approval(plan, now_s, overrides=asked))
    bench.write_and_vouch("UPDATE approval_requests SET overrides_needed = '[]'")


def _on_a_full_disk(bench: Bench, plan: Plan) -> None:
    gate = Gate(bench.journal, bench.policy, bench.network.inventory(), bench.network.name)
    full = Condition(network="live", kind=ConditionKind.DISK_FULL, detail="/srv is full")
    now_s, running = bench.clock.now_s(), bench.network.configuration()
    gate.check(plan, Situation(running, frozenset(), now_s, conditions=(full,)))


def _with_a_doubtful_clock(bench: Bench, plan: Plan) -> None:
    gate = Gate(bench.journal, bench.policy, bench.network.inventory(), bench.network.name)
    now_s = bench.clock.now_s()
    running = bench.network.configuration()
    gate.check(plan, Situation(running, frozenset(), now_s, clock_doubt="set back by 3600 s"))


def _for_another_incident(bench: Bench, plan: Plan) -> None:
    with holding(bench.journal, "incident:inc-2"):
        _commit(bench, plan)


IN_ORDER = (
    Violation(
        NotAPlan,
        "schema",
        "fold its actions with `plan_steps`",
        alter=lambda plan: plan.model_copy(update={"steps": plan.steps * 2}),
    ),
    Violation(
        ActionNotAllowed,
        "capability",
        r"actions\.mitigate in the policy file",
        prepare=lambda bench: _policy(bench, "actions", mitigate=frozenset({"rate_limit"})),
    ),
    Violation(
        NotInInventory,
        "inventory",
        "did you mean",
        alter=lambda plan: plan.model_copy(update={"actions": (DrainLink(link="A-Z"),)}),
    ),
    Violation(InQuarantine, "quarantine", "lift the quarantine", meanwhile=_quarantine),
    Violation(StaleState, "state", "a new plan has to be made", meanwhile=_reconfigure_d),
    Violation(StepsDiffer, "steps", "build them with `plan_steps`", alter=_other_diff),
    Violation(
        BlastDisagrees,
        "blast_disagrees",
        "leaves out 1 Gbit/s; make the plan again",
        alter=_modest,
    ),
    Violation(
        ManagementPathLost,
        "management_path",
        "leaves another path",
        prepare=_one_link_to_d_shut,
        action=RevertToIntended(node="C"),
    ),
    Violation(
        WatchImpaired,
        "disk_full",
        r"Nothing is recorded.* Make room on that disk",
        attempt=_on_a_full_disk,
    ),
    Violation(
        ClockInDoubt,
        "clock",
        r"set back by 3600 s.* until the clock is set right",
        attempt=_with_a_doubtful_clock,
    ),
    Violation(
        OutsideWindow, "window", "overriding window:nights by name, with a reason", prepare=_window
    ),
    Violation(
        ChangeFrozen, "freeze", "overriding freeze:year-end by name, with a reason", prepare=_freeze
    ),
    Violation(
        DuringPlannedWork,
        "planned_work",
        "overriding planned_work:PW-12 by name, with a reason",
        prepare=_planned_work,
    ),
    Violation(
        BlastTooLarge,
        "blast",
        "overriding blast:max_services by name, with a reason",
        prepare=lambda bench: _policy(bench, "blast", max_services=0),
    ),
    Violation(NotApproved, "approval_missing", "once it was asked about", answer=_nothing),
    Violation(
        RejectedByPerson,
        "approval_rejected",
        "by erin: not today; propose another one",
        answer=_reject,
    ),
    Violation(
        EditedAfterApproval,
        "approval_edited",
        "ask again under a new id",
        answer=_approve_another_content,
    ),
    Violation(
        ApprovalExpired,
        "approval_expired",
        "expired 5 s ago; a new plan has to be made",
        meanwhile=_wait_too_long,
    ),
    Violation(
        AnsweredOutOfTime,
        "approval_time",
        "dated 60 s after the question, and that was put 0 s ago",
        answer=_approve_tomorrow,
    ),
    Violation(ApprovalUsed, "approval_used", "a new attempt is a new plan", meanwhile=_use),
    Violation(
        NotEntitled,
        "entitled",
        r"accounts here, and this is nobody's.* by somebody who may",
        meanwhile=_give_ann_an_account,
    ),
    Violation(
        SecondApproverMissing,
        "second_approver",
        "another person than erin .* make a new plan",
        prepare=_two_people,
    ),
    Violation(
        PersonNeeded,
        "person",
        "3 minds were lost: .* approve that by hand",
        answer=_approve_automatically,
        meanwhile=_lose_minds,
    ),
    Violation(
        ApprovalNotAttested,
        "approval_attested",
        "run `noctua audit verify`",
        meanwhile=_forge,
    ),
    Violation(
        ApprovalNotSigned,
        "approval_signed",
        "run `noctua audit verify`",
        meanwhile=_sign_with_another_key,
    ),
    Violation(
        SignedBefore,
        "signed_before",
        "a new plan has to be made, and answered again",
        meanwhile=_unsign,
    ),
    Violation(
        OverrideUnasked,
        "override_unasked",
        "freeze:christmas would be overridden, and the question asked for no override",
        answer=_override_unasked,
    ),
    Violation(
        LeaseNotHeld,
        "lease",
        "only the process that holds an incident",
        attempt=_for_another_incident,
    ),
    Violation(DeviceBusy, "device_busy", "wait until it has ended", meanwhile=_claim),
)
"""One per rule, in the order in which the gate asks them."""

_DEFAULTS = Violation(Refused, "", "")
_ONE_PLAN_HAS_ONE = ("action", "answer", "attempt")
_ABOUT_A_YES = (
    ApprovalExpired,
    ApprovalUsed,
    SecondApproverMissing,
    PersonNeeded,
    ApprovalNotAttested,
    ApprovalNotSigned,
    SignedBefore,
)
_OF_ONE_SIGNATURE = {ApprovalNotSigned, SignedBefore}
"""What can only be wrong with an approval that was given."""


_OF_A_PERSON = {NotEntitled, PersonNeeded}
"""What is given by no person is given by no account."""


def _can_be_joined(pair: tuple[Violation, Violation]) -> bool:
    first, second = pair
    if first.kind is NotApproved and second.kind in _ABOUT_A_YES:
        return False
    if {first.kind, second.kind} in (_OF_ONE_SIGNATURE, _OF_A_PERSON):
        return False
    own = [
        [getattr(v, name) is not getattr(_DEFAULTS, name) for v in pair]
        for name in _ONE_PLAN_HAS_ONE
    ]
    return not any(all(both) for both in own)


PAIRS = [pair for pair in combinations(IN_ORDER, 2) if _can_be_joined(pair)]


def _joined(first: Violation, second: Violation) -> Violation:
    """Both are broken; what is expected is the first."""

    def prepare(bench: Bench) -> None:
        first.prepare(bench)
        second.prepare(bench)

    def meanwhile(bench: Bench, plan: Plan) -> None:
        first.meanwhile(bench, plan)
        second.meanwhile(bench, plan)

    single: dict[str, Any] = {
        name: getattr(second, name)
        for name in _ONE_PLAN_HAS_ONE
        if getattr(first, name) is getattr(_DEFAULTS, name)
    }
    return replace(
        first,
        prepare=prepare,
        alter=lambda plan: second.alter(first.alter(plan)),
        meanwhile=meanwhile,
        **single,
    )


def _refused(bench: Bench, violation: Violation) -> tuple[Plan, Refused]:
    violation.prepare(bench)
    plan = violation.alter(bench.plan(violation.action))
    violation.answer(bench, plan)
    violation.meanwhile(bench, plan)
    before = bench.network.configuration()
    with pytest.raises(Refused) as caught:
        violation.attempt(bench, plan)
    assert bench.network.configuration() == before
    assert not any(bench.network.devices_called(call) for call in ("stage", "commit", "confirm"))
    assert bench.journal.changes() == ()
    return plan, caught.value


@pytest.mark.parametrize("violation", IN_ORDER, ids=lambda v: v.rule)
def test_broken_rule_refuses_by_name_with_a_remedy_and_one_audit_line(
    bench: Bench, violation: Violation
) -> None:
    plan, refusal = _refused(bench, violation)
    assert type(refusal) is violation.kind
    assert refusal.rule == violation.rule
    message = str(refusal)
    assert f'plan "{plan.id}"' in message
    with pytest.raises(Refused, match=violation.saying):
        raise refusal
    lines = [line for line in bench.journal.audit_lines() if line.actor == "gate"]
    assert [(line.action, line.subject) for line in lines] == [("refuse", plan.id)]
    assert lines[0].data == {"rule": violation.rule, "message": message}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("first", "second"), PAIRS, ids=[f"{a.rule}-before-{b.rule}" for a, b in PAIRS]
)
def test_first_of_two_broken_rules_is_the_one_that_is_named(
    bench: Bench, first: Violation, second: Violation
) -> None:
    _, refusal = _refused(bench, _joined(first, second))
    assert type(refusal) is first.kind


def test_every_rule_of_the_gate_is_broken_here() -> None:
    kinds = {kind for kind in vars(refusals).values() if _is_a_refusal(kind)}
    by_the_actuator = {DiffDiffers, ActionUsed, NotCommitted}
    assert {v.kind for v in IN_ORDER} == (kinds - by_the_actuator) | {DeviceBusy}
    names = [v.rule for v in IN_ORDER]
    assert len(set(names)) == len(names) > len(ABOUT_THE_PLAN) + len(ABOUT_LEAVE)


def _is_a_refusal(value: object) -> bool:
    return (
        isinstance(value, type)
        and issubclass(value, Refused)
        and value.__module__ == refusals.__name__
    )
