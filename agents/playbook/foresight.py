"""The shipped mind in a refresh of the risk register: what was announced, and what search finds."""

from typing import Any

from agents.playbook.view import ToolChoice, TranscriptView, answer
from agents.roles.foresight_imaginer import MOST_PROPOSALS, ForesightTask
from agents.roles.foresight_wording import LONGEST, LineTold, WordingTask
from twin.imagination.beside import PROPOSED

_GENERATOR = "search"
"""It finds most for its simulations (docs/foresight.md)."""

_PROPOSED_SHARE = 0.25
"""Of the simulations, for days on which work is announced (assumed)."""


def foresight_imaginer(view: TranscriptView) -> ToolChoice:
    """The next announced works, a link each, and all else to search."""
    task = view.task_as(ForesightTask)
    ahead = sorted(task.work or (), key=lambda work: (work.begins_in_hours, work.links))
    begins = {link: work.begins_in_hours for work in reversed(ahead) for link in work.links}
    soonest = sorted(begins, key=lambda link: (begins[link], link))[:MOST_PROPOSALS]
    proposals = [
        {
            "condition": f"link {link} in work",
            "kinds": [],
            "why": f"announced, in {begins[link]:g} hours",
        }
        for link in soonest
    ]
    shares = {_GENERATOR: 1.0}
    if proposals:
        shares = {_GENERATOR: 1.0 - _PROPOSED_SHARE, PROPOSED: _PROPOSED_SHARE}
    split = [{"generator": name, "share": share} for name, share in shares.items()]
    return answer({"proposals": proposals, "split": split})


def foresight_wording(view: TranscriptView) -> ToolChoice:
    """What fails, what it costs, how often it comes, and what would help."""
    task = view.task_as(WordingTask)
    return answer({"sentences": [_worded(line) for line in task.lines]})


def _worded(line: LineTold) -> dict[str, Any]:
    brief = f"{line.costs}; {line.often}"
    text = f"{line.fails}: {brief}; it hits {line.hits}"
    helps = (
        f"once it has failed: {line.remedy}" if line.remedy else "no change that was tried helps"
    )
    longest_first = (f"{text}; {helps}", text, brief)
    return {"line": line.line, "text": next(t for t in longest_first if len(t) <= LONGEST)}
