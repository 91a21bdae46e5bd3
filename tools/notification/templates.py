"""What a webhook posts in the words of its receiver: Jinja templates of JSON.

A template gets the notice: `id`, `event`, `type`, `timestamp`, and `data` with `network`,
`incident`, `work`, `severity`, `title`, `plan` and `text`. Every value goes through `tojson`, so
that no text of a network can end a string. One that renders nothing says that its receiver is not
to be told.
"""

import json
from pathlib import Path
from typing import Any

from jinja2 import StrictUndefined, Template, TemplateError
from jinja2.sandbox import SandboxedEnvironment

from tools.journal.records import Notice
from tools.notification.ways import NotTaken, Webhook
from twin.errors import BadInput

_SHIPPED = Path(__file__).parent / "shipped"


def template_of(name: str, folder: Path) -> Template:
    """The template that ships as `name`, or the file of that path in `folder`.

    Raises:
        BadInput: there is none, it cannot be read, or it is no template.
    """
    shipped = {file.name.removesuffix(".json.j2"): file for file in _SHIPPED.glob("*.json.j2")}
    file = shipped.get(name, folder / name)
    try:
        text = file.read_text(encoding="utf-8")
        return SandboxedEnvironment(undefined=StrictUndefined).from_string(text)
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(
            f'on_event.yaml: the template "{name}" cannot be read from {folder}; shipped are '
            f"{', '.join(sorted(shipped))}"
        ) from error
    except TemplateError as error:
        raise BadInput(f'on_event.yaml: "{name}" is no Jinja template ({error})') from error


class Templated:
    """Posts what a template makes of a notice through a webhook."""

    takes_digests = False

    def __init__(self, webhook: Webhook, template: Template) -> None:
        self._webhook = webhook
        self._template = template

    def send(self, notice: Notice) -> None:
        """Post it once, if there is something to be told. Raises NotTaken."""
        if (body := worded(notice, self._template)) is not None:
            self._webhook.send_body(notice.id, json.dumps(body).encode())


def worded(notice: Notice, template: Template) -> Any:
    """What the template makes of a notice, None where it renders nothing.

    Raises:
        NotTaken: it fails, or what it makes is no JSON.
    """
    told = json.loads(notice.body)
    try:
        text = template.render(**told, event=notice.event)
        return json.loads(text) if text.strip() else None
    except (TemplateError, ValueError, TypeError) as error:
        raise NotTaken(f"the template could not be used: {error}"[:200]) from error
