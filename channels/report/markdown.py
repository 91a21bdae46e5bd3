"""The report as Markdown: the same contents without drawings."""

import re

from jinja2 import Environment, PackageLoader, StrictUndefined

from channels.report import wording
from channels.report.facts import ReportFacts
from channels.report.summary import summarise

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~&!])")


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
    environment.filters.update(wording.FILTERS)
    environment.filters["fenced"] = lambda text: _Own(_fenced(text))
    environment.filters["code"] = lambda text: _Own("`" + str(text).replace("`", "'") + "`")
    return environment.get_template("report.md.j2").render(f=facts, summary=summarise(facts))


class _Own(str):
    """Markdown that we made."""


def _finalize(value: object) -> object:
    if isinstance(value, _Own) or not isinstance(value, str):
        return value
    return _SPECIAL.sub(r"\\\1", " ".join(value.split()))


def _fenced(diff: str) -> str:
    longest = max((len(run) for run in re.findall(r"`+", diff)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}diff\n{diff.rstrip()}\n{fence}"
