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
