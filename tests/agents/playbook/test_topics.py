"""What a question is about is data, and everything in it can be answered."""

from agents.playbook.conversation.topic_answers import ANSWERS
from agents.playbook.conversation.topics import shipped_topics


def test_every_topic_has_an_answer_and_every_answer_a_topic() -> None:
    # What is supposed to happen is no topic of the table: its event is found by itself.
    assert {topic.name for topic in shipped_topics().topics} | {"effect"} == set(ANSWERS)


def test_no_topic_is_taken_from_an_empty_question() -> None:
    topics = shipped_topics()
    assert [t.name for t in topics.topics if t.cues.search("") or t.cues.search("?")] == []
    assert [b.says for b in topics.beyond if b.cues.search("?")] == []


def test_word_is_sought_whole() -> None:
    (growth,) = (t for t in shipped_topics().topics if t.name == "growth")
    assert growth.cues.search("if traffic grows 20% where do we run out")
    assert not growth.cues.search("overgrowth")
