"""`risks`: the kept risk register of a network, and what people say of its lines."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console, RenderableType

from channels import verbs
from channels.cli.causes import causes
from channels.cli.moments import parse_moment_s
from channels.cli.output import (
    AsJson,
    By,
    Reason,
    directory_of,
    figures,
    fitted,
    new_console,
    print_json,
    words,
)
from channels.cli.principal import principal
from channels.cli.risk_day import often_text, play
from channels.report.wording import plain, quoted, significant, utc
from twin.nouns.counted import counted
from twin.nouns.untrusted import UntrustedText

if TYPE_CHECKING:
    from channels.risks import PartOften
    from twin.nouns.risk import RiskChanges, RiskRecord, RiskState

risks = typer.Typer(
    help="The risk register: what is expected to break next, and what people say of it.",
    no_args_is_help=True,
    add_completion=False,
)

risks.add_typer(causes, name="causes")

_LONGEST_WORDS = 300

_NAMED = 5
"""Lines that a refresh names one by one."""

OnNetwork = Annotated[
    str | None, typer.Option("--network", help="Where there are several networks.")
]
RiskId = Annotated[str, typer.Argument(metavar="ID", help="As `risks list` has it.")]


risks.command("play")(play)


@risks.command("list")
def list_risks(
    context: typer.Context,
    network: OnNetwork = None,
    top: Annotated[int, typer.Option("--top", min=1, help="How many to show.")] = 20,
    overdue: Annotated[
        bool, typer.Option("--overdue", help="Those alone whose review is due.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """List the lines, what costs most first; `noctua imagine NETWORK` refreshes them."""
    from channels import risks as register

    name, now_s = verbs.network_clock(directory_of(context), network)
    records = register.listed(directory_of(context), name)
    if overdue:
        records = [r for r in records if r.review_s is not None and r.review_s <= now_s]
    if as_json:
        print_json([record.model_dump(mode="json") for record in records])
    elif overdue and not records:
        typer.echo("No review is due.")
    elif not records:
        typer.echo(f"{plain(name)} has no register yet; `noctua imagine {plain(name)}` makes one.")
    else:
        console = new_console()
        console.print(_table(console, records[:top], f"{name}: {counted(len(records), 'line')}"))


@risks.command("show")
def show(
    context: typer.Context, risk: RiskId, network: OnNetwork = None, as_json: AsJson = False
) -> None:
    """Show one line: what fails, how often, whom it hits, and what would help."""
    from channels import risks as register

    state = directory_of(context)
    name = register.network_of(state, network, risk)
    record = register.shown(state, name, risk)
    parts = register.parts_of(state, record)
    if as_json:
        document = record.model_dump(mode="json")
        print_json({**document, "parts": [part.model_dump(mode="json") for part in parts]})
        return
    for line in (*risk_lines(record), *part_lines(parts)):
        typer.echo(line)
    if said := register.words_of(state, record):
        text, mind = said
        typer.echo(f"{plain(mind)}: {UntrustedText(text).quoted(_LONGEST_WORDS)}")
    if record.reckoned.refresh:
        typer.echo(f"reckoned by {record.reckoned.refresh}; `noctua show` says more of it")


@risks.command("accept")
def accept(
    context: typer.Context,
    risk: RiskId,
    network: OnNetwork = None,
    reason: Reason = "",
    review: Annotated[
        str, typer.Option("--review", help='When it is looked at again: "2027-03-01", "+90d".')
    ] = "",
    by: By = "",
    as_json: AsJson = False,
) -> None:
    """Accept what a line costs. It is open again once it costs more than twice that."""
    _decide(context, risk, network, "accepted", by, reason, review, as_json)


@risks.command("close")
def close(
    context: typer.Context,
    risk: RiskId,
    network: OnNetwork = None,
    reason: Reason = "",
    by: By = "",
    as_json: AsJson = False,
) -> None:
    """Close a line that is none any more. It is open again if it is found once more."""
    _decide(context, risk, network, "closed", by, reason, "", as_json)


@risks.command("reopen")
def reopen(
    context: typer.Context,
    risk: RiskId,
    network: OnNetwork = None,
    reason: Reason = "",
    by: By = "",
    as_json: AsJson = False,
) -> None:
    """Say that a line is to be decided anew."""
    _decide(context, risk, network, "open", by, reason, "", as_json)


@risks.command("assign")
def assign(
    context: typer.Context,
    risk: RiskId,
    owner: Annotated[str, typer.Argument(metavar="OWNER", help="Who looks after it.")],
    network: OnNetwork = None,
    by: By = "",
    as_json: AsJson = False,
) -> None:
    """Say who looks after a line."""
    from channels import risks as register

    state = directory_of(context)
    name = register.network_of(state, network, risk)
    _tell(register.assign(state, name, risk, owner, principal(context, by)), as_json)


@risks.command("replay")
def replay(
    context: typer.Context, risk: RiskId, network: OnNetwork = None, as_json: AsJson = False
) -> None:
    """Reckon a line again, of the network as it is known now. Exit 1 if it says something else."""
    from channels import risks as register

    state = directory_of(context)
    name = register.network_of(state, network, risk)
    found = register.replay(state, name, risk)
    if as_json:
        print_json({**found.model_dump(mode="json"), "is_same": found.is_same})
    elif found.is_same:
        typer.echo(
            f"{plain(risk)}: the same, {significant(found.again.slo_minutes)} minutes a year"
        )
    else:
        typer.echo(
            f"{plain(risk)}: {significant(found.again.slo_minutes)} minutes a year, "
            f"{significant(found.kept.slo_minutes)} when it was kept; the network, its demand or "
            "the code is another"
        )
    if not found.is_same:
        raise typer.Exit(1)


def _decide(
    context: typer.Context,
    risk: str,
    network: str | None,
    decision: "RiskState",
    by: str,
    reason: str,
    review: str,
    as_json: bool,
) -> None:
    from channels import risks as register

    state = directory_of(context)
    name, now_s = verbs.network_clock(state, register.network_of(state, network, risk))
    review_s = parse_moment_s(review, now_s) if review else None
    who = principal(context, by)
    _tell(register.decide(state, name, risk, decision, who, reason, review_s), as_json)


def _tell(record: "RiskRecord", as_json: bool) -> None:
    if as_json:
        print_json(record.model_dump(mode="json"))
        return
    for line in risk_lines(record):
        typer.echo(line)


def risk_lines(record: "RiskRecord") -> Sequence[str]:
    """One line of the register, in sentences."""
    from twin.events.action import in_words

    risk, likely = record.risk, record.risk.slo_minutes_range
    gone = f"; no line any more since {utc(record.gone_s)} UTC" if record.gone_s else ""
    found = [
        f"{record.id} on {plain(record.network)}: {plain(risk.fails)}{gone}",
        f"expected {significant(risk.slo_minutes)} service-minutes in breach a year "
        f"({significant(likely.p05)} to {significant(likely.p95)}), "
        f"{significant(risk.in_work)} of them during planned work",
        f"all of it is down {often_text(risk.per_year, risk.per_year_range)}, for "
        f"{risk.hours:.1f} hours in the mean; what is out for planned work is down, too",
    ]
    found += [
        f"at {now.regime}: {counted(len(now.hit), 'service')}"
        + (f" ({plain(', '.join(now.hit))})" if now.hit else "")
        for now in risk.regimes
    ]
    if risk.remedy is None or not risk.remedy.actions:
        found.append("no change that was tried helps")
    else:
        actions = "; ".join(in_words(risk.remedy.actions))
        found.append(
            f"once it has failed, this saves {risk.remedy.effectiveness:.0%}: {plain(actions)}"
        )
    found += [
        f"were it otherwise, this saves {one.effectiveness:.0%}: {plain(one.what)}"
        for one in risk.hardened or ()
    ]
    by = f" by {quoted(record.decided_by.name)}" if record.decided_by else ""
    why = f": {plain(record.reason)}" if record.reason else ""
    review = f"; to be reviewed by {utc(record.review_s)} UTC" if record.review_s else ""
    if record.work_order:
        found.append(f"work order: {plain(record.work_order)}")
    owner = f"; {quoted(record.owner)} looks after it" if record.owner else ""
    found.append(f"{record.state}{by}{why}{review}{owner}")
    return found


def part_lines(parts: "Sequence[PartOften]") -> Sequence[str]:
    """What goes into how often a line begins."""
    found = []
    for part in parts:
        kinds = " + ".join(f"{kind} {per_year:.3g}" for kind, per_year in part.kinds.items())
        work = part.work
        planned = f"; planned work of {work.hours:g} h, {work.per_year:g} a year" if work else ""
        found.append(
            f"{plain(part.element)} fails {significant(part.per_year)} times a year ({kinds}), for "
            f"{significant(part.hours)} h{planned}"
        )
    if len(parts) > 1:
        found.append(
            "all of it is down by chance: the product of the shares of all hours in which each is, "
            "or one of them in work and the others failed"
        )
    return found


def _table(console: Console, records: "Sequence[RiskRecord]", title: str) -> RenderableType:
    columns = [
        words("id", (record.id for record in records)),
        words("what fails", (plain(record.risk.fails) for record in records)),
        figures("minutes a year", (significant(record.risk.slo_minutes) for record in records)),
        words("state", map(_state, records)),
        words("owner", (plain(record.owner) for record in records), goes=1),
        words("review (UTC)", (utc(r.review_s) if r.review_s else "" for r in records), goes=2),
        words("first seen (UTC)", (utc(record.first_s) for record in records), goes=3),
    ]
    return fitted(console, columns, plain(title))


def _state(record: "RiskRecord") -> str:
    return f"{record.state}, gone" if record.gone_s else record.state


def kept_text(name: str, kept: "RiskChanges") -> str:
    """What a refresh changed, in a sentence."""
    if kept.since_s is None:
        return f"kept as the first register of {plain(name)}; `noctua risks list` shows it"
    told = f"kept, after that of {utc(kept.since_s)} UTC"
    for what, ids in (("new", kept.new), ("gone", kept.gone), ("open again", kept.reopened)):
        more = f" and {len(ids) - _NAMED} more" if len(ids) > _NAMED else ""
        told += f"; {what}: {', '.join(ids[:_NAMED]) or 'none'}{more}"
    return told
