"""`imagine`: what will break next, how often that is to be expected, and what it costs."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console, RenderableType
from rich.text import Text

from channels.cli.causes import left_out_lines, print_proposed, to_decide_text
from channels.cli.durations import parse_duration_s
from channels.cli.output import (
    AsJson,
    directory_of,
    figures,
    fitted,
    new_console,
    print_json,
    words,
)
from channels.cli.principal import principal
from channels.cli.risks import kept_text
from channels.cli.standing_register import stand
from channels.cli.sweep import DayTraffic, Seed, opening, origins_lines, progress_bar, run_line
from channels.report.wording import plain, significant
from tools.models.settings import PLAYBOOK
from twin.errors import BadInput
from twin.nouns.counted import counted
from twin.nouns.untrusted import UntrustedText
from twin.nouns.way import Way

if TYPE_CHECKING:
    from collections.abc import Sequence

    from channels.planning.imagining import RegisterDocument
    from channels.planning.opening import Planned
    from twin.nouns.risk import Covered, Risk, RiskChanges, Searched
    from twin.nouns.ticket import Ticket

MemberCost = Annotated[
    float, typer.Option("--member-cost", min=0.001, max=1e6, help="Of one more member of a link.")
]
WayCost = Annotated[
    float, typer.Option("--way-cost", min=0.001, max=1e6, help="Of a way that shares no group.")
]
FeedCost = Annotated[
    float,
    typer.Option(
        "--feed-cost", min=0.001, max=1e6, help="Of a second feed of a site or of a power feed."
    ),
]
WeightCost = Annotated[
    float, typer.Option("--weight-cost", min=0.001, max=1e6, help="Of another weight.")
]

_LONGEST_WORDS = 300

_FOOTNOTE = (
    "Minutes: of services in breach, all services together, that a line is expected to cost a "
    "year beyond what each of its parts costs by itself; the range is that of the rates (5 to 95 "
    "%). In work: of these, while one of the parts is down for planned work. Once in, for: how "
    "often all of it is down, and how long then; out for planned work is down, too. Hit: services"
    " that are in breach then and that none of the parts hits by itself, at each level of demand."
    " Remedy saves: of all service-hours in breach while it lasts, by the best remedy of up to "
    "four changes that is found. Change saves: of all minutes a year, by the best change of what "
    "is built or configured (--json and --csv say which)."
)


def _named(generators: str) -> tuple[str, ...] | None:
    """Names with commas between, None for "". Raises BadInput: there is no such generator."""
    from twin.imagination.generators.shipped import GENERATORS

    names = tuple(dict.fromkeys(filter(None, map(str.strip, generators.split(",")))))
    for name in names:
        if name not in GENERATORS:
            raise BadInput(
                f'--generators: "{name}" is no generator; there are {", ".join(GENERATORS)}'
            )
    return names or None


def imagine(
    context: typer.Context,
    topology: Annotated[
        str,
        typer.Argument(help="A topohub name, a network file, or a network of --state."),
    ],
    lines: Annotated[
        int, typer.Option("--lines", min=1, max=10_000, help="Lines of the register.")
    ] = 100,
    top: Annotated[int, typer.Option("--top", min=1, help="How many of them to show.")] = 20,
    most: Annotated[
        int,
        typer.Option(
            "--sets",
            min=1,
            max=1_000_000,
            help="All single failures are looked at, and the likeliest pairs up to so many sets.",
        ),
    ] = 40_000,
    rates: Annotated[
        Path | None,
        typer.Option("--rates", dir_okay=False, help="How often things fail, YAML; see the docs."),
    ] = None,
    tickets: Annotated[
        Path | None,
        typer.Option(
            "--tickets",
            dir_okay=False,
            help="Trouble tickets and work notices, CSV or JSON lines: what they hint at is "
            "proposed, and not counted.",
        ),
    ] = None,
    harden: Annotated[
        int,
        typer.Option("--harden", min=0, max=50, help="Changes of what is built that are sought."),
    ] = 0,
    search: Annotated[
        int,
        typer.Option(
            "--search",
            min=0,
            max=100_000,
            help="Days that are looked at beside the register, with up to four events each.",
        ),
    ] = 100,
    generators: Annotated[
        str,
        typer.Option(
            "--generators",
            help="Who proposes these days, with commas between, in equal shares: search, "
            "causal-lm, load-weighted, rules, random, enumerate, replay, llm.",
            show_default="as the playbook or a model says",
        ),
    ] = "",
    member_cost: MemberCost = 1.0,
    way_cost: WayCost = 5.0,
    feed_cost: FeedCost = 10.0,
    weight_cost: WeightCost = 0.5,
    traffic: DayTraffic = "peak",
    seed: Seed = 1,
    csv: Annotated[Path | None, typer.Option("--csv", help="All lines of the register.")] = None,
    html: Annotated[
        Path | None,
        typer.Option("--html", help="One page: the map, how often and how dear, all lines."),
    ] = None,
    curve: Annotated[
        Path | None,
        typer.Option("--curve", help="What --harden leaves for its cost: .svg, .png or .pdf."),
    ] = None,
    keep: Annotated[
        bool | None,
        typer.Option(
            "--keep/--no-keep",
            help="Whether it becomes the register of a network of --state; it does unless "
            "--traffic or --rates says otherwise.",
            show_default=False,
        ),
    ] = None,
    by: Annotated[str, typer.Option("--by", help="Who keeps it.", show_default="you")] = "",
    watch: Annotated[
        bool,
        typer.Option(
            "--watch",
            help="Stay, and refresh what is kept once the network is another, and every day.",
        ),
    ] = False,
    every: Annotated[str, typer.Option("--every", help="How often --watch looks: 30s, 5m.")] = "1m",
    as_json: AsJson = False,
) -> None:
    """Ask what will break next, and rank it by what it costs in a year.

    Every failure of a link, a device, a shared-risk group and a site, every two
    at once, and what fails while something is in planned work. Of a network of
    --state the register is kept (`noctua risks`), where demand is that of the peak.
    """
    every_s = parse_duration_s(every)
    # The twin takes a while, and most commands do without it.
    from channels.causes import waiting
    from channels.foresight import begun
    from channels.planning.drawings import check_drawing, draw_hardening
    from channels.planning.files import check_places
    from channels.planning.imagining import imagined, rates_from, unwatched, write_register
    from channels.planning.opening import known_networks, open_planned, require_no_hour
    from channels.planning.proposing import proposed_lines
    from channels.planning.reading import text_of
    from channels.risks import refreshed
    from graphs.foresight_study import RegisterRequest
    from graphs.minds import minds_from_environment
    from twin.nouns.risk import HardeningCosts
    from twin.sources.tickets import TicketFile, read_tickets

    given = (rates, tickets, Path(topology))
    inputs = [path for path in given if path is not None and path.exists()]
    check_places([path for path in (csv, html, curve) if path], inputs)
    if curve is not None:
        check_drawing(curve)
        if not harden:
            raise BadInput("the curve draws what changes leave: say how many", way=Way(harden="5"))
    known = rates_from(rates)
    require_no_hour(traffic)
    with opening(topology):
        planned = open_planned(directory_of(context), topology, traffic, seed)
    state = directory_of(context)
    is_known = topology in known_networks(state)
    is_kept = is_known and traffic == "peak" and rates is None if keep is None else keep
    if is_kept and not is_known:
        raise BadInput(
            f"{topology} is no network of {state.path}, which keeps registers of its own"
        )
    if is_kept and traffic != "peak":
        raise BadInput(
            "a register is of the demand of the peak; name no other traffic, or do not keep it"
        )
    if watch and not is_kept:
        raise BadInput(
            "only a register that is kept can be refreshed: name a network of the state directory, "
            "with its own traffic and rates, and keep it"
        )
    costs = HardeningCosts(member=member_cost, way=way_cost, feed=feed_cost, weight=weight_cost)
    request = RegisterRequest(
        lines=lines,
        most=most,
        seed=seed,
        harden=harden,
        costs=costs,
        rates=known,
        simulations=search,
        generators=_named(generators),
    )
    minds = minds_from_environment(os.environ, state.path, planned.twin.inventory)

    file = TicketFile(()) if tickets is None else read_tickets(text_of(tickets), str(tickets))

    def looked(
        planned: "Planned", noticed: "Sequence[Ticket]"
    ) -> tuple["RegisterDocument", "RiskChanges | None"]:
        start = begun(state, topology, planned, request) if is_known else None
        with progress_bar(f"{planned.provenance.topology}, what may fail") as tell:
            if start is not None and is_kept:
                return refreshed(
                    state, planned, start, minds, principal(context, by), tell, noticed
                )
            begins = start or unwatched(planned, request)
            return imagined(planned, begins, minds, tell, noticed), None

    def written(
        planned: "Planned", noticed: "Sequence[Ticket]" = ()
    ) -> tuple["RegisterDocument", "RiskChanges | None"]:
        document, changes = looked(planned, noticed)
        hinted = document.tickets.proposed if document.tickets else ()
        if is_known:
            hinted = waiting(state, topology, hinted)
        if hinted:
            lines = proposed_lines(planned, known, seed, document.causes, hinted, document.history)
            document = document.model_copy(update={"proposed": lines})
        if csv is not None:
            write_register(csv, document)
        if html is not None:
            from channels.planning.risk_page import write_page

            write_page(html, planned.state.topology, document)
        if curve is not None:
            draw_hardening(curve, planned, document.covered.slo_minutes, document.hardening)
        return document, changes

    def told(changes: "RiskChanges | None") -> str:
        return kept_text(topology, changes) if changes else ""

    document, kept = written(planned, file.tickets)
    document = document.model_copy(update={"left_out": file.left_out})
    if watch:
        for line in left_out_lines(file.left_out):
            typer.echo(line)
        stand(
            lambda: open_planned(state, topology, traffic, seed),
            lambda found: told(written(found)[1]),
            planned,
            told(kept),
            every_s,
        )
        return
    if as_json:
        print_json(document.model_dump(mode="json"))
        return
    console = new_console()
    print_register(console, document, top)
    print_beside(console, document)
    print_proposed(console, document.proposed, document.tickets, document.left_out)
    if document.proposed:
        where = to_decide_text(topology, str(state.path), is_known=is_known, is_kept=is_kept)
        typer.echo(where)
    if kept is not None:
        typer.echo(told(kept))
    elif is_known:
        typer.echo(f"not kept: the register of {plain(topology)} stays as it was")
    for path in filter(None, (csv, html, curve)):
        typer.echo(f"written: {path}")


def print_register(console: Console, document: "RegisterDocument", top: int) -> None:
    """What the command shows, within the width of `console`."""
    for line in (run_line(document.run), *origins_lines(document.run.origins)):
        console.print(Text(line), soft_wrap=True)
    shown = document.lines[:top]
    columns = [
        figures("", (str(line.rank) for line in shown)),
        words("what fails", (plain(line.fails) for line in shown)),
        figures("minutes a year", (significant(line.slo_minutes) for line in shown)),
        figures("range", map(_range, shown), goes=2),
        figures("in work", (significant(line.in_work) for line in shown), goes=4),
        figures("once in", (_once_in(line.per_year) for line in shown), goes=1),
        figures("for", (f"{line.hours:.1f} h" for line in shown), goes=5),
        figures("hit", map(_hit, shown)),
        figures("remedy saves", map(_saves, shown)),
        figures("change saves", map(_change_saves, shown), goes=6),
        words("customers", (plain(_few(line.customers)) for line in shown), goes=3),
    ]
    title = f"the {len(shown)} of {counted(len(document.lines), 'line')} that cost most"
    console.print(fitted(console, columns, title))
    if document.hardening:
        console.print(_hardening(console, document))
    if document.lines:
        levels = ", ".join(now.regime for now in document.lines[0].regimes)
        console.print(Text(f"levels of demand: {levels}; a quarter of all hours each"))
    for text in _covered(document.covered, len(document.lines)):
        console.print(Text(plain(text)), soft_wrap=True)
    console.print(Text(_FOOTNOTE), soft_wrap=True)


def print_beside(console: Console, document: "RegisterDocument") -> None:
    """What was found beside the lines, and what a mind made of them."""
    found = document.searched
    if found:
        columns = [
            words("a day on which", (plain(one.scenario) for one in found)),
            figures("minutes", (significant(one.slo_minutes) for one in found)),
            figures("with a remedy", (significant(one.slo_minutes_left) for one in found)),
            figures("once in", map(_how_often, found)),
            words("found by", (one.generator for one in found), goes=1),
        ]
        title = "the worst days that were found beside them; minutes are of that day alone"
        console.print(fitted(console, columns, title))
    if document.worded_by != PLAYBOOK:
        for line in document.lines:
            if line.id in document.words:
                said = UntrustedText(document.words[line.id]).quoted(_LONGEST_WORDS)
                text = f"{line.id}, {document.worded_by}: {said}"
                console.print(Text(plain(text, 2 * _LONGEST_WORDS)), soft_wrap=True)


def _hardening(console: Console, document: "RegisterDocument") -> RenderableType:
    rows = document.hardening
    columns = [
        figures("", (str(i) for i in range(1, len(rows) + 1))),
        words("change of what is built", (plain(row.what) for row in rows)),
        figures("cost", (f"{row.cost:g}" for row in rows), goes=1),
        figures("spent", (f"{row.spent:g}" for row in rows)),
        figures("minutes left", (f"{row.slo_minutes_left:,.0f}" for row in rows), goes=2),
        figures("of before", (f"{row.share_left:.1%}" for row in rows)),
    ]
    return fitted(console, columns, "what takes most of it away for its cost, one after the other")


def _range(line: "Risk") -> str:
    found = line.slo_minutes_range
    return f"{significant(found.p05)} to {significant(found.p95)}"


def _once_in(per_year: float) -> str:
    return f"{1.0 / per_year:,.1f} years" if per_year < 1.0 else f"{12.0 / per_year:.1f} months"


def _how_often(found: "Searched") -> str:
    return "not known" if found.per_year is None else _once_in(found.per_year)


def _hit(line: "Risk") -> str:
    return "/".join(str(len(now.hit)) for now in line.regimes)


def _saves(line: "Risk") -> str:
    if line.remedy is None or not line.remedy.actions:
        return "-"
    return f"{line.remedy.effectiveness:.0%}"


def _change_saves(line: "Risk") -> str:
    return f"{line.best_change.effectiveness:.0%}" if line.best_change else "-"


def _few(names: tuple[str, ...]) -> str:
    more = len(names) - 3
    return ", ".join(names[:3]) + (f" and {more} more" if more > 0 else "")


def _covered(covered: "Covered", lines: int) -> tuple[str, ...]:
    never = covered.never
    untouched = "; every service is hit by some of what was looked at"
    if never:
        untouched = f"; nothing that was looked at hits {_few(never)}"
    return (
        f"looked at {covered.looked_at:,} sets of failures, which cost {covered.slo_minutes:,.0f} "
        f"minutes a year; {counted(lines, 'line holds', 'lines hold')} {covered.lines_share:.1%} "
        f"of that{untouched}",
        f"what was not looked at costs {covered.left_slo_minutes:,.0f} minutes a year at most, if "
        "each of it hit all services",
    )
