"""What the campaigns of the promise make of records, worked by hand."""

from channels.handover import FieldOrder, NetworkHandover
from evals.campaigns import announced, fresh, lossy, pairs, tenant
from evals.campaigns.healthy import HEALTHY_DAY, HealthyRecord, summarise
from evals.campaigns.healthy import Play as HealthyPlay
from evals.oracle import OracleResult
from evals.witness import Made, Ordered, Spell, Told, Witnessed
from tests.evals.witnessed import DOWN, OTHER, result, seen, told
from twin.nouns.health import Health
from twin.nouns.plan import Dispatch


def _fresh(arm: str, outcome: Witnessed | OracleResult | None) -> fresh.FreshRecord:
    play = fresh.Play(case="net", kind="link_down", arm=arm, seed=1)
    error = "" if outcome else "Oops: why"
    return fresh.FreshRecord(
        campaign="fresh", play=play, commit="abc", cpu_s=1.0, outcome=outcome, error=error
    )


def _oracle(*, repairable: bool) -> OracleResult:
    return OracleResult(
        case="c-1",
        seed=1,
        repairable=repairable,
        do_nothing_suffices=False,
        breaches=("web",),
        best=(),
        left_in_breach=() if repairable else ("web",),
        searched=1,
        wall_s=1.0,
    )


def test_fresh_counts_minutes_outside_harm_and_what_was_broken() -> None:
    ours = seen(
        {"web": 20.0},
        spells=(Spell(service="web", from_s=600.0, until_s=1800.0),),
        incidents=(told(DOWN, at_s=700.0, until_s=1500.0),),
        changes=(Made(plan="p1", at_s=900.0, what="committed", broken=("web",)),),
    )
    records = [
        _fresh("noctua", ours),
        _fresh("nothing", seen({"web": 10.0})),
        _fresh("best_known", _oracle(repairable=True)),
    ]
    text = fresh.fresh_markdown(records)
    assert "for longer than 5 min: 15.0, of them in no incident 5.0" in text
    assert "cause right: 1 of 1" in text
    assert "repaired, of what can be: 1 of 1" in text
    assert "worse than with nothing done: 1 in 1 plays" in text
    assert "net link_down 1: worse by 10.0 min at web" in text
    assert "p1 committed broke web" in text


def test_fresh_play_that_raised_is_a_play_of_which_nothing_is_right() -> None:
    text = fresh.fresh_markdown([_fresh("noctua", None), _fresh("nothing", seen())])
    assert "cause right: 0 of 1" in text
    assert "1 of 2 plays raised an error" in text


def test_fresh_does_not_ask_for_what_nobody_can_repair() -> None:
    records = [_fresh("noctua", seen()), _fresh("best_known", _oracle(repairable=False))]
    assert "repaired, of what can be: none to count" in fresh.fresh_markdown(records)


def _lossy(arm: str, outcome: Witnessed, percent: float = 5.0) -> lossy.LossyRecord:
    play = lossy.Play(case="net", percent=percent, ways=2, arm=arm, seed=1)
    return lossy.LossyRecord(campaign="lossy", play=play, commit="abc", cpu_s=1.0, outcome=outcome)


def test_lossy_names_the_remedy_that_was_taken_back_though_it_helped() -> None:
    made = Made(plan="p1", at_s=0.0, what="committed", healed=("web",), lost_before_bps=2e9)
    back = Made(plan="p1", at_s=300.0, what="rolled back", broken=("web",), announced=("web",))
    ours = seen({"web": 30.0}, changes=(made, back), result=result(outcomes=6, outcomes_inside=4))
    text = lossy.lossy_markdown([_lossy("noctua", ours), _lossy("noc", seen({"web": 5.0}))])
    assert "took back what helped and broke nothing: 1 in 1 plays" in text
    assert "SLO minutes, noc: 5 (n = 1)" in text
    assert "interval, both ways: 4 of 6" in text
    assert "net 5 % 2 1: p1 was taken back" in text


def _announced(
    arm: announced.Arm, *incidents: Told, situation: announced.Situation = "overrun"
) -> announced.AnnouncedRecord:
    outcome = announced.Outcome(
        seen=seen(incidents=incidents),
        unannounced="" if situation == "in time" else "a--b",
        from_s=3000.0,
        crew="a--b",
        works=(1000.0, 5000.0),
    )
    play = announced.Play(case="net", situation=situation, way="drain", arm=arm, seed=1)
    return announced.AnnouncedRecord(
        campaign="announced", play=play, commit="abc", cpu_s=1.0, outcome=outcome
    )


def test_what_the_control_finds_and_the_work_hides_is_not_found() -> None:
    control = _announced("control", told(DOWN, at_s=3100.0))
    for ours, verdict in (
        (_announced("noctua", told(DOWN, at_s=3200.0)), "1 of 1"),
        (_announced("noctua", told(DOWN, at_s=4000.0)), "0 of 1"),
        (_announced("noctua", told(OTHER, at_s=3200.0)), "0 of 1"),
        (_announced("noctua"), "0 of 1"),
    ):
        text = announced.announced_markdown([ours, control])
        assert f"found as in the control, overrun: {verdict}" in text


def test_what_the_control_does_not_find_is_left_out() -> None:
    text = announced.announced_markdown([_announced("noctua"), _announced("control")])
    assert "found as in the control, all: none to count" in text
    assert "as the control found nothing either: 1" in text


def test_incident_of_work_that_goes_as_announced_is_counted() -> None:
    hurried = _announced("noctua", told(DOWN, at_s=2000.0))
    in_time = _announced("noctua", told(DOWN, at_s=9000.0), situation="in time")
    text = announced.announced_markdown([hurried, in_time])
    assert "incidents of work that goes as announced: 2 in 2 plays" in text


def test_order_to_the_link_that_a_crew_works_on_is_counted_while_it_does() -> None:
    record = _announced("noctua")
    assert record.outcome is not None
    orders = (
        Ordered(at_s=2000.0, links=("a--b", "c--d")),
        Ordered(at_s=2000.0, links=("c--d",)),
        Ordered(at_s=6000.0, links=("a--b",)),
    )
    sent = record.outcome.model_copy(update={"seen": seen(orders=orders)})
    assert announced.crews_sent(sent) == 1


def _pair(arm: pairs.Arm, outcome: Witnessed) -> pairs.PairsRecord:
    play = pairs.Play(case="net", arm=arm, seed=1)
    return pairs.PairsRecord(campaign="pairs", play=play, commit="abc", cpu_s=1.0, outcome=outcome)


def test_second_fault_counts_by_where_the_first_stood() -> None:
    control = _pair(
        "alone", seen(faults=(OTHER,), began_s=(2000.0,), incidents=(told(OTHER, at_s=2100.0),))
    )
    both = seen(faults=(DOWN, OTHER), began_s=(600.0, 2000.0))
    first = told(DOWN, at_s=700.0, escalated_s=1500.0)
    blind = _pair("noctua", both.model_copy(update={"incidents": (first,)}))
    second = told(DOWN, OTHER, at_s=2200.0)
    found = _pair(
        "noctua", both.model_copy(update={"incidents": (first, second), "left": ("a p1",)})
    )
    text = pairs.pairs_markdown([blind, control])
    assert "the first escalated: 0 of 1" in text
    assert "second not diagnosed: net 1: link_down c--d" in text
    text = pairs.pairs_markdown([found, control, _pair("nothing", seen())])
    assert "the first escalated: 1 of 1" in text
    assert "something temporary left on a device: 1 in 1 plays" in text


def _day(arm: tenant.Arm, found_s: float | None, *mistakes: str) -> tenant.TenantRecord:
    play = tenant.Play(case="net", arm=arm, seed=1, day=3, folder="x")
    day = tenant.Day(fault=DOWN, is_left=True, found_s=found_s, mistakes=mistakes)
    return tenant.TenantRecord(campaign="tenant", play=play, commit="abc", cpu_s=1.0, outcome=day)


def test_day_with_a_wrong_handover_and_a_fault_that_was_not_found() -> None:
    text = tenant.tenant_markdown([_day("noctua", None, "x is open"), _day("alone", 200.0)])
    assert "found as if it had come alone: 0 of 1" in text
    assert "handover right at midnight: 0 of 1" in text
    assert "net 1, day 3: x is open" in text
    assert "net 1, day 3: not found: link_down of a--b" in text


def _healthy(*incidents: Told, spells: tuple[Spell, ...] = ()) -> HealthyRecord:
    play = HealthyPlay(case=HEALTHY_DAY, arm="noctua", seed=0)
    outcome = seen(incidents=incidents, spells=spells)
    return HealthyRecord(campaign="healthy", play=play, commit="abc", cpu_s=1.0, outcome=outcome)


def test_incident_is_false_unless_a_service_was_in_breach_when_it_was_opened() -> None:
    breach = (Spell(service="web", from_s=600.0, until_s=2000.0),)
    assert summarise([_healthy(told(at_s=700.0))]).false_incidents == 1
    assert summarise([_healthy(told(at_s=5000.0), spells=breach)]).false_incidents == 1
    named = told(at_s=700.0, text="CHG-5001 puts a service in breach")
    report = summarise([_healthy(named, told(at_s=900.0), spells=breach)])
    assert (report.false_incidents, report.in_breach, report.said_of_work) == (0, 2, 1)


def _handover(*orders: FieldOrder) -> NetworkHandover:
    """One that has nothing but `orders`."""
    return NetworkHandover(
        network="live",
        now_s=0.0,
        health=Health(now_s=0.0, looked_s=None, seen=None, open=(), with_people=()),
        watch=None,
        held_by="",
        blocked=None,
        incidents=(),
        with_people=(),
        unattended=(),
        temporary=(),
        timers=(),
        approvals=(),
        quarantined=(),
        claims=(),
        unsettled=(),
        orders=orders,
        lost_calls=(),
        left_out=(),
        ended=(),
    )


def test_fault_that_no_open_incident_has_is_a_mistake_of_the_handover() -> None:
    said = tenant.mistakes(_handover(), {}, [DOWN], (), in_breach=False)
    assert list(said) == ["no open incident has link_down of a--b"]


def test_order_for_what_is_whole_is_a_mistake_and_one_for_what_is_down_is_not() -> None:
    orders = tuple(
        FieldOrder(
            order=Dispatch(
                id=link, incident_id="i", place="a", links=(link,), text="", requested_s=0.0
            ),
            state="open",
            updated_s=0.0,
        )
        for link in ("a--b", "c--d")
    )
    said = tenant.mistakes(_handover(*orders), {}, [DOWN], (), in_breach=False)
    assert list(said)[1:] == ["order c--d is open, and there is nothing to repair"]


def test_temporary_change_that_only_the_device_knows_of_is_a_mistake() -> None:
    said = tenant.mistakes(_handover(), {}, [], ("a p1",), in_breach=False)
    assert list(said) == ["a p1 is in force and not said"]
