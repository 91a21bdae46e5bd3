"""`policy`: who says what to do in the hours after a failure, trained and measured."""

import typer

from evals.commands.comparing import compare
from evals.commands.policy_server import serve
from evals.commands.ranker import refine, shortlist, train

policy = typer.Typer(
    help="Policies for the hours after a failure: what each is worth; train and serve the ranker.",
    no_args_is_help=True,
)
policy.command()(compare)
policy.command()(shortlist)
policy.command()(train)
policy.command()(refine)
policy.command()(serve)
