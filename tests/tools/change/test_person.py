"""Where minds were lost, only a person may approve; an automatic approver cannot use it up."""

import pytest

from tests.tools.change.conftest import Bench, approval, lose_a_mind
from tools.change.gate import Gate, Situation
from tools.change.swaps import minds_lost
from twin.errors import Refused
from twin.events.actions.set_igp_weight import SetIgpWeight
from twin.nouns.plan import Approval, Plan
from twin.nouns.principal import AUTOMATIC, Principal

WEIGHT = SetIgpWeight(node="A", link="A-B", weight=30)


def _asked(bench: Bench, plan: Plan) -> Plan:
    gate = Gate(bench.journal, bench.policy, bench.network.inventory(), bench.network.name)
    now_s = bench.clock.now_s()
    needs = gate.needs(plan, Situation(bench.network.configuration(), frozenset(), now_s))
    bench.journal.request_approval(plan, now_s, now_s + 600, needs_person=needs.person)
    return plan


def _automatic(bench: Bench, plan: Plan) -> Approval:
    answer = approval(plan, bench.clock.now_s())
    return answer.model_copy(update={"by": Principal(name="a script", provider=AUTOMATIC)})


def _planned(bench: Bench) -> Plan:
    lost = minds_lost(bench.journal, "inc-1")
    return _asked(bench, bench.plan(WEIGHT).model_copy(update={"needs_person": lost}))


def test_automatic_approval_carries_a_plan_whose_minds_all_held(bench: Bench) -> None:
    plan = _planned(bench)
    assert bench.journal.answer(_automatic(bench, plan)).won
    assert bench.actuator.commit(plan, ()).state == "committed"


def test_after_one_lost_mind_an_automatic_approval_is_refused_and_a_person_may_answer(
    bench: Bench,
) -> None:
    lose_a_mind(bench, "diagnoser")
    plan = _planned(bench)
    with pytest.raises(Refused, match=r"acme:far as diagnoser \(down\)") as refused:
        bench.journal.answer(_automatic(bench, plan))
    assert refused.value.rule == "person"
    request = bench.journal.approval_request(plan.id, bench.clock.now_s())
    assert (request.state, request.answers) == ("waiting", ())
    assert request.needs_person == plan.needs_person
    assert bench.journal.audit_lines()[-1].action == "answer_automatic"
    assert bench.journal.answer(approval(plan, bench.clock.now_s())).won
    assert bench.actuator.commit(plan, ()).state == "committed"


def test_automatic_rejection_is_taken_all_the_same(bench: Bench) -> None:
    lose_a_mind(bench, "diagnoser")
    plan = _planned(bench)
    rejection = _automatic(bench, plan).model_copy(update={"decision": "reject"})
    assert bench.journal.answer(rejection).won


def test_three_lost_minds_ask_for_a_person_whatever_the_plan_says(bench: Bench) -> None:
    for role in ("diagnoser", "imaginer"):
        lose_a_mind(bench, role)
    plan = _asked(bench, bench.plan(WEIGHT))
    assert bench.journal.approval_request(plan.id, 0.0).needs_person == ""
    lose_a_mind(bench, "supervisor")
    plan = _asked(bench, bench.plan(WEIGHT, plan_id="inc-1/plan-2"))
    why = bench.journal.approval_request(plan.id, 0.0).needs_person
    assert why.startswith("3 minds were lost")


def test_lost_minds_are_counted_and_the_commonest_named(bench: Bench) -> None:
    assert minds_lost(bench.journal, "inc-1") == ""
    for role in ("diagnoser", "supervisor", "supervisor", "imaginer", "remediator"):
        lose_a_mind(bench, role)
    said = minds_lost(bench.journal, "inc-1")
    assert said == (
        "5 minds were lost: acme:far as supervisor (down) 2 times, "
        "acme:far as diagnoser (down), acme:far as imaginer (down) and 1 more"
    )
    assert minds_lost(bench.journal, "inc-1", 6) == ""
