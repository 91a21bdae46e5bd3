"""`ask` and `chat`: questions in plain language, answered from files, changing nothing."""

import os
import sys
from contextlib import closing
from difflib import get_close_matches
from typing import TYPE_CHECKING, Annotated

import typer
from pydantic import JsonValue
from rich.console import Console
from rich.text import Text

from channels.cli.output import AsJson, directory_of, new_console, print_json
from channels.cli.state import StateDirectory, known_networks
from channels.report.wording import plain, printable
from twin.errors import BadInput, NoctuaError

if TYPE_CHECKING:
    from agents.conversation.lookups import Finding
    from agents.loop.role_events import RoleEvent
    from graphs.conversation import Conversation, Reply
    from twin.nouns.inventory import Inventory

NetworkOption = Annotated[
    str | None, typer.Option("--network", help="Which, if the state directory has several.")
]

_SHOWN_RESULT = 160
_PROMPT = "noctua> "


def register(app: typer.Typer) -> None:
    """Add the commands to `app`."""
    app.command()(ask)
    app.command()(chat)


def ask(
    context: typer.Context,
    question: Annotated[list[str], typer.Argument(help="In plain words.", metavar="QUESTION...")],
    network: NetworkOption = None,
    as_json: AsJson = False,
) -> None:
    """Ask about the network: what is built, how it is, what would happen if, what was decided.

    Nothing is changed, and it works while a watch is running. What it cannot answer it declines.
    """
    conversation = _conversation(directory_of(context), network)
    console = Console(stderr=True, quiet=True) if as_json else new_console()
    with _Progress(Console(stderr=True, quiet=as_json)) as progress:
        reply = conversation.ask(" ".join(question), progress.listen)
    if as_json:
        print_json(reply.model_dump(mode="json"))
        return
    _print(console, reply)


def chat(context: typer.Context, network: NetworkOption = None) -> None:
    """Ask several questions, which may refer to those before ("and at 20:00?"); Ctrl-D ends it."""
    conversation = _conversation(directory_of(context), network)
    console = new_console()
    at_terminal = sys.stdin.isatty()
    if at_terminal:
        typer.echo(f"Ask about {plain(conversation.network)}; Ctrl-D ends it. Nothing is changed.")
    while True:
        try:
            question = _read_question(at_terminal)
            if question is None:
                break
            if question.strip():
                _answer(conversation, question, console)
        except KeyboardInterrupt:
            break
    if at_terminal:
        typer.echo("")


def _answer(conversation: "Conversation", question: str, console: Console) -> None:
    try:
        with _Progress(Console(stderr=True)) as progress:
            reply = conversation.ask(question, progress.listen)
    except NoctuaError as error:
        # One question that fails is no reason to leave.
        typer.echo(f"noctua: {plain(str(error), 2000)}", err=True)
    else:
        _print(console, reply)


def _read_question(at_terminal: bool) -> str | None:
    """The next line, None at the end."""
    try:
        line = input(_PROMPT) if at_terminal else sys.stdin.readline()
    except EOFError:
        return None
    if not at_terminal and not line:
        return None
    return line


def _conversation(directory: StateDirectory, network: str | None) -> "Conversation":
    """The conversation about that network. Raises BadInput, NetworkError."""
    from graphs.conversation import Conversation, Source
    from graphs.minds import minds_from_environment

    with directory.read_only_journal() as journal:
        known = known_networks(journal, directory.path)
    name = _chosen(network, known)
    source = Source(directory.path, name, lambda: _inventory(directory, name))
    return Conversation(
        source, lambda inventory: minds_from_environment(os.environ, directory.path, inventory)
    )


def _inventory(directory: StateDirectory, name: str) -> "Inventory":
    """From the network itself, which nobody has operated yet."""
    from channels.networks import open_network

    network, _ = open_network(directory.path, name)
    with closing(network):
        return network.inventory()


def _chosen(network: str | None, known: tuple[str, ...]) -> str:
    if network is None:
        if len(known) == 1:
            return known[0]
        if not known:
            raise BadInput("the state directory has no network; `noctua demo` or `stage` make one")
        raise BadInput(f"there are several networks; name one with --network: {', '.join(known)}")
    if network not in known:
        near = get_close_matches(network, known, n=1)
        listed = f"there are {', '.join(known)}" if known else "there is none"
        raise BadInput(
            f'there is no network "{network}" ({f"did you mean {near[0]}?" if near else listed})'
        )
    return network


class _Progress:
    """Shows on a terminal what is looked up, and an answer as it is being written."""

    def __init__(self, console: Console) -> None:
        shown = console.is_terminal and not console.quiet
        self._status = console.status("reading the question") if shown else None

    def __enter__(self) -> "_Progress":
        if self._status is not None:
            self._status.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._status is not None:
            self._status.stop()

    def listen(self, event: "RoleEvent") -> None:
        """Take one event of the role run."""
        if self._status is not None and (line := _event_line(event)):
            self._status.update(Text(line))


def _event_line(event: "RoleEvent") -> str:
    match event.kind:
        case "tool_called":
            return f"looks up {plain(event.name)} {_short_arguments(event.arguments)}"
        case "answer_drafted":
            # Not checked yet: it stands there only until the answer does.
            return printable(event.text)
        case "complaint":
            return plain(f"{event.mind}: a reply was not used: {event.reason}", _SHOWN_RESULT)
        case "swap":
            return plain(f"{event.mind} is left ({event.cause}): {event.detail}", _SHOWN_RESULT)
        case _:
            return ""


def _print(console: Console, reply: "Reply") -> None:
    console.print(Text(printable(reply.text)), soft_wrap=True)
    for finding in reply.citations:
        console.print(Text(_finding_line(finding), style="bright_black"), soft_wrap=True)
    for swap in reply.swaps:
        line = plain(f"  {swap.mind} did not finish it ({swap.cause}): {swap.detail}", 300)
        console.print(Text(line, style="yellow"), soft_wrap=True)
    line = f"  answered by {plain(reply.answered_by)} about {plain(reply.network)}"
    console.print(Text(line, style="bright_black"), soft_wrap=True)


def _finding_line(finding: "Finding") -> str:
    arguments = _short_arguments(finding.arguments)
    return plain(f"  {finding.id} {finding.tool} {arguments}: {_short_result(finding.result)}", 400)


def _short_arguments(arguments: dict[str, JsonValue]) -> str:
    said = [f"{k}={_short(v)}" for k, v in arguments.items() if v not in ("", [])]
    return f"({plain(', '.join(said), _SHOWN_RESULT)})"


def _short_result(result: dict[str, JsonValue]) -> str:
    return plain(", ".join(f"{k}={_short(v)}" for k, v in result.items()), _SHOWN_RESULT)


def _short(value: JsonValue) -> str:
    match value:
        case list():
            return f"{len(value)} listed"
        case dict():
            return f"{len(value)} entries"
        case float():
            return f"{value:g}"
        case _:
            return str(value)
