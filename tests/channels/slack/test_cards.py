"""A plan in Slack: what its card says, who answers it, and what becomes of it."""

from tests.channels.conftest import PLAN
from tests.channels.slack.conftest import ERIN, Desk


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
