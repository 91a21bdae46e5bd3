"""`te`: IGP weights that keep the highest utilisation low, by how many of them are changed."""

import shlex
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console, RenderableType
from rich.text import Text

from channels.cli.output import (
    AsJson,
    directory_of,
    figures,
    fitted,
    new_console,
    print_json,
    words,
)
from channels.cli.sweep import TRAFFIC_HELP, opening, origins_lines, progress_bar, run_line
from channels.report.wording import plain, rate

if TYPE_CHECKING:
    from channels.planning.engineering import EngineeringDocument
    from twin.nouns.topology import Interface
    from twin.traffic_engineering.answer import WeightPlan

SECONDS = 10.0

MOST_MATRICES = 24

_FOOTNOTE = (
    "Loads are offered loads over all equal-cost shortest paths; with several matrices the highest "
    "of all counts. Free splits send any share over any path, which routers that follow weights "
    "do not: no weights beat them, and perhaps none come near. Closed: of what lies between the "
    "weights as configured and free splits. Nothing is searched for the network after a failure; "
    "noctua sweep tells. Nothing has been changed."
)


def te(
    context: typer.Context,
    topology: Annotated[
        str, typer.Argument(help="A topohub name, a network file, or a network of --state.")
    ],
    traffic: Annotated[
        list[str] | None,
        typer.Option(
            "--traffic",
            help=f"{TRAFFIC_HELP} Several times: for the worst of all.",
            show_default="peak",
        ),
    ] = None,
    changes: Annotated[
        int | None,
        typer.Option(
            "--changes",
            min=1,
            max=50,
            help="The plan sets at most so many weights.",
            show_default="as many as help",
        ),
    ] = None,
    seconds: Annotated[
        float | None,
        typer.Option(
            "--seconds",
            min=0.1,
            max=86_400,
            help="CPU seconds to search.",
            show_default=f"{SECONDS:g}",
        ),
    ] = None,
    budget: Annotated[
        int | None,
        typer.Option(
            "--budget",
            min=1,
            help="What-ifs to price instead: with the same seed, the same weights anywhere.",
        ),
    ] = None,
    top: Annotated[int, typer.Option("--top", min=1, help="Changes of the plan to show.")] = 10,
    seed: Annotated[
        int, typer.Option("--seed", min=0, help="Of the search, and of invented services.")
    ] = 1,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="The plan: .txt (phrases for what-if), .csv or .json."),
    ] = None,
    curve: Annotated[
        Path | None,
        typer.Option("--curve", help="What so many changes reach: .svg, .png or .pdf."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Search IGP weights that keep the highest utilisation low.

    By the number of weights that are changed (1, 3, 5, 10, all), beside what no
    weights beat. Nothing is changed: --out writes a plan, which what-if can check.
    """
    # The twin takes a while, and most commands do without it.
    from channels.planning.drawings import check_drawing, draw_weights
    from channels.planning.engineering import check_plan_file, engineering_document, write_plan
    from channels.planning.files import check_places
    from channels.planning.opening import open_with_each
    from channels.planning.reading import is_file
    from twin.errors import BadInput
    from twin.traffic_engineering.answer import COUNTS, engineer

    traffics = traffic or ["peak"]
    if len(traffics) > MOST_MATRICES:
        raise BadInput(
            f"{len(traffics)} matrices; at most {MOST_MATRICES} are searched for at once"
        )
    if out is not None:
        check_plan_file(out)
    if curve is not None:
        check_drawing(curve)
    read = [Path(name) for name in (topology, *traffics) if is_file(name)]
    check_places([path for path in (out, curve) if path is not None], read)
    with opening(topology):
        planned = open_with_each(directory_of(context), topology, traffics, seed)
    cpu_s = SECONDS if seconds is None and budget is None else seconds
    with progress_bar(f"{planned[0].provenance.topology}, weights") as tell:
        engineered = engineer(
            [each.state for each in planned],
            cpu_s=float("inf") if cpu_s is None else cpu_s,
            what_ifs=float("inf") if budget is None else budget,
            seed=seed,
            counts=sorted({*COUNTS, *([] if changes is None else [changes])}),
            progress=_in_percent(tell),
        )
    document = engineering_document(planned, engineered)
    plan = engineered.plan(changes)
    if out is not None:
        write_plan(out, document, plan)
    if curve is not None:
        draw_weights(curve, planned[0], document)
    if as_json:
        print_json(document.model_dump(mode="json"))
        return
    print_weights(new_console(), document, plan, top)
    if out is not None:
        typer.echo(f"written: {out}{_check(out, topology, traffics[0])}")
    if curve is not None:
        typer.echo(f"written: {curve}")


def _in_percent(tell: Callable[[int, int], None]) -> Callable[[float], None]:
    return lambda share: tell(round(100 * share), 100)


def _check(out: Path, topology: str, traffic: str) -> str:
    if out.suffix.casefold() != ".txt":
        return ""
    asked = f'noctua what-if "$(cat {shlex.quote(str(out))})" --on {shlex.quote(topology)}'
    return f"; check it: {asked} --traffic {shlex.quote(traffic)}"


def print_weights(
    console: Console, document: "EngineeringDocument", plan: "WeightPlan", top: int
) -> None:
    """What the command shows, within the width of `console`; `plan`: whose changes are told."""
    for line in _preface(document):
        console.print(Text(plain(line)), soft_wrap=True)
    console.print(_plans_table(console, document))
    if len(document.traffics) > 1:
        console.print(_matrices_table(console, document))
    if plan.changes:
        console.print(_changes_table(console, plan, top))
    console.print(Text(_FOOTNOTE), soft_wrap=True)


def _preface(document: "EngineeringDocument") -> Iterator[str]:
    found = document.engineered
    yield run_line(document.run)
    yield from origins_lines(document.run.origins)
    yield (
        f"highest utilisation {found.configured:.1%} with the weights as configured (on "
        f"{_egress(found.busiest)}), {found.free_splits:.1%} with free splits, which nothing beats"
    )
    yield (
        f"{found.what_ifs:,} what-ifs priced in {found.cpu_s:.1f} CPU s, seed {found.seed}; free "
        f"splits {found.optimum_cpu_s:.1f} CPU s; {found.may_change} weights may be changed"
    )


def _plans_table(console: Console, document: "EngineeringDocument") -> RenderableType:
    plans = document.engineered.plans
    columns = [
        figures("changes", ("all" if x.at_most is None else f"≤ {x.at_most}" for x in plans)),
        figures("made", (str(len(x.changes)) for x in plans)),
        figures("highest", (f"{x.max_utilisation:.1%}" for x in plans)),
        figures("closed", ("–" if x.closed is None else f"{x.closed:.0%}" for x in plans)),
        words("on", (plain(_egress(x.busiest)) for x in plans), goes=2),
        figures("while they are made", (f"{x.on_the_way:.1%}" for x in plans), goes=1),
    ]
    return fitted(console, columns, "by the number of weights that are changed")


def _matrices_table(console: Console, document: "EngineeringDocument") -> RenderableType:
    rows = document.engineered.matrices
    columns = [
        words("traffic", (plain(name) for name in document.traffics)),
        figures("offered", (rate(x.offered_bps) for x in rows), goes=1),
        figures("configured", (f"{x.configured:.1%}" for x in rows)),
        figures("all changes", (f"{x.reached:.1%}" for x in rows)),
        figures("free splits", (f"{x.free_splits:.1%}" for x in rows)),
    ]
    return fitted(console, columns, "highest utilisation with each matrix")


def _changes_table(console: Console, plan: "WeightPlan", top: int) -> RenderableType:
    shown = plan.changes[:top]
    columns = [
        figures("", (str(i) for i in range(1, len(shown) + 1))),
        words("weight of", (plain(f"{x.node} on {x.link}") for x in shown)),
        figures("from", (str(x.before) for x in shown)),
        figures("to", (str(x.after) for x in shown)),
        figures("highest then", (f"{x.highest_after:.1%}" for x in shown)),
    ]
    what = "all changes" if plan.at_most is None else f"at most {plan.at_most} changes"
    title = f"{what}, in this order ({len(shown)} of {len(plan.changes)})"
    return fitted(console, columns, title)


def _egress(egress: "Interface") -> str:
    return f"{egress.node} on {egress.link}"
