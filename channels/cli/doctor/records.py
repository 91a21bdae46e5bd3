"""What was written down: journal, audit chain, checkpoints, and what was learned."""

import json
import os
import sqlite3
from collections.abc import Iterable
from pathlib import Path

from channels.alerts import network_of
from channels.cli.doctor.check import Check, Installation, State
from channels.report.wording import utc
from channels.sealed import sealed_text
from tools.alerts.settings import load_alert_settings
from tools.graph_store.opening import GRAPH_SETTING
from tools.journal.anchors import anchor_file, read_anchors, violation
from tools.journal.database import BUSY_TIMEOUT_S, SCHEMA_VERSION
from tools.journal.journal import Journal
from tools.journal.mark import mark_file
from tools.journal.reading import journal_version, open_read_only
from tools.notification.on_event import load_ways
from tools.notification.ways import way_of
from tools.read_only import connect_read_only
from twin.nouns.counted import counted
from twin.nouns.incident import TERMINAL_PHASES, Phase
from twin.nouns.left_out import left_out_text

_LATELY_S = 86_400.0

_TAKE_A_COPY = "put the file aside and take the last good copy"


def journal(installation: Installation) -> Iterable[Check]:
    """It opens, is of this version, and SQLite finds no damage."""
    file = installation.state.journal_file
    if not file.is_file():
        yield _no_journal(installation)
        return
    version = journal_version(file)
    # As it lies there: one of an earlier version is not brought up to date for it.
    with Journal(connect_read_only(file, busy_timeout_s=BUSY_TIMEOUT_S), file) as opened:
        damage = opened.damage()
    if damage:
        yield Check(name="journal", state="failed", found=f"{file}: {damage}", remedy=_TAKE_A_COPY)
    elif version < SCHEMA_VERSION:
        yield Check(
            name="journal",
            state="warning",
            found=f"it is of version {version}, and this release writes {SCHEMA_VERSION}",
            remedy="keep a copy; the next command that opens it brings it up to date",
        )
    else:
        yield Check(name="journal", state="ok", found=f"version {version}, no damage")


def _no_journal(installation: Installation) -> Check:
    state = installation.state
    left = [path.name for path in (state.checkpoints_file, state.trackers) if path.exists()]
    if left:
        return Check(
            name="journal",
            state="failed",
            found=f"{installation.state.journal_file} is missing, and {left[0]} is there",
            remedy="take the last good copy; without it nobody knows what was changed",
        )
    return Check(
        name="journal",
        state="warning",
        found=f"there is no {installation.state.journal_file}: nothing has run here",
        remedy="name another directory with --state, or start with `noctua demo`",
    )


def audit(installation: Installation) -> Iterable[Check]:
    """The chain of hashes holds."""
    if not installation.state.journal_file.is_file():
        return
    with open_read_only(installation.state.journal_file) as opened:
        report = opened.verify_audit()
    if report.first_broken is not None:
        yield Check(
            name="audit chain",
            state="failed",
            found=f"broken at line {report.first_broken} of {report.length}: {report.why}",
            remedy="keep a copy as evidence; `noctua audit export` writes every line as it stands",
        )
    else:
        yield Check(
            name="audit chain",
            state="ok",
            found=f"{counted(report.length, 'line holds', 'lines hold')}, head {report.head}",
        )


def signing(installation: Installation) -> Iterable[Check]:
    """The signing key can be used, the journal is what was written, and it was not put back."""
    state = installation.state
    if not state.journal_file.is_file():
        return
    with open_read_only(state.journal_file, state.signing_key_file) as opened:
        report, put_back = opened.check_seals(), opened.mark_trouble()
    look = "noctua audit verify says more; who has looked vouches with `noctua audit vouch`"
    marked = mark_file(state.signing_key_file)
    if put_back:
        yield Check(name="signing key", state="failed", found=put_back, remedy=look)
    elif report.altered:
        yield Check(name="signing key", state="failed", found=sealed_text(report), remedy=look)
    elif report.unchecked:
        remedy = "run doctor as whoever runs the watch, who needs the key"
        yield Check(name="signing key", state="warning", found=report.unchecked, remedy=remedy)
    elif not marked.exists():
        yield Check(
            name="signing key",
            state="warning",
            found=f"{marked} cannot be written, so that a journal that is put back does not show",
            remedy="let the watch write beside the key, or set audit.anchor_file of the policy",
        )
    else:
        found = (
            f"{counted(report.sealed, 'row is', 'rows are')} what was written "
            f"({state.signing_key_file})"
        )
        yield Check(name="signing key", state="ok", found=found)


def anchors(installation: Installation) -> Iterable[Check]:
    """What was written elsewhere about the chain stands in it."""
    file = anchor_file(installation.state.path, installation.state.policy().audit.anchor_file)
    if file is None:
        yield _anchored(
            "ok",
            "nowhere, so that a chain that is rewritten as a whole shows against reports and "
            "exports alone (audit.anchor_file of the policy)",
        )
    elif not file.exists():
        yield _anchored(
            "warning",
            f"{file} is not there",
            "the next incident or commit makes it; if there was one, find out who took it",
        )
    elif installation.state.journal_file.is_file():
        yield _compared(installation.state.journal_file, file)


def _compared(journal_file: Path, file: Path) -> Check:
    lines = read_anchors(file)
    with open_read_only(journal_file) as opened:
        found = opened.check_audit({anchor.head for anchor in lines.anchors})
    violated = [why for a in lines.anchors if (why := violation(a, found.report, found.places))]
    if violated:
        return _anchored(
            "failed",
            f"{len(violated)} of {len(lines.anchors)} in {file} stand in the chain no more: "
            f"{violated[0]}",
            f"noctua audit verify --against {file} names them all",
        )
    if lines.unreadable:
        return _anchored(
            "warning",
            f"line {lines.unreadable[0]} of {file} is no anchor",
            "a full disk cuts a line; anything else was written by somebody",
        )
    return _anchored("ok", f"{len(lines.anchors)} in {file} stand in the chain")


def _anchored(state: State, found: str, remedy: str = "") -> Check:
    return Check(name="audit anchors", state=state, found=found, remedy=remedy)


def calling(installation: Installation) -> Iterable[Check]:
    """How people are called is valid."""
    file = installation.state.on_event_file
    ways = load_ways(file)
    if not ways:
        yield Check(name="calling people", state="ok", found=f"nobody is called: no {file.name}")
        return
    for settings in ways.values():
        way_of(settings, installation.state.path, os.environ)
    told = (f"{how.found}, for {len(how.events)} kinds" for how in ways.values())
    yield Check(name="calling people", state="ok", found="; ".join(told))


def alerts(installation: Installation) -> Iterable[Check]:
    """Whose alerts are taken is valid, and the secret of every door is there."""
    file = installation.state.alerts_file
    settings = load_alert_settings(file)
    for name, door in settings.doors.items():
        door.proof(os.environ)
        network_of(installation.state, name, door)
    found = f"{counted(len(settings.doors), 'door')}, {counted(len(settings.rules), 'rule')}"
    found = found if settings.doors else f"no alerts are taken: {file.name} has no doors"
    yield Check(name="alerts", state="ok", found=found)


def policy(installation: Installation) -> Iterable[Check]:
    """The approval policy is valid."""
    file = installation.state.policy_file
    installation.state.policy()
    found = str(file) if file.exists() else "the one that ships with the package"
    yield Check(name="policy", state="ok", found=found)


def checkpoints(installation: Installation) -> Iterable[Check]:
    """Where incidents stand can be read."""
    file = installation.state.checkpoints_file
    still_open = (
        installation.journal.incidents(phases=set(Phase) - TERMINAL_PHASES)
        if installation.journal
        else ()
    )
    if not file.exists():
        yield _no_checkpoints(file, len(still_open))
        return
    damage = _damage(file)
    if damage:
        yield Check(
            name="checkpoints", state="failed", found=f"{file}: {damage}", remedy=_TAKE_A_COPY
        )
    else:
        yield Check(name="checkpoints", state="ok", found="no damage")


def _no_checkpoints(file: Path, still_open: int) -> Check:
    if not still_open:
        return Check(name="checkpoints", state="ok", found="there are none yet")
    return Check(
        name="checkpoints",
        state="failed",
        found=f"{file} is missing, and {counted(still_open, 'incident is', 'incidents are')} open",
        remedy="take the last good copy; without it they begin anew",
    )


def _damage(file: Path) -> str:
    try:
        connection = connect_read_only(file, busy_timeout_s=BUSY_TIMEOUT_S)
    except sqlite3.Error as error:
        return str(error)
    try:
        found = [str(row[0]) for row in connection.execute("PRAGMA quick_check(3)")]
    except sqlite3.Error as error:
        return str(error)
    finally:
        connection.close()
    return "" if found == ["ok"] else "; ".join(found)


def learned(installation: Installation) -> Iterable[Check]:
    """What was learned of the networks, and the knowledge graphs, can be loaded."""
    trackers = sorted(installation.state.trackers.glob("*.json"))
    graphs = sorted(installation.state.knowledge.glob("*.sqlite"))
    troubles = [c for file in trackers if (c := _tracker(file))]
    troubles += [c for file in graphs if (c := _graph(file))]
    yield from troubles or [
        Check(
            name="learned",
            state="ok",
            found=f"{counted(len(trackers), 'tracker')} and "
            f"{counted(len(graphs), 'knowledge graph')} can be read",
        )
    ]


def outboxes(installation: Installation) -> Iterable[Check]:
    """What waits to be written to the servers that have knowledge graphs."""
    from tools.graph_store.standby import outbox_of

    for file in sorted(installation.state.knowledge.glob("*.standby")):
        name, outbox = f"graph of {file.stem}", outbox_of(file)
        if outbox is None:
            remedy = "the next command that opens it brings it up to date"
            yield Check(
                name=name, state="warning", found=f"{file}: an earlier version", remedy=remedy
            )
            continue
        if outbox.waiting:
            wait = counted(outbox.waiting, "write waits", "writes wait")
            yield Check(
                name=name,
                state="warning",
                found=f"{wait} for its server, since {utc(outbox.since_s)} UTC",
                remedy=f"start the server that {GRAPH_SETTING} names; they arrive by themselves",
            )
        if outbox.refused:
            yield Check(
                name=name,
                state="warning",
                found=f"writes refused by its server: {len(outbox.refused)} ({outbox.refused[0]})",
                remedy="noctua graph stats shows them; write again what is missing",
            )
        if not (outbox.waiting or outbox.refused):
            yield Check(name=name, state="ok", found="nothing waits to be written to its server")


def telemetry(installation: Installation) -> Iterable[Check]:
    """What was told of each network within a day of the newest telemetry, and cannot be."""
    from graphs.left_out_file import kept_left_out

    for name, left_out in kept_left_out(installation.state, _LATELY_S).items():
        is_odd = any(one.is_odd for one in left_out)
        yield Check(
            name=f"telemetry of {name}",
            state="warning" if is_odd else "ok",
            found=left_out_text(left_out) or "nothing was told that cannot be",
            remedy="look at these devices, or at what collects from them" if is_odd else "",
        )


def _tracker(file: Path) -> Check | None:
    from twin.nouns.configuration import NetworkConfiguration
    from twin.tracking.alarms import SymptomBook
    from twin.tracking.kept import sound

    try:
        data, _ = sound(json.loads(file.read_text("utf-8")))
        NetworkConfiguration.model_validate(data["baseline"])
        NetworkConfiguration.model_validate(data["running"])
        SymptomBook(data["book"])
        float(data["now_s"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        return Check(
            name="learned",
            state="failed",
            found=f"{file}: is not what a watch has saved ({type(error).__name__}: {error})"[:300],
            remedy="put the file aside; the watch learns anew, blind for what it had learned",
        )
    return None


def _graph(file: Path) -> Check | None:
    from tools.graph_store.embedded import require_sound
    from tools.graph_store.protocol import CorruptGraph

    try:
        require_sound(file)
    except CorruptGraph as error:
        return Check(
            name="learned",
            state="failed",
            found=str(error),
            remedy="put the file aside; it is built again, without the incidents of the past",
        )
    return None
