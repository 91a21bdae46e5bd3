"""Composes the answer to what was recognised of a question: by one topic, or by several.

The topics that may answer are tried, the likeliest first. What of the question an answer does not
honour is left over (`slots`, `coverage`); an answer that leaves a hard word over is not given. What
the first answer leaves over may be another topic's, whose answer is then given beside it.
"""

import re
from collections.abc import Sequence
from dataclasses import replace

from agents.playbook.conversation.coverage import Coverage, Left
from agents.playbook.conversation.gist import Gist
from agents.playbook.conversation.looking_up import Decline, NotUnderstood, quoted
from agents.playbook.conversation.slots import TO_COME, Given, honour, unhonoured
from agents.playbook.conversation.topic_answers import ANSWERS
from agents.playbook.conversation.topics import EFFECT, UPGRADES, Topic, shipped_topics

_MOST_TRIED = 5
_MOST_TOLD = 3
_FIRST = frozenset({EFFECT, UPGRADES})
"""Topics of what is supposed: whoever supposes something asks of that, and of nothing else."""


def composed(gist: Gist) -> str | None:
    """The answer to `gist`, None if nothing of what it asks was recognised.

    Raises:
        Decline: it is about what cannot be known, or no answer honours all that weighs in it.
    """
    topics = shipped_topics().of(gist)
    found: list[tuple[tuple[int, int], str]] = []
    cited: list[list[str]] = []
    refused: list[Decline] = []
    for topic in topics[:_MOST_TRIED]:
        try:
            said, left = _composed(gist, topic, topics)
            found.append(((_size(left), len(said)), _headed(gist, " ".join(said), left)))
            cited.append(list(gist.asked.cited))
            if topic.name in _FIRST:
                break
        except NotUnderstood:
            pass
        except Decline as why:
            refused.append(why)
        gist.asked.forget()
        gist.told.clear()
    if not found:
        if refused:
            raise refused[0]
        return None
    best = min(range(len(found)), key=lambda i: found[i][0])
    gist.asked.cited += cited[best]
    return found[best][1]


def _composed(gist: Gist, first: Topic, topics: Sequence[Topic]) -> tuple[list[str], Left]:
    """The answer by `first`, and by those that honour more beside it; and what is left over."""
    used, said = [first], [ANSWERS[first.name](gist)]
    left = _left(gist, used, " ".join(said))
    for topic in [*topics, *_about_names(gist, left)]:
        over = {*left.asked, *left.unread, *left.aside}
        wanted = over & _words_of(gist, topic) or topic in _about_names(gist, left)
        if topic in used or len(used) == _MOST_TOLD or not wanted:
            continue
        cited, told = len(gist.asked.cited), set(gist.told)
        try:
            more = ANSWERS[topic.name](gist)
        except Decline:
            gist.asked.forget(cited)
            gist.told = told
            continue
        then = _left(gist, [*used, topic], " ".join([*said, more]))
        if _size(then) < _size(left):
            used, said, left = [*used, topic], [*said, more], then
        else:
            gist.asked.forget(cited)
            gist.told = told
    if set(left.asked) & TO_COME:
        raise Decline("I tell how that is, not how it will be; name a time, a failure or a growth.")
    if left.asked:
        raise Decline(f"I do not understand {_listed(gist, left.asked)} there.")
    return said, left


_ABOUT = {"service": "served", "customer": "served", "link": "headroom", "node": "link_facts"}
"""The topic that says how a thing is that is named, and of which nothing else was said."""


def _about_names(gist: Gist, left: Left) -> list[Topic]:
    """Topics about names that are left over."""
    kinds = [gist.marks[w][0] for w in left.asked if w in gist.marks]
    return [shipped_topics().topics[_ABOUT[kind]] for kind in kinds if kind in _ABOUT]


def _words_of(gist: Gist, topic: Topic) -> set[str]:
    """The words that ask for `topic`."""
    return {word for cue in topic.cues.finditer(gist.line) for word in cue.group().split()}


def _size(left: Left) -> int:
    return 3 * len(left.asked) + len(left.unread) + len(left.aside)


def _left(gist: Gist, topics: Sequence[Topic], text: str) -> Left:
    """What an answer by `topics` does not honour; a word that may be a name is hard."""
    found = Coverage(gist.line)
    told = frozenset(gist.told).union(*(topic.tells for topic in topics))
    for topic in topics:
        topic.account(found)
    for name, words in shipped_topics().aspects.items():
        if f"aspect {name}" in told:
            found.read(words)
    given = Given(tuple(gist.asked.calls), text, told)
    honour(found, gist, given)
    over = found.left()
    spans = unhonoured(found, gist, given)
    unused = tuple(w for a, b in spans for w in re.findall(r"[\w.:%-]+", gist.line[a:b]))
    over = replace(over, asked=over.asked + unused)
    names = tuple(w for w in (*over.unread, *over.background) if gist.may_weigh(w))
    return replace(over, asked=over.asked + names) if names else over


def _headed(gist: Gist, text: str, left: Left) -> str:
    """The answer, with what it does not honour."""
    if unread := (*left.unread, *left.background):
        text = f"Not taken into account: {_listed(gist, unread)}. {text}"
    if left.aside:
        text = f"{text} What you ask with {_listed(gist, left.aside)} I leave open."
    return text


def _listed(gist: Gist, words: Sequence[str]) -> str:
    """`words` with marks as the names that they stand for."""
    typed = (gist.marks[w][1] if w in gist.marks else w for w in words)
    return ", ".join(quoted(list(dict.fromkeys(typed))))
