"""Scripts: what the server does at the first, second, ... call of each role."""

from collections import Counter
from difflib import get_close_matches
from pathlib import Path
from typing import Protocol

from pydantic import Field, ValidationError

from evals.model_server.behaviours import Behaviour, Broken, Completion, Good, Reset, Said
from evals.model_server.request import ChatRequest
from tools.strict_yaml import read_yaml
from twin.errors import BadInput
from twin.nouns.base import Noun

SCRIPTS = Path(__file__).parent / "scripts"


class Source(Protocol):
    """Where the server has its replies from."""

    def choose(self, request: ChatRequest) -> Said | Broken | Completion:
        """What to do with a request that passed the checks. Called for one request at a time."""
        ...


class Script(Noun):
    """`roles`: by role, the behaviours of its first, second, ... call; the last one repeats.

    `default`: of roles that are not named. `gone_after`: so many calls in all are served; after
    that, every connection is reset.
    """

    about: str = ""
    default: tuple[Behaviour, ...] = Field(default=(Good(),), min_length=1)
    roles: dict[str, tuple[Behaviour, ...]] = Field(default_factory=dict)
    gone_after: int | None = Field(default=None, ge=0)


class Scripted:
    """A script that is being played."""

    def __init__(self, script: Script) -> None:
        self._script = script
        self._calls: Counter[str] = Counter()

    def choose(self, request: ChatRequest) -> Said | Broken | Completion:
        """The next behaviour of the role."""
        gone = self._script.gone_after
        if gone is not None and self._calls.total() >= gone:
            return Reset()
        steps = self._script.roles.get(request.role) or self._script.default
        position = min(self._calls[request.role], len(steps) - 1)
        self._calls[request.role] += 1
        return steps[position]


def script_names() -> tuple[str, ...]:
    """The shipped scripts, in order."""
    return tuple(sorted(path.stem for path in SCRIPTS.glob("*.yaml")))


def load_script(name: str) -> Script:
    """A shipped script by name, or a file by path.

    Raises:
        BadInput: there is none, or it does not validate; names file, key and remedy.
    """
    path = SCRIPTS / f"{name}.yaml"
    if name not in script_names():
        path = Path(name)
    if not path.is_file():
        near = get_close_matches(name, script_names(), n=1)
        hint = f' (did you mean "{near[0]}"?)' if near else ""
        shipped = ", ".join(script_names())
        raise BadInput(f'no script "{name}"{hint}; there are {shipped}, or give a file')
    try:
        return Script.model_validate(read_yaml(path.read_text(encoding="utf-8"), str(path)))
    except (OSError, UnicodeDecodeError) as exc:
        raise BadInput(f"{path}: cannot be read as a script ({exc})") from exc
    except ValidationError as exc:
        raise BadInput("; ".join(_complaints(path, exc))) from exc


def _complaints(path: Path, error: ValidationError) -> list[str]:
    return [
        f"{path}: {'.'.join(map(str, e['loc'])) or 'the file'}: {e['msg']}"
        for e in error.errors(include_url=False, include_context=False, include_input=False)
    ]
