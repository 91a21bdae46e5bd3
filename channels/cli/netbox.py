"""`netbox`: what a NetBox says of its devices and connections, as a file that is a network."""

from pathlib import Path
from typing import Annotated

import typer

from channels.whole_file import write_text
from twin.errors import BadInput
from twin.nouns.counted import counted


def netbox(
    url: Annotated[
        str, typer.Argument(metavar="URL", help="Of the server, as in https://netbox.example.net.")
    ],
    to: Annotated[
        Path, typer.Option("--to", help="The file that is written.", dir_okay=False)
    ] = Path("netbox.json"),
    where: Annotated[
        list[str] | None,
        typer.Option(
            "--where",
            metavar="FILTER=VALUE",
            help="Only devices that NetBox finds so, as in site=osl1; may be repeated.",
        ),
    ] = None,
    token: Annotated[
        str, typer.Option(envvar="NETBOX_TOKEN", help="Of a user who may view devices.")
    ] = "",
) -> None:
    """Write what a NetBox knows of devices and connections into a network file.

    Nothing is changed there. The token is taken from NETBOX_TOKEN and is not written.
    """
    from tools.netbox import netbox_document
    from twin.sources.formats.registry import read_network
    from twin.sources.netbox_records import netbox_facts

    selection: dict[str, list[str]] = {}
    for text in where or ():
        key, equals, value = text.partition("=")
        if not key or not equals or not value:
            raise BadInput(f'--where "{text}": expected FILTER=VALUE, such as site=osl1')
        selection.setdefault(key, []).append(value)
    document = netbox_document(url, token, selection)
    # What cannot be a network is told now, and the file is kept for whoever looks into it.
    write_text(to, document)
    network = read_network(document, str(to))
    facts = netbox_facts(document, str(to))
    typer.echo(
        f"{to}: {counted(len(network.nodes), 'device')}, {counted(len(network.links), 'link')}"
    )
    typer.echo(
        f"  for noctua graph load: {counted(len(facts.things), 'thing')}, "
        f"{counted(len(facts.relations), 'relation')}"
    )
    for remark in network.remarks:
        typer.echo(f"  {remark}")
