"""A question in German is known as one, and an English one is not."""

import pytest

from agents.playbook.conversation.language import is_german


@pytest.mark.parametrize(
    "text",
    ["Wie voll ist A-B?", "sind wir wieder grün", "wer hängt da alles dran, bitte mit Namen"],
)
def test_german_question_is_known(text: str) -> None:
    assert is_german(text)


@pytest.mark.parametrize(
    "text",
    [
        "how full is Köln-München",
        "does the die at B in Essen alarm?",
        "what was the mit of all that",
        "",
    ],
)
def test_english_question_is_none(text: str) -> None:
    assert not is_german(text)
