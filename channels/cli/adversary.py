"""`adversary`: the worst that so many things can do that fail at once."""

from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.console import Console
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
from channels.cli.sweep import DayTraffic, Seed, opening, origins_lines, progress_bar, run_line
from channels.report.wording import plain

if TYPE_CHECKING:
    from channels.planning.adversary import AdversaryDocument

_FOOTNOTE = (
    "In breach: services outside their objective while all of it is down, and not otherwise, in "
    "the mean over all hours. What a set does 95 % of its harm without is left out of it, so that "
    "it may be of fewer things. Remedy saves: of all service-hours in breach, by the best remedy "
    "of up to four changes that is found (--json says which). Somebody who wants it can do this at "
    "any time: it has no rate, and is no line of the risk register (`noctua imagine`)."
)


def adversary(
    context: typer.Context,
    topology: Annotated[
        str, typer.Argument(help="A topohub name, a network file, or a network of --state.")
    ],
    count: Annotated[
        int, typer.Option("--count", min=2, max=6, help="So many things fail at once.")
    ] = 3,
    budget: Annotated[
        int, typer.Option("--budget", min=1, max=1_000_000, help="Sets of them that are judged.")
    ] = 500,
    generator: Annotated[
        Literal["search", "load-weighted", "rules", "random"],
        typer.Option("--generator", help="Who proposes them."),
    ] = "search",
    top: Annotated[int, typer.Option("--top", min=1, max=1000, help="How many to show.")] = 20,
    traffic: DayTraffic = "peak",
    seed: Seed = 1,
    as_json: AsJson = False,
) -> None:
    """Search the worst that so many failures at once can do.

    Links, devices, shared-risk groups and sites: there are too many sets of three
    to judge them all. It is an adversary's choice, and has no rate of failure.
    """
    from channels.planning.adversary import sought_out
    from channels.planning.opening import open_planned, require_no_hour
    from twin.imagination.adversary import Sought

    require_no_hour(traffic)
    with opening(topology):
        planned = open_planned(directory_of(context), topology, traffic, seed)
    sought = Sought(count, budget, generator, top, seed)
    with progress_bar(f"{planned.provenance.topology}, {count} at once") as tell:
        document = sought_out(planned, sought, tell)
    if as_json:
        print_json(document.model_dump(mode="json"))
    else:
        print_worst(new_console(), document)


def print_worst(console: Console, document: "AdversaryDocument") -> None:
    """What the command shows, within the width of `console`."""
    for line in (run_line(document.run), *origins_lines(document.run.origins)):
        console.print(Text(line), soft_wrap=True)
    shown = document.lines
    columns = [
        figures("", (str(line.rank) for line in shown)),
        words("what fails", (plain(line.what_if) for line in shown)),
        figures("in breach", (f"{line.in_breach:.1f}" for line in shown)),
        figures("at each level", ("/".join(str(len(now.hit)) for now in x.regimes) for x in shown),
                goes=1),
        figures("remedy saves", (f"{line.remedy.effectiveness:.0%}" for line in shown)),
    ]  # fmt: skip
    title = f"the worst that was found of up to {document.count} at once"
    console.print(fitted(console, columns, title))
    judged = (
        f"{document.judged:,} of {document.sets:,} sets were judged, proposed by "
        f"{document.generator}: what is worse may be among the others"
    )
    every = "all sets were judged: nothing does over 5 % more harm than the first"
    console.print(Text(every if document.judged == document.sets else judged), soft_wrap=True)
    console.print(Text(_FOOTNOTE), soft_wrap=True)
