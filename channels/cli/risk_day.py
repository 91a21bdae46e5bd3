"""`risks play`: one day on which something strikes, hour by hour, and what may follow."""

import os
from collections.abc import Sequence
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
from channels.cli.sweep import DayTraffic, Seed, opening, origins_lines, progress_bar, run_line
from channels.report.wording import duration, plain, significant
from twin.nouns.counted import counted

if TYPE_CHECKING:
    from channels.planning.risk_day import DayDocument, DrawnChain
    from twin.nouns.chain import Chain
    from twin.nouns.forecast import Interval

_TOLD_CHAINS, _TOLD_HAPPENINGS = 4, 12

_FOOTNOTE = (
    "Services in breach are the most at once in that hour; minutes are theirs, all together. With "
    "the remedy: the best of up to four changes, searched for the part of the day that costs most, "
    "in force once there was time and taken back when that is over. What may follow is drawn: a "
    "chain has the share of draws that are like it, and no other probability."
)


def play(
    context: typer.Context,
    topology: Annotated[
        str,
        typer.Argument(
            metavar="NETWORK", help="A topohub name, a network file, or a network of --state."
        ),
    ],
    scenario: Annotated[
        str,
        typer.Argument(
            metavar="SCENARIO",
            help='As in "at 20:00, demand x1.2: link A-B down for 4 h; after 30 min node C down".',
        ),
    ],
    draws: Annotated[
        int, typer.Option("--draws", min=1, max=100_000, help="Of what may follow.")
    ] = 64,
    once_in: Annotated[
        float,
        typer.Option("--once-in", min=1, max=1e9, help="Years: what is rarer is not plausible."),
    ] = 1000.0,
    rates: Annotated[
        Path | None,
        typer.Option("--rates", dir_okay=False, help="How often things fail, YAML; see the docs."),
    ] = None,
    chain_rates: Annotated[
        Path | None,
        typer.Option(
            "--chain-rates", dir_okay=False, help="How likely what follows is, YAML; see the docs."
        ),
    ] = None,
    traffic: DayTraffic = "peak",
    seed: Seed = 1,
    html: Annotated[
        Path | None, typer.Option("--html", help="One page: the day, and the chains drawn.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Play a day on which something strikes: who is in breach, what helps, what may follow.

    Conditions, ": ", and up to four events: at HH:MM, demand x1.2, LINK in work,
    traffic to NODE x1.5; then any fault, as link LINK down, node NODE down, group GROUP
    down, LINK flaps every 60 s, LINK loses 3 % from NODE, LINK late by 20 ms, drain LINK,
    syn flood on NODE of 2M/s; "after 30 min" before one, "for 4 h" behind it.
    """
    # The twin takes a while, and most commands do without it.
    from channels.causes import counted
    from channels.foresight import past_of
    from channels.planning.files import check_places
    from channels.planning.imagining import chain_rates_from, rates_from
    from channels.planning.opening import known_networks, open_planned, require_no_hour
    from channels.planning.risk_day import DayAsked, day_played
    from tools.runners.selection import IN_PROCESS, RUNNER_SETTING, runners_from_setting
    from twin.imagination.recorded_causes import recorded_causes

    inputs = [path for path in (rates, chain_rates, Path(topology)) if path and path.exists()]
    check_places([html] if html else [], inputs)
    state = directory_of(context)
    known, how = rates_from(rates), chain_rates_from(chain_rates)
    require_no_hour(traffic)
    with opening(topology):
        planned = open_planned(state, topology, traffic, seed)
    is_known = topology in known_networks(state)
    history = past_of(state, topology) if is_known else None
    built = planned.state.topology
    shared = counted(state, topology, built) if is_known else recorded_causes(built)
    asked = DayAsked(known, how, draws, seed, 1.0 / once_in, history, shared)
    runners = runners_from_setting(os.environ.get(RUNNER_SETTING) or IN_PROCESS)
    with runners, progress_bar(f"{planned.provenance.topology}, what may follow") as tell:
        document = day_played(planned, scenario, asked, runners.on(planned.twin), tell)
    if html is not None:
        from channels.planning.day_page import write_day

        write_day(html, document)
    if as_json:
        print_json(document.model_dump(mode="json"))
        return
    print_day(new_console(), document)
    if html is not None:
        typer.echo(f"written: {html}")


def print_day(console: Console, document: "DayDocument") -> None:
    """What the command shows, within the width of `console`."""
    console.print(Text(plain(document.scenario)), soft_wrap=True)
    for said in document.unsaid:
        console.print(Text(plain(said)), soft_wrap=True)
    for line in (run_line(document.run), *origins_lines(document.run.origins)):
        console.print(Text(line), soft_wrap=True)
    console.print(_hours(console, document))
    for line in (*verdict_lines(document), *chain_lines(document)):
        console.print(Text(plain(line)), soft_wrap=True)
    console.print(Text(_FOOTNOTE), soft_wrap=True)


def _hours(console: Console, document: "DayDocument") -> RenderableType:
    from channels.planning.risk_day import told_hours

    shown = told_hours(document.hours)
    columns = [
        words("UTC", (hour.begins for hour in shown)),
        words("what happens", (plain("; ".join(hour.happens)) for hour in shown), goes=1),
        figures("in breach", (str(hour.in_breach) for hour in shown)),
        figures("minutes", (f"{hour.slo_minutes:,.0f}" for hour in shown)),
        figures("with remedy", (str(hour.in_breach_mitigated) for hour in shown)),
        figures("minutes", (f"{hour.slo_minutes_mitigated:,.0f}" for hour in shown)),
    ]
    return fitted(console, columns, "the day, hour by hour")


def verdict_lines(document: "DayDocument") -> tuple[str, ...]:
    """What the day costs, what helps, and how often it comes, in sentences."""
    found = document.verdict
    usual = document.usual_slo_minutes
    beyond = f" beyond the {usual:,.0f} of a day on which nothing happens" if usual else ""
    hit = f", of {counted(len(found.by_service), 'service')}" if found.by_service else ""
    customers = ", ".join(document.customers[:5])
    more = len(document.customers) - 5
    whose = f" ({customers}{f' and {more} more' if more > 0 else ''})" if customers else ""
    cost = f"with nothing done: {found.slo_minutes:,.0f} service-minutes in breach{hit}{whose}"
    helped = (
        f"with the best remedy: {found.slo_minutes_left:,.0f}, which is {found.effectiveness:.0%} "
        "less"
        if found.actions
        else "over the whole day, no remedy that was tried costs less than doing nothing"
        if found.slo_minutes > 0.0
        else "there is nothing to remedy"
    )
    return f"{cost}{beyond}", helped, *often_lines(document)


def often_lines(document: "DayDocument") -> list[str]:
    """How often it begins, and what that is the product of; or why it has no rate."""
    found = document.how_often
    if found.per_year is None or found.likely is None:
        return [f"no rate: {found.why_not}"]
    rare = "plausible" if document.verdict.is_plausible else "not plausible"
    lines = [f"it begins {often_text(found.per_year, found.likely)}: {rare}; the product of"]
    return [*lines, *(f"  {significant(f.value)} {f.unit}: {f.what}" for f in found.factors)]


def often_text(per_year: float, likely: "Interval") -> str:
    """As "once in 240 years (106 to 1,318, as the rates may be)"."""
    if per_year <= 0.0:
        return "never"
    if per_year < 1.0:
        low, high = (significant(1.0 / rate) for rate in (likely.p95, likely.p05))
        return f"once in {significant(1.0 / per_year)} years ({low} to {high}, as the rates may be)"
    low, high = significant(likely.p05), significant(likely.p95)
    return f"{significant(per_year)} times a year ({low} to {high}, as the rates may be)"


def chain_lines(document: "DayDocument") -> list[str]:
    """What may follow: the most frequent chains, and the deepest."""
    lines = [
        f"what may follow, {document.draws} draws: "
        f"{document.chained_slo_minutes:,.0f} service-minutes in their mean"
    ]
    told = list(document.chains[:_TOLD_CHAINS])
    deepest = max(document.chains, key=lambda one: one.chain.depth)
    if all(one.chain.depth < deepest.chain.depth for one in told):
        told.append(deepest)
    for one in told:
        lines += _chain_lines(one)
    left = len(document.chains) - len(told)
    if left:
        lines.append(f"and {counted(left, 'more chain')}; --json has all of them")
    return lines


def _chain_lines(one: "DrawnChain") -> list[str]:
    chain = one.chain
    head = f"{one.share:.0%} of draws, {chain.slo_minutes:,.0f} minutes, depth {chain.depth}"
    follow = [alike for alike in chain.told() if chain.happenings[alike[0]].mechanism]
    if not follow:
        return [f"{head}: nothing follows"]
    lines = [f"{head}:"]
    lines += [f"  {_happening_text(chain, alike)}" for alike in follow[:_TOLD_HAPPENINGS]]
    if len(follow) > _TOLD_HAPPENINGS:
        lines.append(f"  and {len(follow) - _TOLD_HAPPENINGS} more")
    return lines


def _happening_text(chain: "Chain", alike: Sequence[int]) -> str:
    """When, what, by which mechanism, and from what; how often, if it comes again and again."""
    happening = chain.happenings[alike[0]]
    before = None if happening.cause is None else chain.happenings[happening.cause]
    cause = "the conditions" if before is None else before.describe()
    if before is not None and before.actions:
        cause = "what we did"
    last_s = chain.happenings[alike[-1]].at_s
    again = f"; {len(alike)} times, the last after {duration(last_s)}" if len(alike) > 1 else ""
    after = f"after {duration(happening.at_s)}"
    by = f"{happening.mechanism}: {happening.why}"
    return f"{after}: {happening.describe()} ({by}), from {cause}{again}"
