"""`what-if`: the network before and after what a person writes, as in "link A-B down"."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console, RenderableType
from rich.text import Text

from channels.cli.output import (
    AsJson,
    Column,
    directory_of,
    figures,
    fitted,
    new_console,
    print_json,
    words,
)
from channels.cli.sweep import Limit, Seed, Traffic, opening, origins_lines, run_line
from channels.report.wording import duration, plain, rate, utc
from twin.errors import BadInput

if TYPE_CHECKING:
    from channels.planning.answer import WhatIfDocument
    from twin.nouns.forecast import Interval
    from twin.whatif.comparison import CascadeEnd, EgressChange, ServiceChange
    from twin.whatif.window import WindowAnswer

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
            help="A topohub name, a network file, or a network of --state; its only one.",
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
    begin: Annotated[
        str | None,
        typer.Option("--from", metavar="HH:MM", help="Judge it in a window, UTC; from now on."),
    ] = None,
    end: Annotated[
        str | None,
        typer.Option(
            "--until", metavar="HH:MM", help="End of the window; 24 hours after its begin."
        ),
    ] = None,
    seed: Seed = 1,
    map_file: Annotated[
        Path | None, typer.Option("--map", help="The network after it: .svg, .png or .pdf.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Compare the network before and after: "link A-B down; weight C-D 20".

    Phrases: link LINK down, link LINK up, node NODE down, power at NODE down,
    group GROUP down,
    weight LINK N (of the end named first), weight LINK N both ways,
    drain LINK, undrain LINK, drain node NODE, undrain node NODE,
    link LINK add 100G (to 200G, members 2, at 50 %), add link A-B 100G,
    node NAME at A, B.

    "safe to drain A?" is judged in a window: --from and --until, or 24 hours.
    """
    # The twin takes a while, and most commands do without it.
    from channels.planning.answer import answer_what_if
    from channels.planning.drawings import check_drawing, draw_what_if
    from channels.planning.files import check_places
    from channels.planning.opening import names_hour, only_network, open_planned
    from twin.imagination.scenario_text import is_scenario
    from twin.whatif.window import read_question, time_of_day_s, window_of

    if is_scenario(text):
        raise BadInput(
            f'"{text}" is about a whole day; play it with `noctua risks play NETWORK "..."`'
        )
    if map_file is not None:
        check_drawing(map_file)
        check_places([map_file])
    asked = read_question(text)
    begin, end = begin or asked.begin, end or asked.end
    windowed = asked.asked or begin is not None or end is not None
    if asked.at is not None and windowed:
        begin = begin or asked.at
    elif asked.at is not None:
        moment = utc(time_of_day_s(asked.at))[11:16]
        traffic = moment if traffic == "peak" else f"{traffic} {moment}"
    if windowed and names_hour(traffic):
        raise BadInput(
            f'a window has hours of its own, so that the traffic "{traffic}" cannot hold'
        )
    if windowed:
        window_of(begin, end, None)
    state = directory_of(context)
    name = on or only_network(state)
    with opening(name):
        planned = open_planned(state, name, traffic, seed)
    window = window_of(begin, end, planned.now_s) if windowed else None
    document, comparison = answer_what_if(planned, asked.text, limit, cascade, window, seed)
    if map_file is not None:
        draw_what_if(map_file, planned, comparison, document.what_if)
    if as_json:
        print_json(document.model_dump(mode="json"))
        return
    _print(new_console(), document, top)
    if map_file is not None:
        typer.echo(f"written: {map_file}")


def _print(console: Console, document: "WhatIfDocument", top: int) -> None:
    delay = "delay" if document.run.origins.knows_delay else "delay in queues"
    console.print(Text(f"what if: {plain(document.what_if)}"), soft_wrap=True)
    for line in (run_line(document.run), *origins_lines(document.run.origins)):
        console.print(Text(line), soft_wrap=True)
    if document.without_effect:
        console.print(Text("nothing comes of it: every weight and link is as it was already"))
    for said in document.assumed:
        console.print(Text(plain(f"assumed: {said}")), soft_wrap=True)
    if document.window is not None:
        for line in _window_lines(document.window):
            console.print(Text(plain(line)), soft_wrap=True)
        console.print(_window_table(console, document.window))
    console.print(_totals_table(console, document, delay))
    console.print(_egress_table(console, document.egresses, top))
    console.print(_service_table(console, document.services, top, delay))
    if document.cascade is not None:
        for line in _cascade_lines(document.cascade):
            console.print(Text(line), soft_wrap=True)
    if not document.run.origins.knows_delay:
        console.print(Text("Delays are those in queues: without lengths there is no other."))
    console.print(Text(_FOOTNOTE), soft_wrap=True)


def _window_lines(window: "WindowAnswer") -> Iterator[str]:
    hours = f"{utc(window.begin_s)[11:16]} to {utc(window.end_s)[11:16]} UTC"
    lasting = duration(window.end_s - window.begin_s)
    yield f"{window.verdict} from {hours} ({lasting}){': ' if window.reasons else ''}" + "; ".join(
        window.reasons
    )
    yield (
        f"busiest at {utc(window.busiest_s)[11:16]} UTC ({window.level:.0%} of peak); of "
        f"{window.rollouts} draws, seed {window.seed}, 5 to 95 %: highest utilisation "
        f"{_span(window.max_utilisation)} (without it {_span(window.max_utilisation_before)}), "
        f"services newly in breach {window.newly_in_breach.p05:.0f} to "
        f"{window.newly_in_breach.p95:.0f}, traffic lost because of it "
        f"{rate(window.added_loss_bps.p05)} to {rate(window.added_loss_bps.p95)}"
    )
    if window.likely_in_breach:
        shown = ", ".join(window.likely_in_breach[:_NAMED])
        more = len(window.likely_in_breach) - _NAMED
        yield f"may break a promise: {shown}{f' and {more} more' if more > 0 else ''}"
    worst = window.worst_failure
    if worst is not None:
        yield (
            f"if a link fails meanwhile, at worst: {worst.what_if}, highest utilisation "
            f"{worst.max_utilisation:.1%}, {rate(worst.no_path_bps)} without a path"
        )


_NAMED = 5


def _span(interval: "Interval") -> str:
    return f"{interval.p05:.1%} to {interval.p95:.1%}"


def _window_table(console: Console, window: "WindowAnswer") -> RenderableType:
    moments = window.moments
    columns = [
        figures("UTC", (utc(moment.time_s)[11:16] for moment in moments)),
        figures("of peak", (f"{moment.level:.0%}" for moment in moments)),
        figures("highest: 5 %", (f"{moment.max_utilisation.p05:.1%}" for moment in moments)),
        figures("median", (f"{moment.max_utilisation.median:.1%}" for moment in moments)),
        figures("95 %", (f"{moment.max_utilisation.p95:.1%}" for moment in moments)),
    ]
    return fitted(console, columns, "through the window")


def _totals_table(console: Console, document: "WhatIfDocument", delay: str) -> RenderableType:
    both = (document.before, document.after)
    limit = document.limit
    rows: tuple[tuple[str, list[str]], ...] = (
        ("traffic offered", [rate(t.offered_bps) for t in both]),
        ("without a path", [rate(t.no_path_bps) for t in both]),
        ("lost on the way", [rate(t.lost_bps) for t in both]),
        ("highest utilisation", [f"{t.max_utilisation:.1%}" for t in both]),
        ("of", [plain(f"{t.busiest.node} on {t.busiest.link}") for t in both]),
        (f"egresses above {limit:.0%}", [str(t.over_limit) for t in both]),
        (f"mean {delay}, one way", [_delay(t.mean_delay_s) for t in both]),
        ("services in breach", [str(t.breached) for t in both]),
    )
    columns = [
        words("", (name for name, _ in rows)),
        Column("before", [cells[0] for _, cells in rows], right=True),
        Column("after", [cells[1] for _, cells in rows], right=True),
    ]
    return fitted(console, columns)


def _egress_table(
    console: Console, changes: "tuple[EgressChange, ...]", top: int
) -> RenderableType:
    title = (
        f"egresses whose load or capacity changes most ({min(top, len(changes))} of {len(changes)})"
    )
    shown = changes[:top]
    names = (f"{c.egress.node} on {c.egress.link}{' (down)' if c.failed else ''}" for c in shown)
    columns = [
        words("egress", map(plain, names)),
        figures("before", (rate(c.before_bps) for c in shown), goes=2),
        figures("", (f"{c.before_utilisation:.1%}" for c in shown), goes=1),
        figures("after", (rate(c.after_bps) for c in shown), goes=3),
        figures("", (f"{c.after_utilisation:.1%}" for c in shown)),
        figures("change", (_change(c.after_bps - c.before_bps) for c in shown)),
    ]
    return fitted(console, columns, title)


def _change(bps: float) -> str:
    said = rate(abs(bps))
    if said == rate(0.0):
        return said
    return f"{'+' if bps > 0 else '-'}{said}"


def _service_table(
    console: Console,
    changes: "tuple[ServiceChange, ...]",
    top: int,
    delay: str,
) -> RenderableType:
    title = f"services that fare differently ({min(top, len(changes))} of {len(changes)})"
    shown = changes[:top]
    columns = [
        words("service", (plain(f"{c.service} ({c.customer})") for c in shown)),
        figures(f"{delay} before", (_delay(c.before_delay_s) for c in shown), goes=3),
        figures("after", (_delay(c.after_delay_s) for c in shown), goes=2),
        figures("loss before", (f"{c.before_loss:.2%}" for c in shown), goes=4),
        figures("after", (f"{c.after_loss:.2%}" for c in shown), goes=1),
        words("verdict", (plain(_verdict(c)) for c in shown)),
    ]
    return fitted(console, columns, title)


def _verdict(change: "ServiceChange") -> str:
    if change.after_in_breach:
        was = "still in breach" if change.before_in_breach else "in breach"
        return f"{was}: {'; '.join(change.reasons)}"
    if change.before_in_breach:
        return "no longer in breach"
    return "kept" if change.promised else "nothing is promised of loss or delay"


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
    if delay_s is None:
        return "nothing arrives"
    return "< 0.001 ms" if delay_s < 1e-6 else f"{1e3 * delay_s:.3f} ms"
