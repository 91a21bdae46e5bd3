"""The commands that measure by themselves: storm, estimate, token-bill, ducts.

What they need is imported when they run, as in `playing`.
"""

from pathlib import Path
from typing import Annotated, Literal, cast

import typer
from rich.console import Console
from rich.table import Table

from channels.cli.output import AsJson, print_json
from evals.commands.options import Level, Mismatch, Seed


def ducts(topology: str, as_json: AsJson = False) -> None:
    """List the ducts that overload another link when cut at peak, with the best single repair."""
    from evals.ducts import ducts_markdown, overloading_ducts
    from twin.sources.world import WorldSpec, build_inventory

    found = overloading_ducts(build_inventory(WorldSpec(topology=topology)))
    if as_json:
        print_json([d.model_dump(mode="json") for d in found])
    else:
        typer.echo(ducts_markdown(found))


def storm(
    seed: Seed = 1,
    events: Annotated[
        int, typer.Option("--events", min=0, help="Alarms in a minute, almost all repeats.")
    ] = 100_000,
    as_json: AsJson = False,
) -> None:
    """Cut a duct in the middle of an alarm storm, and count what was folded, kept and lost."""
    from evals.storm import measure_storm

    report = measure_storm(seed, events)
    if as_json:
        print_json(report.model_dump(mode="json"))
        return
    for line in report.lines:
        typer.echo(line)


def token_bill(
    seed: Seed = 1,
    send_back: Annotated[
        Literal["diagnoser", "remediator"],
        typer.Option("--send-back", help="Whose work is sent back once."),
    ] = "diagnoser",
    as_json: AsJson = False,
) -> None:
    """Count what a whole incident on germany50 costs a language model, in calls and tokens."""
    from tempfile import TemporaryDirectory

    from evals.token_bill import token_bill as measured

    with TemporaryDirectory() as folder:
        bill = measured(seed, Path(folder), send_back)
    if as_json:
        print_json(bill.model_dump(mode="json"))
        return
    table = Table("role", "calls", "input tokens", box=None)
    for role in bill.roles:
        table.add_row(role.role.replace("_", " "), str(role.calls), f"{role.input_tokens:,}")
    table.add_row("all", str(bill.calls), f"{bill.input_tokens:,}", style="bold")
    Console().print(table)
    typer.echo(
        f"Counted as UTF-8 bytes / 3 of messages and tool schemas; the server reported "
        f"{bill.reported_calls} calls and {bill.reported_input_tokens:,} tokens. "
        f"{bill.sent_back} sent back once, {bill.repairs} reply repaired; case {bill.case}, "
        f"seed {bill.seed}: {', '.join(bill.phases)}."
    )


def estimate(
    seeds: Annotated[int, typer.Option("--seeds", min=1, help="Draws of noise and gaps.")] = 10,
    live: Annotated[
        bool, typer.Option("--live", help="On running emulated networks, as a watch does it.")
    ] = False,
    mismatch: Mismatch = 1,
    as_json: AsJson = False,
) -> None:
    """Foresee the loads after every link failure from a traffic matrix that nobody measured.

    It is estimated from link counters; gravity alone and others stand beside it.
    """
    from evals.estimation import estimation_markdown, measure_estimation
    from evals.unmeasured import measure_unmeasured, unmeasured_markdown

    if live:
        errors = measure_unmeasured(range(1, seeds + 1), mismatch=cast(Level, mismatch))
        if as_json:
            print_json([e.model_dump(mode="json") for e in errors])
        else:
            typer.echo(unmeasured_markdown(errors))
        return
    found = measure_estimation(seeds)
    if as_json:
        print_json([e.model_dump(mode="json") for e in found])
    else:
        typer.echo(estimation_markdown(found))
