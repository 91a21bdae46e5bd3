"""The commands that measure chats: slack-delay, slack-kills."""

from typing import Annotated

import typer

from channels.cli.output import AsJson, print_json
from evals.commands.options import Seed


def slack_delay(
    clicks: Annotated[int, typer.Option("--clicks", min=1)] = 5,
    seed: Seed = 1,
    as_json: AsJson = False,
) -> None:
    """Approve in a Slack on loopback, and say how long it took until the commit."""
    from evals.chat.delay import measure_delays

    report = measure_delays(clicks, seed, lambda line: typer.echo(line, err=True))
    if as_json:
        print_json(report.model_dump(mode="json"))
        return
    for line in report.lines:
        typer.echo(line)


def slack_kills(
    kills: Annotated[int, typer.Option("--kills", min=1)] = 200,
    seed: Seed = 1,
    as_json: AsJson = False,
) -> None:
    """Kill -9 while a plan is answered in a Slack on loopback: is anything lost or done twice?"""
    from evals.chat.kills import play_kills

    report = play_kills(kills, seed, lambda line: typer.echo(line, err=True))
    if as_json:
        print_json(report.model_dump(mode="json"))
    else:
        for line in report.lines:
            typer.echo(line)
    if any(story.wrong for story in report.stories):
        raise typer.Exit(1)
