"""Who thinks: every configured model is called and its reply judged; the playbook needs no check.

What models are asked here is made up: nothing of a network is sent.
"""

import json
import os
import secrets
from collections.abc import Iterable, Iterator, Mapping

from channels.cli.doctor.check import Check, Installation, State
from graphs.inventory_file import kept_inventory, networks_with_inventory
from graphs.minds import MindSettings, mind_name, read_mind_settings, traced_elsewhere
from tools.models.brought import brought_model
from tools.models.capabilities import Capabilities, Tally, probe
from tools.models.openai_compatible import chat_model
from tools.models.pseudonyms import KEY_FILE, Pseudonyms, names_of
from tools.models.settings import ModelSettings
from twin.errors import BadInput

MOST_CALL_S = 30.0
MOST_MODEL_S = 120.0
"""What calling one model may take, in wall seconds; the rest is then told as not looked at."""

ENOUGH_CONTEXT_TOKENS = 16_384
"""Requests of an incident on 50 nodes were seen to have up to 3,000 tokens. The rest is for larger
networks, repairs, and models that reason before they answer."""

_PAGE = "see docs/models.md"

_CUT_OFF = (
    "this shows nothing of what the server enforces: raise max_output_tokens and the server's own "
    "limit, or switch the model's thinking off, and look again"
)

_REMEDIES = {
    "ModelUnreachable": "start the server, or set its address right; the playbook goes on without",
    "ModelTimedOut": "the server is too slow or hangs; raise limits.call_deadline_s, or look at it",
    "ModelUnauthorised": "put a key that the server takes into the variable of key_env",
    "ModelUnknown": "set the model's name, and an address that ends in /v1, as the server has them",
    "ModelRateLimited": "wait, or look at the account's limits and balance",
    "ModelRefusedRequest": f"the server does not take calls with tools as they are: {_PAGE}",
    "ModelServerBroken": "look at the server's log",
    "ModelGarbled": "this is no server for OpenAI's chat completions; does the address end in /v1?",
}


def minds(installation: Installation) -> Iterator[Check]:
    """Whom each role asks; then every model, called."""
    settings = read_mind_settings(os.environ, installation.state.path)
    yield Check(name="minds", state="ok", found=_chains(settings))
    yield from _unpriced(settings)
    for entry, model in settings.models.items():
        label = mind_name(entry)
        # One by one, so that a model without a key does not hide the others.
        try:
            yield from _called(label, model, settings)
        except BadInput as error:
            yield Check(name=label, state="failed", found=str(error))
    for entry in settings.brought:
        try:
            brought_model(entry, os.environ)
        except BadInput as error:
            yield Check(name=mind_name(entry), state="failed", found=str(error))
        else:
            yield Check(name=mind_name(entry), state="ok", found="can be loaded; it was not called")


def _chains(settings: MindSettings) -> str:
    if not settings.models and not settings.brought:
        return "the playbook alone; no model is asked, and nothing leaves the machine"
    chains = {"every role": settings.default, **settings.by_role}
    told = "; ".join(f"{role}: {', '.join(map(_named, c))}" for role, c in chains.items())
    return f"{told} ({settings.source or 'set in the environment'})"


def _unpriced(settings: MindSettings) -> Iterator[Check]:
    unknown = [mind_name(e) for e, m in settings.models.items() if m.input_per_million is None]
    if settings.limits.cost is not None and unknown:
        yield Check(
            name="minds",
            state="warning",
            found=f"limits.cost is set, and nobody says what {', '.join(unknown)} costs: its "
            "calls count as free",
            remedy="set input_per_million and output_per_million",
        )


def _named(entry: str) -> str:
    return entry if entry == "playbook" else mind_name(entry)


def _called(label: str, model: ModelSettings, settings: MindSettings) -> Iterator[Check]:
    call_s = min(MOST_CALL_S, settings.limits.call_deadline_s)
    found = probe(chat_model(model, call_s=call_s), MOST_MODEL_S)
    yield _answers(label, model, found)
    if not found.seconds:
        return
    yield from _calls(label, found)
    yield from _streams(label, found)
    yield _form(label, found)
    yield _roles(label, found)
    yield _context(label, found)
    yield _parameters(label, found)
    yield _latency(label, found, settings.limits.call_deadline_s)
    yield _usage(label, found)


def _answers(label: str, model: ModelSettings, found: Capabilities) -> Check:
    if found.failure:
        return Check(
            name=label,
            state="failed",
            found=f"{model.base_url}: {found.failure_kind}: {found.failure}",
            remedy=_REMEDIES.get(found.failure_kind, _PAGE),
        )
    where = f"{model.base_url} answers as {model.model}"
    if found.served is None:
        return Check(name=label, state="ok", found=f"{where}; it lists no models")
    if model.model not in found.served:
        listed = ", ".join(found.served[:5]) or "none"
        return Check(
            name=label,
            state="warning",
            found=f"{where}, but lists {listed}",
            remedy="set the model's name as the server lists it; some serve whatever is asked for",
        )
    if model.key_env and not model.is_local and model.base_url.startswith("http:"):
        return Check(
            name=label,
            state="warning",
            found=f"{where}; the key goes there in the clear",
            remedy="use https, or a tunnel",
        )
    return Check(name=label, state="ok", found=where)


def _calls(label: str, found: Capabilities) -> Iterator[Check]:
    yield _tallied(
        f"{label} tools",
        found.tools,
        "calls the tool that it is told to",
        "failed",
        f"choose a model that calls tools, and turn its server's tool parser on: {_PAGE}",
    )
    yield _tallied(
        f"{label} required",
        found.required,
        "calls a tool also when tempted to prose",
        "warning",
        "the server does not enforce tool_choice=required: each such reply is a bad one, and the "
        f"playbook takes over after the third; another tool parser may help: {_PAGE}",
    )
    yield _tallied(
        f"{label} schema",
        found.fits,
        "keeps to the schema also when tempted away",
        "warning",
        "the server does not enforce schemas of tools: some replies will have to be repaired; "
        f"turn structured outputs on: {_PAGE}",
    )


def _form(label: str, found: Capabilities) -> Check:
    """How the replies are written."""
    told = "replies are written as the protocol has it"
    if found.forms:
        told = f"replies are read all the same: {'; '.join(found.forms)}"
    return Check(name=f"{label} form", state="ok", found=told)


def _roles(label: str, found: Capabilities) -> Check:
    """What the model would lose a role for."""
    name = f"{label} roles"
    tallies = [t for t in (found.tools, found.required, found.fits) if t.asked]
    asked, kept = sum(t.asked for t in tallies), sum(t.kept for t in tallies)
    if kept == asked:
        return Check(name=name, state="ok", found=f"{kept} of {asked} replies can be used")
    reasons = dict.fromkeys(t.otherwise for t in tallies if t.otherwise)
    return Check(
        name=name,
        state="warning",
        found=f"{kept} of {asked} replies can be used; it would lose a role for "
        f"{'; for '.join(reasons)}",
        remedy="each such reply is shown to the model for repair; the third one in a run gives the "
        "rest of it to the next mind",
    )


def _streams(label: str, found: Capabilities) -> Iterator[Check]:
    yield _tallied(
        f"{label} streamed",
        found.streamed_calls,
        "a streamed call comes out whole",
        "warning",
        "`noctua chat` may lose answers with this model; another tool parser may help",
    )
    name = f"{label} streaming"
    match found.text_chunks:
        case None:
            yield _not_looked_at(name)
        case 0 | 1:
            yield Check(
                name=name,
                state="warning",
                found=f"a text comes in {found.text_chunks} pieces",
                remedy="answers are shown when they are complete; nothing else is lost",
            )
        case pieces:
            yield Check(name=name, state="ok", found=f"a text came in {pieces} pieces")


def _tallied(name: str, tally: Tally, what: str, otherwise: State, remedy: str) -> Check:
    if not tally.asked:
        return _not_looked_at(name)
    told = f"{what}: {tally.kept} of {tally.asked}"
    if tally.all_kept:
        return Check(name=name, state="ok", found=told)
    if tally.cut_off == tally.asked - tally.kept:
        remedy = _CUT_OFF
    return Check(
        name=name, state=otherwise, found=f"{told}; at last came {tally.otherwise}", remedy=remedy
    )


def _not_looked_at(name: str) -> Check:
    return Check(
        name=name,
        state="warning",
        found="not looked at: the server had failed, or the time was over",
        remedy="run `noctua doctor` again when the server is less busy",
    )


def _context(label: str, found: Capabilities) -> Check:
    name, tokens = f"{label} context", found.context_tokens
    if tokens is None:
        told = f"the server does not say how long it is; {ENOUGH_CONTEXT_TOKENS} tokens are enough"
        return Check(name=name, state="ok", found=told)
    if tokens < ENOUGH_CONTEXT_TOKENS:
        return Check(
            name=name,
            state="warning",
            found=f"{tokens} tokens, which may be too few; {ENOUGH_CONTEXT_TOKENS} are enough",
            remedy="serve the model with a longer context (vLLM: --max-model-len)",
        )
    return Check(name=name, state="ok", found=f"{tokens} tokens")


def _parameters(label: str, found: Capabilities) -> Check:
    name = f"{label} parameters"
    if not found.refused:
        return Check(name=name, state="ok", found="the server refused none")
    names = ", ".join(sorted(found.refused))
    if "tool_choice" in found.refused:
        return Check(
            name=name,
            state="warning",
            found=f"refused and left out: {names}",
            remedy="without tool_choice the model may answer in prose, which is a bad reply",
        )
    return Check(name=name, state="ok", found=f"refused and left out: {names}")


def _latency(label: str, found: Capabilities, deadline_s: float) -> Check:
    median_s, slowest_s = found.median_s or 0.0, max(found.seconds)
    told = f"{median_s:.2f} s per call (median of {len(found.seconds)}), {slowest_s:.2f} s at most"
    if slowest_s > deadline_s / 2:
        return Check(
            name=f"{label} latency",
            state="warning",
            found=f"{told}; a call that takes {deadline_s:g} s is given up",
            remedy="raise limits.call_deadline_s, or choose a faster model; real calls are longer",
        )
    return Check(name=f"{label} latency", state="ok", found=told)


def _usage(label: str, found: Capabilities) -> Check:
    name = f"{label} usage"
    if found.usage and found.streamed_usage is not False:
        return Check(name=name, state="ok", found="the server counts tokens")
    when = "while streaming" if found.usage else "at all"
    return Check(
        name=name,
        state="ok",
        found=f"the server does not count tokens {when}; our rule does (UTF-8 bytes / 3)",
    )


def tracing(_: Installation) -> Iterable[Check]:
    """LangChain's own tracing, which would send everything elsewhere, is off."""
    setting = traced_elsewhere(os.environ)
    if setting is None:
        yield Check(name="tracing", state="ok", found="traces are files of the state directory")
    else:
        yield Check(
            name="tracing",
            state="warning",
            found=f"{setting} is on: LangChain sends what agents read to a tracing service",
            remedy=f"unset {setting}",
        )


def pseudonyms(installation: Installation) -> Iterator[Check]:
    """What a model sees of an example; the key's file is nobody else's."""
    key_file = installation.state.path / KEY_FILE
    if key_file.exists() and key_file.stat().st_mode & 0o077:
        yield Check(
            name="pseudonyms",
            state="failed",
            found=f"{key_file}: others may read it, and undo every pseudonym",
            remedy=f"chmod 600 {key_file}",
        )
    settings = read_mind_settings(os.environ, installation.state.path)
    open_to = [mind_name(e) for e, m in settings.models.items() if not m.uses_pseudonyms]
    if open_to:
        told = f"not used for {', '.join(open_to)}: every name is seen there"
        yield Check(name="pseudonyms", state="ok", found=told)
    if len(open_to) < len(settings.models) or settings.brought:
        example, names = _example(installation)
        # A key of the moment: the real one shows nobody anything more, and is made on first use.
        seen = Pseudonyms(names, secrets.token_bytes(32)).hide(example)
        yield Check(
            name="pseudonyms", state="ok", found=f"a model reads {seen} in place of {example}"
        )


def _example(installation: Installation) -> tuple[str, Mapping[str, str]]:
    """A text as a tool might tell it, of a network that is known here or of none."""
    for network in networks_with_inventory(installation.state):
        inventory = kept_inventory(installation.state, network)
        if inventory is not None and inventory.services:
            service = inventory.services[0]
            prefixes = [p for node in inventory.topology.nodes for p in node.prefixes]
            example = _told(service.id, service.customer, (*prefixes, "192.0.2.0/24")[0])
            return example, names_of(inventory)
    names = {"svc-007": "service", "Example Logistics": "customer"}
    return _told("svc-007", "Example Logistics", "192.0.2.0/24"), names


def _told(service: str, customer: str, prefix: str) -> str:
    note = f"{customer}'s noc@example.com writes from {prefix}"
    return json.dumps({"service": service, "customer": customer, "note": note}, ensure_ascii=False)
