"""The report as one HTML file that needs nothing else: styles and drawings are in it."""

import re

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from channels.impact import dependents_lines, found_text, steps_lines
from channels.report import drawings, wording
from channels.report.contents import ReportFacts
from channels.report.minds import cost_text, spent_text
from channels.report.summary import Summary, summarise
from channels.report.timing import fold_symptoms

_PLACE = ("channels.report", "templates")


def to_html(facts: ReportFacts) -> str:
    """The same facts give the same text; everything but our own drawings is escaped."""
    environment = Environment(
        loader=PackageLoader(*_PLACE),
        autoescape=True,
        finalize=_printable,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(wording.FILTERS, folded=fold_symptoms, found=found_text)
    environment.filters.update(spent=spent_text, cost=cost_text)
    environment.filters.update(depending=dependents_lines, steps=steps_lines)
    template = environment.get_template("report.html.j2")
    summary = summarise(facts)
    page = template.render(f=facts, summary=summary, drawings=_drawings(facts, summary))
    return _TABLE.sub(_with_headings, page)


_TABLE = re.compile(r"<table(.*?)</table>", re.DOTALL)
_HEADING = re.compile(r"<th\b[^>]*>(.*?)</th>", re.DOTALL)

_MOST_COLUMNS = 4
"""That a telephone shows beside each other."""


def _with_headings(table: re.Match[str]) -> str:
    """A table of many columns whose cells bear their headings, for where its rows are stacked."""
    head, _, rows = table[0].partition("</thead>")
    headings = _HEADING.findall(head)
    if not rows or len(headings) <= _MOST_COLUMNS:
        return table[0]
    parts = [head.replace("<table", '<table data-stacks=""', 1), "</thead>"]
    for row in re.split(r"(?=<tr)", rows):
        first, *cells = row.split("<td")
        labelled = (f'<td data-heading="{h}"{c}' for h, c in zip(headings, cells, strict=False))
        parts += [first, *labelled]
    return "".join(parts)


def _printable(value: object) -> object:
    if isinstance(value, str) and not isinstance(value, Markup):
        return wording.printable(value)
    return value


def _drawings(facts: ReportFacts, summary: Summary) -> dict[str, object]:
    """Drawings by name, those of plans by plan id; what has no data has no drawing."""
    maps = drawings.topology_maps(facts.topology, f"Map of {facts.topology.name}: {summary.title}")
    made: dict[str, object] = {
        "maps": [(title, Markup(drawing)) for title, drawing in maps],
        "legend": [(Markup(sample), text) for sample, text in drawings.map_legend()],
        "observed": {
            plan.id: Markup(
                drawings.observed_plot(plan.observed, f"Forecast and measured load after {plan.id}")
            )
            for plan in facts.plans
            if plan.observed
        },
    }
    if facts.remedies:
        label = "Expected cost of each simulated remedy"
        made["remedies"] = Markup(drawings.remedies_plot(facts.remedies, label))
    if facts.service_impact is not None and facts.service_impact.steps:
        label = "What goes down or is weakened because of the cause, and who stands on that"
        made["dependencies"] = Markup(drawings.dependency_graph(facts.service_impact, label))
    if facts.comparisons:
        label = "SLO minutes lost in each arm of the comparison"
        made["comparison"] = Markup(drawings.comparison_plot(facts.comparisons, label))
    return made
