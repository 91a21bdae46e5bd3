"""A question is read whole or not at all."""

import pytest

from agents.playbook.conversation.grammar import BadGrammar, Grammar, Token
from agents.playbook.conversation.reading import grammar


def _small(**intents: list[str]) -> Grammar:
    return Grammar(
        {
            "openers": ["please", "tell me"],
            "unsaid": ["the"],
            "words": {"be": ["is", "are"], "fail": ["fail", "goes down", "go down"]},
            "classes": {"voice": ["voip"]},
            "times": {"peak": ["rush hour"]},
            "parts": {"when": "[at <time>]"},
            "intents": intents,
            "follow_ups": {"at": "and {when}"},
        }
    )


LINK = Token("LINK", "A-B", "link", "A--B")
OTHER = Token("LINK", "C-D", "link", "C--D")


def _read(small: Grammar, *parts: str | Token) -> list[tuple[str, dict[str, str]]]:
    tokens: list[Token] = []
    for i, part in enumerate(parts):
        tokens += [part] if isinstance(part, Token) else small.words_of(part, opens=not i)
    return [(r.intent, dict(r.slots)) for r in small.read(tokens)]


def test_question_fits_a_pattern_with_all_of_its_words() -> None:
    small = _small(effect=["what if <link> fail {when}"])
    assert _read(small, "what if the", LINK, "goes down at rush hour") == [
        ("effect", {"link": "A--B", "time": "peak"})
    ]
    assert _read(small, "please tell me what if", LINK, "fail") == [("effect", {"link": "A--B"})]


@pytest.mark.parametrize("more", ["yesterday", "not", "fail", "at rush hour twice"])
def test_one_word_too_many_and_nothing_is_read(more: str) -> None:
    small = _small(effect=["what if <link> fail {when}"])
    assert _read(small, "what if", LINK, f"fail {more}") == []


def test_slots_that_have_one_name_hold_one_thing() -> None:
    small = _small(both=["<link> and <link> fail"], two=["<link> and <second:link> fail"])
    assert [i for i, _ in _read(small, LINK, "and", LINK, "fail")] == ["both", "two"]
    assert _read(small, LINK, "and", OTHER, "fail") == [("two", {"link": "A--B", "second": "C--D"})]


@pytest.mark.parametrize(
    ("written", "time"),
    [
        ("18:00", "18:00"),
        ("6 pm", "18:00"),
        ("6pm", "18:00"),
        ("12 am", "00:00"),
        ("6:30 am", "06:30"),
        ("18h", "18:00"),
        ("7 o'clock", "07:00"),
        ("rush hour", "peak"),
    ],
)
def test_time_is_read_however_it_is_written(written: str, time: str) -> None:
    small = _small(when=["at <time>"])
    assert _read(small, f"at {written}") == [("when", {"time": time})]


@pytest.mark.parametrize("written", ["25:00", "18:61", "13 pm", "18", "¹ am"])
def test_what_is_no_time_is_not_read_as_one(written: str) -> None:
    assert _read(_small(when=["at <time>"]), f"at {written}") == []


def test_words_that_stand_in_no_pattern_are_named() -> None:
    small = _small(effect=["what if <link> fail"])
    assert small.unknown(small.words_of("what if frogs fail")) == ["frogs"]


def test_word_with_two_meanings_is_refused() -> None:
    with pytest.raises(BadGrammar, match='"fail" stands for'):
        Grammar(
            {
                "openers": [],
                "unsaid": [],
                "words": {"break": ["fail"], "lose": ["fail"]},
                "classes": {},
                "times": {},
                "parts": {},
                "intents": {},
                "follow_ups": {},
            }
        )


@pytest.mark.parametrize("pattern", ["{nowhere}", "<cow>", "what ( if"])
def test_pattern_that_means_nothing_is_refused(pattern: str) -> None:
    with pytest.raises(BadGrammar):
        _small(effect=[pattern])


def test_no_shipped_pattern_can_be_asked_with_nothing_said() -> None:
    nothing = [
        intent
        for intent, patterns in grammar().intents.items()
        for pattern in patterns
        if pattern.regex.fullmatch("") or pattern.regex.fullmatch("what ")
    ]
    assert nothing == []
