"""`grow`: which link is full when, if demand grows, and what an upgrade buys."""

import re
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
from channels.cli.sweep import Seed, Traffic, opening, origins_lines, run_line
from channels.report.wording import plain, rate
from twin.errors import BadInput

if TYPE_CHECKING:
    from channels.planning.growing import GrowthDocument
    from twin.whatif.growth import Growth, LinkGrowth, Upgrade

_FOOTNOTE = (
    "Offered loads over all equal-cost shortest paths grow as demand does. Expected: of the peak "
    "as it is; earliest and latest: its forecast, 95 % and 5 %, with what is not known of demand "
    "and hashing drawn."
)


def grow(
    context: typer.Context,
    per_year: Annotated[
        str, typer.Option("--per-year", metavar="PERCENT", help="Growth of all demand, as 30%.")
    ],
    on: Annotated[
        str | None,
        typer.Option(
            "--on",
            help="A topohub name, a node-link JSON file, or a network of --state; its only one.",
        ),
    ] = None,
    years: Annotated[
        float, typer.Option("--years", min=0.1, max=50, help="How far to look.")
    ] = 5.0,
    failures: Annotated[
        bool, typer.Option("--failures", help="Full also where the worst link failure fills it.")
    ] = False,
    limit: Annotated[
        float, typer.Option("--limit", min=0.01, max=100, help="A link is full from there on.")
    ] = 1.0,
    traffic: Traffic = "peak",
    top: Annotated[int, typer.Option("--top", min=1, help="Lines of each table.")] = 10,
    seed: Seed = 1,
    curve: Annotated[
        Path | None, typer.Option("--curve", help="The fullest links: .svg, .png or .pdf.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Let demand grow: which link is full when, and what one more member buys.

    By default healthy; with --failures also after the worst failure of another link.
    """
    growth = growth_per_year(per_year)
    # The twin takes a while, and most commands do without it.
    from channels.planning.drawings import check_drawing, draw_growth
    from channels.planning.files import check_places
    from channels.planning.growing import GrowthDocument
    from channels.planning.opening import only_network, open_planned
    from twin.whatif.growth import grow as let_grow

    if curve is not None:
        check_drawing(curve)
        check_places([curve])
    state = directory_of(context)
    name = on or only_network(state)
    with opening(name):
        planned = open_planned(state, name, traffic, seed)
    found = let_grow(
        planned.twin,
        planned.state,
        growth,
        years,
        limit=limit,
        failures=failures,
        uncertainty=planned.uncertainty,
        seed=seed,
    )
    document = GrowthDocument(run=planned.provenance, growth=found)
    if curve is not None:
        draw_growth(curve, planned, found)
    if as_json:
        print_json(document.model_dump(mode="json"))
        return
    print_growth(new_console(), document, top)
    if curve is not None:
        typer.echo(f"written: {curve}")


MOST_PER_YEAR = 10.0


def growth_per_year(text: str) -> float:
    """0.3 for "30%" or "30 %". Raises BadInput: no such number, or without the sign of per cent."""
    parts = re.fullmatch(r"(\d{1,6}(?:\.\d{1,6})?) ?(%?)", text.strip())
    if parts is None:
        raise BadInput(f'"{text}" is no growth; expected per cent, as in 30%')
    number = float(parts[1])
    if not parts[2]:
        likely = number if number >= 1 else 100 * number
        raise BadInput(f'growth of "{text}" a year has no unit; did you mean {likely:g}%?')
    if not 0 < number / 100 <= MOST_PER_YEAR:
        raise BadInput(
            f'growth of "{text}" a year is out of range; expected more than 0% and at most '
            f"{MOST_PER_YEAR:.0%}"
        )
    return number / 100


def print_growth(console: Console, document: "GrowthDocument", top: int) -> None:
    """What the command shows, within the width of `console`."""
    growth = document.growth
    for line in (run_line(document.run), *origins_lines(document.run.origins)):
        console.print(Text(line), soft_wrap=True)
    console.print(Text(_summary(growth)), soft_wrap=True)
    console.print(_links_table(console, growth, top))
    console.print(_upgrades_table(console, growth, top))
    console.print(Text(_FOOTNOTE), soft_wrap=True)


def _summary(growth: "Growth") -> str:
    full = [link for link in growth.links if _within(link, growth)]
    after = ", or would be after the worst failure of another link" if growth.with_failures else ""
    return (
        f"with {100 * growth.per_year:g} % more each year, {len(full)} of {len(growth.links)} "
        f"links are full ({growth.limit:.0%}) within {growth.years:g} years{after}"
    )


def _within(link: "LinkGrowth", growth: "Growth") -> bool:
    times = [link.full_in_years.expected]
    if link.failure is not None:
        times.append(link.failure.full_in_years)
    return any(t is not None and t <= growth.years for t in times)


def _links_table(console: Console, growth: "Growth", top: int) -> RenderableType:
    shown = growth.links[:top]
    times = [link.full_in_years for link in shown]
    after = [link.failure for link in shown] if growth.with_failures else []
    columns = [
        words("link", (plain(link.link) for link in shown)),
        figures("capacity", (rate(link.capacity_bps) for link in shown), goes=3),
        figures("peak now", (f"{link.utilisation:.1%}" for link in shown), goes=4),
        figures("5–95 %", (f"{x.forecast.p05:.0%}–{x.forecast.p95:.0%}" for x in shown), goes=6),
        figures("full at", (_times(link.full_at_growth) for link in shown), goes=7),
        figures("expected", (_years(time.expected) for time in times)),
        figures("earliest", (_years(time.earliest) for time in times), goes=2),
        figures("latest", (_years(time.latest) for time in times), goes=1),
    ]
    if growth.with_failures:
        columns += [
            figures(
                "after failure",
                ("–" if x is None else f"{x.utilisation:.1%}" for x in after),
                goes=5,
            ),
            figures(
                "full after failure", ("–" if x is None else _years(x.full_in_years) for x in after)
            ),
            words("of", ("–" if x is None else plain(x.what_if) for x in after), goes=8),
        ]
    more = (_years(link.one_more_full_in_years) for link in shown)
    columns.append(figures("one member more", more, goes=5))
    title = f"the links that are full first ({len(shown)} of {len(growth.links)}); years from now"
    return fitted(console, columns, title)


def _times(factor: float | None) -> str:
    return "–" if factor is None else f"×{factor:.2f}"


def _upgrades_table(console: Console, growth: "Growth", top: int) -> RenderableType:
    shown = growth.upgrades[:top]
    title = f"one member more each time a link is full ({len(shown)} of {len(growth.upgrades)})"
    columns = [
        figures("due in years", (_years(upgrade.in_years) for upgrade in shown)),
        words("link", (plain(upgrade.link) for upgrade in shown)),
        figures("from", (rate(upgrade.from_bps) for upgrade in shown), goes=3),
        figures("to", (rate(upgrade.to_bps) for upgrade in shown), goes=1),
        figures("buys years", (_bought(upgrade, growth.years) for upgrade in shown)),
        words("then full", (plain(x.next_link or "none in sight") for x in shown), goes=2),
    ]
    return fitted(console, columns, title)


def _bought(upgrade: "Upgrade", years: float) -> str:
    until = upgrade.next_full_in_years
    if until is None:
        return f"≥ {years - upgrade.in_years:.1f}"
    return f"{until - upgrade.in_years:.1f}"


def _years(years: float | None) -> str:
    if years is None:
        return "never"
    return "now" if years <= 0 else f"{years:.1f}"
