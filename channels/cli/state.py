"""What the commands share: the state directory, its journal, and the time of its networks."""

from dataclasses import dataclass
from pathlib import Path

from channels.networks import network_names, network_now_s
from tools.journal.errors import UnknownPlan
from tools.journal.holder import has_died
from tools.journal.journal import Journal
from tools.journal.lease_rows import network_subject
from tools.journal.reading import open_read_only
from tools.journal.records import ApprovalRequest
from twin.errors import BadInput, NetworkError


@dataclass(frozen=True, slots=True)
class StateDirectory:
    """A state directory, as `graphs.workplace` lays it out."""

    path: Path

    def journal(self) -> Journal:
        """Its journal.

        Raises:
            BadInput: nothing has run in this directory.
        """
        return Journal.open(self._journal_file())

    def read_only_journal(self) -> Journal:
        """Its journal, of which only what reads may be called; it may lie where nobody can write.

        Raises:
            BadInput: nothing has run in this directory.
        """
        return open_read_only(self._journal_file())

    def is_watched(self, journal: Journal, network: str) -> bool:
        """Whether a living process watches `network`."""
        lease = journal.lease(network_subject(network))
        return bool(lease and lease.holder and not has_died(self.path / "locks", lease.holder))

    def _journal_file(self) -> Path:
        file = self.path / "journal.sqlite"
        if not file.is_file():
            raise BadInput(
                f'"{self.path}" is not a state directory (it has no journal.sqlite); name another '
                "with --state, or start with `noctua demo`"
            )
        if not file.stat().st_size:
            raise BadInput(f"{file} is empty; put the last good copy in its place")
        return file

    def now_s(self, journal: Journal, network: str) -> float:
        """The clock of `network`; while another process holds it, the journal's last entry."""
        try:
            return network_now_s(self.path, network)
        except (BadInput, NetworkError):
            return last_entry_s(journal, network)


def known_networks(journal: Journal, state: Path) -> tuple[str, ...]:
    """Networks that the state directory has, or that something was ever journalled about."""
    incidents = {record.incident.network for record in journal.incidents()}
    watched = {watch.network for watch in journal.watches()}
    return tuple(sorted(incidents | watched | set(network_names(state))))


def last_entry_s(journal: Journal, network: str) -> float:
    """When the journal was last told the time of `network`, by its clock; 0 if never."""
    times = [watch.stepped_s for watch in journal.watches() if watch.network == network]
    for record in journal.incidents(network=network):
        times.append(record.opened_s)
        times += [event.time_s for event in journal.timeline(record.incident.id)[-1:]]
    return max(times, default=0.0)


def find_request(journal: Journal, name: str, now_s: float) -> ApprovalRequest:
    """The request that `name` means: a plan's, or the one that an incident waits for.

    Raises:
        BadInput: there is no such plan or incident, or nobody was asked.
    """
    requests = journal.approval_requests(now_s)
    for request in requests:
        if request.plan_id == name:
            return request
    incidents = [record.incident.id for record in journal.incidents()]
    if name not in incidents:
        raise UnknownPlan(name, [*(r.plan_id for r in requests), *incidents])
    own = [r for r in requests if r.incident_id == name]
    if not own:
        raise BadInput(f'nobody was asked to approve anything for incident "{name}"')
    waiting = [r for r in own if r.state == "waiting"]
    return (waiting or own)[-1]
