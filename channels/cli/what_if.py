"""`what-if`: the network before and after what a person writes, as in "link A-B down"."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from channels.cli.output import AsJson, directory_of, new_console, print_json
from channels.cli.sweep import Limit, Seed, Traffic, opening, run_line
from channels.report.wording import plain, rate

if TYPE_CHECKING:
    from channels.planning.answer import WhatIfDocument
    from twin.whatif.comparison import CascadeEnd, EgressChange, ServiceChange, Totals

_FOOTNOTE = (
    "Loads are offered loads over all equal-cost shortest paths. Loss, delay and verdicts: the "
    "twin's two queues for each egress, with packet sizes that vary and finite buffers; what is "
    "dropped upstream does not load what comes after."
)


def what_if(
    context: typer.Context,
    text: Annotated[
        str, typer.Argument(metavar="TEXT", help='As in "link A-B down; weight C-D 20".')
    ],
    on: Annotated[
        str | None,
        typer.Option(
            "--on",
            help="A topohub name, a node-link JSON file, or a network of --state; its only one.",
        ),
    ] = None,
    traffic: Traffic = "peak",
    limit: Limit = 1.0,
    top: Annotated[int, typer.Option("--top", min=1, help="Lines of each table.")] = 10,
    cascade: Annotated[
        float | None,
        typer.Option(
            "--cascade", min=0.01, max=100, help="Links beyond this utilisation trip, and so on."
        ),
    ] = None,
    seed: Seed = 1,
    map_file: Annotated[
        Path | None, typer.Option("--map", help="The network after it: .svg, .png or .pdf.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Compare the network before and after: "link A-B down; weight C-D 20".

    Phrases: link LINK down, link LINK up, node NODE down, group GROUP down,
    weight LINK N (of the end named first), weight LINK N both ways.
    """
    # The twin takes a while, and most commands do without it.
    from channels.planning.answer import answer_what_if
    from channels.planning.drawings import check_drawing, draw_what_if
    from channels.planning.files import check_places
    from channels.planning.opening import only_network, open_planned

    if map_file is not None:
        check_drawing(map_file)
        check_places([map_file])
    state = directory_of(context)
    name = on or only_network(state)
    with opening(name):
        planned = open_planned(state, name, traffic, seed)
    document, comparison = answer_what_if(planned, text, limit, cascade)
    if map_file is not None:
        draw_what_if(map_file, planned, comparison, document.what_if)
    if as_json:
        print_json(document.model_dump(mode="json"))
        return
    _print(new_console(), document, top)
    if map_file is not None:
        typer.echo(f"written: {map_file}")


def _print(console: Console, document: "WhatIfDocument", top: int) -> None:
    console.print(Text(f"what if: {plain(document.what_if)}"), soft_wrap=True)
    console.print(Text(run_line(document.run)), soft_wrap=True)
    if document.without_effect:
        console.print(Text("nothing comes of it: every weight and link is as it was already"))
    console.print(_totals_table(document.before, document.after, document.limit))
    console.print(_egress_table(document.egresses, top))
    console.print(_service_table(document.services, top))
    if document.cascade is not None:
        for line in _cascade_lines(document.cascade):
            console.print(Text(line), soft_wrap=True)
    console.print(Text(_FOOTNOTE), soft_wrap=True)


def _totals_table(before: "Totals", after: "Totals", limit: float) -> Table:
    table = Table("", box=None)
    for name in ("before", "after"):
        table.add_column(name, justify="right")
    both = (before, after)
    rows: tuple[tuple[str, Iterable[str]], ...] = (
        ("traffic offered", (rate(t.offered_bps) for t in both)),
        ("without a path", (rate(t.no_path_bps) for t in both)),
        ("lost on the way", (rate(t.lost_bps) for t in both)),
        ("highest utilisation", (f"{t.max_utilisation:.1%}" for t in both)),
        ("of", (plain(f"{t.busiest.node} on {t.busiest.link}") for t in both)),
        (f"egresses above {limit:.0%}", (str(t.over_limit) for t in both)),
        ("mean delay, one way", (_delay(t.mean_delay_s) for t in both)),
        ("services in breach", (str(t.breached) for t in both)),
    )
    for name, cells in rows:
        table.add_row(name, *(Text(cell) for cell in cells))
    return table


def _egress_table(changes: "tuple[EgressChange, ...]", top: int) -> Table:
    title = f"egresses whose load changes most ({min(top, len(changes))} of {len(changes)})"
    table = Table(title=title, title_justify="left", box=None)
    table.add_column("egress", overflow="fold")
    for name in ("before", "", "after", "", "change"):
        table.add_column(name, justify="right")
    for c in changes[:top]:
        change = c.after_bps - c.before_bps
        table.add_row(
            Text(plain(f"{c.egress.node} on {c.egress.link}{' (down)' if c.failed else ''}")),
            rate(c.before_bps),
            f"{c.before_utilisation:.1%}",
            rate(c.after_bps),
            f"{c.after_utilisation:.1%}",
            f"{'+' if change > 0 else '-'}{rate(abs(change))}",
        )
    return table


def _service_table(changes: "tuple[ServiceChange, ...]", top: int) -> Table:
    title = f"services that fare differently ({min(top, len(changes))} of {len(changes)})"
    table = Table(title=title, title_justify="left", box=None)
    table.add_column("service", overflow="fold")
    for name in ("delay before", "after", "loss before", "after"):
        table.add_column(name, justify="right")
    table.add_column("verdict", overflow="fold")
    for c in changes[:top]:
        table.add_row(
            Text(plain(f"{c.service} ({c.customer})")),
            _delay(c.before_delay_s),
            _delay(c.after_delay_s),
            f"{c.before_loss:.2%}",
            f"{c.after_loss:.2%}",
            Text(plain(_verdict(c))),
        )
    return table


def _verdict(change: "ServiceChange") -> str:
    if change.after_in_breach:
        was = "still in breach" if change.before_in_breach else "in breach"
        return f"{was}: {'; '.join(change.reasons)}"
    return "no longer in breach" if change.before_in_breach else "kept"


def _cascade_lines(end: "CascadeEnd") -> Iterator[str]:
    if not end.rounds:
        yield f"cascade at {end.trip_at:.0%} of capacity: nothing trips"
        return
    for number, turn in enumerate(end.rounds, start=1):
        yield plain(f"cascade, round {number}: {', '.join(turn.links)} trip")
    busiest = "" if end.busiest is None else f" ({end.busiest.node} on {end.busiest.link})"
    yield plain(
        f"cascade at {end.trip_at:.0%} of capacity ends with {rate(end.no_path_bps)} without a "
        f"path and a highest utilisation of {end.max_utilisation:.1%}{busiest}"
    )


def _delay(delay_s: float | None) -> str:
    return "nothing arrives" if delay_s is None else f"{1e3 * delay_s:.3f} ms"
