"""A plan in Teams: what its card says, who answers it, and what becomes of it."""

import pytest

from evals.chat.teams_tenant import buttons_of, text_of
from tests.channels.cli.desk_of_paper import OPENED_S, SECOND, write_incident, write_plan
from tests.channels.conftest import INCIDENT, PLAN
from tests.channels.teams.conftest import ERIN, Desk


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


def test_other_remedy_is_chosen_with_the_reason(desk: Desk) -> None:
    assert "choose one of the other remedies first" in desk.press(ERIN, "instead")
    assert '"R99" was not simulated' in desk.press(ERIN, "instead", choice="R99")
    assert "stands: reject" in desk.press(ERIN, "instead", "less to move", "R2")
    assert "R2 instead" in desk.shown()
