"""The commands that measure: results, healthy, storm, survival, estimate, token-bill, ducts.

What they need is imported when they run, as in `playing`.
"""

from pathlib import Path
from typing import Annotated, Literal, cast

import typer
from rich.console import Console
from rich.table import Table

from channels.cli.output import AsJson, print_json
from evals.commands.options import Level, Mismatch, Seed, fresh, state_of
from twin.errors import BadInput

QUICK_SEEDS = 2


def results(
    context: typer.Context,
    seeds: Annotated[int, typer.Option("--seeds", min=1, help="Realisations per scenario.")] = 10,
    quick: Annotated[
        bool, typer.Option("--quick", help=f"{QUICK_SEEDS} realisations per scenario.")
    ] = False,
    mismatch: Mismatch = 1,
    out: Annotated[Path | None, typer.Option("--out", help="JSON lines.")] = None,
    into: Annotated[
        Path, typer.Option("--into", help="The Markdown file between whose markers the table goes.")
    ] = Path("README.md"),
    only: Annotated[list[str] | None, typer.Option("--only", help="Scenarios; all.")] = None,
    as_json: AsJson = False,
) -> None:
    """Play every scenario with every arm, and write the table of results."""
    from evals.results import (
        put_between_markers,
        results_markdown,
        run_all,
        summarise,
        write_results,
    )
    from evals.stage import case_names

    count = QUICK_SEEDS if quick else seeds
    level = cast(Level, mismatch)
    # Whether there is a place for the table is found out before hours are spent.
    page = into.read_text(encoding="utf-8") if into.is_file() else None
    if page is not None:
        put_between_markers(page, "")
    command = f"noctua results --seeds {count} --mismatch {mismatch}"
    command += "".join(f" --only {name}" for name in only or ())
    found = run_all(command, only or case_names(), range(1, count + 1), level)
    name = f"mismatch{mismatch}-seeds{count}.jsonl"
    path = out or state_of(context) / "results" / name
    write_results(found, path)
    table = results_markdown(found)
    if page is not None:
        into.write_text(put_between_markers(page, table), encoding="utf-8")
    if as_json:
        print_json([s.model_dump(mode="json") for s in summarise(found)])
    else:
        typer.echo(table)
        typer.echo(f"every play: {path}")


def ducts(topology: str, as_json: AsJson = False) -> None:
    """List the ducts that overload another link when cut at peak, with the best single repair."""
    from evals.ducts import ducts_markdown, overloading_ducts
    from twin.sources.world import WorldSpec, build_inventory

    found = overloading_ducts(build_inventory(WorldSpec(topology=topology)))
    if as_json:
        print_json([d.model_dump(mode="json") for d in found])
    else:
        typer.echo(ducts_markdown(found))


def healthy(
    days: Annotated[int, typer.Option("--days", min=1, help="Healthy network-days.")] = 30,
    detections: Annotated[
        int, typer.Option("--detections", min=0, help="Realisations per faulty scenario.")
    ] = 1,
    as_json: AsJson = False,
) -> None:
    """Count false incidents on healthy network-days, and say how late real ones are noticed."""
    from evals.healthy import faulty_cases, measure_healthy

    report = measure_healthy(days, faulty_cases(detections))
    if as_json:
        print_json(report.model_dump(mode="json"))
        return
    for line in report.lines:
        typer.echo(line)


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


def survival(
    context: typer.Context,
    seeds: Annotated[int, typer.Option("--seeds", min=1, help="Hidden realisations.")] = 5,
    points: Annotated[
        str, typer.Option("--points", help="Places of each realisation, or all (about 700).")
    ] = "150",
    outages: Annotated[
        str, typer.Option("--outages", help="short (60 s), long (beyond the return timer).")
    ] = "short,long",
    faults: Annotated[
        Literal["kill", "timeouts", "both"], typer.Option("--faults", help="What is done to it.")
    ] = "both",
    replay: Annotated[
        str, typer.Option("--replay", help="One play, as the campaign names it; it is kept.")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Kill -9 at every step, and time out what was done: is anything lost, or done twice?

    The network's own commit log is judged. Exit status 1 if a promise was not kept.
    """
    from evals.survival.campaign import campaign, replayed, survival_markdown
    from evals.survival.lives import outages_of, play_apart

    if replay:
        folder = fresh(state_of(context) / "survival")
        played = play_apart(folder, replayed(replay))
        if as_json:
            print_json(played.model_dump(mode="json", exclude={"places"}))
        else:
            for found in played.violations:
                typer.echo(f"{found.rule}: {found.text}")
            ends = ", ".join(played.ends) or "no incident"
            typer.echo(f"{ends}; {played.kills} kills, {played.struck} timeouts; kept in {folder}")
        raise typer.Exit(1 if played.violations or played.missed else 0)
    if points != "all" and not (points.isdigit() and int(points)):
        raise BadInput(f'--points takes a number from 1 on, or all, not "{points}"')
    count = None if points == "all" else int(points)
    report = campaign(seeds, count, outages_of(outages), faults)
    if as_json:
        print_json(report.model_dump(mode="json"))
    else:
        typer.echo(survival_markdown(report))
    raise typer.Exit(0 if report.kept else 1)


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
