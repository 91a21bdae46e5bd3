"""What has to hold in every interleaving: after each step, and at the end.

Judged from the devices' own logs and the journal's rows, with rules that are written down here
again, not with those of the code that is tested.
"""

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from tests.interleavings.processes import TTL_S
from tests.tools.change.conftest import INCIDENT
from tools.journal.records import Answer, ApprovalRequest, Change, ChangeState
from tools.network.protocol import CommitRecord, CommitState
from twin.nouns.incident import TERMINAL_PHASES
from twin.nouns.plan import Approval

if TYPE_CHECKING:
    from tests.interleavings.world import World

_JOURNALLED = {
    None: ChangeState.ROLLED_BACK,
    CommitState.CONFIRMED: ChangeState.CONFIRMED,
    CommitState.ROLLED_BACK: ChangeState.ROLLED_BACK,
    CommitState.RETURNED: ChangeState.ROLLED_BACK,
}
"""What the journal has to say in the end, by the last line of the device's log."""


class BrokenPromise(AssertionError):
    """Something happened that must never happen."""


def plan_of(change_id: str) -> str:
    """The plan's id, in the name that a change bears on its device."""
    return change_id.partition("@")[0].rpartition(".")[0]


def person(name: str) -> str:
    """One person, however the name is typed."""
    return name.strip().lower()


class Checks:
    """The promises about one world, with what was seen of it before."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self._tally = world.tally.seen
        self._read = 0
        self._commits: Counter[str] = Counter()
        self._in_force: dict[str, set[str]] = {}
        self._answers: dict[str, tuple[Approval, ...]] = {}
        self._lease = world.lease()
        self._torn: set[str] = set()

    def before_a_pause(self) -> None:
        """Time is about to pass, or a process to die: note which plans are confirmed in part."""
        last = self._last()
        states: dict[str, set[CommitState]] = {}
        for change_id, state in last.items():
            states.setdefault(plan_of(change_id), set()).add(state)
        both = {CommitState.COMMITTED, CommitState.CONFIRMED}
        self._torn |= {plan_id for plan_id, found in states.items() if both <= found}

    # After each step

    def after_a_step(self) -> None:
        """Raises BrokenPromise."""
        self._devices()
        if self._world.observer.changed_elsewhere():
            self._leases()
            self._answered()
        for journal in self._world.journals:
            self._require(not journal.strays, f"written under a lost lease: {journal.strays}")

    def _devices(self) -> None:
        records = self._world.network.records
        for record in records[self._read :]:
            force = self._in_force.setdefault(record.node, set())
            if record.state is CommitState.COMMITTED:
                self._commits[record.change_id] += 1
                once = self._commits[record.change_id] == 1
                self._require(once, f"{record.change_id} was committed twice")
                self._approved(record)
                force.add(record.change_id)
                self._require(len(force) == 1, f"{record.node} runs {sorted(force)} at once")
            elif record.state in (CommitState.ROLLED_BACK, CommitState.RETURNED):
                force.discard(record.change_id)
        self._read = len(records)

    def _approved(self, record: CommitRecord) -> None:
        plan_id = plan_of(record.change_id)
        asked = self._world.has_asked(plan_id)
        self._require(asked, f"{plan_id} was committed though nobody was asked about it")
        request = self._request(plan_id)
        plan = self._world.observer.plan(plan_id)
        yes = {person(a.by.name) for a in request.answers if a.plan_hash == plan.hash}
        needed = 1 if self._world.policy.approval.second_approver is None else 2
        no = [a for a in request.answers if a.decision != "approve"]
        self._require(len(yes) >= needed and not no, f"{plan_id} was committed without leave")
        used = request.used_s is not None and request.used_s <= request.expires_s
        self._require(used, f"{plan_id} was committed without its approval being used up in time")

    def _leases(self) -> None:
        before, now = self._lease, self._world.lease()
        self._lease = now
        if before is None or now is None or before.holder == now.holder:
            return
        self._require(now.epoch >= before.epoch, "an epoch went back")
        if not now.holder or not before.holder:
            return
        self._require(now.epoch > before.epoch, "two holders share an epoch")
        silent_s = self._world.since().seconds - before.heartbeat_s
        gone = before.holder in self._world.dead
        self._require(gone or silent_s > TTL_S, f"{before.holder} lost its lease while it lived")
        self._tally["taken over from the dead" if gone else "taken over from a sleeper"] += 1
        if self._is_under_way():
            self._tally["taken over in the middle of an actuation"] += 1

    def _is_under_way(self) -> bool:
        return bool(self._world.observer.claims(self._world.network.name))

    def _answered(self) -> None:
        for request in self._world.observer.approval_requests(self._world.clock.now_s()):
            before, now = self._answers.get(request.plan_id, ()), request.answers
            kept = now[: len(before)] == before
            self._require(kept, f"answers to {request.plan_id} became {now}, were {before}")
            self._answers[request.plan_id] = now

    # At the end

    def at_the_end(self) -> None:
        """Everybody has run to the end, and every timer is out. Raises BrokenPromise."""
        self.after_a_step()
        world, journal = self._world, self._world.observer
        phase = journal.incident(INCIDENT.id).phase
        self._require(phase in TERMINAL_PHASES, f"the incident stands at {phase}")
        self._require(journal.verify_audit().first_broken is None, "the audit chain is broken")
        self._require(not journal.claims(world.network.name), "a device is still claimed")
        self._epochs()
        for plan in journal.plans(INCIDENT.id):
            self._whole(plan.id)
        self._told()
        self._count(phase)

    def _epochs(self) -> None:
        """By the rows: one holder for every epoch, and none writes after a later one has."""
        wrote = [
            (event.data["epoch"], event.actor)
            for event in self._world.observer.timeline(INCIDENT.id)
            if event.kind == "phase"
        ]
        epochs = [int(str(epoch)) for epoch, _ in wrote]
        self._require(epochs == sorted(epochs), f"an old epoch wrote after a new one: {wrote}")
        self._require(len(set(wrote)) == len(set(epochs)), f"an epoch has two holders: {wrote}")

    def _whole(self, plan_id: str) -> None:
        """All devices of the plan keep it, or none does, and the journal says so too."""
        last = self._last()
        changes = self._world.observer.changes(plan_id=plan_id)
        on_devices = {change.change_id: last.get(change.change_id) for change in changes}
        for change in changes:
            state = on_devices[change.change_id]
            self._require(
                state not in (CommitState.STAGED, CommitState.COMMITTED)
                or self._is_left_over(change, state),
                f"{plan_id} is left half done: {on_devices}",
            )
            if not self._is_left_over(change, state):
                self._agrees(change, state)
        kept = [state is CommitState.CONFIRMED for state in on_devices.values()]
        if any(kept) and not all(kept):
            self._require(self._is_excused(changes), f"{plan_id} is kept in part: {on_devices}")
        ends = [a for a in self._world.observer.audit_lines(subject=plan_id) if a.action == "end"]
        self._require(len(ends) == bool(changes), f"{plan_id} ended {len(ends)} times")
        for end in ends:
            self._tally[f"plans that ended {end.data['state']}"] += 1

    def _agrees(self, change: Change, state: CommitState | None) -> None:
        if change.state is ChangeState.QUARANTINED:
            excused = self._is_excused([change])
            self._require(excused, f"{change.node} is in quarantine for nothing: {change.detail}")
            return
        agrees = _JOURNALLED.get(state) is change.state
        self._require(agrees, f"{change.change_id}: journal {change.state}, device {state}")
        running = self._world.network.configuration().device(change.node)
        meant = change.candidate if state is CommitState.CONFIRMED else change.before
        later = [c for c in self._world.observer.changes() if c.node == change.node][-1]
        self._require(
            running == meant or later != change, f"{change.node} does not run what it should"
        )

    def _is_excused(self, changes: Sequence[Change]) -> bool:
        """Nobody could have kept or taken back all of it, and a person was called.

        Either time passed while it was confirmed in part, or a call of a process that had lost its
        lease meanwhile reached a device.
        """
        paged = any(e.kind == "page" for e in self._world.observer.timeline(INCIDENT.id))
        held = any(change.state is ChangeState.QUARANTINED for change in changes)
        cause = changes[0].plan_id in self._torn or bool(self._world.network.late)
        return cause and paged and held

    def _is_left_over(self, change: Change, state: CommitState | None) -> bool:
        """A candidate that arrived too late, and whose process could not drop it.

        It is in force nowhere, and the next plan on the device drops it.
        """
        holders = {h for call, name, h in self._world.network.late if name == change.change_id}
        failed = any(
            (t.call, t.node, t.times, t.lost_reply) == ("roll_back", change.node, 0, False)
            for t in self._world.network.troubles
        )
        return state is CommitState.STAGED and bool(
            holders and (failed or holders & self._world.dead)
        )

    def _last(self) -> dict[str, CommitState]:
        """The last line of the device's log about every change."""
        return {record.change_id: record.state for record in self._world.network.records}

    def _told(self) -> None:
        """Replay the answers in the order of the audit log; everybody was told what follows."""
        lines = self._world.observer.audit_lines()
        needed = 1 if self._world.policy.approval.second_approver is None else 2
        standing: dict[str, list[Approval]] = {}
        for line in lines:
            if not line.action.startswith("answer"):
                continue
            given = Approval.model_validate(line.data)
            before = standing.setdefault(given.plan_id, [])
            request = self._request(given.plan_id)
            expected = _expected(before, given, needed, request.expires_s)
            if isinstance(expected, Answer) and expected.won:
                before.append(given)
            told = self._world.told.get(given.reason, expected)
            self._require(told == expected, f"{given.by.name} was told {told}, it was {expected}")
            name = expected if isinstance(expected, str) else "won" if expected.won else "lost"
            self._tally[f"answers: {name}"] += 1
        for plan_id, answers in standing.items():
            rows = list(self._request(plan_id).answers)
            self._require(rows == answers, f"{plan_id} has {rows}, was answered {answers}")

    def _count(self, phase: str) -> None:
        self._tally[f"incidents that ended {phase}"] += 1
        self._tally["calls to a device after the lease was lost"] += len(self._world.network.late)
        self._tally["writes refused after the lease was lost"] += sum(
            1 for _, at in self._world.steps if at == "was told that it lost the lease"
        )

    # Reading

    def _request(self, plan_id: str) -> ApprovalRequest:
        now_s = self._world.clock.now_s()
        return self._world.observer.approval_request(plan_id, now_s)

    def _require(self, holds: bool, otherwise: str) -> None:
        if not holds:
            steps = "\n".join(f"{name}: {at}" for name, at in self._world.steps)
            raise BrokenPromise(f"{otherwise}\n\nafter these steps:\n{steps}")


def _expected(
    before: Sequence[Approval], given: Approval, needed: int, expires_s: float
) -> Answer | str:
    """What is to be said to an answer that follows those of `before` that were taken."""
    no = next((a for a in before if a.decision == "reject"), None)
    decided = no or (before[-1] if len(before) >= needed else None)
    if decided:
        return Answer(won=False, standing=decided, still_needed=0)
    if given.decided_s > expires_s:
        return "approval_expired"
    own = next((a for a in before if person(a.by.name) == person(given.by.name)), None)
    if own:
        return Answer(won=False, standing=own, still_needed=needed - len(before))
    over = given.decision == "reject" or len(before) + 1 >= needed
    left = 0 if over else needed - len(before) - 1
    return Answer(won=True, standing=given, still_needed=left)
