"""`repair-times`: when the field is done, learned from what it said, beside what is simpler."""

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
from evals.commands.options import Seed

if TYPE_CHECKING:
    from evals.repair_times import Ranged, RepairTimes, RepairTimesRow

_FOOTNOTE = (
    "Off by: the median, as a factor (geometric mean) and in hours (mean). In 80 %, in 95 %: how "
    "often what came was within the interval; wide: the first, hours. Against learned: the factor "
    "over that of the first row, in the same moments. In brackets 95 % over resampled orders. The "
    "crew at its word: the log-normal of the same history until it says how long."
)


def repair_times(
    context: typer.Context,
    history: Annotated[
        Path | None,
        typer.Option(
            "--history",
            dir_okay=False,
            help="Past orders, JSON lines, in place of those of the emulated field; see the docs.",
        ),
    ] = None,
    learn: Annotated[
        int, typer.Option("--learn", min=1, max=100_000, help="Emulated orders to learn from.")
    ] = 600,
    judge: Annotated[
        int, typer.Option("--judge", min=1, max=100_000, help="Others, to judge it on.")
    ] = 600,
    seed: Seed = 1,
    keep: Annotated[
        bool, typer.Option("--keep", help="From now on remedies are judged by it, in --state.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Learn when the field is done from what it said of past orders, and how well that is told.

    Of your own orders the later half is judged by what the earlier half tells, and what is kept is
    learned from all.
    """
    from evals.repair_times import compared, orders_in, past_orders
    from graphs.repair_times_file import keep_repair_model
    from twin.remedies.repair_forecast import RepairModel

    if history is None:
        past, source = past_orders(seed, learn), f"the emulated field, seed {seed}"
        document = compared(past, past_orders(seed + 1, judge), source, seed)
    else:
        past, source = orders_in(history), str(history)
        half = (len(past) + 1) // 2
        document = compared(past[:half], past[half:], source, seed)
    state = directory_of(context)
    if keep:
        keep_repair_model(state, RepairModel.learned(past, source))
    if as_json:
        print_json(document.model_dump(mode="json"))
        return
    print_repair_times(new_console(), document)
    if keep:
        typer.echo(f"kept in {state.repair_times_file}: a watch that is started now goes by it")


def print_repair_times(console: Console, document: "RepairTimes") -> None:
    """What the command shows, within the width of `console`."""
    head = (
        f"learned from {document.learned:,} orders of {document.source}; judged on "
        f"{document.judged:,} others, in {document.moments:,} moments; code {document.code}"
    )
    console.print(Text(head), soft_wrap=True)
    console.print(_table(console, document.rows, "all moments"))
    console.print(_table(console, document.by_stage, "by what is known then"))
    console.print(Text(_FOOTNOTE), soft_wrap=True)


def _table(console: Console, rows: "tuple[RepairTimesRow, ...]", title: str) -> RenderableType:
    columns = [
        words("told by", (row.told_by for row in rows)),
        figures("off by", (_ranged(row.factor, "{:.2f}") for row in rows)),
        figures("hours", (_ranged(row.hours, "{:.2f}") for row in rows), goes=3),
        figures("in 80 %", (_ranged(row.in_80, "{:.1%}") for row in rows)),
        figures("in 95 %", (_ranged(row.in_95, "{:.1%}") for row in rows)),
        figures("wide", (f"{row.width:.1f}" if row.width else "–" for row in rows), goes=2),
        figures("against learned", (_ranged(row.factor_beyond, "{:.3f}") for row in rows), goes=1),
    ]
    return fitted(console, columns, title)


def _ranged(found: "Ranged | None", form: str) -> str:
    if found is None:
        return "–"
    mean, low, high = (form.format(x) for x in found)
    return f"{mean} ({low} to {high})"
