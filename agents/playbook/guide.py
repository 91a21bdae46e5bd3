"""The shipped mind as a guide: what is plainly said, by words that stand in a table."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from agents.playbook.tickets import Masked, compiled, wants_obedience
from agents.playbook.view import ToolChoice, TranscriptView, answer
from agents.roles.guide import LONGEST_QUOTE, MOST_FINDINGS, GuideReading, GuideTask, TextShown

_TIME = r"(?P<hour>[01]?\d|2[0-3]):(?P<minute>[0-5]\d)(?!\d)(?: ?(?:UTC|Z|h)\b)?"
_SPAN = r"(?P<span>\d+(?:\.\d+)?) ?(?P<unit>hours?|hrs?|h|minutes?|mins?|min|m)\b"
_FACTOR = r"(?P<factor>\d+(?:\.\d+)?)"
_PERCENT = r"(?P<percent>\d+(?:\.\d+)?) ?(?:%|percent)"

_SENTENCE = re.compile(r"[^.;!?\n]+(?:\.(?=\w)[^.;!?\n]+)*[.;!?]?")
"""A point between letters or digits ends nothing."""


def guide(view: TranscriptView) -> ToolChoice:
    """All that the table knows, text by text; of one that wants to be obeyed, that alone."""
    return answer(_read(view.task_as(GuideTask)))


def reading_of(task: GuideTask) -> GuideReading:
    """As `guide` answers, without a role that is played."""
    return GuideReading.model_validate(_read(task))


def _read(task: GuideTask) -> dict[str, Any]:
    found = [finding for text in task.texts for finding in _findings(text)]
    return {"findings": found[:MOST_FINDINGS]}


def _findings(shown: TextShown) -> Iterator[dict[str, Any]]:
    masked = Masked.of(shown.text, shown.names)
    if wanted := wants_obedience(masked):
        yield _found(shown, "suspicious_instruction", wanted)
        return
    known = _patterns()
    for sentence in _SENTENCE.findall(masked.text):
        if any(pattern.search(sentence) for pattern in known["denied"]):
            continue
        for kind in ("leave_alone", "repair", "protect", "surge"):
            said = next((m for p in known[kind] if (m := p.search(sentence))), None)
            if said is not None:
                yield from _meant(shown, masked, kind, said)


def _meant(
    shown: TextShown, masked: Masked, kind: str, said: re.Match[str]
) -> Iterator[dict[str, Any]]:
    quote, groups = masked.plain(said[0]), said.groupdict()
    if kind in ("leave_alone", "protect"):
        wanted = ("service",) if kind == "protect" else ("node", "link")
        for _, of, id_ in (masked.things[c] for c in said[1] if c in masked.things):
            if of in wanted and kind == "protect":
                yield _found(shown, kind, quote, service=id_)
            elif of in wanted:
                yield _found(shown, kind, quote, element=id_, until=_clock(shown, groups))
    elif kind == "repair":
        yield _found(shown, kind, quote, at=_clock(shown, groups))
    else:
        percent = groups.get("percent")
        factor = 1.0 + float(percent) / 100.0 if percent else float(groups["factor"])
        if 1.0 <= factor <= 1000.0:
            yield _found(shown, kind, quote, factor=factor, by=_clock(shown, groups))


def _clock(shown: TextShown, groups: dict[str, str | None]) -> str:
    """The time that was said, HH:MM; "" for none."""
    if (hour := groups.get("hour")) and (minute := groups.get("minute")):
        return f"{int(hour):02}:{minute}"
    if not (span := groups.get("span")):
        return ""
    hours = float(span) / (60.0 if (groups["unit"] or "").startswith("m") else 1.0)
    at = datetime.strptime(shown.written, "%H:%M") + timedelta(hours=min(hours, 23.0))
    return f"{at:%H:%M}"


def _found(shown: TextShown, kind: str, words: str, **more: Any) -> dict[str, Any]:
    quote = words.strip()[:LONGEST_QUOTE].strip()
    return {"kind": kind, "text": shown.number, "quote": quote, **more}


@cache
def _patterns() -> dict[str, tuple[re.Pattern[str], ...]]:
    text = files(__package__).joinpath("guidance_patterns.yaml").read_text(encoding="utf-8")
    spelled = {"TIME": _TIME, "SPAN": _SPAN, "FACTOR": _FACTOR, "PERCENT": _PERCENT}
    return {
        kind: compiled([_spelled(pattern, spelled) for pattern in patterns])
        for kind, patterns in yaml.safe_load(text).items()
    }


def _spelled(pattern: str, words: dict[str, str]) -> str:
    for word, meaning in words.items():
        pattern = pattern.replace(word, meaning)
    return pattern
