"""What a question is about is data, and everything in it can be answered."""

from agents.playbook.conversation.slots import lexicon
from agents.playbook.conversation.topic_answers import ANSWERS
from agents.playbook.conversation.topics import shipped_topics


def test_every_topic_has_an_answer_and_every_answer_a_topic() -> None:
    assert set(shipped_topics().topics) == set(ANSWERS)


def test_no_topic_is_taken_from_an_empty_question() -> None:
    topics = shipped_topics()
    assert [n for n, t in topics.topics.items() if t.cues.search("") or t.cues.search("?")] == []
    assert [b.says for b in topics.beyond if b.cues.search("?")] == []


def test_word_is_sought_whole() -> None:
    growth = shipped_topics().topics["growth"]
    assert growth.cues.search("if traffic grows 20% where do we run out")
    assert not growth.cues.search("overgrowth")


def test_topics_tell_only_concepts_that_the_lexicon_has() -> None:
    told = {concept for topic in shipped_topics().topics.values() for concept in topic.tells}
    assert told <= set(lexicon())
