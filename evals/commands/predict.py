"""`predict`: what fails next, and how well that is told."""

from pathlib import Path
from typing import Annotated

import typer

from channels.cli.output import AsJson, print_json
from channels.cli.sweep import progress_bar
from evals.commands.campaigning import exit_if_raised, gathered
from evals.commands.options import Out, Seed, SliceText, SpecFile, TableOnly
from twin.errors import BadInput, installing

predict = typer.Typer(
    help="What fails next: fit what is simpler than the twin's draws, and compare them.",
    no_args_is_help=True,
)


@predict.command()
def train(
    directory: Annotated[Path, typer.Argument(help="Where the fits and their cards are written.")],
    cases: Annotated[int, typer.Option("--cases", min=1, help="Of each network.")] = 40,
    seed: Seed = 0,
) -> None:
    """Fit base rates, curves over added-up shifts and boosted trees to what the twin plays."""
    from importlib.util import find_spec

    if find_spec("sklearn") is None:
        raise BadInput(
            "fitting needs scikit-learn, which is not installed: " + installing("predict")
        )
    from evals.prediction.cases import TASKS
    from evals.prediction.fitting import fitted_to

    for question in TASKS:
        with progress_bar("networks") as progress:
            card = fitted_to(question, directory, cases, seed, progress)
        typer.echo(f"written: {directory / card.weights}, {card.cpu_s:.0f} CPU s")


@predict.command()
def compare(
    context: typer.Context,
    seeds: Annotated[int | None, typer.Option("--seeds", min=1, help="Realisations (5).")] = None,
    plot: Annotated[
        Path | None,
        typer.Option("--plot", help="Draw how reliable each is (.svg, .png or .pdf)."),
    ] = None,
    reliability: Annotated[
        Path | None,
        typer.Option("--reliability", help="Write how reliable the draws are, as incidents tell."),
    ] = None,
    spec: SpecFile = None,
    out: Out = None,
    part: SliceText = "1/1",
    table_only: TableOnly = None,
    as_json: AsJson = False,
) -> None:
    """Ask every predictor what fails next, on networks that nothing was fitted on.

    First where links trip at 100 %, which is the reference task, then as an incident asks it.
    """
    from evals.campaigns.campaign import load_spec
    from evals.campaigns.predictions import CAMPAIGN, predictions_markdown

    given = load_spec(CAMPAIGN, spec, seeds=seeds)
    records = gathered(context, CAMPAIGN, given, out, part, table_only)
    if plot is not None:
        from evals.prediction.plotting import draw_reliability

        draw_reliability(records, plot)
    if reliability is not None:
        from channels.whole_file import write_text
        from evals.prediction.plotting import reliability_yaml

        write_text(reliability, reliability_yaml(records))
    if as_json:
        print_json([record.model_dump(mode="json") for record in records])
    else:
        typer.echo(predictions_markdown(records), nl=False)
    exit_if_raised(records)


@predict.command()
def cuts(
    networks: Annotated[
        list[str] | None, typer.Argument(help="Names of topohub.", show_default="six held-out ones")
    ] = None,
) -> None:
    """Propose the worst three link cuts with 100 and 500 looks, where links trip at 100 %."""
    from evals.worst_cuts import NETWORKS, main

    main(networks or NETWORKS)
