"""Whether a name is readable in what is sent: `python -m evals.hostile.privacy`.

Two attacks, each with a control in which nothing is hidden, so that the judge is seen to see. A
name stands in every spelling in everything that a model is sent, in one role run and, over HTTP, in
a whole incident; and a model writes every pseudonym that it reads with something glued to it, in
the hope that it is restored and not hidden again. The last table has what this costs: words of
prompts that are hidden although they name nobody.

Out of scope are spellings that nobody writes into a file or a log by accident: base64, ciphers,
letters of other alphabets that look alike, and a name that is spread over several texts.
"""

import itertools
import json
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage, ToolMessage
from rich.console import Console
from rich.table import Table

from agents.loop.transcript import COMPLAINT_HEADER, TASK_HEADER, json_text
from agents.playbook import ToolChoice
from agents.playbook.scripted import ScriptedModel
from agents.roles.reader import LONGEST_SHOWN
from evals.hostile.incident import STARTS_S, Shown, prompts_of_an_incident, serve_an_incident
from evals.hostile.spellings import Spelt, reads, spellings
from tools.models.pseudonyms import Pseudonyms, names_of, places_of
from tools.models.screen import Screen
from tools.models.screened import ScreenedModel
from twin.nouns.inventory import Inventory
from twin.nouns.telemetry import SyslogLine
from twin.nouns.untrusted import UntrustedText
from twin.sources.formats.registry import read_network
from twin.sources.world import WorldSpec, build_inventory, inventory_of

KEY = b"k" * 32
LOGGED_S = STARTS_S + 330.0
"""Just after the incident's fault."""

NETWORKS = ("sndlib/abilene", "sndlib/germany50")
IMPORTED = json.dumps(
    {
        "nodes": [{"id": name} for name in ("Kiel", "Falkensee", "Ulm", "Bankfurt")],
        "links": [
            {"source": a, "target": b, "capacity": 10e9}
            for a, b in (
                ("Kiel", "Falkensee"),
                ("Falkensee", "Ulm"),
                ("Ulm", "Kiel"),
                ("Ulm", "Bankfurt"),
            )
        ],
    }
)
WRITTEN = (
    "Müller & Söhne GmbH",
    "Stadtwerke Köln",
    "São Paulo Foods",
    "O'Brien Carriers Ltd",
    "Access Networks",
    "Core Link AG",
    "Wacholder",
    "Telekom 24",
    "Café Zürich",
    "Ärzteverbund Nord e.V.",
    "Nordwind-Rail",
)
"""Customers as people write them."""

ORDINARY = ("Access", "Link", "Core", "One", "Answer", "Frank", "Isin", "Alink", "Media", "Queue")
"""Customers who are called like ordinary words, or like a part of some."""


@dataclass(slots=True)
class Tally:
    """Of `tried` texts, those in which the name was read, and those of the control."""

    tried: int = 0
    read: int = 0
    control: int = 0
    examples: list[str] = field(default_factory=list)


def sent_with(screen: Screen, messages: Sequence[BaseMessage], *tools: dict[str, Any]) -> list[str]:
    """All that a model behind `screen` is sent: one text for each message, then for each tool."""
    inner = ScriptedModel(["fine"])
    model = ScreenedModel(inner=inner, screen=screen)
    (model.bind_tools(list(tools)) if tools else model).invoke(list(messages))
    told = [m.model_dump(include={"content", "tool_calls", "name"}) for m in inner.requests[0]]
    return ["\n".join(_strings(each)) for each in (*told, *inner.offered[0])]


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from _strings([*value, *value.values()])
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _strings(each)


def conversation(text: str) -> list[BaseMessage]:
    """A role run in which `text` stands in every place where a text of others may stand."""
    call = {"type": "tool_call", "id": "call00001", "name": "look", "args": {"at": text, text: [1]}}
    return [
        SystemMessage(f"Role: reader\n\nYou read log lines. {text}"),
        HumanMessage(TASK_HEADER + json_text({"lines": [{"text": f"«{text}»", text: 1}]})),
        AIMessage("", tool_calls=[call]),
        ToolMessage(json_text({"result": {"description": text}}), tool_call_id="call00001"),
        HumanMessage(f"{COMPLAINT_HEADER}there is no node {text} here."),
    ]


def schema(text: str) -> dict[str, Any]:
    """A tool whose schema says and allows `text`."""
    allowed = {"type": "string", "enum": [text], "description": f"one of {text}"}
    parameters = {"type": "object", "properties": {"at": allowed}}
    function = {"name": "look", "description": f"Look at {text}.", "parameters": parameters}
    return {"type": "function", "function": function}


def inventories() -> dict[str, Inventory]:
    """The embedded networks, and one that was imported from a file."""
    known = {name: build_inventory(WorldSpec(topology=name)) for name in NETWORKS}
    return known | {"imported": inventory_of(read_network(IMPORTED, "imported"), 1)}


def all_names(most: int) -> dict[str, str]:
    """Name -> kind: up to `most` customers and services of each inventory, and WRITTEN."""
    found: dict[str, str] = dict.fromkeys(WRITTEN, "customer")
    for inventory in inventories().values():
        for kind in ("customer", "service"):
            ours = [name for name, k in names_of(inventory).items() if k == kind]
            found |= dict.fromkeys(ours[:most], kind)
    return found


def play_spellings(names: Mapping[str, str], places: Iterable[str] = ()) -> dict[str, Tally]:
    """Every spelling of every name, by the spelling."""
    ours, shown = Pseudonyms(names, KEY, places), Shown()
    rows: dict[str, Tally] = {}
    for name, kind in names.items():
        for label, spelt in spellings(name, is_id=kind == "service").items():
            row = rows.setdefault(label, Tally())
            row.tried += 1
            texts = conversation(spelt.text), schema(spelt.text)
            row.control += all(_reads(spelt.core, sent_with(shown, texts[0], texts[1])))
            if any(_reads(spelt.core, sent_with(ours, texts[0], texts[1]))):
                row.read += 1
                row.examples.append(spelt.text)
    return rows


BEFORE = (
    *("", "x", "X", "é", "7", "_", "-", '"', "'", "`", "**", "(", "<", "/", "\\", "\\n", "\\u00e4"),
    *("%20", "%2", "&nbsp;", "\n", "\u200b", "\u0301", "\u00ad", "customer-", "s", "#"),
)
BEHIND = (
    *("", "x", "X", "é", "7", "_", "-", '"', "'s", "`", "**", ")", ">", "/", "\\", "s", "en", "2"),
    *("%20", ";", "\n", "\u200b", "\u0301", "\u00ad", "-abcd", "-x", "…", "."),
)
CASES = {"small": str.lower, "capitals": str.upper, "first letter": str.capitalize}


def gluings(token: str) -> Iterator[tuple[str, str]]:
    """What a model may make of a pseudonym, by what it does."""
    for before, behind in itertools.product(BEFORE, BEHIND):
        for case, change in CASES.items():
            yield f"around, {case}", before + change(token) + behind
    for at in range(1, len(token)):
        yield "split by a line end", f"{token[:at]}\n{token[at:]}"
        yield "split by a zero-width space", f"{token[:at]}\u200b{token[at:]}"
        yield "letter within", f"{token[:at]}x{token[at:]}"
    for between in ("", "x", "_", "-", " ", "\n"):
        yield "twice", f"{token}{between}{token}"


def echoes(restored: str) -> list[BaseMessage]:
    """A next request that says again what was restored: in turns, quoted, and cut by us."""
    cut = UntrustedText(restored).quoted(max(1, len(restored) - 3))
    return [
        *conversation(restored),
        AIMessage(restored),
        HumanMessage(f"{COMPLAINT_HEADER}{UntrustedText(restored).quoted(80)} {cut}"),
        AIMessage(restored),
    ]


def play_gluings(names: Iterable[str], known: Mapping[str, str]) -> dict[str, Tally]:
    """Every gluing of the pseudonyms of `names`, in one spelling each, by what is done.

    `known`: all that is hidden. The control restores as we do, and hides nothing in the next
    request; what is not restored is read in neither.
    """
    ours, shown = Pseudonyms(known, KEY), Shown()
    rows: dict[str, Tally] = {}
    for name, token in _tokens(ours, names):
        glued = list(gluings(token))
        said = _restored(ours, [written for _, written in glued])
        # One long role run, in which the model was asked again and again.
        request = [message for restored in said for message in echoes(restored)]
        size = len(request) // len(said)
        read = _reads(name, sent_with(ours, request))
        seen = _reads(name, sent_with(shown, request))
        for number, (label, written) in enumerate(glued):
            part = slice(number * size, (number + 1) * size)
            row = rows.setdefault(label, Tally())
            row.tried += 1
            row.control += any(seen[part])
            if any(read[part]):
                row.read += 1
                row.examples.append(written)
    return rows


def play_gluings_directly(names: Iterable[str], known: Mapping[str, str]) -> dict[str, Tally]:
    """As `play_gluings`, but what is restored is hidden as it stands, with no role run around it.

    The control: what is restored, with nothing hidden.
    """
    ours = Pseudonyms(known, KEY)
    rows: dict[str, Tally] = {}
    for name, token in _tokens(ours, names):
        for label, written in gluings(token):
            back, row = ours.restore(written), rows.setdefault(label, Tally())
            row.tried += 1
            seen = reads(name, back)
            row.control += seen
            # Shorter than a word of the texts around, it would be read where it does not stand.
            if seen and reads(name, ours.hide(back)):
                row.read += 1
                row.examples.append(written)
    return rows


def _tokens(ours: Screen, names: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Each name with its pseudonym, as it comes of one of three ways of writing the name."""
    ways: Iterator[Callable[[str], str]] = itertools.cycle(
        [str, str.upper, lambda name: f"to{name.replace(' ', '')}10G"]
    )
    for name, way in zip(names, ways, strict=False):
        yield name, ours.hide(way(name))


def play_on_the_wire(customer: str) -> dict[str, Tally]:
    """Every spelling of a customer of the incident's network in what devices log during it.

    Read in the bytes that arrive at a model's server in a whole incident, whose reader is shown the
    lines. The control is the same incident with nothing hidden; a spelling that a line has no room
    for is read in neither.
    """
    inventory = build_inventory(WorldSpec(topology="sndlib/abilene"))
    spelt, nodes = spellings(customer), itertools.cycle(n.id for n in inventory.topology.nodes)
    said = [
        SyslogLine(LOGGED_S, LOGGED_S, node, UntrustedText(f"unheard of {text}"))
        for node, text in zip(nodes, _lines(spelt.values()), strict=False)
    ]
    ours = Pseudonyms(names_of(inventory), KEY, places_of(inventory))
    sent, shown = (
        [data.decode() for data in serve_an_incident(screen, said).heard]
        for screen in (ours, Shown())
    )
    rows: dict[str, Tally] = {}
    for label, each in spelt.items():
        read, seen = any(_reads(each.core, sent)), any(_reads(each.core, shown))
        rows[label] = Tally(1, read, seen, [each.text] if read else [])
    return rows


def _lines(spelt: Iterable[Spelt]) -> Iterator[str]:
    """Lines of a log that a reader is shown uncut, with as many spellings as they hold."""
    line = ""
    for text in (each.text for each in spelt):
        if line and len(line) + len(text) > LONGEST_SHOWN - 40:
            yield line
            line = ""
        line += f" ~ {text}"
    yield line


def _reads(core: str, sent: Iterable[str]) -> list[bool]:
    return [reads(core, text) for text in sent]


def _restored(screen: Screen, written: Sequence[str]) -> list[str]:
    """What comes back where a model writes these texts, in the arguments of a call."""
    said = ToolChoice("answer", {"texts": list(written)})
    reply = ScreenedModel(inner=ScriptedModel([said]), screen=screen).invoke("?")
    texts: list[str] = reply.tool_calls[0]["args"]["texts"]
    return texts


@dataclass(frozen=True, slots=True)
class Cost:
    """Of `words` of prompts, those that were hidden although they name nobody."""

    customers: int
    words: int
    wrong: int
    examples: tuple[str, ...]


def false_hiding(
    prompts: Sequence[str], names: Mapping[str, str], places: Iterable[str] = ()
) -> Cost:
    """What of `prompts`, in which nobody of `names` is meant, is hidden as a name."""
    ours = Pseudonyms(names, KEY, places)
    words, wrong = 0, Counter[str]()
    for prompt in prompts:
        words += len(re.findall(r"\w+", prompt))
        for hidden in re.findall(r"(?:customer|service)-[a-z2-7-]+", ours.hide(prompt)):
            if (word := ours.restore(hidden)) != hidden:
                wrong[word] += 1
    examples = tuple(f"{word} ({n})" for word, n in wrong.most_common(5))
    return Cost(len(names), words, wrong.total(), examples)


def table(title: str, rows: Mapping[str, Tally]) -> Table:
    """`rows` with their sum."""
    shown = Table("", "tried", "read", "control", title=title)
    for label, row in rows.items():
        shown.add_row(label, *map(str, (row.tried, row.read, row.control)))
    sums = [sum(getattr(r, k) for r in rows.values()) for k in ("tried", "read", "control")]
    shown.add_row("all", *map(str, sums), style="bold")
    return shown


def main() -> None:
    """Print all of it. Exits with 1 if a name was read."""
    console = Console()
    places = [place for inventory in inventories().values() for place in places_of(inventory)]
    spelt = play_spellings(all_names(12), places)
    console.print(table("Spellings of names", spelt))
    wired = play_on_the_wire("Ulme Research")
    console.print(table("Spellings in a whole incident, over HTTP", wired))
    glued = play_gluings(all_names(24), all_names(24))
    console.print(table("Gluings of pseudonyms", glued))
    direct = play_gluings_directly(all_names(24), all_names(24))
    console.print(table("Gluings, hidden directly", direct))
    costs = Table("customers", "words", "hidden wrongly", "which", title="Prompts of an incident")
    prompts = prompts_of_an_incident()
    known = {name for inventory in inventories().values() for name in names_of(inventory)}
    for names in (dict.fromkeys(known, "customer"), dict.fromkeys(ORDINARY, "customer")):
        cost = false_hiding(prompts, names, places)
        costs.add_row(
            str(cost.customers), str(cost.words), str(cost.wrong), ", ".join(cost.examples)
        )
    console.print(costs)
    tables = spelt, wired, glued, direct
    leaks = [text for rows in tables for row in rows.values() for text in row.examples]
    for text in leaks[:20]:
        console.print(f"read: {text!r}")
    sys.exit(bool(leaks))


if __name__ == "__main__":
    main()
