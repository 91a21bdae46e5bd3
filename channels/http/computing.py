"""Computed answers (`sweep`, `what-if`, ...): a path for each command that only computes.

What can be asked is read from the command itself, so that a further option has its field at once.
It runs as a process of its own, as whoever asks, for a limited time, and reads no files but those
of the state directory: what names a file on the command line names a known network here.
"""

import inspect
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, JsonValue, create_model
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from channels.cli.app import COMMANDS
from channels.cli.group import load_command
from channels.cli.principal import TOKEN
from channels.http.commands import does
from channels.http.computed import REFUSED, refusal_in
from channels.http.served import Served, Serving
from channels.http.who import Operator, Signed
from channels.planning.opening import known_networks
from twin.errors import BadInput, DeadlineExceeded
from twin.sources.topohub_source import topohub_names

router = APIRouter(prefix="/compute", tags=["computed"])

COMPUTED = (
    "sweep", "imagine", "risks play", "availability", "adversary", "worst-days", "mitigate",
    "what-if", "grow", "te", "disjoint", "drift", "doctor", "graph query", "graph stats",
    "graph dag",
)  # fmt: skip
"""Commands that only compute, or write what they computed into the state directory."""

_NOT_ASKED = frozenset({"help", "as_json", "watch", "every", "threads", "cypher", "dot"})
"""Options that mean nothing to whoever is elsewhere."""

_NETWORKS = frozenset({"topology", "on", "network"})
_TRAFFIC = re.compile(r"[A-Za-z0-9 .:x+,-]{1,60}")
"""An hour, a factor or a word; never a file's place."""


class _Asked(BaseModel):
    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


def computed_commands() -> Iterator[tuple[str, Any]]:
    """What is computed, by name, with its command."""
    where = {name: place for name, place, _ in COMMANDS}
    for name in COMPUTED:
        group, _, within = name.partition(" ")
        command = load_command(group, f"channels.cli.{where[group]}")
        yield name, command.commands[within] if within else command


def _body(name: str, command: Any) -> tuple[type[BaseModel], Mapping[str, Any]]:
    """What can be asked of a command, and its parameters by name."""
    hints = get_type_hints(inspect.unwrap(command.callback))
    asked = {p.name: p for p in command.params if _is_asked(p, hints.get(p.name))}
    fields: dict[str, Any] = {}
    for field, parameter in asked.items():
        kind = _bounded(hints[field], parameter)
        told = getattr(parameter, "help", None)
        if parameter.required:
            fields[field] = (kind, Field(description=told))
        else:
            fields[field] = (kind | None, Field(default=None, description=told))
    title = "".join(part.title() for part in re.split(r"[ -]", name))
    return create_model(f"{title}Asked", __base__=_Asked, **fields), asked


def _is_asked(parameter: Any, hint: Any) -> bool:
    is_by = parameter.name == "by" and hint is str
    return not (parameter.name in _NOT_ASKED or is_by or Path in {hint, *get_args(hint)})


def _bounded(hint: Any, parameter: Any) -> Any:
    kind = hint
    if get_origin(hint) in (Union, UnionType):
        (kind,) = (one for one in get_args(hint) if one is not type(None))
    if kind is str:
        return Annotated[str, Field(max_length=4000)]
    if kind in (int, float):
        least, most = getattr(parameter, "min", None), getattr(parameter, "max", None)
        most = most if most is not None or kind is float else 2**62
        return Annotated[kind, Field(ge=least, le=most)]
    if get_origin(kind) is list:
        return Annotated[list[Annotated[str, Field(max_length=4000)]], Field(max_length=100)]
    return kind


def _add(name: str, command: Any) -> None:
    body, parameters = _body(name, command)

    async def compute(served: Serving, _: Operator, found: Signed, asked: Any) -> JsonValue:
        if not served.computing.acquire(blocking=False):
            raise HTTPException(429, "enough is being computed; try again later")
        try:
            arguments = [*name.split(), *_arguments(served, asked, parameters)]
            return await run_in_threadpool(_run, served, arguments, found.secret)
        finally:
            served.computing.release()

    compute.__annotations__["asked"] = body
    compute.__name__ = f"compute_{re.sub(r'[ -]', '_', name)}"
    compute.__doc__ = (inspect.getdoc(command.callback) or "").partition("\n")[0]
    path = f"/{re.sub(' ', '-', name)}"
    router.post(path, openapi_extra=does(name))(compute)


def _arguments(served: Served, asked: BaseModel, parameters: Mapping[str, Any]) -> list[str]:
    options, places = ["--json"], list[str]()
    for name, parameter in parameters.items():
        value = getattr(asked, name)
        if value is None:
            continue
        values = value if isinstance(value, list) else [value]
        for one in values:
            _require_no_file(served, name, one)
        if parameter.param_type_name == "argument":
            places += map(_text, values)
        elif isinstance(value, bool):
            flags = parameter.opts if value else parameter.secondary_opts
            options += flags[:1]
        else:
            options += [f"{parameter.opts[0]}={_text(one)}" for one in values]
    return [*options, "--", *places]


def _text(value: object) -> str:
    return str(getattr(value, "value", value)).replace("\0", " ")


def _require_no_file(served: Served, name: str, value: object) -> None:
    """Raises BadInput: it might be a file of this machine."""
    if name in _NETWORKS and value not in {*known_networks(served.directory), *topohub_names()}:
        raise BadInput(f'"{value}" is no network that is known here; GET /networks lists them')
    if name == "traffic" and not _TRAFFIC.fullmatch(str(value)):
        raise BadInput(f'"{value}" is no traffic: name an hour (18:00), a factor (x1.3) or peak')


def _run(served: Served, arguments: list[str], secret: str) -> JsonValue:
    """What the command prints. Raises BadInput: it refuses; DeadlineExceeded."""
    state = str(served.directory.path.resolve())
    start = [sys.executable, "-c", "from channels.http.computed import main; main()"]
    within_s = served.settings.limits.planning_s
    with tempfile.TemporaryDirectory() as nowhere:
        try:
            ran = subprocess.run(
                [*start, "--state", state, *arguments],
                cwd=nowhere,
                env={**os.environ, TOKEN: secret, "PYTHONPATH": os.pathsep.join(sys.path)},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=within_s,
            )
        except subprocess.TimeoutExpired as error:
            raise DeadlineExceeded(
                f"it was not computed within {within_s:g} s; ask for less, or raise "
                "limits.planning_s in serve.yaml"
            ) from error
        except (OSError, ValueError) as error:
            raise BadInput(f"it cannot be asked so: {error}") from error
    if ran.returncode == REFUSED:
        raise refusal_in(ran.stderr)
    try:
        answer: JsonValue = json.loads(ran.stdout)
    except ValueError as error:
        raise RuntimeError(f"{arguments[0]} ended with {ran.returncode}: {ran.stderr}") from error
    return answer


for _name, _command in computed_commands():
    _add(_name, _command)
