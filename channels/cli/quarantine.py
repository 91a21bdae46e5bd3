"""`quarantine`: devices that no plan may touch until a person has looked at them."""

from collections.abc import Sequence
from typing import Annotated

import typer
from rich.console import Console, RenderableType
from rich.text import Text

from channels import verbs
from channels.cli.output import AsJson, By, Column, directory_of, fitted, new_console, print_json
from channels.cli.principal import principal
from channels.report.wording import plain, quoted, utc
from tools.journal.records import Quarantine

quarantine = typer.Typer(
    help="Devices that no plan may touch until a person has looked at them.",
    no_args_is_help=True,
    add_completion=False,
)


@quarantine.command("list")
def list_devices(context: typer.Context, as_json: AsJson = False) -> None:
    """List the devices in quarantine, with the reasons."""
    entries = verbs.quarantined(directory_of(context))
    if as_json:
        print_json([entry.model_dump(mode="json") for entry in entries])
    elif entries:
        console = new_console()
        console.print(_table(console, entries))
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
    lifted = verbs.lift_quarantine(
        directory_of(context), network, node, principal(context, by, "approve"), reason
    )
    if as_json:
        print_json(lifted.model_dump(mode="json"))
    else:
        typer.echo(f"{node} of {network} is out of quarantine, by {quoted(lifted.by.name)}")


def _table(console: Console, entries: Sequence[Quarantine]) -> RenderableType:
    return fitted(
        console,
        (
            Column("network", [Text(plain(e.network)) for e in entries], whole=True),
            Column("device", [Text(plain(e.node)) for e in entries], whole=True),
            Column("since (UTC)", [Text(utc(e.since_s)) for e in entries], whole=True, goes=1),
            Column("reason", [Text(plain(e.reason)) for e in entries]),
        ),
    )
