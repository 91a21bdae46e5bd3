"""A plan in Slack: what its card says, who answers it, and what becomes of it."""

from tests.channels.cli.desk_of_paper import OPENED_S, SECOND, write_incident, write_plan
from tests.channels.conftest import INCIDENT, PLAN
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


def test_click_that_is_sent_again_does_nothing_twice(desk: Desk) -> None:
    click = desk.workspace.click(ERIN, str(desk.card()["ts"]), "approve")
    for _ in range(3):
        assert desk.workspace.deliver(click, **{"x-slack-retry-num": "1"}) == 200
    desk.step()
    assert desk.workspace.deliver(click) == 200
    desk.step()
    assert len(desk.workspace.whispers) == 1
    assert len(desk.audit("answer")) == 1


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


def _shown(desk: Desk, plan: str) -> str:
    return desk.text_of(desk.card(plan, SECOND))


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


def test_other_remedy_has_to_be_one_that_was_simulated(desk: Desk) -> None:
    assert "choose one of the other remedies first" in desk.press(ERIN, "instead")
    assert '"R99" was not simulated' in desk.press(ERIN, "instead", choice="R99")
    assert desk.audit("answer") == []
