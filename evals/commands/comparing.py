"""The command `policy compare`: planners and policies on the same evenings."""

from typing import Annotated, Literal

import typer

from channels.cli.output import AsJson, print_json
from evals.commands.options import Out, SliceText, SpecFile, TableOnly


def compare(
    context: typer.Context,
    policies: Annotated[
        list[str] | None,
        typer.Option("--policy", help="By name; several times. Those of the campaign."),
    ] = None,
    networks: Annotated[
        list[str] | None,
        typer.Option("--network", help="A topohub name; several times. Those of the campaign."),
    ] = None,
    evenings: Annotated[
        int | None, typer.Option("--evenings", min=1, help="Of each network (30).")
    ] = None,
    priced: Annotated[
        Literal["loads", "services"] | None,
        typer.Option("--priced", help="loads: overload alone; services: in breach besides."),
    ] = None,
    spec: SpecFile = None,
    out: Out = None,
    part: SliceText = "1/1",
    table_only: TableOnly = None,
    as_json: AsJson = False,
) -> None:
    """Play every policy on the same evenings after a failure, and print what each is worth.

    Evenings are of networks that nobody trains on. Stopped, the same with --out goes on.
    With --table-only, networks, policies and evenings that are given are those of the table.
    """
    from evals.campaigns.campaign import load_spec
    from evals.campaigns.policies import CAMPAIGN, arms_of, cases_of, policies_markdown
    from evals.commands.campaigning import exit_if_raised, gathered

    given = load_spec(
        CAMPAIGN,
        spec,
        arms=arms_of(policies) if policies else None,
        cases=cases_of(networks) if networks else None,
        seeds=evenings,
        priced=priced,
    )
    records = gathered(context, CAMPAIGN, given, out, part, table_only)
    if table_only and (policies or networks or evenings or priced or spec):
        listed = set(CAMPAIGN.plays(given))
        records = [record for record in records if record.play in listed]
    if as_json:
        print_json([r.model_dump(mode="json") for r in records])
    else:
        typer.echo(policies_markdown(records))
    exit_if_raised(records)
