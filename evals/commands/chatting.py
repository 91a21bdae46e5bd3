"""The commands about chats: serve-demo, chat-delay, chat-kills."""

from importlib.util import find_spec
from typing import Annotated, Literal

import typer

from channels.cli.output import AsJson, print_json
from evals.commands.options import Seed, fresh, state_of
from twin.errors import BadInput, installing

_SERVED_WITH = (
    "argon2", "authlib", "fastapi", "itsdangerous", "jwt", "limits", "prometheus_client",
    "python_multipart", "requests", "slack_bolt", "uvicorn",
)  # fmt: skip
"""What the extras serve, slack and teams bring, as Python imports it."""

Chat = Annotated[Literal["slack", "teams"], typer.Argument(help="Which stands on loopback.")]


def chat_delay(
    chat: Chat,
    clicks: Annotated[int, typer.Option("--clicks", min=1)] = 5,
    seed: Seed = 1,
    as_json: AsJson = False,
) -> None:
    """Approve in a chat on loopback, and say how long it took until the commit."""
    from evals.chat.delay import measure_delays

    report = measure_delays(chat, clicks, seed, lambda line: typer.echo(line, err=True))
    if as_json:
        print_json(report.model_dump(mode="json"))
        return
    for line in report.lines:
        typer.echo(line)


def chat_kills(
    chat: Chat,
    kills: Annotated[int, typer.Option("--kills", min=1)] = 200,
    seed: Seed = 1,
    as_json: AsJson = False,
) -> None:
    """Kill -9 while a plan is answered in a chat on loopback: is anything lost or done twice?"""
    from evals.chat.kills import play_kills

    report = play_kills(chat, kills, seed, lambda line: typer.echo(line, err=True))
    if as_json:
        print_json(report.model_dump(mode="json"))
    else:
        for line in report.lines:
            typer.echo(line)
    if any(story.wrong for story in report.stories):
        raise typer.Exit(1)


def serve_demo(
    context: typer.Context,
    port: Annotated[
        int,
        typer.Option("--port", min=0, max=65535, help="Of the HTTP API; 0 is any that is free."),
    ] = 0,
    seed: Seed = 1,
    as_json: AsJson = False,
) -> None:
    """Play an incident that is answered over HTTP, in a Slack and in a Teams, all on loopback.

    Exit code 1 if an approval has not reached the commit.
    """
    if missing := [name for name in _SERVED_WITH if find_spec(name) is None]:
        raise BadInput(
            f"it needs packages that are not installed ({', '.join(missing)}): "
            + installing("serve", "slack", "teams")
        )
    from evals.serve_demo.demo import play_serve_demo, tell_end
    from evals.serve_demo.narration import Narration, new_console

    narration = Narration(new_console(quiet=as_json))
    folder = fresh(state_of(context) / "serve-demo")
    demo = play_serve_demo(folder, port, seed, narration)
    if as_json:
        print_json(demo.model_dump(mode="json"))
    else:
        tell_end(demo, narration)
    if not demo.is_whole:
        raise typer.Exit(1)
