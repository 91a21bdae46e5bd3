"""The report as Markdown: the same contents without drawings."""

import re

from jinja2 import Environment, PackageLoader, StrictUndefined

from channels.impact import dependents_lines, found_text, steps_lines
from channels.report import wording
from channels.report.contents import ReportFacts
from channels.report.minds import cost_text, spent_text
from channels.report.summary import summarise
from channels.report.timing import fold_symptoms

_SPECIAL = re.compile(r"([\\`*_{}\[\]>#|~!])")


def to_markdown(facts: ReportFacts) -> str:
    """The same facts give the same text; what is not ours cannot become markup."""
    # Jinja's escaping is for HTML; `finalize` escapes whatever an expression gives.
    environment = Environment(
        loader=PackageLoader("channels.report", "templates"),
        autoescape=False,
        finalize=_finalize,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(wording.FILTERS, folded=fold_symptoms, found=found_text)
    environment.filters.update(spent=spent_text, cost=cost_text)
    environment.filters.update(depending=dependents_lines, steps=steps_lines)
    environment.filters["fenced"] = lambda text: _Own(_fenced(str(text)))
    environment.filters["code"] = lambda text: _Own(f"`{_no_ticks(text)}`")
    return environment.get_template("report.md.j2").render(f=facts, summary=summarise(facts))


class _Own(str):
    """Markdown that we made."""


def _finalize(value: object) -> object:
    if isinstance(value, _Own) or not isinstance(value, str):
        return value
    entities = wording.printable(value).replace("&", "&amp;").replace("<", "&lt;")
    return _SPECIAL.sub(r"\\\1", entities)


def _no_ticks(text: object) -> str:
    return wording.printable(str(text)).replace("`", "'")


def _fenced(diff: str) -> str:
    longest = max((len(run) for run in re.findall(r"`+", diff)), default=0)
    fence = "`" * max(3, longest + 1)
    lines = [wording.printable(line) for line in diff.splitlines()]
    return "\n".join([f"{fence}diff", *lines, fence])
