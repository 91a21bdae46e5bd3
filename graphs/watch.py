"""Watching one network: telemetry in, incidents opened, and every incident carried on when it is
due.
"""

import logging
import time
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Protocol

from graphs.admission import Admission
from graphs.aftermath import Aftermath
from graphs.announced_work import AnnouncedWork
from graphs.desk import Desk
from graphs.heard_alerts import HeardAlerts, OldAlerts
from graphs.notifiers import Notifiers
from graphs.runs import IncidentRuns, Pending
from graphs.self_watch import SelfWatch
from graphs.tracker_file import TrackerFile
from graphs.unanswered import tend
from tools.change.policy import SAMPLE_S
from tools.clock import never
from tools.journal.anchors import Anchors
from tools.journal.errors import JournalFailed, LeaseHeld, LeaseLost
from tools.journal.holder import Holder
from tools.journal.lease_rows import incident_subject, network_subject
from tools.journal.records import ApprovalRequest, Lease, WatchRecord
from tools.said_once import SaidOnce
from tools.writable import Refusal, refusal
from twin.errors import NetworkError, NoctuaError
from twin.nouns.condition import ConditionKind
from twin.nouns.configuration import DeviceConfiguration
from twin.nouns.incident import TERMINAL_PHASES, Incident, Phase, Symptom
from twin.nouns.plan import Plan
from twin.nouns.telemetry import ConfigurationEvent, Telemetry
from twin.nouns.untrusted import UntrustedText
from twin.tracking.seen import seen

POLL_S = SAMPLE_S
"""How often telemetry is taken in; counters come every 30 to 60 s."""

_REPORT_S = 5.0
"""Wall seconds between two reports of how the watch is."""

_STUCK_S = 1.0
"""Pause after a failure that cuts the rest short: an emulated network's own file may be full."""

_MEANS: Mapping[Refusal, ConditionKind | None] = {
    "": None,
    "full": ConditionKind.DISK_FULL,
    "lost": ConditionKind.STORE_LOST,
}

_log = logging.getLogger(__name__)


class Approver(Protocol):
    """Whoever answers approval requests from inside this process; a person does so from outside."""

    def consider(self, request: ApprovalRequest, plan: Plan, now_s: float) -> None:
        """Look at a waiting request, and answer it through the journal or leave it."""
        ...


class Watch:
    """Operates one network, unless another process does: then it stands by.

    `record`: how it is, as of its last step, whether or not that could be written down.

    `notifier`: sends what people are to be told of while this process watches. `approver`: only the
    demo's own flag and the evals give one. `stop`: asked between two steps, and while waiting.
    `tolerant`: what fails blocks its incident, or the network, with the reason
    in the journal, and is tried again in the next step; otherwise it leaves `step`.
    """

    def __init__(
        self,
        desk: Desk,
        runs: IncidentRuns,
        holder: Holder,
        tracker_file: Path,
        anchors: Anchors,
        self_watch: SelfWatch,
        alerts: HeardAlerts,
        *,
        notifier: Notifiers | None = None,
        approver: Approver | None = None,
        on_step: Callable[[float], None] = lambda _: None,
        stop: Callable[[], bool] = never,
        tolerant: bool = False,
    ) -> None:
        self._desk = desk
        self._runs = runs
        self._holder = holder
        self._admission = Admission(desk)
        self._aftermath = Aftermath(desk)
        self._work = AnnouncedWork(desk)
        self._learned = TrackerFile(tracker_file, desk.situation.tracker)
        self._anchors = anchors
        self._self = self_watch
        self._alerts = alerts
        self._notifier = notifier
        self._approver = approver
        self._on_step = on_step
        self._stop = stop
        self._tolerant = tolerant
        self._network = desk.situation.network.name
        self._subject = network_subject(self._network)
        self._blocked = {b.subject for b in desk.journal.blocked()}
        self._started_s = desk.clock.now_s()
        self._steps = self._failures = 0
        self._said = SaidOnce(_log)
        self._trouble = ""
        self._troubled: set[str] = set()
        self._open: list[Incident] = []
        self._lease: Lease | None = None
        self._reported_s = 0.0
        self._told: Hashable = None
        self._has_swept = False
        self.standing_by = False
        self.record: WatchRecord | None = None

    def run(self, until_s: float, *, stop_when_quiet: bool = False) -> None:
        """Watch until the network's clock shows `until_s`.

        `stop_when_quiet`: end as soon as there has been an incident and none is open any more.
        """
        while self._desk.clock.now_s() < until_s and not self._stop():
            now = self._desk.clock.now_s()
            self.step()
            self._on_step(now)
            if stop_when_quiet and self._has_finished():
                break
            next_s = min(now + POLL_S, until_s)
            with self._guarded(self._subject, proves_well=False):
                self._rest(next_s)
            if self._trouble and self._desk.clock.now_s() < next_s:
                time.sleep(_STUCK_S)
        self.save()

    def step(self) -> None:
        """Take in what arrived, open incidents for what is new, and carry on those that are due.

        What arrived is taken in also where nothing can be written down: incidents about it are
        opened as soon as that is possible again.
        """
        self._trouble = ""
        self._troubled.clear()
        lease: Lease | None = None
        with self._guarded(self._subject):
            lease = self._taken()
            self._notify_under(lease)
            if lease is None:
                self._self.stand_by()
                return
            self._self.look()
            with self._desk.journal.holding(lease):
                self._take_in()
                # Before anything is opened: a symptom is dated by the telemetry that showed it.
                self._keep(self._learned.keep_if_due)
                opened = [*self._admission.admit(), *self._admission.admit_foreseen()]
            for incident_id in opened:
                with self._guarded(incident_subject(incident_id)):
                    self._runs.start(incident_id)
            self._carry_on()
            with self._desk.journal.holding(lease):
                now_s = self._desk.clock.now_s()
                tend(self._desk.journal, self._desk.policy.approval, self._network, now_s)
                self._aftermath.note(self._open_incidents())
                if not self._has_swept:
                    self._runs.drop_ended()
                    OldAlerts(self._desk.journal, self._network, time.time()).drop()
                    self._has_swept = True
            self._admission.require_well()
        self._steps += 1
        self._failures = self._failures + 1 if self._trouble else 0
        self._anchors.note(self._desk.clock.now_s())
        self._report()
        self._self.end_step(self._unrecorded())
        if lease is not None:
            with self._guarded(self._subject, proves_well=False), self._desk.journal.holding(lease):
                self._self.write_down(self._desk.journal)

    def _taken(self) -> Lease | None:
        """The lease on the network; None if another process has it."""
        try:
            self._lease = self._holder.take(self._subject)
            self.standing_by = False
        except LeaseHeld:
            self._lease, self.standing_by = None, True
        except JournalFailed as error:
            # What was ours stays so until somebody else has it: every write finds that out anew.
            if self._lease is None or not self._tolerant:
                raise
            self._note_trouble(self._subject, error)
        return self._lease

    def _take_in(self) -> None:
        """Have the tracker take in what arrived, for which nothing needs to be written."""
        tracker = self._desk.situation.tracker
        with self._guarded(self._subject):
            self._work.look()
            self._open = self._open_incidents()
        tracker.book.hold(s.id for i in self._open for s in i.symptoms)
        # By what is kept: what a process that died had taken in is given again, and so is a batch
        # whose answer got lost.
        given = self._desk.situation.network.poll(self._learned.kept_s)
        unsaid = self._unreported(self._work.ends_to_check())
        tracker.ingest(
            [*given, *unsaid],
            after_s=tracker.now_s,
            until_s=self._desk.clock.now_s(),
            running=self._committed([*given, *unsaid]),
        )
        # After what was measured, with which it is compared.
        with self._guarded(self._subject):
            now_s = self._desk.clock.now_s()
            tracker.hear(self._alerts.now(now_s), now_s)

    def _unrecorded(self) -> tuple[Symptom, ...]:
        """What is seen and in no incident, while no incident can be opened."""
        if not (self._trouble and self._self.standing):
            return ()
        try:
            return tuple(self._admission.fresh_symptoms())
        except JournalFailed:
            known = {s.id for i in self._open for s in i.symptoms}
            active = self._desk.situation.tracker.active_symptoms()
            return tuple(s for s in active if s.id not in known)

    def _committed(self, given: Iterable[Telemetry]) -> dict[str, DeviceConfiguration]:
        """What every device that reports a commit runs; those that cannot be read are left out."""
        reported = {
            r.node for r in given if isinstance(r, ConfigurationEvent) and isinstance(r.node, str)
        }
        known = self._desk.situation.inventory.topology.node_index
        found = {}
        for node in sorted(reported & known.keys()):
            with suppress(NetworkError):
                found[node] = self._desk.situation.network.running(node)
        return found

    def _unreported(self, nodes: Mapping[str, float]) -> list[ConfigurationEvent]:
        """The commits whose report was lost, of `nodes` that do not run what they were known to.

        Each is given with when the commit was made at the latest, as far as is known.
        """
        tracker, now_s = self._desk.situation.tracker, self._desk.clock.now_s()
        found = []
        for node, at_s in sorted(nodes.items()):
            with suppress(NetworkError):
                device = self._desk.situation.network.running(node)
                if device not in (tracker.running.device(node), tracker.reported(node)):
                    nobody = UntrustedText("")
                    found.append(ConfigurationEvent(now_s, at_s, node, nobody, nobody))
        return found

    def _notify_under(self, lease: Lease | None) -> None:
        if self._notifier:
            self._notifier.watch_under(lease)

    def save(self) -> None:
        """Keep what the tracker has learned, and say how the network was left."""
        self._keep(self._learned.keep)
        if self._steps and not self.standing_by:
            self._report(at_end=True)

    def _keep(self, write: Callable[[], None]) -> None:
        """What cannot be kept is given again, and learned again."""
        try:
            write()
        except OSError as error:
            self._trouble = f"{self._learned.path} cannot be written ({error.strerror})"
            self._said.warning(self._trouble)
            self._note_condition(error, self._trouble)

    def _rest(self, until_s: float) -> None:
        """Wait, but go on at once with what somebody answers from another process."""
        clock, journal = self._desk.clock, self._desk.journal
        while clock.now_s() < until_s and not self._stop():
            clock.wait_until(until_s, lambda: self._stop() or self._is_woken())
            if clock.now_s() < until_s and not self._stop() and not self.standing_by:
                self._carry_on()
                journal.changed_elsewhere()

    def _is_woken(self) -> bool:
        try:
            return self._desk.journal.changed_elsewhere()
        except JournalFailed:
            return False  # The next step finds out the same, and says so.

    # Incidents

    def _open_incidents(self) -> list[Incident]:
        still_open = set(Phase) - TERMINAL_PHASES
        records = self._desk.journal.incidents(network=self._network, phases=still_open)
        return [r.incident for r in records]

    def _has_finished(self) -> bool:
        return self._desk.journal.incident_count(self._network) > 0 and not self._open_incidents()

    def _carry_on(self) -> None:
        for incident in self._open_incidents():
            with self._guarded(incident_subject(incident.id)):
                self._carry_on_one(incident.id)

    def _carry_on_one(self, incident_id: str) -> None:
        pending = self._runs.pending(incident_id)
        if pending is None:
            # A death of the process, or a failure, cut it off between two steps.
            self._runs.start(incident_id)
        elif self._is_due(pending):
            self._runs.resume(pending)
        else:
            return
        closed = self._desk.journal.incident(incident_id).phase in TERMINAL_PHASES
        if closed:
            self._holder.release(incident_subject(incident_id))
        elif self._runs.pending(incident_id) is None:
            raise NoctuaError(f"the thread of {incident_id} has ended, and it is not closed")

    def _is_due(self, pending: Pending) -> bool:
        now = self._desk.clock.now_s()
        if pending.kind == "well":
            return now >= pending.until_s and not self._self.look()
        if pending.kind != "approval":
            return now >= pending.until_s
        request = self._desk.journal.approval_request(pending.plan_id, now)
        if request.approval is None and self._approver is not None:
            self._approver.consider(request, self._desk.journal.plan(pending.plan_id), now)
            self._anchors.note(now)
            request = self._desk.journal.approval_request(pending.plan_id, now)
        return request.approval is not None or now >= pending.until_s

    # Trouble

    @contextmanager
    def _guarded(self, subject: str, *, proves_well: bool = True) -> Iterator[None]:
        try:
            yield
        except (LeaseHeld, LeaseLost) as refusal:
            _log.info("%s", refusal)  # It goes on there.
        except Exception as error:
            if not self._tolerant:
                raise
            self._note_trouble(subject, error)
        else:
            if proves_well and subject not in self._troubled:
                self._note_end(subject)

    def _note_trouble(self, subject: str, error: Exception) -> None:
        if isinstance(error, NoctuaError):
            reason = str(error)
            self._said.warning(f"{subject}: {reason}")
        else:
            reason = f"internal error: {error!r}"
            _log.exception("%s", subject, exc_info=error)
        self._trouble = reason
        self._troubled.add(subject)
        self._note_condition(error, reason)
        try:
            if subject not in self._blocked:
                self._tell(subject, "blocked", reason)
            self._desk.journal.block(subject, reason, self._desk.clock.now_s())
            self._blocked.add(subject)
        except NoctuaError as again:
            self._said.warning(f"{subject}: the reason was not recorded: {again}")

    def _note_condition(self, error: Exception, reason: str) -> None:
        """Where `error` means that something is wrong with the watch itself, say so by its name."""
        kind = _MEANS[refusal(error)]
        # What a driver cannot find is not of ours.
        if kind and not (isinstance(error, NetworkError) and kind is ConditionKind.STORE_LOST):
            self._self.failed(kind, reason)

    def _note_end(self, subject: str) -> None:
        if subject not in self._blocked:
            return
        try:
            self._desk.journal.unblock(subject)
            self._tell(subject, "unblocked", "it goes on")
            self._blocked.discard(subject)
        except NoctuaError as error:
            self._said.warning(f"{subject}: that it goes on was not recorded: {error}")

    def _tell(self, subject: str, kind: str, text: str) -> None:
        about, _, name = subject.partition(":")
        if about == "incident":
            self._desk.tell(name, kind, "watch", text)

    def _report(self, *, at_end: bool = False) -> None:
        """Say how the watch is and what it sees, now and then and whenever that is other news."""
        sees = seen(self._desk.situation.tracker, self._desk.clock.now_s())
        told = (
            sees.coverage.gaps(),
            sees.links_down,
            sees.links_drained,
            sees.in_breach,
            tuple((s.id, s.state) for s in sees.symptoms),
            tuple((f.source, f.kind) for f in sees.telemetry_faults),
        )
        self.record = record = WatchRecord(
            network=self._network,
            holder=self._holder.id,
            started_s=self._started_s,
            stepped_s=self._desk.clock.now_s(),
            stepped_wall_s=time.time(),
            steps=self._steps,
            alarms=self._desk.situation.tracker.book.alarms,
            failures=self._failures,
            trouble=self._trouble,
            seen=sees,
        )
        wall_s = time.monotonic()
        # While something is wrong, that this can be written shows that it is over.
        is_well = not (self._trouble or self._self.standing)
        is_due = at_end or wall_s - self._reported_s >= _REPORT_S
        if is_well and told == self._told and not is_due:
            return
        self._reported_s, self._told = wall_s, told
        try:
            self._desk.journal.report_watch(record)
        except JournalFailed as error:
            if not self._tolerant:
                raise
            self._said.warning(f"how the watch is was not recorded: {error}")
            self._note_condition(error, str(error))
