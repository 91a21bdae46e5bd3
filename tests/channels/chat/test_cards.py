"""A plan in a chat: who answers it, and what becomes of its card, whichever chat it is."""

import shutil
from pathlib import Path

import pytest

from channels.chat.thread import card_key, head_key
from evals.chat.chats import CHATS
from evals.chat.stub import Person
from graphs.state_directory import StateDirectory
from tests.channels.chat.conftest import Desk
from tests.channels.cli.desk_of_paper import OPENED_S, SECOND, write_incident, write_plan
from tests.channels.conftest import INCIDENT, PLAN, noctua
from twin.nouns.incident import Phase

CARD = card_key(INCIDENT, PLAN)


def test_answer_is_the_person_s_in_journal_audit_and_card(desk: Desk) -> None:
    told = desk.press("erin", "approve", reason="looks right")
    assert told.startswith(f"Your answer to {PLAN} stands: approve.")
    with desk.journal() as journal:
        [answer] = journal.approval_request(PLAN, 0.0).answers
    erin = desk.chat.person("erin")
    by = answer.by
    assert (by.account, by.subject, by.tenant) == ("erin", erin.id, erin.tenant)
    assert (by.channel, by.role, answer.reason) == (desk.chat.name, "approver", "looks right")
    assert not desk.chat.has_buttons(CARD)
    assert f"approved by «erin» through {desk.chat.name} at" in desk.chat.shown(CARD)
    assert [line.actor for line in desk.audit("answer")] == ["erin"]


def test_whoever_may_not_answer_is_told_why_and_stands_in_the_audit_log(desk: Desk) -> None:
    nobody = desk.chat.person("nobody").id
    whys = {
        "omar": "omar may not approve here: its role is operator",
        "vera": "vera may not approve here: its role is viewer",
        "nobody": f'"{nobody}" of {desk.chat.name} has no account here',
    }
    for name, why in whys.items():
        assert why in desk.press(name)
    abroad = desk.chat.press(desk.world.abroad, CARD, "approve")
    assert "you are of another workspace" in desk.told(abroad)
    tried = [*(desk.chat.person(name).id for name in whys), desk.world.abroad.id]
    assert [line.actor for line in desk.audit("chat_refused")] == tried
    with desk.journal() as journal:
        assert journal.approval_request(PLAN, 0.0).answers == ()
    assert desk.chat.has_buttons(CARD)


def test_where_nobody_has_an_account_nobody_answers_from_a_chat(
    desk: Desk, played: Path, tmp_path: Path
) -> None:
    alone = Path(shutil.copytree(played, tmp_path / "alone"))
    desk.chat.messages.clear()
    desk.chat.set_up(alone)
    with CHATS[desk.chat.name].step(StateDirectory(alone), desk.chat) as (room, address):
        desk.chat.endpoint = address
        room.step()
        assert "nobody has an account" in desk.chat.shown(CARD)
        assert desk.chat.deliver(desk.click("erin")) == 200
        room.step()
    assert "has no account here" in desk.chat.whispers[-1].text


def test_of_two_clicks_at_once_the_first_holds_and_the_second_is_told(desk: Desk) -> None:
    clicks = (desk.click("erin"), desk.click("frank", "reject", "not tonight"))
    assert [desk.chat.deliver(click) for click in clicks] == [200, 200]
    desk.step()
    to_erin, to_frank = desk.chat.whispers
    assert f"Your answer to {PLAN} stands: approve" in to_erin.text
    assert "was answered before: approve by «erin»" in to_frank.text
    assert [line.actor for line in desk.audit("answer")] == ["erin"]
    assert not desk.chat.has_buttons(CARD)


def test_click_that_is_sent_again_does_nothing_twice(desk: Desk) -> None:
    click = desk.click("erin")
    assert [desk.chat.deliver(click) for _ in range(3)] == [200, 200, 200]
    desk.step()
    assert desk.chat.deliver(click) == 200
    desk.step()
    assert len(desk.chat.whispers) == len(desk.audit("answer")) == 1


def test_renamed_user_is_the_same_person(desk: Desk) -> None:
    erin = desk.chat.person("erin")
    renamed = Person(erin.id, "root", erin.tenant)
    assert "stands: approve" in desk.told(desk.chat.press(renamed, CARD, "approve"))
    assert [line.actor for line in desk.audit("answer")] == ["erin"]


def test_decision_in_the_terminal_takes_the_buttons_from_the_card(desk: Desk) -> None:
    late = desk.click("erin")
    assert noctua(desk.state, "reject", PLAN, "--reason", "the crew is on site")[0] == 0
    desk.step()
    assert not desk.chat.has_buttons(CARD)
    assert "rejected by «root» through command line at" in desk.chat.shown(CARD)
    assert "the crew is on site" in desk.chat.shown(CARD)
    assert "was answered before: reject by «root»" in desk.told(late)


def test_two_people_have_to_answer_where_two_are_needed(desk: Desk) -> None:
    with desk.journal() as journal:
        write_incident(journal)
        plan = write_plan(journal, temporary=True)
        journal.request_approval(plan, OPENED_S, OPENED_S + 1800.0, approvers_needed=2)
        journal.add_event(SECOND, OPENED_S, "asked", "gate", "waits", {"plan": plan.id})
    desk.step()
    key = card_key(SECOND, plan.id)
    assert "it takes 2 different people (none so far)" in desk.chat.shown(key)
    assert "1 more person must approve as well" in desk.press("erin", key=key)
    assert "2 different people (1 so far: «erin»)" in desk.chat.shown(key)
    assert f"Your answer to {plan.id} stands" in desk.press("erin", key=key)
    assert "stands: approve" in desk.press("frank", key=key)
    assert "approved by «frank»" in desk.chat.shown(key)
    assert not desk.chat.has_buttons(key)


def test_expired_question_loses_its_buttons_and_a_late_click_is_told(desk: Desk) -> None:
    late = desk.click("erin")
    (desk.state / "networks" / "live.sqlite").unlink()  # the clock is the journal's last entry
    with desk.journal() as journal:
        expires_s = journal.approval_request(PLAN, 0.0).expires_s
        journal.add_event(INCIDENT, expires_s + 60.0, "routed", "supervisor", "time passes")
    desk.step()
    assert not desk.chat.has_buttons(CARD)
    assert "nobody answered until" in desk.chat.shown(CARD)
    assert "the answer came 60 s after the request expired" in desk.told(late)


def test_withdrawn_question_loses_its_buttons_and_a_late_click_is_told(desk: Desk) -> None:
    late = desk.click("erin")
    with desk.journal() as journal:
        journal.set_phase(INCIDENT, Phase.ESCALATED)
        journal.add_event(INCIDENT, OPENED_S, "escalated", "supervisor", "look at the duct")
    desk.step()
    assert not desk.chat.has_buttons(CARD)
    assert "withdrawn: the incident is escalated" in desk.chat.shown(CARD)
    assert "needs no answer any more: withdrawn" in desk.told(late)


def test_of_two_cards_in_one_thread_the_newer_can_be_answered(desk: Desk) -> None:
    late = desk.click("erin")
    with desk.journal() as journal:
        newer = write_plan(journal, INCIDENT, temporary=True)
        asked_s = journal.approval_request(PLAN, 0.0).requested_s + 60.0
        journal.request_approval(newer, asked_s, asked_s + 1800.0)
        journal.add_event(INCIDENT, asked_s, "asked", "gate", "waits", {"plan": newer.id})
    desk.step()
    key = card_key(INCIDENT, newer.id)
    assert {CARD, key} <= set(desk.chat.replies(head_key(INCIDENT)))
    assert (desk.chat.has_buttons(CARD), desk.chat.has_buttons(key)) == (False, True)
    assert f"overtaken by {newer.id}" in desk.chat.shown(CARD)
    assert "needs no answer any more: overtaken" in desk.told(late)
    assert desk.audit("answer") == []
    assert "stands: approve" in desk.press("erin", key=key)
    assert not desk.chat.has_buttons(key)


def test_seen_is_not_answered(desk: Desk) -> None:
    assert "seen by «erin»; nothing is answered" in desk.press("erin", "acknowledge")
    with desk.journal() as journal:
        request = journal.approval_request(PLAN, 0.0)
    assert [one.by.account for one in request.acknowledged] == ["erin"]
    assert desk.chat.has_buttons(CARD)


@pytest.mark.slow  # an incident is carried on twice
def test_other_remedy_is_planned_approved_and_carried_out_under_the_person_s_name(
    desk: Desk,
) -> None:
    """From the click to the report: two cards in one thread, of which one can be answered."""
    assert "stands: reject" in desk.press("erin", "instead", reason="less to move", choice="R2")
    assert "waiting for approval" in noctua(desk.state, "resume")[1]
    desk.step()
    second = card_key(INCIDENT, f"{INCIDENT}.mitigate2")
    assert (desk.chat.has_buttons(CARD), desk.chat.has_buttons(second)) == (False, True)
    assert "R2 instead" in desk.chat.shown(CARD)
    assert "weight 10" in desk.chat.shown(second)
    assert "stands: approve" in desk.press("frank", key=second)
    assert noctua(desk.state, "resume")[0] == 0
    desk.step()
    thread = "\n".join(map(desk.chat.shown, desk.chat.replies(head_key(INCIDENT))))
    assert "committed" in thread
    assert "resolved" in thread
    report = noctua(desk.state, "report", INCIDENT, "--format", "md", "--out", "-")[1]
    assert "approved by «frank»" in report
    assert "«erin»" in report
    assert {line.actor for line in desk.audit("answer")} == {"erin", "frank"}
