"""One HTML file that needs nothing else, from a template of this package."""

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from channels.report import wording
from channels.whole_file import whole_file

_NONE: Mapping[str, Callable[..., str]] = MappingProxyType({})


def write_html(
    path: Path,
    template: str,
    shown: Mapping[str, Any],
    filters: Mapping[str, Callable[..., str]] = _NONE,
) -> None:
    """`template` with what is `shown`, in the style of reports. `filters`: besides those of
    reports. Raises BadInput.
    """
    environment = Environment(
        loader=PackageLoader("channels.planning", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(wording.FILTERS, **filters)
    css = (Path(__file__).parents[1] / "report" / "templates" / "report.css").read_text("utf-8")
    text = environment.get_template(template).render(shown, css=Markup(css))
    with whole_file(path) as draft:
        draft.write_text(text, encoding="utf-8")
