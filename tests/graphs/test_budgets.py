"""What foreign minds use over a whole incident is charged, kept, shown, and ends where it must."""

import io
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from rich.console import Console

from agents.loop.budget import DayLimits, Limits, Price, RoleLimits
from agents.loop.minds import Minds
from agents.loop.role import Mind
from agents.playbook import PlaybookModel, Policy, TranscriptView, answer
from agents.playbook.policies import POLICIES, playbook
from agents.playbook.view import ToolChoice
from agents.roles.monitor import FELT_DROPS
from channels.asking import still_wanted
from channels.cli.show import print_incident
from channels.report.facts import gather
from channels.report.html import to_html
from channels.report.markdown import to_markdown
from channels.report.minds import spent_text
from channels.views import incident_details
from evals.arms.noctua import DelayedApprover
from tests.graphs.stagehand import (
    FIRST,
    LOSSY,
    SECOND,
    WRONG_WEIGHT,
    Operation,
    Person,
    case,
    operating,
)
from tools.change.swaps import SWAP
from tools.journal.records import Charges
from twin.nouns.incident import Phase
from twin.tracking.alarms import Alarm

OURS = Mind("playbook", playbook(), foreign=False)
PRICE = Price(input_per_million=2.0, output_per_million=8.0)
SCRIPTED = case((600.0, WRONG_WEIGHT), scale=1.4)


def _far(**policies: Policy) -> Mind:
    """Our own policies, as if they came from elsewhere; `policies` in place of some."""
    return Mind(
        "acme:far", PlaybookModel(policies={**POLICIES, **policies}), foreign=True, price=PRICE
    )


def _gone(_: TranscriptView) -> ToolChoice:
    raise ConnectionError("gone")


def _causes(operation: Operation) -> list[tuple[object, object]]:
    return [(e.data["role"], e.data["cause"]) for e in operation.told(SWAP)]


def _shown(operation: Operation) -> str:
    """What `noctua show` prints."""
    console = Console(file=io.StringIO(), width=400)
    now_s = operation.clock.now_s()
    print_incident(console, incident_details(operation.journal, FIRST, now_s))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operation]:
    """A whole incident, thought by a foreign mind alone."""
    folder = tmp_path_factory.mktemp("whole")
    minds = Minds((_far(), OURS))
    with operating(folder, SCRIPTED, minds=minds, person=Person()) as operation:
        operation.run()
        assert operation.phase() is Phase.RESOLVED
        yield operation


@pytest.mark.slow
def test_every_role_is_charged_for_the_calls_that_it_made(whole: Operation) -> None:
    by_role = whole.journal.charged_roles(FIRST)
    runs = whole.journal.role_runs(FIRST)
    assert {r.finished_by for r in runs} == {"acme:far"}
    assert by_role.keys() == {r.role for r in runs} >= {"monitor", "diagnoser", "remediator_choice"}
    for role, charges in by_role.items():
        own = [Charges.model_validate(r.data["charges"]) for r in runs if r.role == role]
        assert charges.calls == charges.steps == sum(c.calls for c in own) > 0
        assert charges.input_tokens == charges.ruled_input_tokens > charges.output_tokens > 0
        cost = PRICE.of(charges.input_tokens, charges.output_tokens)
        assert charges.cost == pytest.approx(cost)
        assert charges.currency == "USD"
    total = whole.journal.charged(FIRST)
    assert total.calls == sum(c.calls for c in by_role.values())


@pytest.mark.slow
def test_looks_are_charged_to_the_incident_that_they_led_to_and_to_the_day(
    whole: Operation,
) -> None:
    opened_s = whole.journal.incident(FIRST).opened_s
    of_day = whole.journal.charged_watch("live", opened_s)["monitor"]
    assert of_day == whole.journal.charged_roles(FIRST)["monitor"]
    assert of_day.calls >= 1


@pytest.mark.slow
def test_report_and_show_say_who_answered_and_what_it_cost(whole: Operation) -> None:
    facts = gather(whole.journal, FIRST, whole.network.inventory())
    total = whole.journal.charged(FIRST)
    text = to_markdown(facts)
    assert f"Charged to foreign minds: {spent_text(total)}" in text.replace("\\", "")
    diagnoser = next(r for r in facts.minds.roles if r.role == "diagnoser")
    assert diagnoser.answered_by == "acme:far"
    row = f"| diagnoser | acme:far | 1 | {diagnoser.charges.calls} | "
    assert row + f"{diagnoser.charges.input_tokens} |" in text
    shown = incident_details(whole.journal, FIRST, whole.clock.now_s())
    assert shown.charges.all.calls == total.calls
    assert shown.minds_lost == ""
    assert spent_text(total) in _shown(whole)
    assert all(plan.needs_person == "" for plan in whole.plans())


@pytest.mark.slow
def test_what_was_used_before_a_restart_counts_after_it(tmp_path: Path) -> None:
    with operating(tmp_path, SCRIPTED, minds=Minds((_far(), OURS))) as before:
        before.run(before.is_waiting_for_approval)
        used = before.journal.charged_roles(FIRST)
        runs = len(before.journal.role_runs(FIRST))
    limits = Limits(calls=sum(c.calls for c in used.values()))
    rejecting = Person(decisions=("reject", "approve"))
    with operating(
        tmp_path, None, minds=Minds((_far(), OURS), limits=limits), person=rejecting
    ) as after:
        after.run()
        assert after.journal.charged_roles(FIRST) == used
        later = after.journal.role_runs(FIRST)[runs:]
        assert {(r.role, r.finished_by) for r in later} >= {("remediator_choice", "playbook")}
        assert {cause for _, cause in _causes(after)} == {"budget"}
        assert f"{limits.calls} of {limits.calls} calls are used" in after.told(SWAP)[0].text


@pytest.mark.slow
def test_limit_of_one_role_leaves_the_others_alone(tmp_path: Path) -> None:
    limits = Limits(roles={"diagnoser": RoleLimits(calls=1)})
    minds = Minds((_far(), OURS), limits=limits)
    with operating(tmp_path, SCRIPTED, minds=minds, person=Person()) as operation:
        operation.run()
        assert operation.phase() is Phase.RESOLVED
        assert _causes(operation) == [("diagnoser", "budget")]
        assert "1 of 1 calls of the role diagnoser" in operation.told(SWAP)[0].text


@pytest.mark.slow
def test_plan_after_a_lost_mind_waits_for_a_person_past_an_automatic_approver(
    tmp_path: Path,
) -> None:
    minds = Minds((_far(diagnoser=_gone), OURS), limits=Limits(rest_s=0.0))
    script = DelayedApprover(0.0)
    with operating(tmp_path, SCRIPTED, minds=minds, person=script) as operation:
        script.answer_through(operation.journal)
        operation.run(operation.is_waiting_for_approval)
        operation.run(lambda: False, most_s=300.0)
        (request,) = operation.journal.approval_requests(operation.clock.now_s())
        assert (request.state, request.answers) == ("waiting", ())
        assert request.needs_person == "1 mind was lost: acme:far as diagnoser (down)"
        (plan,) = operation.plans()
        assert plan.needs_person == request.needs_person
        assert operation.touched() == []
        (told,) = operation.told("person_needed")
        assert told.text == f"only a person may approve {plan.id}: {plan.needs_person}"
        assert still_wanted(request).startswith(f"a person, since {plan.needs_person}")
        shown = _shown(operation)
        assert f"person    only a person may approve it: {plan.needs_person}" in shown
        # How wide the column of names is, the longest of them says.
        assert f"minds lost {plan.needs_person}" in " ".join(shown.split())
        operation.approve(plan)
        operation.run()
        assert operation.phase() is Phase.RESOLVED
        facts = gather(operation.journal, FIRST, operation.network.inventory())
        for report in (to_html(facts), to_markdown(facts).replace("\\", "")):
            assert f"{plan.needs_person}" in report
            assert "acme:far lost it to playbook (down): ««ConnectionError" in report or (
                "acme:far lost it to playbook (down): «ConnectionError" in report
            )
        # Taking it out again is a plan of the same incident.
        assert all(p.needs_person for p in operation.plans())


@pytest.mark.slow
def test_mind_lost_between_the_plan_and_the_asking_takes_a_person_too(tmp_path: Path) -> None:
    def gone_when_planned(view: TranscriptView) -> ToolChoice:
        if view.task["phase"] == Phase.PLANNING.value:
            raise ConnectionError("gone")
        return POLICIES["supervisor"](view)

    script = DelayedApprover(0.0)
    minds = Minds((_far(supervisor=gone_when_planned), OURS))
    with operating(tmp_path, SCRIPTED, minds=minds, person=script) as operation:
        script.answer_through(operation.journal)
        operation.run(operation.is_waiting_for_approval)
        operation.run(lambda: False, most_s=300.0)
        (request,) = operation.journal.approval_requests(operation.clock.now_s())
        (plan,) = operation.plans()
        assert (request.state, request.answers) == ("waiting", ())
        assert request.needs_person == "1 mind was lost: acme:far as supervisor (down)"
        assert plan.needs_person == "", "it was whole when the plan was made"
        assert f"only a person may approve it: {request.needs_person}" in _shown(operation)
        assert operation.touched() == []


@pytest.mark.slow
def test_mind_that_was_down_is_not_asked_in_every_role_of_the_incident(tmp_path: Path) -> None:
    minds = Minds((_far(diagnoser=_gone), OURS))
    with operating(tmp_path, SCRIPTED, minds=minds) as operation:
        operation.run(operation.is_waiting_for_approval)
        causes = _causes(operation)
        assert causes[0] == ("diagnoser", "down")
        assert {cause for _, cause in causes[1:]} == {"resting"}
        assert operation.journal.charged_roles(FIRST).keys() == {"monitor", "diagnoser"}
        assert operation.journal.charged_roles(FIRST)["diagnoser"].calls == 1


@pytest.mark.slow
def test_mind_that_ignores_everything_is_asked_no_more_than_a_day_allows(tmp_path: Path) -> None:
    asked = []

    def ignores(view: TranscriptView) -> ToolChoice:
        asked.append(view.task)
        return answer({"groups": (), "ignored": [s["id"] for s in view.task["symptoms"]]})

    minds = Minds((_far(monitor=ignores), OURS), limits=Limits(day=DayLimits(calls=1)))
    scripted = case((600.0, WRONG_WEIGHT), (2000.0, LOSSY))
    with operating(tmp_path, scripted, minds=minds, person=Person()) as operation:
        operation.run(lambda: len(operation.journal.incidents()) == 2)
        assert len(asked) == 1
        opened_s = operation.journal.incident(FIRST).opened_s
        assert operation.journal.charged_watch("live", opened_s)["monitor"].calls == 1
        assert _causes(operation)[0] == ("monitor", "overruled")
        assert operation.plans()[0].needs_person
        lost = [e for e in operation.told(SWAP, SECOND) if e.data["role"] == "monitor"]
        assert [e.data["cause"] for e in lost] == ["budget"]


@pytest.mark.slow
def test_mind_lost_right_before_the_process_died_is_not_forgotten(tmp_path: Path) -> None:
    """The diagnosis is not finished, let alone recorded, when the process ends."""

    def dies(_: TranscriptView) -> ToolChoice:
        raise ZeroDivisionError("as if killed")

    dying = Mind("dying", PlaybookModel(policies={**POLICIES, "diagnoser": dies}), foreign=False)
    with (
        pytest.raises(ZeroDivisionError),
        operating(tmp_path, SCRIPTED, minds=Minds((_far(diagnoser=_gone), dying))) as before,
    ):
        before.run()
    with operating(tmp_path, None, minds=Minds((OURS,))) as after:
        after.run(after.is_waiting_for_approval)
        assert "diagnoser" in {r.role for r in after.journal.role_runs(FIRST)}
        assert after.journal.charged_roles(FIRST)["diagnoser"].calls == 1
        assert after.plans()[0].needs_person == "1 mind was lost: acme:far as diagnoser (down)"


@pytest.mark.slow
def test_what_a_mind_took_for_nothing_is_not_asked_about_at_every_poll(tmp_path: Path) -> None:
    """Few drops hurt nobody; loss does, and may then not be taken for nothing."""
    asked: list[tuple[float, bool]] = []

    def ignores(view: TranscriptView) -> ToolChoice:
        asked.append((operation.clock.now_s(), view.task["services_in_breach"] > 0))
        return answer({"groups": (), "ignored": [s["id"] for s in view.task["symptoms"]]})

    scripted = case((2000.0, LOSSY), scale=0.3)
    with operating(tmp_path, scripted, minds=Minds((_far(monitor=ignores), OURS))) as operation:
        operation.run(most_s=300.0)
        now_s = operation.clock.now_s()
        few = Alarm("queue_drops", "ATLAng|ATLAng--HSTNng", now_s, FELT_DROPS / 2)
        operation.workplace.tracker.book.raise_alarm(few)
        operation.run(most_s=2700.0)
        calm = [time_s for time_s, hurt in asked if not hurt]
        assert len(calm) >= 3
        assert all(now_s - then_s >= 600.0 for then_s, now_s in pairwise(calm[:3]))
        assert any(hurt for _, hurt in asked)
        assert _causes(operation)[0] == ("monitor", "bad_replies")
