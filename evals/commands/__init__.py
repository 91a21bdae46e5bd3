"""Commands that join `noctua` through an entry point, so that channels need not import evals."""

import typer

from evals.commands import campaigning, measuring, playing
from evals.commands.model_serving import model_server


def register(app: typer.Typer) -> None:
    """Add the commands to `app`."""
    for command in (
        playing.demo,
        playing.run,
        playing.scenarios,
        playing.stage,
        campaigning.results,
        measuring.ducts,
        campaigning.healthy,
        measuring.storm,
        measuring.token_bill,
        campaigning.survival,
        measuring.estimate,
        campaigning.questions,
        campaigning.campaign,
        model_server,
    ):
        app.command()(command)
