"""`mitigate`: have a line of the risk register cost less before it strikes."""

from typing import TYPE_CHECKING, Annotated

import typer

from channels.cli.imagine import FeedCost, MemberCost, WayCost
from channels.cli.output import AsJson, By, directory_of, print_json
from channels.cli.principal import principal
from channels.cli.risks import OnNetwork, RiskId
from channels.cli.sweep import progress_bar
from channels.report.wording import plain, significant

if TYPE_CHECKING:
    from channels.risks import Asked


def mitigate(
    context: typer.Context,
    risk: RiskId,
    network: OnNetwork = None,
    member_cost: MemberCost = 1.0,
    way_cost: WayCost = 5.0,
    feed_cost: FeedCost = 10.0,
    only_look: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be done, and ask for nothing.")
    ] = False,
    by: By = "",
    as_json: AsJson = False,
) -> None:
    """Have a line of the risk register cost less before it strikes.

    Weights that take it away, and break nothing while all is well, become a plan
    that passes the gate once `noctua watch` is at it: it waits for your approval,
    is verified, and the line is played again on what runs then. Where weights do
    not help, what is to be built is written down as a work order. Exit 1 where
    nothing that is known helps.
    """
    from channels.risks import mitigate as ask
    from channels.risks import network_of
    from twin.nouns.risk import HardeningCosts

    state = directory_of(context)
    name = network_of(state, network, risk)
    costs = HardeningCosts(member=member_cost, way=way_cost, feed=feed_cost)
    with progress_bar(f"{plain(risk)}, what helps") as tell:
        asked = ask(state, name, risk, principal(context, by), tell, costs, only_look=only_look)
    if as_json:
        print_json(asked.model_dump(mode="json"))
    else:
        for line in asked_lines(asked, only_look=only_look):
            typer.echo(line)
    if not asked.prevention.actions and asked.to_build is None:
        raise typer.Exit(1)


def asked_lines(asked: "Asked", *, only_look: bool) -> list[str]:
    """What came of it, in sentences."""
    record, found, build = asked.record, asked.prevention, asked.to_build
    name = f"{record.id} on {plain(record.network)}: {plain(record.risk.fails)}"
    if found.actions:
        actions = "; ".join(action.describe() for action in found.actions)
        told = [
            name,
            plain(actions),
            f"it costs {significant(found.slo_minutes_left)} service-minutes a year then, not "
            f"{significant(found.slo_minutes)}; all that was looked at "
            f"{significant(found.everything_left)}, not {significant(found.everything)}",
        ]
        if not only_look:
            told.append(
                "asked for: `noctua watch` makes the plan, `noctua approve` answers it, and "
                f"`noctua risks show {record.id}` says what came of it"
            )
        return told
    if build is None:
        return [
            name,
            "no weights set beforehand help, and no member, way of its own or second feed either",
        ]
    kept = "" if only_look else "; written down as a work order"
    return [
        name,
        "no weights set beforehand help: a person has to build",
        f"{plain(build.what)} (cost {build.cost:g}) leaves {build.share_left:.0%} of it{kept}",
    ]
