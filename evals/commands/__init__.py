"""Commands that join `noctua` through an entry point, so that channels need not import evals."""

import typer

from evals.commands import measuring, playing
from evals.commands.model_serving import model_server
from evals.commands.questioning import questions


def register(app: typer.Typer) -> None:
    """Add the commands to `app`."""
    for command in (
        playing.demo,
        playing.run,
        playing.scenarios,
        playing.stage,
        measuring.results,
        measuring.ducts,
        measuring.healthy,
        measuring.storm,
        measuring.token_bill,
        measuring.survival,
        measuring.estimate,
        questions,
        model_server,
    ):
        app.command()(command)
