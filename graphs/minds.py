"""Who thinks, as the environment and one file say; the environment wins.

NOCTUA_MODEL             a chain: `playbook`, `openai:<name>`, the id of a model in the file,
                         `<provider>:<name>` of a package's (docs/extending.md), or several with
                         commas; the playbook ends it, named or not
NOCTUA_MODEL_<ROLE>      the same for one role, such as NOCTUA_MODEL_DIAGNOSER
NOCTUA_MODEL_URL, NOCTUA_MODEL_KEY
                         server and key of `openai:<name>`; OPENAI_BASE_URL and OPENAI_API_KEY
                         where NOCTUA_MODEL_URL is not set
NOCTUA_MODEL_TEMPERATURE, NOCTUA_MODEL_SEED, NOCTUA_MODEL_PSEUDONYMS
                         how `openai:<name>` is asked; "none" sends no temperature, no seed
NOCTUA_MODELS            the file; models.yaml in the state directory if it is there
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from langchain_core.language_models import BaseChatModel
from pydantic import ValidationError

from agents.loop.budget import Limits, Price
from agents.loop.minds import Minds
from agents.loop.role import Mind
from agents.playbook.policies import playbook
from graphs.state_directory import StateDirectory
from tools.models.brought import brought_model, is_brought
from tools.models.openai_compatible import chat_model
from tools.models.pseudonyms import Pseudonyms, names_of, places_of, state_key
from tools.models.screen import Screen
from tools.models.screened import ScreenedModel
from tools.models.secrets import secrets_of
from tools.models.settings import (
    PLAYBOOK,
    PUBLIC_URL,
    ROLE_NAMES,
    ModelSettings,
    ModelsFile,
    complaints,
    load_models,
    near_role,
)
from twin.errors import BadInput
from twin.nouns.inventory import Inventory

CHAIN_SETTING = "NOCTUA_MODEL"
FILE_SETTING = "NOCTUA_MODELS"
PROVIDER = "openai:"

_PREFIX = "NOCTUA_MODEL_"
_ASKED = {
    "TEMPERATURE": "temperature",
    "SEED": "seed",
    "PSEUDONYMS": "pseudonyms",
}
_TRACING = (
    "LANGSMITH_TRACING",
    "LANGSMITH_TRACING_V2",
    "LANGCHAIN_TRACING",
    "LANGCHAIN_TRACING_V2",
)


@dataclass(frozen=True, slots=True)
class MindSettings:
    """Which minds are asked, by name: `default`, and `by_role` for the roles named there.

    `models`: every model that a chain names; `brought`: those of other packages; all other names
    are the playbook. `limits`: of what models may use. `source`: the file that was read, None if
    there is none.
    """

    default: tuple[str, ...]
    by_role: Mapping[str, tuple[str, ...]]
    models: Mapping[str, ModelSettings]
    limits: Limits
    source: Path | None
    brought: tuple[str, ...] = ()


def minds_from_environment(environ: Mapping[str, str], state: Path, inventory: Inventory) -> Minds:
    """The minds that `environ` and the file ask for; nobody is called yet.

    Raises:
        BadInput: a setting is wrong, a key is missing, the extra for models is not installed, or
            LangChain's own tracing would send out what pseudonyms hide.
    """
    settings = read_mind_settings(environ, state)
    limits = settings.limits
    if not settings.models and not settings.brought:
        return Minds([_playbook()], limits=limits)
    hiding = _hiding(settings, environ)
    secrets = secrets_of(environ, (model.key_env for model in settings.models.values()))
    always: list[Screen] = [secrets] if secrets else []
    names = always
    if hiding:
        names = [*always, Pseudonyms(names_of(inventory), state_key(state), places_of(inventory))]
    known = {
        name: _mind(name, model, names if model.uses_pseudonyms else always, environ, limits)
        for name, model in settings.models.items()
    } | {name: _brought(name, names, environ) for name in settings.brought}
    return Minds(
        _chain(settings.default, known),
        {role: _chain(chain, known) for role, chain in settings.by_role.items()},
        limits,
    )


def require_minds(environ: Mapping[str, str], state: Path) -> None:
    """Raise what `minds_from_environment` would, before anything is written for their sake."""
    settings = read_mind_settings(environ, state)
    _hiding(settings, environ)
    for model in settings.models.values():
        _chat_model(model, environ, settings.limits)
    for entry in settings.brought:
        brought_model(entry, environ)


def _hiding(settings: MindSettings, environ: Mapping[str, str]) -> list[str]:
    """The models that must not see every name. Raises BadInput where something tells them all."""
    hiding = [m.id for m in settings.models.values() if m.uses_pseudonyms]
    hiding += settings.brought
    if hiding and (tracing := traced_elsewhere(environ)):
        raise BadInput(
            f"{tracing} is on: LangChain would send what agents read to a tracing service, with "
            f'the names that "{hiding[0]}" must not see; unset it'
        )
    return hiding


def read_mind_settings(environ: Mapping[str, str], state: Path) -> MindSettings:
    """What `environ` and the file say, without opening anything. Raises BadInput."""
    source = _file(environ, state)
    file = load_models(source) if source is not None else ModelsFile()
    _refuse_unknown(environ)
    given = environ.get(CHAIN_SETTING, "").strip()
    # Who says NOCTUA_MODEL=playbook means every role, whatever the file has for some.
    chains: dict[str, tuple[str, ...]] = (
        {"default": _entries(CHAIN_SETTING, given)}
        if given
        else {str(role): chain for role, chain in file.roles.items()}
    )
    for role in ROLE_NAMES:
        setting = _PREFIX + role.upper()
        if wanted := environ.get(setting, "").strip():
            chains[role] = _entries(setting, wanted)
    named = dict.fromkeys(entry for chain in chains.values() for entry in chain)
    brought = tuple(entry for entry in named if is_brought(entry))
    models = {
        entry: _model(entry, file.models, environ)
        for entry in named
        if entry != PLAYBOOK and entry not in brought
    }
    _refuse_one_name_for_two(models)
    ended = {role: _ended(role, chain) for role, chain in chains.items()}
    return MindSettings(
        default=ended.pop("default", (PLAYBOOK,)),
        by_role=ended,
        models=models,
        limits=_limits(file.limits, source),
        source=source,
        brought=brought,
    )


def traced_elsewhere(environ: Mapping[str, str]) -> str | None:
    """The setting by which LangChain sends every call to a tracing service, None if none does."""
    return next((name for name in _TRACING if environ.get(name, "").lower() in ("true", "1")), None)


def mind_name(entry: str) -> str:
    """What a model is called in traces and reports: its provider, then what chains call it."""
    return entry if ":" in entry else PROVIDER + entry


def _file(environ: Mapping[str, str], state: Path) -> Path | None:
    if named := environ.get(FILE_SETTING, ""):
        return Path(named)
    file = StateDirectory(state).models_file
    return file if file.exists() else None


def _refuse_unknown(environ: Mapping[str, str]) -> None:
    roles = [role.upper() for role in ROLE_NAMES]
    known = [_PREFIX + name for name in ("URL", "KEY", *_ASKED, *roles)]
    for name in environ:
        if name.startswith(_PREFIX) and name not in known:
            near = get_close_matches(name, known, n=1)
            hint = f'did you mean "{near[0]}"?' if near else f"there are {', '.join(known)}"
            raise BadInput(f'"{name}" in the environment is no setting; {hint}')


def _entries(setting: str, text: str) -> tuple[str, ...]:
    entries = tuple(entry.strip() for entry in text.split(","))
    if not all(entries):
        raise BadInput(
            f'{setting} is "{text}": a comma has nothing beside it; name models as in '
            f"{PROVIDER}large,{PLAYBOOK}"
        )
    return entries


def _ended(role: str, chain: Sequence[str]) -> tuple[str, ...]:
    """`chain` with the playbook at its end."""
    if PLAYBOOK in chain[:-1]:
        after = chain[chain.index(PLAYBOOK) + 1]
        raise BadInput(
            f'the minds of {role}: "{after}" stands behind the playbook, which always answers, and '
            "would never be asked; put it in front"
        )
    return tuple(chain) if chain[-1:] == (PLAYBOOK,) else (*chain, PLAYBOOK)


def _model(
    entry: str, models: Mapping[str, ModelSettings], environ: Mapping[str, str]
) -> ModelSettings:
    if entry in models:
        return models[entry]
    name = entry.removeprefix(PROVIDER)
    if name == entry or not name:
        known = [PLAYBOOK, *models]
        near = get_close_matches(entry, known, n=1)
        hint = f'did you mean "{near[0]}"?' if near else f"there are {', '.join(known)}"
        raise BadInput(
            f'{CHAIN_SETTING}: there is no model "{entry}"; {hint}; {PROVIDER}<name> is a model of '
            "the server at NOCTUA_MODEL_URL"
        )
    return _from_environment(entry, name, environ)


def _from_environment(entry: str, name: str, environ: Mapping[str, str]) -> ModelSettings:
    own = environ.get("NOCTUA_MODEL_URL", "")
    url = own or environ.get("OPENAI_BASE_URL", "") or PUBLIC_URL
    key_env = "NOCTUA_MODEL_KEY" if environ.get("NOCTUA_MODEL_KEY") else ""
    # A key that was given for one server is never sent to another.
    if not key_env and not own and (url == PUBLIC_URL or environ.get("OPENAI_API_KEY")):
        key_env = "OPENAI_API_KEY"
    data: dict[str, Any] = {"id": entry, "model": name, "base_url": url, "key_env": key_env}
    for suffix, field in _ASKED.items():
        if value := environ.get(_PREFIX + suffix, ""):
            data[field] = None if value == "none" else value
    try:
        return ModelSettings.model_validate(data)
    except ValidationError as error:
        raise BadInput("; ".join(_complaints(error, own))) from None


def _complaints(error: ValidationError, own_url: str) -> Iterable[str]:
    settings = {field: _PREFIX + suffix for suffix, field in _ASKED.items()}
    settings["base_url"] = "NOCTUA_MODEL_URL" if own_url else "OPENAI_BASE_URL"
    for problem in error.errors(include_url=False, include_input=False, include_context=False):
        field = str(problem["loc"][0]) if problem["loc"] else ""
        said = problem["msg"].removeprefix("Value error, ")
        yield f"{settings.get(field, field)}: {said[:1].lower()}{said[1:]}"


def _refuse_one_name_for_two(models: Mapping[str, ModelSettings]) -> None:
    for entry in models:
        if mind_name(entry) != entry and mind_name(entry) in models:
            raise BadInput(
                f'"{entry}" of the file and "{mind_name(entry)}" would have one name in reports; '
                "call the one in the file something else"
            )


def _limits(given: Mapping[str, Any], source: Path | None) -> Limits:
    try:
        limits = Limits.model_validate(dict(given))
    except ValidationError as error:
        raise BadInput("; ".join(complaints(f"{source}: limits", error, Limits))) from None
    for role in limits.roles:
        if role not in ROLE_NAMES:
            raise BadInput(f'{source}: limits.roles: unknown role "{role}"; {near_role(role)}')
    return limits


def _playbook() -> Mind:
    return Mind(PLAYBOOK, playbook(), foreign=False)


def _chain(names: Sequence[str], known: Mapping[str, Mind]) -> list[Mind]:
    return [_playbook() if name == PLAYBOOK else known[name] for name in names]


def _mind(
    entry: str,
    settings: ModelSettings,
    screens: Sequence[Screen],
    environ: Mapping[str, str],
    limits: Limits,
) -> Mind:
    model = _screened(_chat_model(settings, environ, limits), screens)
    return Mind(mind_name(entry), model, foreign=True, price=_price(settings))


def _chat_model(
    settings: ModelSettings, environ: Mapping[str, str], limits: Limits
) -> BaseChatModel:
    return chat_model(
        settings,
        environ=environ,
        call_s=limits.call_deadline_s,
        reply_bytes=limits.reply_bytes,
    )


def _brought(entry: str, screens: Sequence[Screen], environ: Mapping[str, str]) -> Mind:
    # Nobody says where it sends what it is told, so it is told pseudonyms.
    model = _screened(brought_model(entry, environ), screens)
    return Mind(mind_name(entry), model, foreign=True)


def _screened(model: BaseChatModel, screens: Sequence[Screen]) -> BaseChatModel:
    """`model` behind `screens`, of which it is nearest to the first."""
    for screen in screens:
        model = ScreenedModel(inner=model, screen=screen)
    return model


def _price(settings: ModelSettings) -> Price | None:
    asked, answered = settings.input_per_million, settings.output_per_million
    if asked is None or answered is None:
        return None
    return Price(input_per_million=asked, output_per_million=answered)
