"""Who works on what: networks, their watches, leases, and what stands still."""

from collections.abc import Iterable
from pathlib import Path

from channels.cli.doctor.check import Check, Installation
from channels.cli.doctor.emulated import look_at
from channels.networks import known_networks, network_names, network_time_s
from channels.report.wording import duration, utc
from tools.journal.health import health
from tools.journal.holder import has_died
from tools.journal.journal import Journal
from tools.journal.lease_rows import incident_subject, network_subject
from tools.journal.records import LeaseRecord, WatchRecord
from tools.journal.watch_notes import watch_notes
from tools.network.driver import network_entry
from tools.provided import DRIVERS, load
from twin.errors import BadInput
from twin.nouns.counted import counted
from twin.nouns.incident import TERMINAL_PHASES, Phase

SILENT_S = 300.0
"""A watch steps every 30 s, and a step with an incident takes seconds; this is ten times that."""


def networks(installation: Installation) -> Iterable[Check]:
    """Every network can be opened, or is held by the watch that says so."""
    names = _names(installation)
    if not names:
        yield Check(
            name="networks",
            state="warning",
            found=f"there is none in {installation.state.networks}",
            remedy="put one there with `noctua stage SCENARIO`, or play `noctua demo`",
        )
    for name in names:
        yield _network(installation, name)


def _names(installation: Installation) -> tuple[str, ...]:
    if installation.journal is None:
        return network_names(installation.state)
    return known_networks(installation.state, installation.journal)


def _described(label: str, folder: Path, name: str) -> Check:
    try:
        found = network_entry(folder, name)
        load(DRIVERS, found.driver)
    except BadInput as error:
        return Check(name=label, state="failed", found=str(error))
    return Check(name=label, state="ok", found=f"is opened by the driver {found.driver}")


def _network(installation: Installation, name: str) -> Check:
    label = f"network {name}"
    file = installation.state.network_file(name)
    if not file.exists() and installation.state.network_description(name).exists():
        return _described(label, installation.state.networks, name)
    if not file.exists():
        return Check(
            name=label,
            state="failed" if _open_incidents(installation.journal, name) else "warning",
            found=f"{file} is not there, and the journal knows the network",
            remedy="put the file back, or name the directory that has it with --state",
        )
    found = look_at(file)
    lease = installation.journal.lease(network_subject(name)) if installation.journal else None
    holder = lease.holder if lease and not _is_dead(installation, lease) else ""
    if found.held:
        held = f"held by {holder}" if holder else "held by another process, which is no watch"
        return Check(name=label, state="ok", found=held)
    if found.trouble:
        return Check(
            name=label,
            state="failed",
            found=f"{file}: {found.trouble}",
            remedy="put the file aside and take the last good copy",
        )
    return Check(name=label, state="ok", found="opens")


def watches(installation: Installation) -> Iterable[Check]:
    """Whoever watches a network lives, steps and succeeds; open incidents have somebody."""
    journal = installation.journal
    if journal is None:
        return
    records = {watch.network: watch for watch in journal.watches()}
    for name in _names(installation):
        lease = journal.lease(network_subject(name))
        yield _watch(
            installation, name, lease if lease and lease.holder else None, records.get(name)
        )


def _watch(
    installation: Installation, name: str, lease: LeaseRecord | None, record: WatchRecord | None
) -> Check:
    label = f"watch of {name}"
    if lease is None:
        count = len(_open_incidents(installation.journal, name))
        still_open = counted(count, "incident is open", "incidents are open")
        return Check(
            name=label,
            state="warning" if count else "ok",
            found="nobody watches" + (f", and {still_open}" if count else ""),
            remedy=f"noctua watch {name}" if count else "",
        )
    if _is_dead(installation, lease):
        return Check(
            name=label,
            state="warning",
            found=f"{lease.holder} has died and let go of nothing",
            remedy=f"noctua watch {name} takes over at once",
        )
    if record is None or record.holder != lease.holder:
        return Check(name=label, state="ok", found=f"held by {lease.holder}, which has not stepped")
    silent_s = max(0.0, installation.now_s - record.stepped_wall_s)
    alarms = counted(record.alarms, "alarm")
    found = f"{lease.holder}, step {record.steps} {duration(silent_s)} ago, {alarms}"
    if record.failures or record.trouble:
        found = f"{found}; {record.failures} failed steps in a row: {record.trouble}"
        return Check(
            name=label, state="warning", found=found, remedy="mend what it names; it goes on trying"
        )
    if silent_s > SILENT_S:
        remedy = "it lives and does not step: look at the machine's load, or start it anew"
        return Check(name=label, state="warning", found=found, remedy=remedy)
    return Check(name=label, state="ok", found=found)


def read(installation: Installation) -> Iterable[Check]:
    """How much of every network was read, and since when the rest was not."""
    journal = installation.journal
    if journal is None:
        return
    for watch in journal.watches():
        name = watch.network
        now = health(journal, name, network_time_s(installation.state, journal, name))
        yield Check(
            name=f"read of {name}",
            state="ok" if now.is_covered else "warning",
            found=now.coverage_line,
            remedy="" if now.is_covered else "see why what collects telemetry does not return it",
        )


def conditions(installation: Installation) -> Iterable[Check]:
    """Nothing is wrong with a watch itself, as it says."""
    found = [
        Check(
            name=f"watch of {name}",
            state="failed",
            found=condition.finding,
            remedy=condition.kind.remedy,
        )
        for name, note in sorted(watch_notes(installation.state.path).items())
        for condition in note.conditions
    ]
    yield from found or [Check(name="conditions", state="ok", found="none stands")]


def leases(installation: Installation) -> Iterable[Check]:
    """Open incidents are not held by processes that have died."""
    journal = installation.journal
    if journal is None:
        return
    dead = []
    held = 0
    for record in journal.incidents(phases=set(Phase) - TERMINAL_PHASES):
        lease = journal.lease(incident_subject(record.incident.id))
        if lease is not None and lease.holder:
            held += 1
            if _is_dead(installation, lease):
                dead.append(f"{record.incident.id} by {lease.holder}")
    if dead:
        yield Check(
            name="leases",
            state="warning",
            found=f"held by processes that have died: {', '.join(dead)}",
            remedy="noctua watch takes them over at once",
        )
    else:
        yield Check(
            name="leases",
            state="ok",
            found=f"{counted(held, 'incident')} held, by living processes",
        )


def standing_still(installation: Installation) -> Iterable[Check]:
    """Nothing stands blocked, and no device is in quarantine."""
    journal = installation.journal
    if journal is None:
        return
    blocked = [
        Check(
            name="blocked",
            state="warning",
            found=f"{entry.subject} since {utc(entry.since_s)} UTC: {entry.reason}",
            remedy="mend what it names; `noctua handover` tells more",
        )
        for entry in journal.blocked()
    ]
    yield from blocked or [Check(name="blocked", state="ok", found="nothing")]
    isolated = [
        Check(
            name="quarantine",
            state="warning",
            found=f"{entry.node} of {name} since {utc(entry.since_s)} UTC: {entry.reason}",
            remedy=f"look at it, then noctua quarantine lift {name} {entry.node} --reason WHY",
        )
        for name in _names(installation)
        for entry in journal.quarantined(name)
    ]
    yield from isolated or [Check(name="quarantine", state="ok", found="no device")]


def _is_dead(installation: Installation, lease: LeaseRecord) -> bool:
    return has_died(installation.state.locks, lease.holder)


def _open_incidents(journal: Journal | None, network: str) -> list[str]:
    if journal is None:
        return []
    found = journal.incidents(network=network, phases=set(Phase) - TERMINAL_PHASES)
    return [record.incident.id for record in found]
