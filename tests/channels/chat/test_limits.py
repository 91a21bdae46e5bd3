"""Every message that is made is one that the service takes, however long what it says is."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.chat.card import MOST_CHOICES
from channels.chat.service import LONGEST_CODE, Choice, Fact, File, Message, Question
from channels.slack.blocks import blocks_of, notification
from channels.teams.cards import card_of, key_of
from evals.chat import slack_limits, teams_limits
from tests.channels.conftest import PLAN

KEY = f"live-0001/plan/{PLAN}"
ADAPTIVE = "application/vnd.microsoft.card.adaptive"

Json = dict[str, Any]


def _long(most: int) -> st.SearchStrategy[str]:
    """Texts of up to so many characters, of every alphabet."""
    return st.text(min_size=1, max_size=40).map(lambda text: (text * most)[:most])


_NAMES = st.text(st.characters(codec="ascii", categories=("L", "N")), min_size=1, max_size=60)
_CHOICE = st.builds(Choice, id=_NAMES, text=_long(300))
_QUESTION = st.builds(
    Question,
    plan_id=_NAMES,
    approve=_long(75),
    choices=st.lists(_CHOICE, max_size=MOST_CHOICES).map(tuple),
)
_FACT = st.builds(Fact, name=st.text(max_size=20), value=st.just("") | _long(900))
MESSAGES = st.builds(
    Message,
    title=_long(250),
    text=_long(9000),
    facts=st.lists(_FACT, max_size=9).map(tuple),
    code=st.just("") | _long(LONGEST_CODE),
    question=st.none() | _QUESTION,
)


def _in_slack(message: Message) -> object:
    marked = {"event_type": "noctua_post", "event_payload": {"key": KEY}}
    return slack_limits.refusal(notification(message), blocks_of(message), marked)


def _in_teams(message: Message) -> object:
    card = card_of(KEY, message)
    assert key_of(card) == KEY
    attached = [{"contentType": ADAPTIVE, "content": card}]
    return teams_limits.refusal({"type": "message", "attachments": attached})


@settings(max_examples=60)
@given(MESSAGES)
def test_slack_takes_every_message_that_is_made(message: Message) -> None:
    assert _in_slack(message) == ("", [])


@settings(max_examples=60)
@given(MESSAGES | st.builds(Message, file=st.builds(File, name=st.just("a"), content=_long(9000))))
def test_teams_takes_every_message_that_is_made(message: Message) -> None:
    assert _in_teams(message) == (0, "")


def _longest(letter: str) -> Message:
    choice = Choice(id="R1", text=letter * 75)
    return Message(
        title=letter * 150,
        text=letter * 3000,
        facts=(Fact(name="Why", value=letter * 900),) * 9,
        code=letter * LONGEST_CODE,
        question=Question(plan_id=PLAN, approve="Approve", choices=(choice,) * MOST_CHOICES),
    )


@pytest.mark.parametrize("letter", ["x", "é", "🦉"])
def test_longest_card_that_there_is_keeps_its_buttons(letter: str) -> None:
    message = _longest(letter)
    assert (_in_slack(message), _in_teams(message)) == (("", []), (0, ""))
    assert len(blocks_of(message)[-1]["elements"]) == len(card_of(KEY, message)["actions"]) == 4
