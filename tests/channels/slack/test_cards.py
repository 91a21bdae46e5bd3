"""A plan in Slack: what its card says, who answers it, and what becomes of it."""

import shutil
from pathlib import Path

import pytest

from evals.chat.slack_workspace import buttons_of
from evals.chat.stub import Person
from tests.channels.cli.desk_of_paper import OPENED_S, SECOND, write_incident, write_plan
from tests.channels.conftest import INCIDENT, PLAN, noctua
from tests.channels.slack.conftest import ABROAD, ERIN, FRANK, NOBODY, OMAR, VERA, Desk
from twin.nouns.incident import Phase


def test_thread_has_one_head_and_one_card_with_all_that_is_asked(desk: Desk) -> None:
    card = desk.text_of(desk.card())
    with desk.journal() as journal:
        plan = journal.plan(PLAN)
    assert plan.actions[0].describe() in card
    for name in ("Why", "Predicted", "If nothing is done", "Blast radius", "Way back"):
        assert f"{name}: " in card
    assert "«erin», «frank»" in card
    assert "from when it was asked" in card
    assert plan.steps[0].diff.splitlines()[0] in card
    assert desk.has_buttons()


def test_answer_in_slack_is_the_person_s_in_journal_audit_and_card(desk: Desk) -> None:
    told = desk.press(ERIN, "approve", "looks right")
    assert told.startswith(f"Your answer to {PLAN} stands: approve.")
    with desk.journal() as journal:
        [answer] = journal.approval_request(PLAN, 0.0).answers
    assert (answer.by.account, answer.by.subject, answer.by.tenant) == (
        "erin",
        "U0ERIN",
        "T0NOCTUA",
    )
    assert (answer.by.channel, answer.by.role) == ("slack", "approver")
    assert not desk.has_buttons()
    assert "approved by «erin» through slack at" in desk.text_of(desk.card())
    [line] = desk.audit("answer")
    assert line.actor == "erin"


def test_whoever_may_not_answer_is_told_why_and_stands_in_the_audit_log(desk: Desk) -> None:
    whys = {
        OMAR: "omar may not approve here: its role is operator",
        VERA: "vera may not approve here: its role is viewer",
        NOBODY: '"U0NOBODY" of slack has no account here',
        ABROAD: "you are of another workspace",
    }
    for person, why in whys.items():
        assert why in desk.press(person, "approve")
    assert [line.actor for line in desk.audit("chat_refused")] == [p.id for p in whys]
    with desk.journal() as journal:
        assert journal.approval_request(PLAN, 0.0).answers == ()
    assert desk.has_buttons()


def test_where_nobody_has_an_account_nobody_answers_from_slack(desk: Desk, played: Path) -> None:
    for name in ("journal.sqlite", "signing.key", "signing.key.mark"):
        shutil.copy(played / name, desk.state / name)
    desk.workspace.messages.clear()
    with Desk(desk.state, desk.workspace).open() as alone:
        alone.step()
        assert "nobody has an account" in alone.text_of(alone.card())
        assert "has no account here" in alone.press(ERIN, "approve")
        with alone.journal() as journal:
            assert journal.approval_request(PLAN, 0.0).answers == ()


def test_of_two_clicks_at_once_the_first_holds_and_the_second_is_told(desk: Desk) -> None:
    card = str(desk.card()["ts"])
    yes = desk.workspace.click(ERIN, card, "approve")
    no = desk.workspace.click(FRANK, card, "reject", "not tonight")
    assert [desk.workspace.deliver(payload) for payload in (yes, no)] == [200, 200]
    desk.step()
    to_erin, to_frank = desk.workspace.whispers
    assert "Your answer to live-0001.mitigate1 stands: approve" in to_erin.text
    assert "was answered before: approve by «erin»" in to_frank.text
    assert [line.actor for line in desk.audit("answer")] == ["erin"]
    assert not desk.has_buttons()


def test_click_that_is_sent_again_does_nothing_twice(desk: Desk) -> None:
    click = desk.workspace.click(ERIN, str(desk.card()["ts"]), "approve")
    for _ in range(3):
        assert desk.workspace.deliver(click, **{"x-slack-retry-num": "1"}) == 200
    desk.step()
    assert desk.workspace.deliver(click) == 200
    desk.step()
    assert len(desk.workspace.whispers) == 1
    assert len(desk.audit("answer")) == 1


def test_renamed_user_is_the_same_person(desk: Desk) -> None:
    renamed = Person(ERIN.id, "root", ERIN.tenant)
    assert "stands: approve" in desk.press(renamed, "approve")
    assert [line.actor for line in desk.audit("answer")] == ["erin"]


def test_button_of_another_message_answers_nothing(desk: Desk) -> None:
    click = desk.workspace.click(ERIN, str(desk.card()["ts"]), "approve")
    click["container"]["message_ts"] = desk.head
    assert desk.workspace.deliver(click) == 200
    assert "that is not the card of" in desk.told(ERIN)
    click = desk.workspace.click(ERIN, str(desk.card()["ts"]), "approve")
    click["actions"][0]["value"] = "live-0001.mitigate9"
    assert desk.workspace.deliver(click) == 200
    assert "that is not the card of" in desk.told(ERIN)
    assert desk.audit("answer") == []


def test_button_that_we_do_not_offer_is_answered_too(desk: Desk) -> None:
    click = desk.workspace.click(ERIN, str(desk.card()["ts"]), "approve")
    click["actions"][0]["action_id"] = "noctua_approve_all"
    assert desk.workspace.deliver(click) == 200
    assert "there is nothing behind" in desk.told(ERIN)


def test_decision_in_the_terminal_takes_the_buttons_from_the_card(desk: Desk) -> None:
    late = desk.workspace.click(ERIN, str(desk.card()["ts"]), "approve")
    assert noctua(desk.state, "reject", PLAN, "--reason", "the crew is on site")[0] == 0
    desk.step()
    assert not desk.has_buttons()
    shown = desk.text_of(desk.card())
    assert "rejected by «root» through command line at" in shown
    assert "the crew is on site" in shown
    assert desk.workspace.deliver(late) == 200
    assert "was answered before: reject by «root»" in desk.told(ERIN)


def test_two_people_have_to_answer_where_two_are_needed(desk: Desk) -> None:
    with desk.journal() as journal:
        write_incident(journal)
        plan = write_plan(journal, temporary=True)
        journal.request_approval(plan, OPENED_S, OPENED_S + 1800.0, approvers_needed=2)
        journal.add_event(SECOND, OPENED_S, "asked", "gate", "waits", {"plan": plan.id})
    desk.step()
    assert "it takes 2 different people (none so far)" in _shown(desk, plan.id)
    assert "1 more person must approve as well" in _press(desk, ERIN, plan.id)
    assert "2 different people (1 so far: «erin»)" in _shown(desk, plan.id)
    assert "Your answer to live-0002.mitigate1 stands" in _press(desk, ERIN, plan.id)
    assert "stands: approve" in _press(desk, FRANK, plan.id)
    assert "approved by «frank»" in _shown(desk, plan.id)
    assert not buttons_of(desk.card(plan.id, SECOND))


def _shown(desk: Desk, plan: str) -> str:
    return desk.text_of(desk.card(plan, SECOND))


def _press(desk: Desk, person: Person, plan: str) -> str:
    click = desk.workspace.click(person, str(desk.card(plan, SECOND)["ts"]), "approve")
    assert desk.workspace.deliver(click) == 200
    return desk.told(person)


def test_expired_question_loses_its_buttons_and_a_late_click_is_told(desk: Desk) -> None:
    late = desk.workspace.click(ERIN, str(desk.card()["ts"]), "approve")
    (desk.state / "networks" / "live.sqlite").unlink()  # the clock is the journal's last entry
    with desk.journal() as journal:
        expires_s = journal.approval_request(PLAN, 0.0).expires_s
        journal.add_event(INCIDENT, expires_s + 60.0, "routed", "supervisor", "time passes")
    desk.step()
    assert not desk.has_buttons()
    assert "nobody answered until" in desk.text_of(desk.card())
    assert desk.workspace.deliver(late) == 200
    assert "the answer came 60 s after the request expired" in desk.told(ERIN)


def test_withdrawn_question_loses_its_buttons_and_a_late_click_is_told(desk: Desk) -> None:
    late = desk.workspace.click(ERIN, str(desk.card()["ts"]), "approve")
    with desk.journal() as journal:
        journal.set_phase(INCIDENT, Phase.ESCALATED)
        journal.add_event(INCIDENT, OPENED_S, "escalated", "supervisor", "look at the duct")
    desk.step()
    assert not desk.has_buttons()
    assert "withdrawn: the incident is escalated" in desk.text_of(desk.card())
    assert desk.workspace.deliver(late) == 200
    assert "needs no answer any more: withdrawn" in desk.told(ERIN)


def test_overtaken_question_loses_its_buttons_and_the_newer_card_has_them(desk: Desk) -> None:
    late = desk.workspace.click(ERIN, str(desk.card()["ts"]), "approve")
    with desk.journal() as journal:
        newer = write_plan(journal, INCIDENT, temporary=True)
        asked_s = journal.approval_request(PLAN, 0.0).requested_s + 60.0
        journal.request_approval(newer, asked_s, asked_s + 1800.0)
        journal.add_event(INCIDENT, asked_s, "asked", "gate", "waits", {"plan": newer.id})
    desk.step()
    assert (desk.has_buttons(PLAN), desk.has_buttons(newer.id)) == (False, True)
    assert f"overtaken by {newer.id}" in desk.text_of(desk.card())
    assert desk.workspace.deliver(late) == 200
    assert "needs no answer any more: overtaken" in desk.told(ERIN)
    assert desk.audit("answer") == []


def test_diff_that_is_too_long_becomes_a_file(desk: Desk) -> None:
    with desk.journal() as journal:
        write_incident(journal)
        plan = write_plan(journal, temporary=True)
        step = plan.steps[0].model_copy(update={"diff": "+ igp weight 10\n" * 400})
        long = plan.model_copy(update={"id": f"{SECOND}.mitigate7", "steps": (step,)})
        journal.request_approval(long, OPENED_S, OPENED_S + 1800.0)
        journal.add_event(SECOND, OPENED_S, "asked", "gate", "waits", {"plan": long.id})
    desk.step()
    assert "igp weight 10" not in _shown(desk, long.id)
    [file] = [f for f in desk.workspace.files.values() if "mitigate7" in f["name"]]
    assert file["content"].count("+ igp weight 10") == 400
    assert desk.workspace.refusals == []


def test_text_of_a_network_is_no_markup(desk: Desk) -> None:
    with desk.journal() as journal:
        text = "<!channel> *look* <https://evil.example|here> & `this`"
        journal.add_event(INCIDENT, OPENED_S, "blocked", "watch", text)
    desk.step()
    last = desk.workspace.thread(desk.head)[-1]
    assert "&lt;!channel&gt;" in last["text"]
    [block] = last["blocks"]
    assert block["text"]["type"] == "plain_text"
    assert "<!channel>" in block["text"]["text"]


def test_seen_is_not_answered(desk: Desk) -> None:
    assert "seen by «erin»; nothing is answered" in desk.press(ERIN, "acknowledge")
    with desk.journal() as journal:
        request = journal.approval_request(PLAN, 0.0)
    assert [one.by.account for one in request.acknowledged] == ["erin"]
    assert desk.has_buttons()


def test_other_remedy_has_to_be_one_that_was_simulated(desk: Desk) -> None:
    assert "choose one of the other remedies first" in desk.press(ERIN, "instead")
    assert '"R99" was not simulated' in desk.press(ERIN, "instead", choice="R99")
    assert desk.audit("answer") == []


@pytest.mark.slow  # an incident is carried on twice
def test_other_remedy_is_planned_approved_and_carried_out_under_the_person_s_name(
    desk: Desk,
) -> None:
    """From the click to the report: two cards in one thread, of which one can be answered."""
    assert "stands: reject" in desk.press(ERIN, "instead", "less to move", "R2")
    assert "waiting for approval" in noctua(desk.state, "resume")[1]
    desk.step()
    second = "live-0001.mitigate2"
    assert (desk.has_buttons(PLAN), desk.has_buttons(second)) == (False, True)
    assert "R2 instead" in desk.text_of(desk.card())
    assert "weight 10" in desk.text_of(desk.card(second))
    assert "stands: approve" in desk.press(FRANK, "approve", plan=second)
    assert noctua(desk.state, "resume")[0] == 0
    desk.step()
    thread = "\n".join(message["text"] for message in desk.workspace.thread(desk.head))
    assert "committed" in thread
    assert "resolved" in thread
    report = noctua(desk.state, "report", INCIDENT, "--format", "md", "--out", "-")[1]
    assert "approved by «frank»" in report
    assert "«erin»" in report
    assert {line.actor for line in desk.audit("answer")} == {"erin", "frank"}
