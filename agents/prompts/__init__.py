"""What each role is told, one file per role, versioned; what all are told stands in `common.md`.

A file begins with front matter:

    ---
    version: 2
    ---

The version says that the wording was changed on purpose; the hash says which words they were.

What follows is a Jinja template. A figure that code decides by stands in code alone, and the role
hands it to `prompt`: `{{ most_remedies | words }}` is "eight", `{{ felt_drops | percent }}` "1 %".
"""

from functools import cache
from hashlib import sha256
from importlib.resources import files

import yaml
from jinja2 import Environment, StrictUndefined, meta

from twin.errors import BadInput
from twin.nouns.base import Noun

COMMON = "common"
_FENCE = "---\n"


class PromptId(Noun):
    """Which words a role was told. `version` 0: a text that is not one of these files.

    `hash`: the first 12 hexadecimal digits of its SHA-256.
    """

    name: str
    version: int
    hash: str


class Prompt(str):
    """A prompt's text, which knows the file that it is from."""

    name: str
    version: int

    def __new__(cls, text: str, name: str, version: int) -> "Prompt":
        """`text` of version `version` of the prompt `name`."""
        made = super().__new__(cls, text)
        made.name, made.version = name, version
        return made


@cache
def prompt(role: str, **figures: float) -> Prompt:
    """The prompt of `role`: `agents/prompts/<role>.md` with `figures`, then what all are told.

    Raises:
        BadInput: the file does not begin with a version, or tells other figures than `figures`.
    """
    version, template = _read(role)
    environment = _environment()
    told = meta.find_undeclared_variables(environment.parse(template))
    if told != figures.keys():
        raise BadInput(
            f"the prompt {role}.md tells the figures {sorted(told)}; given are {sorted(figures)}"
        )
    text = environment.from_string(template).render(figures)
    return Prompt(f"{text}{_file(COMMON)}", role, version)


def percent(share: float) -> str:
    """0.9 is "90 %"."""
    return f"{100 * share:g} %"


_WORDS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


def _environment() -> Environment:
    # What is rendered is text for a model: there is no markup to escape.
    environment = Environment(
        autoescape=False, undefined=StrictUndefined, keep_trailing_newline=True, finalize=_figure
    )
    environment.filters.update(percent=percent, words=lambda number: _WORDS[number])
    return environment


def _figure(value: object) -> object:
    """A float with the two digits that a reader can use."""
    return f"{value:.2g}" if isinstance(value, float) else value


def prompt_id(text: str, role: str) -> PromptId:
    """Which prompt `text` is, as `role` is told it."""
    digest = sha256(text.encode()).hexdigest()[:12]
    if isinstance(text, Prompt):
        return PromptId(name=text.name, version=text.version, hash=digest)
    return PromptId(name=role, version=0, hash=digest)


def _read(name: str) -> tuple[int, str]:
    empty, _, rest = _file(name).partition(_FENCE)
    front, fence, text = rest.partition(_FENCE)
    matter = yaml.safe_load(front) if not empty and fence else None
    version = matter.get("version") if isinstance(matter, dict) else None
    if not isinstance(version, int):
        raise BadInput(f'the prompt {name}.md does not begin with front matter and its "version"')
    return version, text


def _file(name: str) -> str:
    return files(__name__).joinpath(f"{name}.md").read_text(encoding="utf-8")
