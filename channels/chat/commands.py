"""What people write to us in a thread, read as a verb with its arguments."""

import re
from typing import Literal

from twin.errors import BadInput
from twin.nouns.account import Permission
from twin.nouns.base import Noun
from twin.nouns.way import Way

HELP = """\
ask QUESTION – how the network is, what would happen if, what was decided
take – you have this incident
note TEXT – put what you have seen or done into its timeline
close CAUSE [because REASON] – close it with the cause that you found, or unknown
reopen REASON – it is not over
work LINK|NODE… from TIME to TIME [because REASON] – announce work, such as \
work Fulda-Kassel from 2026-03-03 22:00 to +4h; a reason accepts that services suffer
Plans are answered with the buttons of their cards. Outside of a thread, name the incident first: \
live-0001 take"""

VERBS = ("ask", "take", "note", "close", "reopen", "work", "help")


class Command(Noun):
    """`verb` with what follows it. `incident_id`: the one that was named, "" for the thread's.

    `reason`: what follows "because". `starts`, `ends`: as they were written.
    """

    verb: Literal["ask", "take", "note", "close", "reopen", "work", "help"]
    text: str = ""
    incident_id: str = ""
    reason: str = ""
    starts: str = ""
    ends: str = ""

    @property
    def permission(self) -> Permission:
        """What somebody has to be allowed who says it."""
        return "read" if self.verb in ("ask", "help") else "operate"


_NAMED = re.compile(r"(?P<incident>[\w.-]+-\d{4,})[:,]?\s+(?P<rest>.*)", re.DOTALL)
_BECAUSE = re.compile(r"(?P<text>.*?)\s+because\s+(?P<reason>.+)", re.DOTALL | re.IGNORECASE)
_WORK = re.compile(
    r"(?P<text>.+?)\s+from\s+(?P<starts>.+?)\s+to\s+(?P<ends>.+)", re.DOTALL | re.IGNORECASE
)


def read_command(words: str) -> Command:
    """The command that `words` stand for; what begins with no verb is a question.

    Raises:
        BadInput: work is announced without its times.
    """
    said, incident = " ".join(words.split()), ""
    if named := _NAMED.fullmatch(said):
        said, incident = named["rest"], named["incident"]
    verb, _, rest = said.partition(" ")
    verb = verb.lower().rstrip(":,")
    if not said or verb == "help":
        return Command(verb="help")
    match verb:
        case "ask":
            return Command(verb="ask", text=rest, incident_id=incident)
        case "take" if not rest:
            return Command(verb="take", incident_id=incident)
        case "note":
            return Command(verb="note", text=rest, incident_id=incident)
        case "close":
            return Command(verb="close", incident_id=incident, **_with_reason(rest))
        case "reopen":
            return Command(verb="reopen", reason=rest, incident_id=incident)
        case "work":
            return Command(verb="work", incident_id=incident, **_work(rest))
        case _:
            return Command(verb="ask", text=said, incident_id=incident)


_GIVEN = {"reason": "because WHY", "network": "name an incident of one first: live-0001 ask ..."}
"""How a thread gives what a verb wants; nothing else can be given there."""


def in_thread(way: Way) -> str:
    """A way as it is written in a thread, "" where nothing that is written there helps."""
    if way.verb in VERBS:
        return " ".join([*way.to, way.verb, *map(str, way.given.values())])
    if way.verb:
        return f"{way.on_the_command_line()}, at the command line"
    return "; ".join(_GIVEN[name] for name in way.given if name in _GIVEN)


def is_question(words: str) -> bool:
    """Whether a mind is asked, which may take long over it."""
    try:
        return read_command(words).verb == "ask"
    except BadInput:
        return False


def _with_reason(said: str) -> dict[str, str]:
    found = _BECAUSE.fullmatch(said)
    return found.groupdict() if found else {"text": said}


def _work(said: str) -> dict[str, str]:
    parts = _with_reason(said)
    found = _WORK.fullmatch(parts["text"])
    if found is None:
        raise BadInput(
            "say what is worked on, and when: work LINK|NODE… from TIME to TIME, like work "
            "Fulda-Kassel from 2026-03-03 22:00 to +4h"
        )
    return {**parts, **found.groupdict()}
