"""What a question asks is read by likeness to phrasings, and only where that is clear."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.playbook.conversation.intents import (
    BEYOND,
    Intents,
    Likeness,
    clearest,
    pages,
    shipped_intents,
    words_in,
)
from agents.playbook.conversation.topic_answers import ANSWERS
from evals.questions.operators import read_operator_questions

SETS = sorted(Path("evals/questions").glob("operators*.yaml"))
SMALL = Intents(
    {
        "load": ["how full is LINK", "load of LINK", "is LINK hot"],
        "way": ["which way does NODE take to NODE", "route from NODE to NODE"],
    }
)


def test_every_page_is_of_a_topic_that_has_an_answer_or_gives_a_reason() -> None:
    topics = [topic for topic in pages() if not topic.startswith(BEYOND)]
    assert [topic for topic in topics if topic not in ANSWERS] == []
    # Of a class of services alone rules ask.
    assert set(ANSWERS) - set(topics) == {"class_hit"}


def test_no_phrasing_stands_on_two_pages() -> None:
    seen: dict[str, str] = {}
    for topic, page in pages().items():
        for text in page:
            assert seen.setdefault(text, topic) == topic, text


@pytest.mark.slow
def test_no_phrasing_is_a_question_that_answers_are_judged_by() -> None:
    def bare(text: str) -> str:
        return " ".join(re.findall(r"[a-z]+", text.casefold()))

    asked = {bare(q.ask) for file in SETS for q in read_operator_questions(file)}
    phrasings = {bare(text) for page in pages().values() for text in page}
    # Of fewer than four words anybody asks.
    assert {text for text in asked & phrasings if len(text.split()) > 3} == set()


@pytest.mark.parametrize(
    ("line", "topic"),
    [
        ("who still needs to sign this and until when", "signers"),
        ("what other remedies did it compare, runner up?", "alternatives"),
        ("give me the sequence of events with times for the report", "timeline"),
        ("how many kilometres of fibre do we run altogether", "totals"),
        ("which trenches hold more than 3 fibres", "duct_sizes"),
        ("how far over the promise are they, each of them", "over_promise"),
        ("does the fix make it worse for anyone", "plan_effect"),
    ],
)
def test_question_of_other_words_is_like_the_page_that_is_meant(line: str, topic: str) -> None:
    likely = clearest(shipped_intents().ranked(line))
    assert likely is not None
    assert likely.topic == topic


def test_question_for_what_is_not_on_record_is_like_the_page_with_its_reason() -> None:
    likely = clearest(shipped_intents().ranked("how many gig does CUSTOMER0 push at night"))
    assert likely is not None
    assert (
        likely.topic
        == f"{BEYOND}how much traffic a customer or a pair of nodes sends is not on record"
    )


def test_mistyped_words_are_still_like_themselves() -> None:
    assert next(iter(SMALL.ranked("rotue frm NODE0 towrds NODE1"))).topic == "way"
    assert next(iter(SMALL.ranked("hw ful is LINK0"))).topic == "load"


@pytest.mark.parametrize("line", ["", "?", "sphinx of black quartz judge my vow", "LINK0 NODE1"])
def test_question_that_is_like_nothing_is_not_clear(line: str) -> None:
    assert clearest(shipped_intents().ranked(line)) is None


@pytest.mark.parametrize(
    ("first", "second", "clear"),
    [
        (0.31, 0.25, True),
        (0.30, 0.26, False),
        (0.29, 0.24, False),
        (0.21, 0.14, True),
        (0.21, 0.16, False),
        (0.19, 0.00, False),
    ],
)
def test_how_near_and_how_far_from_the_next_a_clear_topic_is(
    first: float, second: float, *, clear: bool
) -> None:
    found = clearest([Likeness("a", first, ""), Likeness("b", second, "")])
    assert (found is not None) == clear


def test_names_and_figures_count_as_what_they_are() -> None:
    line = "is LINK12 over 80 % at 20:00 with 40g for CUSTOMER3"
    assert words_in(line) == [
        "is", "LINK", "over", "SHARE", "at", "TIME", "with", "RATE", "for", "CUSTOMER",
    ]  # fmt: skip


def test_hard_word_is_said_by_a_page_only_beside_a_word_that_it_has_there() -> None:
    assert SMALL.says("load", "hot", "LINK", "$", hard=True)
    assert not SMALL.says("load", "hot", "very", "day", hard=True)
    assert SMALL.says("load", "hot", "very", "day", hard=False)
    assert not SMALL.says("way", "hot", "LINK", "$", hard=False)


@given(st.lists(st.sampled_from(["how", "full", "LINK", "route", "NODE", "x", "to"]), max_size=8))
def test_likeness_is_a_share_and_the_same_every_time(words: list[str]) -> None:
    line = " ".join(words)
    ranked = SMALL.ranked(line)
    assert ranked == SMALL.ranked(line)
    assert all(0.0 <= one.score <= 1.0 + 1e-9 for one in ranked)
    assert [one.score for one in ranked] == sorted((o.score for o in ranked), reverse=True)
