"""`availability`: how often each service is outside its objective, against what was promised."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

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
from twin.nouns.counted import counted
from twin.nouns.rates import HOURS_A_YEAR

if TYPE_CHECKING:
    from channels.planning.availability import AvailabilityDocument
    from twin.nouns.risk import ServiceAvailability

_FOOTNOTE = (
    "Hours a year in which a service is outside its objective for loss or delay, or cut off: "
    "because of one failure, of two at once, of three and more (drawn; with the standard error). "
    "Elements fail independently and are repaired; planned work is not counted. Expected: of all "
    "hours, those in which it keeps its objective; promised: what was agreed."
)


def availability(
    context: typer.Context,
    topology: Annotated[
        str, typer.Argument(help="A topohub name, a network file, or a network of --state.")
    ],
    draws: Annotated[
        int,
        typer.Option("--draws", min=100, max=10_000_000, help="Of three and more failures."),
    ] = 20_000,
    top: Annotated[int, typer.Option("--top", min=1, help="How many services to show.")] = 20,
    rates: Annotated[
        Path | None,
        typer.Option("--rates", dir_okay=False, help="How often things fail, YAML; see the docs."),
    ] = None,
    traffic: DayTraffic = "peak",
    seed: Seed = 1,
    as_json: AsJson = False,
) -> None:
    """Ask how often each service is outside its objective, and compare with what was promised.

    Failures of one and of two elements are enumerated; of three and more, sets
    are drawn as likely as they are, so that what is rare is told without bias.
    """
    from channels.causes import counted
    from channels.foresight import past_of
    from channels.planning.availability import reckoned
    from channels.planning.imagining import rates_from
    from channels.planning.opening import known_networks, open_planned, require_no_hour
    from twin.imagination.recorded_causes import recorded_causes

    known = rates_from(rates)
    require_no_hour(traffic)
    state = directory_of(context)
    with opening(topology):
        planned = open_planned(state, topology, traffic, seed)
    is_known = topology in known_networks(state)
    history = past_of(state, topology) if is_known else None
    built = planned.state.topology
    shared = counted(state, topology, built) if is_known else recorded_causes(built)
    with progress_bar(f"{planned.provenance.topology}, what may fail") as tell:
        document = reckoned(planned, known, draws, seed, tell, history, shared)
    if as_json:
        print_json(document.model_dump(mode="json"))
    else:
        print_availability(new_console(), document, top)


def print_availability(console: Console, document: "AvailabilityDocument", top: int) -> None:
    """What the command shows, within the width of `console`."""
    for line in (run_line(document.run), *origins_lines(document.run.origins)):
        console.print(Text(line), soft_wrap=True)
    shown = document.services[:top]
    columns = [
        words("service", (plain(s.service) for s in shown)),
        words("customer", (plain(s.customer) for s in shown), goes=2),
        figures("hours a year", (f"{_hours(s.in_breach):.3g}" for s in shown)),
        figures("one", (f"{_hours(s.by_one):.3g}" for s in shown), goes=3),
        figures("two", (f"{_hours(s.by_two):.2g}" for s in shown), goes=3),
        figures("more", map(_more, shown), goes=1),
        figures("expected", (f"{s.expected:.4%}" for s in shown)),
        figures("promised", (f"{s.promised:.3%}" for s in shown)),
        words("", ("short" if s.expected < s.promised else "kept" for s in shown)),
    ]
    short = sum(s.expected < s.promised for s in document.services)
    title = (
        f"{counted(short, 'service is', 'services are')} expected to fall short of the promise, of "
        f"{len(document.services)}"
    )
    console.print(fitted(console, columns, title))
    console.print(
        Text(
            f"{document.draws:,} draws of three and more failures at once, {document.judged:,} "
            f"different sets; more than six are down in {_hours(document.beyond):.2g} hours a year"
        ),
        soft_wrap=True,
    )
    console.print(Text(_FOOTNOTE), soft_wrap=True)


def _hours(share: float) -> float:
    return HOURS_A_YEAR * share


def _more(service: "ServiceAvailability") -> str:
    return f"{_hours(service.by_more):.2g} ± {_hours(service.by_more_error):.1g}"
