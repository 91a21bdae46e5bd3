"""The commands that play campaigns: results, healthy, survival, questions, and any other by name.

What they need is imported when they run, as in `playing`.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, cast

import typer
from pydantic import JsonValue

from channels.cli.output import AsJson, print_json
from evals.commands.options import Out, SliceText, SpecFile, TableOnly, fresh, state_of
from twin.errors import BadInput

if TYPE_CHECKING:
    from evals.campaigns.campaign import Campaign, S
    from evals.campaigns.records import P, R, Record

QUICK_SEEDS = 2

Only = Annotated[list[str] | None, typer.Option("--only", help="Cases; those of the campaign.")]


def campaign(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="A file of evals/campaigns, or a dotted module.")],
    seeds: Annotated[int | None, typer.Option("--seeds", min=1, help="Realisations.")] = None,
    only: Only = None,
    spec: SpecFile = None,
    out: Out = None,
    part: SliceText = "1/1",
    table_only: TableOnly = None,
    as_json: AsJson = False,
) -> None:
    """Play a campaign, or go on with one, and print the table of its records."""
    from evals.campaigns.campaign import find_campaign, load_spec

    found: Campaign[Any, Any, Any] = find_campaign(name)
    given = load_spec(found, spec, seeds=seeds, cases=only or None)
    records = gathered(context, found, given, out, part, table_only)
    if as_json:
        print_json([r.model_dump(mode="json") for r in records])
    else:
        typer.echo(found.table(records))
    exit_if_raised(records)


def results(
    context: typer.Context,
    seeds: Annotated[
        int | None, typer.Option("--seeds", min=1, help="Realisations per scenario (10).")
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help=f"{QUICK_SEEDS} realisations per scenario.")
    ] = False,
    mismatch: Annotated[
        int | None,
        typer.Option("--mismatch", min=0, max=2, help="How far reality is from the inventory (1)."),
    ] = None,
    out: Out = None,
    into: Annotated[
        Path | None,
        typer.Option("--into", help="The Markdown file between whose markers the table goes."),
    ] = None,
    only: Only = None,
    spec: SpecFile = None,
    part: SliceText = "1/1",
    table_only: TableOnly = None,
    as_json: AsJson = False,
) -> None:
    """Play every scenario with every arm, and print the table of results."""
    from evals.campaigns.campaign import load_spec
    from evals.campaigns.results import CAMPAIGN, put_between_markers, results_markdown, summarise

    if into is not None:
        # Whether there is a place for the table is found out before hours are spent.
        put_between_markers(_page(into), "")
    count = QUICK_SEEDS if quick else seeds
    given = load_spec(CAMPAIGN, spec, seeds=count, mismatch=mismatch, cases=only or None)
    records = gathered(context, CAMPAIGN, given, out, part, table_only)
    table = results_markdown(records)
    if into is not None:
        into.write_text(put_between_markers(_page(into), table), encoding="utf-8")
    if as_json:
        print_json([s.model_dump(mode="json") for s in summarise(records)])
    else:
        typer.echo(table)
    exit_if_raised(records)


def healthy(
    context: typer.Context,
    days: Annotated[
        int | None, typer.Option("--days", min=1, help="Healthy network-days (60).")
    ] = None,
    detections: Annotated[
        int | None,
        typer.Option("--detections", min=0, help="Realisations per faulty scenario (1)."),
    ] = None,
    spec: SpecFile = None,
    out: Out = None,
    part: SliceText = "1/1",
    table_only: TableOnly = None,
    as_json: AsJson = False,
) -> None:
    """Count false incidents on healthy network-days, and say how late real ones are noticed."""
    from evals.campaigns.campaign import load_spec
    from evals.campaigns.healthy import CAMPAIGN, healthy_markdown, summarise

    given = load_spec(CAMPAIGN, spec, days=days, seeds=detections)
    records = gathered(context, CAMPAIGN, given, out, part, table_only)
    if as_json:
        print_json(summarise(records).model_dump(mode="json"))
    else:
        typer.echo(healthy_markdown(records), nl=False)
    exit_if_raised(records)


def survival(
    context: typer.Context,
    seeds: Annotated[
        int | None, typer.Option("--seeds", min=1, help="Hidden realisations (5).")
    ] = None,
    points: Annotated[
        str | None,
        typer.Option("--points", help="Places of each realisation (150), or all (about 700)."),
    ] = None,
    outages: Annotated[
        str | None,
        typer.Option("--outages", help="short (60 s), long (beyond the return timer); both."),
    ] = None,
    faults: Annotated[
        Literal["kill", "timeouts", "both"] | None,
        typer.Option("--faults", help="What is done to it (both)."),
    ] = None,
    replay: Annotated[
        str, typer.Option("--replay", help="One play, as the campaign names it; it is kept.")
    ] = "",
    spec: SpecFile = None,
    out: Out = None,
    part: SliceText = "1/1",
    table_only: TableOnly = None,
    as_json: AsJson = False,
) -> None:
    """Kill -9 at every step, and time out what was done: is anything lost, or done twice?

    The network's own commit log is judged. Exit status 1 if a promise was not kept.
    """
    from evals.campaigns.campaign import load_spec
    from evals.survival.campaign import CAMPAIGN, replayed, summarise, survival_markdown
    from evals.survival.processes import outages_of, play_apart

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
    if points not in (None, "all") and not (points.isdecimal() and int(points)):
        raise BadInput(f'--points takes a number from 1 on, or all, not "{points}"')
    arms = None
    if outages is not None or faults is not None:
        kills = outages_of(outages or "short,long") if faults != "timeouts" else ()
        arms = (*kills, *(("timeouts",) if faults != "kill" else ()))
    given = load_spec(CAMPAIGN, spec, seeds=seeds, arms=arms)
    if points is not None:
        given = given.model_copy(update={"points": None if points == "all" else int(points)})
    records = gathered(context, CAMPAIGN, given, out, part, table_only)
    report = summarise(records)
    if as_json:
        print_json(report.model_dump(mode="json"))
    else:
        typer.echo(survival_markdown(report))
    raise typer.Exit(0 if report.kept else 1)


def questions(
    context: typer.Context,
    only: Annotated[list[str] | None, typer.Option("--only", help="Networks; all three.")] = None,
    file: Annotated[
        Path | None, typer.Option("--file", help="Other questions, in the form of the shipped.")
    ] = None,
    operators: Annotated[
        Path | None,
        typer.Option(
            "--operators",
            help="Play a file of operators' questions instead, for a person to judge: JSON lines.",
        ),
    ] = None,
    spec: SpecFile = None,
    out: Out = None,
    part: SliceText = "1/1",
    table_only: TableOnly = None,
    as_json: AsJson = False,
) -> None:
    """Ask the shipped questions about three staged networks, and judge every answer.

    Right and declined are well; an answer that the facts contradict is wrong, and makes the exit
    code 1. With --operators, --only names moments of quiet-harbour: quiet (before its incident),
    waiting (for approval), repair (under way). The minds are those of NOCTUA_MODEL and of the state
    directory's models.yaml.
    """
    from evals.campaigns.campaign import load_spec
    from evals.questions.asking import tally
    from evals.questions.campaign import campaign_with, judged_in, questions_markdown
    from graphs.minds import read_mind_settings, require_minds

    settings = state_of(context)
    require_minds(os.environ, settings)
    if operators is not None:
        _play_operators(operators, only, out, settings)
        return
    minds = read_mind_settings(os.environ, settings)
    arm = ",".join(minds.by_role.get("conversation", minds.default))
    found = campaign_with(settings)
    asked = None if file is None else str(file)
    given = load_spec(found, spec, cases=only or None, questions=asked, arms=(arm,))
    records = gathered(context, found, given, out, part, table_only)
    judged = judged_in(records)
    if as_json:
        rows = [one.model_dump(mode="json") for one in judged]
        counts = cast(JsonValue, tally(judged))
        print_json({"counts": counts, "questions": cast(JsonValue, rows)})
    else:
        typer.echo(questions_markdown(records), nl=False)
    if any(one.verdict == "wrong" for one in judged):
        raise typer.Exit(1)
    exit_if_raised(records)


def _play_operators(file: Path, only: list[str] | None, out: Path | None, settings: Path) -> None:
    """Print a JSON line for each question, or write them to `out` and print how many there are."""
    import tempfile
    from functools import partial

    from evals.questions.operators import (
        Played,
        operators_markdown,
        play,
        read_operator_questions,
        stage_moments,
    )
    from graphs.minds import minds_from_environment

    questions = read_operator_questions(file)
    minds = partial(minds_from_environment, os.environ, settings)
    played: list[Played] = []
    with tempfile.TemporaryDirectory(prefix="noctua-operators-") as folder:
        for scene, state in stage_moments(Path(folder), only or ["quiet", "waiting"]):
            for one in play(questions, scene, state, minds):
                played.append(one)
                if out is None:
                    typer.echo(one.model_dump_json())
                else:
                    with out.open("a", encoding="utf-8") as lines:
                        lines.write(f"{one.model_dump_json()}\n")
    if out is not None:
        typer.echo(operators_markdown(played), nl=False)


def gathered(
    context: typer.Context,
    found: "Campaign[S, P, R]",
    given: "S",
    out: Path | None,
    part: str,
    table_only: Sequence[Path] | None,
) -> "list[Record[P, R]]":
    """Play what is not recorded yet, unless told not to; all records of the file or files.

    Raises:
        BadInput: there are none.
    """
    from evals.campaigns.campaign import parse_slice
    from evals.campaigns.records import read_records
    from evals.campaigns.runner import run_campaign

    paths = list(table_only or ())
    if not paths:
        paths = [out or fresh(state_of(context) / "campaigns" / f"{found.name}.jsonl")]
        typer.echo(
            f"records: {paths[0]} (if this stops, the same with --out {paths[0]} goes on)", err=True
        )
        run_campaign(found, given, paths[0], parse_slice(part))
    records = read_records(found.name, found.record, paths)
    if not records:
        raise BadInput(f"{paths[0]}: there is no record of the campaign {found.name} to count")
    return records


def _page(into: Path) -> str:
    try:
        return into.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        raise BadInput(f"{into}: cannot be read as the page for the table ({exc})") from exc


def exit_if_raised(records: "Sequence[Record[P, R]]") -> None:
    """End with status 1 if a play raised."""
    if any(record.error for record in records):
        raise typer.Exit(1)
