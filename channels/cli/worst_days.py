"""`worst-days`: the worst days that can be imagined, whatever happens on them and in what order."""

from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.console import Console
from rich.text import Text

from channels import verbs
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
from channels.report.wording import plain, significant

if TYPE_CHECKING:
    from channels.planning.worst_days import Known, WorstDaysDocument
    from graphs.state_directory import StateDirectory
    from twin.nouns.rates import Rates
    from twin.nouns.topology import Topology
    from twin.nouns.worst_day import WorstDay

_FOOTNOTE = (
    "Minutes: of services in breach on that day, all services together, beyond those of a day on "
    "which nothing happens; left: with the best remedy of up to four changes that was found, in "
    "force a quarter of an hour after what it is against (--json says which). Depth: of the chain "
    "of causes and effects, in one draw of what follows. Once in: how often a day begins so, where "
    "all that happens has a rate; an adversary's day never has one. None of this is a line of the "
    "risk register (`noctua imagine`)."
)


def worst_days(
    context: typer.Context,
    topology: Annotated[
        str, typer.Argument(help="A topohub name, a network file, or a network of --state.")
    ],
    budget: Annotated[
        int, typer.Option("--budget", min=1, max=1_000_000, help="Days that are looked at.")
    ] = 500,
    cpu_s: Annotated[
        float | None,
        typer.Option("--cpu-seconds", min=1.0, help="Of the processor, after which it ends."),
    ] = None,
    generator: Annotated[
        Literal["search", "load-weighted", "rules", "random", "enumerate", "replay", "causal-lm"],
        typer.Option("--generator", help="Who proposes them."),
    ] = "search",
    likely: Annotated[
        bool,
        typer.Option("--likely", help="Tell the generator that what is rare is worth less."),
    ] = False,
    feedback: Annotated[
        bool,
        typer.Option(
            "--feedback/--no-feedback", help="Tell the generator what came of the days before."
        ),
    ] = True,
    once_in: Annotated[
        float,
        typer.Option("--once-in", min=0.001, help="Years; what is rarer is not plausible."),
    ] = 1000.0,
    rates: Annotated[
        Path | None,
        typer.Option("--rates", dir_okay=False, help="How often things fail, YAML; see the docs."),
    ] = None,
    top: Annotated[int, typer.Option("--top", min=1, max=20, help="How many to show.")] = 10,
    traffic: DayTraffic = "peak",
    seed: Seed = 1,
    as_json: AsJson = False,
) -> None:
    """Search the worst days: conditions, and up to four events in order and time.

    Failures, surges, floods, losses, wrong configurations: every kind of fault, at
    any hour, with more demand, a surge or planned work. A day is written as it can
    be read back.
    """
    from channels.planning.imagining import rates_from
    from channels.planning.opening import known_networks, open_planned, require_no_hour
    from channels.planning.worst_days import Known, Wanted
    from channels.planning.worst_days import worst_days as sought
    from twin.imagination.recorded_causes import recorded_causes

    require_no_hour(traffic)
    state, often = directory_of(context), rates_from(rates)
    with opening(topology):
        planned = open_planned(state, topology, traffic, seed)
    built = planned.state.topology
    known = Known(often, causes=recorded_causes(built))
    if topology in known_networks(state):
        known = _known(state, topology, built, often)
    wanted = Wanted(
        generator, budget, inf if cpu_s is None else cpu_s, seed, feedback, likely, 1.0 / once_in
    )
    with progress_bar(f"{planned.provenance.topology}, whole days") as tell:
        document = sought(planned, known, wanted, tell)
    if as_json:
        print_json(document.model_dump(mode="json"))
    else:
        print_days(new_console(), document, top)


def _known(state: "StateDirectory", network: str, built: "Topology", often: "Rates") -> "Known":
    """As the register and `risks play` count them."""
    from channels.causes import counted
    from channels.foresight import past_of
    from channels.planning.worst_days import Known
    from channels.remembered import incidents_of

    _, now_s = verbs.network_clock(state, network)
    return Known(
        often,
        past_of(state, network),
        counted(state, network, built),
        incidents_of(state, network, now_s),
    )


def print_days(console: Console, document: "WorstDaysDocument", top: int) -> None:
    """What the command shows, within the width of `console`."""
    for line in (run_line(document.run), *origins_lines(document.run.origins)):
        console.print(Text(line), soft_wrap=True)
    if not document.looked_at:
        console.print(Text(f"{document.generator} has nothing to say: {_WHY[document.generator]}"))
        return
    shown = document.lines[:top]
    columns = [
        figures("", (str(line.rank) for line in shown)),
        words("day", (plain(line.scenario) for line in shown)),
        figures("minutes", (significant(line.slo_minutes) for line in shown)),
        figures("left", (significant(line.slo_minutes_left) for line in shown)),
        figures("services", (str(len(line.hit)) for line in shown), goes=2),
        figures("depth", (str(line.depth) for line in shown), goes=3),
        figures("once in", map(_once_in, shown), goes=1),
    ]
    title = f"the worst {len(shown)} days that were found of {document.looked_at:,}"
    console.print(fitted(console, columns, title))
    for text in _looked_at(document):
        console.print(Text(text), soft_wrap=True)
    console.print(Text(_FOOTNOTE), soft_wrap=True)


_WHY = {
    "replay": "no past incident is on record whose cause measurements or a person told",
}


def _once_in(line: "WorstDay") -> str:
    if line.wanted is not None:
        return "adversary"
    if line.per_year is None:
        return "not known"
    years = f"{significant(1.0 / line.per_year)} years" if line.per_year > 0.0 else "never"
    return years if line.is_plausible else f"{years}, not plausible"


def _looked_at(document: "WorstDaysDocument") -> tuple[str, ...]:
    told = "" if document.feedback else ", told nothing of what it found"
    return (
        f"proposed by {document.generator}{told}; remedies were sought for {document.remedied:,} "
        "that might be among the worst: what is worse may be among the days that were not looked "
        "at",
        f"of {document.cells} sorts (what changes, how deep, which region), {document.covered} are "
        "among the days that cost most",
    )
