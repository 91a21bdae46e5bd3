"""The shipped mind in a refresh of the risk register: what was announced, and what search finds."""

from typing import Any

from agents.playbook.view import ToolChoice, TranscriptView, answer
from agents.roles.foresight_imaginer import MOST_CONDITIONS, ForesightTask, WorkAhead
from agents.roles.foresight_wording import LONGEST, LineTold, WordingTask

_GENERATOR = "search"
"""It finds most for its simulations (docs/foresight.md)."""


def foresight_imaginer(view: TranscriptView) -> ToolChoice:
    """The announced work that begins next as conditions, and all simulations to search."""
    task = view.task_as(ForesightTask)
    ahead = sorted(task.work or (), key=lambda work: (work.begins_in_hours, work.links))
    conditions = {_condition(work): work for work in ahead}
    return answer(
        {
            "conditions": [
                {"condition": text, "why": f"announced in {work.begins_in_hours:g} hours"}
                for text, work in list(conditions.items())[:MOST_CONDITIONS]
            ],
            "split": [{"generator": _GENERATOR, "share": 1.0}],
        }
    )


def _condition(work: WorkAhead) -> str:
    return ", ".join(f"link {link} in work" for link in work.links)


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
