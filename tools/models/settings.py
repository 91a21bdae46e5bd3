"""Which models there are and how each is called: one YAML file, validated as a whole.

    models:
      big:
        model: qwen3-32b
        base_url: http://gpu.example:8000/v1
        key_env: BIG_MODEL_KEY
    roles:
      default: [big, playbook]
      monitor: [playbook]
    limits:
      calls: 25

Keys never stand in the file: `key_env` names the environment variable that holds one.
"""

import ipaddress
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal, Self, get_args
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    Field,
    SecretStr,
    ValidationError,
    model_validator,
)

from tools.models.brought import is_brought
from tools.strict_yaml import read_yaml, settings_text
from twin.errors import BadInput
from twin.nouns.base import Noun

PUBLIC_URL = "https://api.openai.com/v1"
"""Where `openai:<name>` is asked for if no address is set."""

PLAYBOOK = "playbook"
"""The name of our own mind, which ends every chain."""

DEFAULT_CHAIN = "default"
"""The entry of `roles` that holds for the roles without an entry of their own."""

RoleName = Literal[
    "monitor",
    "reader",
    "supervisor",
    "diagnoser",
    "guide",
    "remediator",
    "remediator_choice",
    "imaginer",
    "foresight_imaginer",
    "foresight_wording",
    "conversation",
    "ticket_reader",
]
ROLE_NAMES: tuple[RoleName, ...] = get_args(RoleName)
ChainName = Literal[RoleName, "default"]


def _server_address(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("must be the server's address, such as http://127.0.0.1:8000/v1")
    if parts.username is not None or parts.password is not None:
        raise ValueError("must hold no user and password; name the key's variable with key_env")
    if parts.query or parts.fragment:
        raise ValueError("must end with the path, without ? and #")
    parts.port  # noqa: B018  (raises ValueError where it is no number)
    return value.rstrip("/")


def _not_a_key(value: object) -> object:
    # Whoever pastes the key itself here should not read it again in an error.
    if isinstance(value, str) and value and not value.isidentifier():
        raise ValueError("must be the name of an environment variable, never the key itself")
    return value


BaseUrl = Annotated[str, AfterValidator(_server_address)]
VariableName = Annotated[str, BeforeValidator(_not_a_key)]
Price = Annotated[float, Field(ge=0)]


class ModelSettings(Noun):
    """One model on one server.

    `id`: what chains call it. `model`: what the server calls it. `key_env`: the environment
    variable with the key, "" for a server without one. `temperature`, `seed`: None leaves the
    server's own. `pseudonyms`: `auto` is always, but for a server on this machine. Prices are per
    million tokens, in the currency that the limits name, None where unknown.
    """

    id: str
    model: Annotated[str, Field(min_length=1)]
    base_url: BaseUrl = PUBLIC_URL
    key_env: VariableName = ""
    temperature: Annotated[float, Field(ge=0, le=2)] | None = 0.0
    seed: int | None = None
    max_output_tokens: Annotated[int, Field(ge=16)] | None = None
    pseudonyms: Literal["auto", "always", "never"] = "auto"
    input_per_million: Price | None = None
    output_per_million: Price | None = None

    @model_validator(mode="after")
    def _both_prices(self) -> Self:
        if (self.input_per_million is None) != (self.output_per_million is None):
            raise ValueError("needs both input_per_million and output_per_million, or neither")
        return self

    @property
    def is_local(self) -> bool:
        """Whether the server is on this machine; private networks are not."""
        host = urlsplit(self.base_url).hostname or ""
        if host == "localhost":
            return True
        try:
            return ipaddress.ip_address(host).is_loopback
        except ValueError:
            return False

    @property
    def uses_pseudonyms(self) -> bool:
        """Whether names and addresses are replaced before anything is sent."""
        return self.pseudonyms == "always" or (self.pseudonyms == "auto" and not self.is_local)


class KeyMissing(BadInput):
    """The environment has no key for a model that needs one."""


def key_of(settings: ModelSettings, environ: Mapping[str, str]) -> SecretStr | None:
    """The model's key, None where its server needs none.

    Raises:
        KeyMissing: the variable that should hold the key is empty.
    """
    if not settings.key_env:
        return None
    key = environ.get(settings.key_env, "")
    if not key:
        raise KeyMissing(
            f'model "{settings.id}": the environment variable {settings.key_env} is not set; put '
            "the key there, or choose another model with NOCTUA_MODEL"
        )
    return SecretStr(key)


class ModelsFile(Noun):
    """The YAML file. `limits` is for whoever counts; its keys are checked there."""

    models: Mapping[str, ModelSettings] = Field(default_factory=dict)
    roles: Mapping[ChainName, tuple[str, ...]] = Field(default_factory=dict)
    limits: Mapping[str, Any] = Field(default_factory=dict)


def load_models(path: Path) -> ModelsFile:
    """The settings in the file at `path`.

    Raises:
        BadInput: the file cannot be read, or a key or value is wrong; names file, key and remedy.
    """
    return parse_models(settings_text(path, "settings of models"), str(path))


def example_text() -> str:
    """The commented example that ships with the package."""
    return resources.files("tools.models").joinpath("models.example.yaml").read_text("utf-8")


def parse_models(text: str, name: str) -> ModelsFile:
    """The settings in `text`; `name` stands in errors. Raises BadInput."""
    data = read_yaml(text, name)
    data = {} if data is None else data
    try:
        found = ModelsFile.model_validate(_with_ids(data, name))
    except ValidationError as error:
        raise BadInput("; ".join(complaints(name, error, ModelsFile))) from None
    for role, chain in found.roles.items():
        _require_known(chain, found.models, f"{name}: roles.{role}")
    return found


def _with_ids(data: object, name: str) -> object:
    if not isinstance(data, dict) or not isinstance(data.get("models"), dict):
        return data
    models = {}
    for key, value in data["models"].items():
        if str(key) == PLAYBOOK or ":" in str(key) or "," in str(key):
            raise BadInput(
                f'{name}: models.{key}: a model cannot be called that; "{PLAYBOOK}", ":" and "," '
                "have a meaning in chains"
            )
        models[key] = {**value, "id": str(key)} if isinstance(value, dict) else value
    return {**data, "models": models}


def _require_known(chain: Iterable[str], models: Mapping[str, ModelSettings], where: str) -> None:
    for entry in chain:
        if entry == PLAYBOOK or entry in models or entry.startswith("openai:") or is_brought(entry):
            continue
        known = [PLAYBOOK, *models]
        near = get_close_matches(entry, known, n=1)
        hint = f'did you mean "{near[0]}"?' if near else f"there are {', '.join(known)}"
        raise BadInput(f'{where}: there is no model "{entry}"; {hint}')


def complaints(name: str, error: ValidationError, model: type[BaseModel]) -> Iterable[str]:
    """What is wrong, one line per key, with a remedy and without the values."""
    for problem in error.errors(include_url=False, include_input=False, include_context=False):
        path = [str(part) for part in problem["loc"] if part != "[key]"]
        key = ".".join(path) or "the file"
        match problem["type"]:
            case "extra_forbidden":
                yield f'{name}: unknown key "{key}"; {_remedy(path, model)}'
            case "missing":
                yield f'{name}: key "{key}" is missing; add it'
            case "tuple_type":
                yield f"{name}: {key} must be a list"
            case "model_type" | "mapping_type" | "dict_type":
                yield f"{name}: {key} must be a mapping of keys to values"
            case "literal_error" if path[:1] == ["roles"] and len(path) == 2:
                yield f'{name}: unknown role "{path[1]}"; {near_role(path[1])}'
            case _:
                said = problem["msg"].removeprefix("Value error, ")
                yield f"{name}: {key}: {said[:1].lower()}{said[1:]}"[:400]


def near_role(name: str) -> str:
    """What to write in place of a role that does not exist."""
    near = get_close_matches(name, (*ROLE_NAMES, DEFAULT_CHAIN), n=1)
    roles = ", ".join(ROLE_NAMES)
    return f'did you mean "{near[0]}"?' if near else f"the roles are {roles}"


_KEY_WORDS = ("key", "api_key", "apikey", "token", "secret", "password")


def _remedy(path: list[str], model: type[BaseModel]) -> str:
    if path[-1].lower() in _KEY_WORDS:
        return "keys stand in no file: name the environment variable that holds it with key_env"
    known = [name for name in _section(path[:-1], model).model_fields if name != "id"]
    near = get_close_matches(path[-1], known, n=1)
    return f'did you mean "{near[0]}"?' if near else f"use one of {', '.join(known)}"


def _section(path: list[str], model: type[BaseModel]) -> type[BaseModel]:
    for part in path:
        # What is not a field is a key of a mapping, whose section was entered with its field.
        if part in model.model_fields:
            model = _model_in(model.model_fields[part].annotation) or model
    return model


def _model_in(annotation: object) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((m for part in get_args(annotation) if (m := _model_in(part))), None)
