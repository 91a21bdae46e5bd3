"""`drift`: how far the twin of each network is from what is measured, as its watch last saw it."""

from collections.abc import Sequence
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from channels import verbs
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
from channels.report.wording import plain, utc
from twin.nouns.left_out import left_out_text
from twin.tracking.drift import MAX_LOAD_ERROR, Drift, drift_summary

_LINES = 12
"""The last hour: a comparison every five minutes."""


def drift(
    context: typer.Context,
    network: Annotated[str | None, typer.Argument(help="A network; all that are known.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show how far the twin is from the network: loads, link states, configuration, capacity.

    It is read from what the watch has written down, so it works while a watch is running.
    """
    state = directory_of(context)
    histories = verbs.drift(state, network)
    left_out = verbs.left_out(state)
    health = {view.network: view.health for view in verbs.networks(state)}
    if as_json:
        print_json(
            {
                name: [{**d.model_dump(mode="json"), "beyond": [*d.beyond]} for d in history]
                for name, history in histories.items()
            }
        )
        return
    if not histories:
        typer.echo("No network has been watched.")
    console = new_console()
    for name, history in histories.items():
        known = health.get(name)
        said = [known.coverage_line] if known else []
        said.append(left_out_text(left_out.get(name, ())))
        _print(console, name, history, said)


def _print(console: Console, name: str, history: tuple[Drift, ...], said: Sequence[str]) -> None:
    console.print(Text(f"{plain(name)}: {plain(drift_summary(history))}"), soft_wrap=True)
    for line in filter(None, said):
        console.print(Text(f"  {plain(line)}"), soft_wrap=True)
    if not history:
        return
    newest = history[-1]
    named = [
        *(f"link not as adjacencies say: {link}" for link in newest.contradicted_links),
        *(f"not as intended: {interface}" for interface in newest.differing_interfaces),
        *(f"unexplained commit: {node}" for node in newest.unexplained_commits),
        *(f"less capacity than on record: {link}" for link in newest.short_links),
    ]
    for line in named:
        console.print(Text(f"  {plain(line)}"), soft_wrap=True)
    entries = history[-_LINES:]
    columns = [
        Column("time (UTC)", [utc(entry.time_s) for entry in entries], whole=True),
        Column("loads off", [_off(entry.load_error) for entry in entries], whole=True),
        figures("median", (_percent(entry.load_error_median) for entry in entries), goes=2),
        figures("90 %", (_percent(entry.load_error_p90) for entry in entries), goes=1),
        words("worst egress", (plain(entry.worst_egress) or "–" for entry in entries)),
        figures("measured", (f"{x.measured_egresses} of {x.egresses}" for x in entries), goes=3),
    ]
    console.print(fitted(console, columns))


def _off(share: float | None) -> Text:
    over = share is not None and share > MAX_LOAD_ERROR
    return Text(_percent(share), style="red" if over else "")


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{share:.1%}"
