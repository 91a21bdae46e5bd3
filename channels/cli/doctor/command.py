"""The command `doctor`."""

import time
from contextlib import ExitStack

import typer

from channels.cli.doctor import chats, disk, models, records, serving, sizes, surroundings, work
from channels.cli.doctor.check import Check, Installation, Look, looked
from channels.cli.output import AsJson, directory_of, print_json
from channels.report.wording import plain
from graphs.state_directory import StateDirectory
from tools.journal.database import SCHEMA_VERSION
from tools.journal.journal import Journal
from tools.journal.reading import journal_version, open_read_only
from twin.nouns.counted import counted

FAILED_EXIT = 1
"""Something has to be mended."""

LOOKS: tuple[tuple[str, Look], ...] = (
    ("state directory", disk.state_directory),
    ("permissions", disk.permissions),
    ("free space", disk.space),
    ("journal", records.journal),
    ("audit chain", records.audit),
    ("audit anchors", records.anchors),
    ("signing key", records.signing),
    ("checkpoints", records.checkpoints),
    ("sizes", sizes.sizes),
    ("clock", surroundings.clock),
    ("policy", records.policy),
    ("calling people", records.calling),
    ("alerts", records.alerts),
    ("Slack", chats.slack),
    ("Teams", chats.teams),
    ("serving", serving.serving),
    ("networks", work.networks),
    ("watches", work.watches),
    ("conditions", work.conditions),
    ("leases", work.leases),
    ("blocked", work.standing_still),
    ("learned", records.learned),
    ("graph outboxes", records.outboxes),
    ("read", work.read),
    ("telemetry", records.telemetry),
    ("minds", models.minds),
    ("tracing", models.tracing),
    ("pseudonyms", models.pseudonyms),
    ("packages", surroundings.packages),
    ("optional packages", surroundings.extras),
)
"""In the order in which they are told, with the name under which one that breaks is told."""

_COLOURS = {"ok": "green", "warning": "yellow", "failed": "red"}


def doctor(context: typer.Context, as_json: AsJson = False) -> None:
    """Check the state directory and everything in reach; nothing is changed. Exit 1 if it fails."""
    state = directory_of(context)
    checks = examine(state, time.time())
    failed = [check for check in checks if check.state == "failed"]
    if as_json:
        print_json(
            {
                "state": str(state.path),
                "healthy": not failed,
                "checks": [check.model_dump(mode="json") for check in checks],
            }
        )
    else:
        _print(checks)
    if failed:
        raise typer.Exit(FAILED_EXIT)


def examine(state: StateDirectory, now_s: float) -> tuple[Check, ...]:
    """Every check of a state directory. `now_s`: the machine's clock."""
    if not state.path.is_dir():
        installation = Installation(state, now_s, None)
        return looked("state directory", disk.state_directory, installation)
    with ExitStack() as stack:
        opened = _journal(state)
        installation = Installation(state, now_s, stack.enter_context(opened) if opened else None)
        return tuple(check for name, look in LOOKS for check in looked(name, look, installation))


def _journal(state: StateDirectory) -> Journal | None:
    """The journal for the checks that ask it; a broken one fails in a check of its own."""
    file = state.journal_file
    try:
        if not file.is_file() or journal_version(file) < SCHEMA_VERSION:
            return None
        return open_read_only(file)
    except Exception:
        return None


def _print(checks: tuple[Check, ...]) -> None:
    for check in checks:
        word = typer.style(f"{check.state:<8}", fg=_COLOURS[check.state])
        typer.echo(f"{word} {plain(check.name):<20} {plain(check.found)}")
        if check.remedy:
            typer.echo(f"{'':<29} -> {plain(check.remedy)}")
    count = {state: sum(c.state == state for c in checks) for state in _COLOURS}
    typer.echo(
        f"{count['failed']} failed, {counted(count['warning'], 'warning')}, {count['ok']} ok"
    )
