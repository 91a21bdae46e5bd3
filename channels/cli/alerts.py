"""`alerts`: what other monitoring systems say of a network, and how it turned out."""

from collections.abc import Sequence
from typing import Annotated

import typer
from rich.console import Console, RenderableType
from rich.text import Text

from channels import verbs
from channels.alerts import AlertsView, RuleRecord
from channels.cli.output import AsJson, Column, directory_of, fitted, new_console, print_json
from channels.report.wording import percent, plain, utc
from tools.journal.records import AlertRecord
from twin.nouns.counted import counted
from twin.nouns.untrusted import UntrustedText

_LONGEST_LABELS = 400
_LONGEST_ODD = 120

_MAPS_THEM = (
    "A rule in alerts.yaml maps them: `when` is what their labels are, and `link`, `device`, "
    "`interface` or `service` the label that names the thing."
)


def alerts(
    context: typer.Context,
    network: Annotated[
        str | None, typer.Option("--network", help="Where there are several networks.")
    ] = None,
    firing: Annotated[bool, typer.Option("--firing", help="Only those that are firing.")] = False,
    unmapped: Annotated[
        bool, typer.Option("--unmapped", help="Only those that no rule maps.")
    ] = False,
    most: Annotated[
        int, typer.Option("--most", min=1, max=10_000, help="The latest so many.")
    ] = 20,
    as_json: AsJson = False,
) -> None:
    """List alerts of other monitoring systems: what they say, of what, and how it turned out."""
    view = verbs.alerts(directory_of(context), network, firing=firing, unmapped=unmapped, most=most)
    if as_json:
        print_json(view.model_dump(mode="json"))
        return
    for line in _summary(view):
        typer.echo(line)
    console = new_console()
    if view.rules:
        console.print(_rules(console, view.rules))
    if view.alerts:
        console.print(_table(console, view.alerts, with_labels=unmapped))
    if view.alerts and unmapped:
        console.print(Text(_MAPS_THEM), soft_wrap=True)


def _summary(view: AlertsView) -> list[str]:
    counts = view.counts
    lines = [
        f"{view.network}: {counted(counts.begun, 'alert')}; firing: {counts.firing:,}; mapped "
        "by no "
        f"rule: {counts.unmapped:,}"
    ]
    for door in view.doors:
        withheld = f", {door.withheld:,} withheld by the sender" if door.withheld else ""
        lines.append(
            f"through {door.door}: {counted(door.posts, 'post')}, {counted(door.alerts, 'alert')}, "
            f"{counted(door.repeats, 'repeat')}, {door.late:,} late{withheld}; the last at "
            f"{utc(door.last_wall_s)} UTC"
        )
    return lines


def _rules(console: Console, rules: Sequence[RuleRecord]) -> RenderableType:
    return fitted(
        console,
        (
            Column("rule", [Text(plain(r.rule)) for r in rules], whole=True),
            Column("borne out", [Text(f"{r.borne_out:,}") for r in rules], whole=True),
            Column("refuted", [Text(f"{r.refuted:,}") for r in rules], whole=True),
            Column("missed", [Text(f"{r.missed:,}") for r in rules], whole=True),
            Column("false rate", [Text(percent(r.false_rate)) for r in rules], whole=True),
            Column("missed rate", [Text(percent(r.missed_rate)) for r in rules], whole=True),
        ),
    )


def _table(console: Console, rows: Sequence[AlertRecord], *, with_labels: bool) -> RenderableType:
    """`with_labels`: what a rule could be written for, in place of what no rule has said."""
    says = [
        Column("says", [Text(r.claims if r.rule else "unmapped") for r in rows], whole=True),
        Column("of", [Text(plain(r.resource)) for r in rows]),
        Column("name", [Text(_name(r)) for r in rows], goes=1),
    ]
    if with_labels:
        says = [Column("labels", [Text(_labels(r)) for r in rows])]
    odd = [Text(UntrustedText(r.odd).quoted(_LONGEST_ODD) if r.odd else "") for r in rows]
    return fitted(
        console,
        (
            Column("since (UTC)", [Text(utc(r.starts_s)) for r in rows], whole=True),
            Column("state", [Text(_state(r)) for r in rows], whole=True),
            *says,
            *([Column("odd", odd, goes=1)] if any(r.odd for r in rows) else ()),
            Column("door", [Text(plain(r.door)) for r in rows], goes=3),
            Column("times", [Text(f"{r.times:,}") for r in rows], goes=2),
        ),
    )


def _state(record: AlertRecord) -> str:
    return "firing" if record.ends_s is None else f"over at {utc(record.ends_s)}"


def _name(record: AlertRecord) -> str:
    """What others call it, quoted; without a name, all of its labels."""
    named = record.labels.get("alertname")
    return UntrustedText(named).quoted(80) if named else _labels(record)


def _labels(record: AlertRecord) -> str:
    """All that a rule can look at, quoted."""
    told = ", ".join(f"{k}={v}" for k, v in record.labels.items())
    return UntrustedText(told).quoted(_LONGEST_LABELS)
