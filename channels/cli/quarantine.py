"""`quarantine`: devices that no plan may touch until a person has looked at them."""

from difflib import get_close_matches
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from channels.cli.output import AsJson, By, directory_of, new_console, print_json, who
from channels.cli.state import known_networks
from channels.report.wording import plain, quoted, utc
from tools.journal.journal import Journal
from tools.journal.records import Quarantine
from twin.errors import BadInput

quarantine = typer.Typer(
    help="Devices that no plan may touch until a person has looked at them.", no_args_is_help=True
)


def register(app: typer.Typer) -> None:
    """Add the commands to `app`."""
    app.add_typer(quarantine, name="quarantine")


@quarantine.command("list")
def list_devices(context: typer.Context, as_json: AsJson = False) -> None:
    """List the devices in quarantine, with the reasons."""
    directory = directory_of(context)
    with directory.journal() as journal:
        entries = [
            entry
            for network in known_networks(journal, directory.path)
            for entry in journal.quarantined(network)
        ]
    if as_json:
        print_json([entry.model_dump(mode="json") for entry in entries])
    elif entries:
        new_console().print(_table(entries))
    else:
        typer.echo("No device is in quarantine.")


@quarantine.command("lift")
def lift(
    context: typer.Context,
    network: Annotated[str, typer.Argument()],
    node: Annotated[str, typer.Argument()],
    reason: Annotated[
        str, typer.Option("--reason", help="What was seen on the device; it is audited.")
    ],
    by: By = "",
    as_json: AsJson = False,
) -> None:
    """Vouch for a device: plans may touch it again. It runs what it runs; nothing is changed."""
    if not reason.strip():
        raise BadInput("say with --reason what was seen on the device; it stands in the audit log")
    directory = directory_of(context)
    with directory.journal() as journal:
        now_s = directory.now_s(journal, network)
        if not journal.lift_quarantine(network, node, who(by), now_s, reason):
            raise BadInput(_nothing_to_lift(journal, directory.path, network, node))
    if as_json:
        print_json({"network": network, "node": node, "by": who(by), "lifted_s": now_s})
    else:
        typer.echo(f"{node} of {network} is out of quarantine, by {quoted(who(by))}")


def _nothing_to_lift(journal: Journal, state: Path, network: str, node: str) -> str:
    names = known_networks(journal, state)
    if network not in names:
        near = get_close_matches(network, names, n=1)
        hint = f'did you mean "{near[0]}"?' if near else f"known are {', '.join(names) or 'none'}"
        return f'no network "{network}" is known here ({hint})'
    entries = [entry.node for entry in journal.quarantined(network)]
    listed = f"in quarantine are {', '.join(entries)}" if entries else "no device of it is"
    return f'"{node}" of "{network}" is not in quarantine ({listed})'


def _table(entries: list[Quarantine]) -> Table:
    table = Table("network", "device", "since (UTC)", "reason", box=None)
    for entry in entries:
        table.add_row(
            Text(plain(entry.network)),
            Text(plain(entry.node)),
            Text(utc(entry.since_s)),
            Text(plain(entry.reason)),
        )
    return table
