"""`policy`: who says what to do in the hours after a failure, measured."""

import typer

from evals.commands.comparing import compare

policy = typer.Typer(
    help="Policies for the hours after a failure: what each of them is worth.",
    no_args_is_help=True,
)
policy.command()(compare)


@policy.callback()
def group() -> None:
    """Policies for the hours after a failure."""
