"""A plan in Teams: what its card says, who answers it, and what becomes of it."""

import pytest

from evals.chat.stub import Person
from evals.chat.teams_tenant import buttons_of, text_of
from tests.channels.cli.desk_of_paper import OPENED_S, SECOND, write_incident, write_plan
from tests.channels.conftest import INCIDENT, PLAN, noctua
from tests.channels.teams.conftest import ABROAD, ERIN, FRANK, NOBODY, OMAR, TENANT, VERA, Desk
from twin.nouns.incident import Phase


def test_thread_has_one_head_and_one_card_with_all_that_is_asked(desk: Desk) -> None:
    card = desk.shown()
    with desk.journal() as journal:
        plan = journal.plan(PLAN)
    assert plan.actions[0].describe() in card
    for name in ("Why", "Predicted", "If nothing is done", "Blast radius", "Way back"):
        assert f"{name}: " in card
    assert "«erin», «frank»" in card
    assert plan.steps[0].diff.splitlines()[0] in card
    assert desk.card()["root"] == desk.head
    assert {a["type"] for a in buttons_of(desk.card())} == {"Action.Execute"}


def test_answer_in_teams_is_the_person_s_in_journal_audit_and_card(desk: Desk) -> None:
    told = desk.press(ERIN, "approve", "looks right")
    assert told.startswith(f"Your answer to {PLAN} stands: approve.")
    with desk.journal() as journal:
        [answer] = journal.approval_request(PLAN, 0.0).answers
    assert (answer.by.account, answer.by.subject, answer.by.tenant) == ("erin", ERIN.id, TENANT)
    assert (answer.by.channel, answer.by.role) == ("teams", "approver")
    assert answer.reason == "looks right"
    assert not desk.has_buttons()
    assert "approved by «erin» through teams at" in desk.shown()
    assert [line.actor for line in desk.audit("answer")] == ["erin"]


def test_whoever_may_not_answer_is_told_why_and_stands_in_the_audit_log(desk: Desk) -> None:
    whys = {
        OMAR: "omar may not approve here: its role is operator",
        VERA: "vera may not approve here: its role is viewer",
        NOBODY: f'"{NOBODY.id}" of teams has no account here',
        ABROAD: "you are of another workspace",
    }
    for person, why in whys.items():
        assert why in desk.press(person, "approve")
    assert [line.actor for line in desk.audit("chat_refused")] == [p.id for p in whys]
    with desk.journal() as journal:
        assert journal.approval_request(PLAN, 0.0).answers == ()
    assert desk.has_buttons()


def test_of_two_clicks_at_once_the_first_holds_and_the_second_is_told(desk: Desk) -> None:
    clicks = (desk.click(ERIN), desk.click(FRANK, "reject", reason="not tonight"))
    assert [desk.tenant.deliver(click) for click in clicks] == [200, 200]
    desk.step()
    to_erin, to_frank = desk.tenant.whispers
    assert f"Your answer to {PLAN} stands: approve" in to_erin.text
    assert "was answered before: approve by «erin»" in to_frank.text
    assert [line.actor for line in desk.audit("answer")] == ["erin"]
    assert not desk.has_buttons()


def test_renamed_user_is_the_same_person(desk: Desk) -> None:
    assert "stands: approve" in desk.press(Person(ERIN.id, "root", TENANT), "approve")
    assert [line.actor for line in desk.audit("answer")] == ["erin"]


def test_button_of_another_message_answers_nothing(desk: Desk) -> None:
    elsewhere = {**desk.click(ERIN), "replyToId": desk.head}
    assert desk.tenant.deliver(elsewhere) == 200
    assert "that is not the card of" in desk.told(ERIN)
    another = desk.click(ERIN)
    another["value"]["action"]["data"]["noctua_plan"] = "live-0001.mitigate9"
    assert desk.tenant.deliver(another) == 200
    assert "that is not the card of" in desk.told(ERIN)
    assert desk.audit("answer") == []


@pytest.mark.parametrize(
    ("field", "value"), [("data", {"noctua_button": "approve_all"}), ("verb", "other")]
)
def test_button_that_we_do_not_offer_is_answered_too(desk: Desk, field: str, value: object) -> None:
    click = desk.click(ERIN)
    click["value"]["action"][field] = value
    assert desk.tenant.deliver(click) == 200
    assert "there is nothing behind" in desk.told(ERIN)


def test_decision_in_the_terminal_takes_the_buttons_from_the_card(desk: Desk) -> None:
    late = desk.click(ERIN)
    assert noctua(desk.state, "reject", PLAN, "--reason", "the crew is on site")[0] == 0
    desk.step()
    assert not desk.has_buttons()
    assert "rejected by «root» through command line at" in desk.shown()
    assert desk.tenant.deliver(late) == 200
    assert "was answered before: reject by «root»" in desk.told(ERIN)


def test_expired_question_loses_its_buttons_and_a_late_click_is_told(desk: Desk) -> None:
    late = desk.click(ERIN)
    (desk.state / "networks" / "live.sqlite").unlink()  # the clock is the journal's last entry
    with desk.journal() as journal:
        expires_s = journal.approval_request(PLAN, 0.0).expires_s
        journal.add_event(INCIDENT, expires_s + 60.0, "routed", "supervisor", "time passes")
    desk.step()
    assert not desk.has_buttons()
    assert "nobody answered until" in desk.shown()
    assert desk.tenant.deliver(late) == 200
    assert "the answer came 60 s after the request expired" in desk.told(ERIN)


def test_withdrawn_question_loses_its_buttons_and_a_late_click_is_told(desk: Desk) -> None:
    late = desk.click(ERIN)
    with desk.journal() as journal:
        journal.set_phase(INCIDENT, Phase.ESCALATED)
        journal.add_event(INCIDENT, OPENED_S, "escalated", "supervisor", "look at the duct")
    desk.step()
    assert not desk.has_buttons()
    assert desk.tenant.deliver(late) == 200
    assert "needs no answer any more: withdrawn" in desk.told(ERIN)


def test_of_two_cards_in_one_thread_the_newer_can_be_answered(desk: Desk) -> None:
    late = desk.click(ERIN)
    with desk.journal() as journal:
        newer = write_plan(journal, INCIDENT, temporary=True)
        asked_s = journal.approval_request(PLAN, 0.0).requested_s + 60.0
        journal.request_approval(newer, asked_s, asked_s + 1800.0)
        journal.add_event(INCIDENT, asked_s, "asked", "gate", "waits", {"plan": newer.id})
    desk.step()
    assert desk.card(newer.id)["root"] == desk.card(PLAN)["root"] == desk.head
    assert (desk.has_buttons(PLAN), desk.has_buttons(newer.id)) == (False, True)
    assert f"overtaken by {newer.id}" in desk.shown()
    assert desk.tenant.deliver(late) == 200
    assert "needs no answer any more: overtaken" in desk.told(ERIN)
    assert "stands: approve" in desk.press(ERIN, "approve", plan=newer.id)
    assert not desk.has_buttons(newer.id)


def test_two_people_have_to_answer_where_two_are_needed(desk: Desk) -> None:
    with desk.journal() as journal:
        write_incident(journal)
        plan = write_plan(journal, temporary=True)
        journal.request_approval(plan, OPENED_S, OPENED_S + 1800.0, approvers_needed=2)
        journal.add_event(SECOND, OPENED_S, "asked", "gate", "waits", {"plan": plan.id})
    desk.step()
    card = desk.card(plan.id, SECOND)["id"]
    for person, told in ((ERIN, "1 more person must approve"), (FRANK, "stands: approve")):
        assert desk.tenant.deliver(desk.tenant.click(person, card, "approve")) == 200
        assert told in desk.told(person)
    assert "approved by «frank»" in desk.shown(plan.id, SECOND)
    assert not buttons_of(desk.card(plan.id, SECOND))


def test_diff_that_is_too_long_is_shown_below_its_own_message(desk: Desk) -> None:
    with desk.journal() as journal:
        write_incident(journal)
        plan = write_plan(journal, temporary=True)
        step = plan.steps[0].model_copy(update={"diff": "+ igp weight 10\n" * 5000})
        long = plan.model_copy(update={"id": f"{SECOND}.mitigate7", "steps": (step,)})
        journal.request_approval(long, OPENED_S, OPENED_S + 1800.0)
        journal.add_event(SECOND, OPENED_S, "asked", "gate", "waits", {"plan": long.id})
    desk.step()
    assert "igp weight 10" not in desk.shown(long.id, SECOND)
    [file] = desk.tenant.marked(f"{SECOND}/plan/{long.id}/diff")
    shown = text_of(file["activity"])
    assert shown.count("+ igp weight 10") > 300
    assert "cut here" in shown
    assert desk.tenant.refusals == []


def test_text_of_a_network_is_no_markup(desk: Desk) -> None:
    text = "<at>everyone</at> **look** [here](https://evil.example)"
    with desk.journal() as journal:
        journal.add_event(INCIDENT, OPENED_S, "blocked", "watch", text)
    desk.step()
    last = desk.tenant.thread(desk.head)[-1]["activity"]
    assert "entities" not in last
    assert {e["type"] for e in last["attachments"][0]["content"]["body"]} == {"RichTextBlock"}
    assert text in text_of(last)


def test_seen_is_not_answered(desk: Desk) -> None:
    assert "seen by «erin»; nothing is answered" in desk.press(ERIN, "acknowledge")
    assert desk.has_buttons()


def test_other_remedy_is_chosen_with_the_reason(desk: Desk) -> None:
    assert "choose one of the other remedies first" in desk.press(ERIN, "instead")
    assert '"R99" was not simulated' in desk.press(ERIN, "instead", choice="R99")
    assert "stands: reject" in desk.press(ERIN, "instead", "less to move", "R2")
    assert "R2 instead" in desk.shown()
