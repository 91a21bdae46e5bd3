"""Composes the answer to what was recognised of a question: by one topic, or by several.

The topics that may answer are tried, the likeliest first. What of the question an answer does not
honour is left over (`slots`, `coverage`); an answer that leaves a hard word over is not given. What
the first answer leaves over may be another topic's, whose answer is then given beside it.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from agents.playbook.conversation.coverage import Coverage, Left
from agents.playbook.conversation.gist import Gist
from agents.playbook.conversation.looking_up import Beyond, Decline, NotUnderstood, quoted
from agents.playbook.conversation.parts import Part, parts_of, tells_apart
from agents.playbook.conversation.slots import TO_COME, Given, honour, lexicon, unhonoured
from agents.playbook.conversation.topic_answers import ANSWERS
from agents.playbook.conversation.topics import COMPARED, EFFECT, UPGRADES, Topic, shipped_topics

_MOST_TRIED = 5
_MOST_TOLD = 3
_FIRST = frozenset({COMPARED, EFFECT, UPGRADES})
"""Topics of what is supposed: whoever supposes something asks of that, and of nothing else."""


@dataclass(frozen=True, slots=True)
class _Told:
    """An answer: its text, the results that it cites, and how much it leaves over."""

    topic: str
    text: str
    cited: tuple[str, ...]
    over: int


def composed(gist: Gist) -> str | None:
    """The answer to `gist`, None if nothing of what it asks was recognised.

    A question of several parts is answered part by part where that leaves less over; a part that is
    not answered is named.

    Raises:
        Decline: it is about what cannot be known, or no answer honours all that weighs in it.
    """
    whole: _Told | None = None
    refused: Decline | None = None
    try:
        whole = _told(gist)
    except Beyond:
        # What cannot be known may stand in a clause that asks nothing, which no part has.
        raise
    except Decline as why:
        refused = why
    # One answer tells all of what is supposed; of what is so each topic tells its own.
    several = tells_apart(gist) or (whole is not None and whole.topic not in _FIRST)
    # Of a part it could not be told that the plan is supposed there.
    if (whole is None or whole.over or several) and not gist.says(_WITH_PLAN):
        parted = _told_in_parts(gist)
        if parted is not None and (whole is None or parted.over < whole.over + several):
            whole = parted
    if whole is None:
        if refused is not None:
            raise refused
        return None
    gist.asked.cited += whole.cited
    return _shortened(whole.text)


_PLAN = r"(?:PLAN\d+|(?:the|your|that|this|its) (?:\w+ )?(?:plan|remedy))"
_WITH_PLAN = (
    rf"(?:with|under|given|on top of) {_PLAN}(?: (?:in|in place|applied|active|done|running))?"
    rf"|(?:when|once|after|if|as soon as|assuming|suppose) {_PLAN}"
    r"(?: (?:is|was|gets?|has been|goes|were))* "
    r"(?:in|in place|in force|active|done|applied|live|through|running|made|executed|approved"
    r"|signed|carried out|committed|implemented)"
    r"|(?:we|i|you|they|somebody|someone)(?: (?:then|now|would|will|just|do))* (?:do|make|run"
    rf"|execute|carry out|apply|take|approve|accept|sign|commit|implement|go with|follow) {_PLAN}"
)
"""What supposes that a plan is carried out."""

_NOT_WITH_PLAN = (
    "what the network is like with a plan that is not carried out is told by its forecast only; "
    "ask what the plan does"
)

_LONGEST = 5900
"""Characters of an answer; `agents.conversation.role` takes a few more."""


def _shortened(text: str) -> str:
    """`text` up to the end of a sentence or an item of a list, if it is too long, and that said."""
    if len(text) <= _LONGEST:
        return text
    more = " ... The rest is left out, as the answer would be too long."
    kept = text[: _LONGEST - len(more)]
    return kept[: max(kept.rfind(sign) for sign in (". ", "; ", ", "))] + more


_FIGURE = re.compile(r"(?<!\S)(?![A-Z]+\d+(?!\S))\S*\d\S*")
"""A figure, which an answer may only have from a result."""

_NOT_ANSWERED = 4
"""How much a part that is not answered leaves over, in words."""


def _told_in_parts(gist: Gist) -> _Told | None:
    """Each part of the question answered by itself; None if it has no parts, or no part has an
    answer."""
    parts = parts_of(gist)
    if len(parts) < 2:
        return None
    said: list[str] = []
    cited: list[str] = []
    open_: list[str] = []
    declined: set[int] = set()
    over = 0
    for part in parts:
        # What a declined part supposes was not read, so nothing can rest on it.
        answer = None if part.rests_on & declined else _told_of_part(part)
        if answer is None:
            declined.add(part.begin)
            open_.append(_FIGURE.sub("\u2026", part.said))
            continue
        if answer.text not in said:
            said.append(answer.text)
        cited += [x for x in answer.cited if x not in cited]
        over += answer.over
    if not said or 2 * len(open_) > len(parts):
        return None
    if open_:
        said.insert(0, f"Not answered: {_listed(gist, open_)}.")
    return _Told("", " ".join(said), tuple(cited), over + _NOT_ANSWERED * len(open_))


def _told_of_part(part: Part) -> _Told | None:
    try:
        return _told(part.gist)
    except Beyond:
        raise
    except Decline:
        return None


def _told(gist: Gist) -> _Told | None:
    """The answer to `gist` as a whole, None if nothing was recognised. Raises Decline."""
    topics = shipped_topics().of(gist)
    with_plan = gist.says(_WITH_PLAN)
    if with_plan:
        topics = [topic for topic in topics if "plan" in topic.tells]
    found: list[_Told] = []
    refused: list[Decline] = []
    for topic in topics[:_MOST_TRIED]:
        try:
            said, left = _composed(gist, topic, topics)
            text = _headed(gist, " ".join(said), left)
            cited = tuple(gist.asked.cited)
            found.append(_Told(topic.name, text, cited, 2 * _size(left) + len(said) - 1))
            if topic.name in _FIRST:
                break
        except NotUnderstood:
            pass
        except Decline as why:
            refused.append(why)
        finally:
            gist.asked.forget()
            gist.told.clear()
    if not found:
        if with_plan:
            raise Beyond(f"I cannot answer that: {_NOT_WITH_PLAN}.")
        if refused:
            raise refused[0]
        return None
    return min(found, key=lambda one: one.over)


def _composed(gist: Gist, first: Topic, topics: Sequence[Topic]) -> tuple[list[str], Left]:
    """The answer by `first`, and by those that honour more beside it; and what is left over."""
    used, said = [first], [ANSWERS[first.name](gist)]
    left = _left(gist, used, " ".join(said))
    others = [] if gist.says(_WITH_PLAN) else shipped_topics().beside(gist)
    for topic in [*topics, *_about_names(gist, left), *(t for t in others if t not in topics)]:
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


_TELLING = frozenset(
    {"length", "delay", "apart", "duct", "weight", "config", "certainty", "way_back", "work",
     "outage_minutes", "age"}
)  # fmt: skip
"""Concepts that few topics tell: a word of theirs asks for one of these."""


def _words_of(gist: Gist, topic: Topic) -> set[str]:
    """The words that ask for `topic`."""
    patterns = [topic.cues, *(lexicon()[c] for c in sorted(topic.tells & _TELLING))]
    return {word for p in patterns for cue in p.finditer(gist.line) for word in cue.group().split()}


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
    typed = (
        re.sub(r"\b[A-Z]+\d+\b", lambda m: gist.marks.get(m.group(), ("", m.group()))[1], w)
        # Figures that only stand for typed ones ("02:00" for "2") are in no result.
        if w in gist.question.casefold() or not re.search(r"(?<![A-Z\d])\d", w)
        else _FIGURE.sub("\u2026", w)
        for w in words
    )
    return ", ".join(quoted(list(dict.fromkeys(typed))))
