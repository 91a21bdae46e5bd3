"""What is left when all is over: read from the network's own file first, then from ours."""

from dataclasses import dataclass
from pathlib import Path

from graphs.state_directory import StateDirectory
from tools.journal.records import (
    ApprovalRequest,
    AuditReport,
    Blocked,
    Change,
    Claim,
    IncidentRecord,
    Quarantine,
    TimelineEvent,
)
from tools.network.emulated.network_file import Change as DeviceChange
from tools.network.emulated.network_file import Deed, NetworkFile
from tools.network.protocol import CommitRecord
from tools.trace import KeptSpan, read_trace
from twin.nouns.configuration import DeviceConfiguration
from twin.nouns.plan import Plan

NETWORK = "live"


@dataclass(frozen=True, slots=True)
class Evidence:
    """The end of one play.

    Of the network itself, never of ours: `log` (the commit log of every node), `staged` (each
    change that a device knows, with its candidate and what ran before its commit), `deeds`,
    `running` (of nodes that were ever configured). Of the state directory: the rest. `spans`: by
    the trace id that the file's name gives. `crashes`: what ended a process besides a kill.
    """

    log: tuple[CommitRecord, ...]
    staged: tuple[DeviceChange, ...]
    deeds: tuple[Deed, ...]
    running: dict[str, DeviceConfiguration]
    incidents: tuple[IncidentRecord, ...]
    plans: tuple[Plan, ...]
    changes: tuple[Change, ...]
    requests: tuple[ApprovalRequest, ...]
    pages: tuple[TimelineEvent, ...]
    blocked: tuple[Blocked, ...]
    claims: tuple[Claim, ...]
    quarantined: tuple[Quarantine, ...]
    audit: AuditReport
    spans: dict[str, list[KeptSpan]]
    crashes: tuple[str, ...] = ()


def network_file(folder: Path) -> Path:
    """Where the network of a state directory keeps itself."""
    return StateDirectory(folder).network_file(NETWORK)


def gather(folder: Path, crashes: tuple[str, ...] = (), *, network: Path | None = None) -> Evidence:
    """Read what a play has left in the state directory `folder`. `network`: its file, elsewhere."""
    file = NetworkFile(network or network_file(folder), create=False)
    try:
        nodes = [n.id for n in file.identity().designed.topology.nodes]
        log = tuple(record for node in nodes for record in file.commit_log(node))
        staged, deeds = tuple(file.changes()), tuple(file.deeds())
        running, (now_s, _) = file.running(), file.clock()
    finally:
        file.close()
    directory = StateDirectory(folder)
    with directory.made_journal() as journal:
        incidents = journal.incidents(network=NETWORK)
        ids = [r.incident.id for r in incidents]
        return Evidence(
            log=log,
            staged=staged,
            deeds=deeds,
            running=running,
            incidents=incidents,
            plans=tuple(plan for i in ids for plan in journal.plans(i)),
            changes=journal.changes(),
            requests=journal.approval_requests(now_s),
            pages=tuple(e for i in ids for e in journal.timeline(i) if e.kind == "page"),
            blocked=journal.blocked(),
            claims=journal.claims(NETWORK),
            quarantined=journal.quarantined(NETWORK),
            audit=journal.verify_audit(),
            spans={f.stem: read_trace(f) for f in sorted(directory.traces.glob("*.jsonl"))},
            crashes=crashes,
        )
