"""The shipped mind as a reader of log lines: by words that stand in a table."""

import re
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from agents.playbook.view import ToolChoice, TranscriptView, answer
from agents.roles.reader import LONGEST_QUOTE, LineShown, ReaderTask

_SEVERE = re.compile(r"%[\w-]+-[0-3]-\w+")
"""A message of severity 0 (emergency) to 3 (error), as Cisco writes it."""


def reader(view: TranscriptView) -> ToolChoice:
    """One finding for each line with a known word in it, or that says that it is severe."""
    findings = (_finding(line) for line in view.task_as(ReaderTask).lines)
    return answer({"findings": [f for f in findings if f is not None]})


def _finding(line: LineShown) -> dict[str, Any] | None:
    text = line.text.strip("«»")
    for kind, confidence, pattern in _patterns():
        if found := pattern.search(text):
            return _found(line, kind, confidence, found[0])
    if found := _SEVERE.search(text):
        return _found(line, "unknown", "low", found[0])
    return None


def _found(line: LineShown, kind: str, confidence: str, words: str) -> dict[str, Any]:
    quote = words[:LONGEST_QUOTE].strip()
    return {"line": line.line, "kind": kind, "quote": quote, "confidence": confidence}


@cache
def _patterns() -> tuple[tuple[str, str, re.Pattern[str]], ...]:
    text = files(__package__).joinpath("log_patterns.yaml").read_text(encoding="utf-8")
    return tuple(
        (entry["kind"], entry["confidence"], re.compile(pattern, re.IGNORECASE))
        for entry in yaml.safe_load(text)
        for pattern in entry["patterns"]
    )
