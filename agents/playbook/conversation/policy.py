"""The policy of the conversation: what the grammar reads is looked up and said; the rest is
declined.
"""

from collections.abc import Callable, Mapping

from agents.conversation.queries.topology import SHOW_NETWORK, NoArguments
from agents.playbook.conversation.composing import composed
from agents.playbook.conversation.dependency_answers import DEPENDENCY_ANSWERS
from agents.playbook.conversation.gist import gist_of
from agents.playbook.conversation.grammar import Reading
from agents.playbook.conversation.history_answers import HISTORY_ANSWERS
from agents.playbook.conversation.language import is_german
from agents.playbook.conversation.looking_up import Asked, Decline, LookUp, Nothing, NotUnderstood
from agents.playbook.conversation.reading import grammar, readings_of
from agents.playbook.conversation.state_answers import STATE_ANSWERS
from agents.playbook.conversation.topic_answers import nearest
from agents.playbook.conversation.topology_answers import TOPOLOGY_ANSWERS
from agents.playbook.conversation.whatif_answers import WHATIF_ANSWERS
from agents.playbook.view import ToolChoice, TranscriptView, answer

_ANSWERS: Mapping[str, Callable[[Asked, Reading], str]] = {
    **TOPOLOGY_ANSWERS,
    **DEPENDENCY_ANSWERS,
    **STATE_ANSWERS,
    **WHATIF_ANSWERS,
    **HISTORY_ANSWERS,
}
"""By intent."""


def conversation(view: TranscriptView) -> ToolChoice:
    """Read the question, look up what it asks, and say it; or decline and say what can be asked."""
    asked = Asked(view)
    try:
        return _said(asked, _answer(asked), declined=False)
    except LookUp as needed:
        return needed.choice
    except Nothing as none:
        return _said(asked, str(none), declined=False)
    except Decline as why:
        reason = str(why)
    try:
        return _said(asked, f"{reason} {_examples(asked)}", declined=True)
    except LookUp as needed:
        return needed.choice


def _said(asked: Asked, text: str, *, declined: bool) -> ToolChoice:
    # A refusal may name what it only glanced at, such as names that a word could stand for.
    figures = declined and any(c.isdigit() for c in text)
    citations = asked.seen if figures else asked.cited
    return answer({"text": text, "citations": citations, "declined": declined})


def _answer(asked: Asked) -> str:
    try:
        readings = readings_of(asked)
    except NotUnderstood as why:
        return _searched(asked, why)
    if any(reading.intent == "command" for reading in readings):
        raise Decline(
            "I only look and never change anything. Changes are made by the plans of incidents, "
            "which people approve or reject with noctua approve PLAN and noctua reject PLAN; ask "
            "what would happen if it were done."
        )
    return " ".join(_ANSWERS[reading.intent](asked, reading) for reading in readings)


def _searched(asked: Asked, why: Decline) -> str:
    """The answer to what was recognised of a question that the grammar does not account for."""
    if is_german(asked.question):
        raise Decline("I understand English only; please ask that in English.")
    answer = composed(gist_of(asked, grammar()))
    if answer is None:
        raise why
    return answer


def _examples(asked: Asked) -> str:
    if near := _nearest(asked):
        return f"I can answer, for example: {', '.join(f'«{q}»' for q in near)}."
    network = asked.look_up(SHOW_NETWORK, NoArguments())
    node, link = network.node_names[0], network.link_names[0]
    return (
        f"I can answer, for example: «What links does {node} have?», «How busy is {link}?», "
        f"«What happens to VoIP if {link} fails at the peak hour?», «Is the network healthy?», "
        "«What was the root cause of the last incident?», «Why did you not drain it?»"
    )


def _nearest(asked: Asked) -> list[str]:
    try:
        return nearest(gist_of(asked, grammar()))
    except Decline:
        return []
