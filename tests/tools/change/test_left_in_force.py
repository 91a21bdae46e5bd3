"""Of temporary changes that devices still run, a witness names those that made what runs."""

from evals.witness import left_in_force
from tests.tools.change.conftest import Bench
from twin.events.actions.set_igp_weight import SetIgpWeight

HIGH = SetIgpWeight(node="A", link="A-B", weight=100)
BACK = SetIgpWeight(node="A", link="A-B", weight=10)


def _made(bench: Bench, action: SetIgpWeight, plan_id: str, *, temporary: bool) -> None:
    plan = bench.plan(action, plan_id=plan_id).model_copy(update={"temporary": temporary})
    bench.approve(plan)
    bench.actuator.commit(plan, ())
    bench.actuator.confirm(plan, ())


def _left(bench: Bench) -> tuple[str, ...]:
    return left_in_force(bench.journal, bench.network.configuration())


def test_what_two_have_made_alike_is_the_later_ones(bench: Bench) -> None:
    _made(bench, HIGH, "inc-1/plan-1", temporary=True)
    assert _left(bench) == ("A inc-1/plan-1",)
    _made(bench, BACK, "inc-1/plan-2", temporary=False)
    assert _left(bench) == ()
    _made(bench, HIGH, "inc-1/plan-3", temporary=True)
    assert _left(bench) == ("A inc-1/plan-3",)
    _made(bench, BACK, "inc-1/plan-4", temporary=False)
    _made(bench, HIGH, "inc-1/plan-5", temporary=False)
    assert _left(bench) == ()
