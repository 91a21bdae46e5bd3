"""`ask` and `chat`: questions in plain language, answered from files, changing nothing."""

import sys
from typing import Annotated

import typer
from pydantic import JsonValue
from rich.console import Console
from rich.text import Text

from agents.conversation.lookups import Finding
from agents.loop.role_events import RoleEvent
from channels import verbs
from channels.cli.output import AsJson, directory_of, new_console, print_json
from channels.report.wording import plain, printable
from graphs.conversation import Conversation, Reply
from twin.errors import NoctuaError
from twin.nouns.counted import counted

NetworkOption = Annotated[
    str | None, typer.Option("--network", help="Which, if the state directory has several.")
]

_SHOWN_RESULT = 160
_PROMPT = "noctua> "


def ask(
    context: typer.Context,
    question: Annotated[list[str], typer.Argument(help="In plain words.", metavar="QUESTION...")],
    network: NetworkOption = None,
    as_json: AsJson = False,
) -> None:
    """Ask about the network: what is built, how it is, what would happen if, what was decided.

    Nothing is changed, and it works while a watch is running. What it cannot answer it declines.
    """
    directory = directory_of(context)
    console = Console(stderr=True, quiet=True) if as_json else new_console()
    with _Progress(Console(stderr=True, quiet=as_json)) as progress:
        reply = verbs.ask(directory, " ".join(question), network, progress.listen)
    if as_json:
        print_json(reply.model_dump(mode="json"))
        return
    _print(console, reply)


def chat(context: typer.Context, network: NetworkOption = None) -> None:
    """Ask several questions, which may refer to those before ("and at 20:00?"); Ctrl-D ends it."""
    conversation = verbs.converse(directory_of(context), network)
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


def _answer(conversation: Conversation, question: str, console: Console) -> None:
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

    def listen(self, event: RoleEvent) -> None:
        """Take one event of the role run."""
        if self._status is not None and (line := _event_line(event)):
            self._status.update(Text(line))


def _event_line(event: RoleEvent) -> str:
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


def _print(console: Console, reply: Reply) -> None:
    for line in reply.wrong:
        console.print(Text(printable(line), style="bold red"), soft_wrap=True)
    answer = reply.text.split("\n", len(reply.wrong))[-1]
    console.print(Text(printable(answer)), soft_wrap=True)
    for finding in reply.citations:
        console.print(Text(_finding_line(finding), style="bright_black"), soft_wrap=True)
    for swap in reply.swaps:
        line = plain(f"  {swap.mind} did not finish it ({swap.cause}): {swap.detail}", 300)
        console.print(Text(line, style="yellow"), soft_wrap=True)
    line = f"  answered by {plain(reply.answered_by)} about {plain(reply.network)}"
    console.print(Text(line, style="bright_black"), soft_wrap=True)


def _finding_line(finding: Finding) -> str:
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
            return counted(len(value), "entry", "entries")
        case float():
            return f"{value:g}"
        case _:
            return str(value)
