"""A plan's whole life over restarts, with something going wrong at a step of it.

A step is a transaction of the journal or a call to a device; each is passed before and after it is
done. Whoever is killed at a step has the devices and the journal's file left, and nothing else.
"""

import random
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.tools.change.conftest import INCIDENT, approval, holding, plan_for
from tests.tools.change.in_memory import START_S, InMemoryNetwork, ManualClock, inventory
from tools.change.actuation import Actuation
from tools.change.actuator import Actuator
from tools.change.policy import ApprovalPolicy, default_policy
from tools.journal.errors import JournalFailed
from tools.journal.journal import Journal
from tools.network.protocol import CommitState, Network
from twin.errors import NetworkError, NoctuaError, Refused
from twin.events.action import Action
from twin.events.actions.drain_link import DrainLink
from twin.events.actions.set_igp_weight import SetIgpWeight
from twin.nouns.configuration import NetworkConfiguration
from twin.nouns.plan import Plan
from twin.remedies.steps import plan_steps

CALLS = ("running", "probe", "stage", "diff", "commit", "confirm", "roll_back", "commit_log")

Step = Callable[[str, bool], None]
"""Told what is passed, and whether it is done by then; it may raise."""


class Killed(BaseException):
    """The process is no more: nothing in it catches this."""


@dataclass
class KillAt:
    """Kills at the steps of those numbers, counted over all restarts."""

    numbers: frozenset[int]
    passed: list[str] = field(default_factory=list)

    def __call__(self, what: str, done: bool) -> None:
        self.passed.append(f"{'after' if done else 'before'} {what}")
        if len(self.passed) - 1 in self.numbers:
            raise Killed(f"{len(self.passed) - 1}: {self.passed[-1]}")


@dataclass
class KillAround:
    """Kills when a step of that name is passed for the `times`-th time."""

    what: str
    times: int
    done: bool = True

    def __call__(self, what: str, done: bool) -> None:
        if (what, done) == (self.what, self.done):
            self.times -= 1
            if self.times == 0:
                raise Killed(what)


@dataclass
class LoseReplies:
    """Says that a step has timed out: with probability `done` after it, `undone` before it."""

    draw: random.Random
    done: float
    undone: float
    lost: int = 0

    def __call__(self, what: str, done: bool) -> None:
        if self.draw.random() < (self.done if done else self.undone):
            self.lost += 1
            if what == "journal":
                raise JournalFailed("the journal's disk timed out; look at its storage")
            raise NetworkError(f"{what} timed out")


def pass_by(what: str, done: bool) -> None:
    """Nothing goes wrong."""


class SteppingNetwork:
    """Passes every call on, and a step before and after it."""

    def __init__(self, network: object, step: Step) -> None:
        self._network = network
        self._step = step

    def __getattr__(self, name: str) -> object:
        known = getattr(self._network, name)
        if name not in CALLS:
            return known

        def call(*arguments: object) -> object:
            self._step(name, False)
            reply = known(*arguments)
            self._step(name, True)
            return reply

        return call


class SteppingJournal(Journal):
    """The journal, with a step before and after every transaction."""

    step: Step = staticmethod(pass_by)

    def pragma(self, text: str) -> int:
        """Hinder or ask the one connection that it has."""
        found = self._connection.execute(f"PRAGMA {text}").fetchone()
        return int(found[0]) if found else 0

    @contextmanager
    def transaction(self) -> Iterator[None]:
        joins = self._connection.in_transaction
        if not joins:
            self.step("journal", False)
        with super().transaction():
            yield
        if not joins:
            self.step("journal", True)


@dataclass
class Life:
    """One approved plan, on devices and in a journal's file that outlive whoever carries it out.

    `refused`: what a rule or a silent network said, where the plan was not begun.
    """

    path: Path
    network: InMemoryNetwork
    clock: ManualClock
    policy: ApprovalPolicy
    plan: Plan
    before: NetworkConfiguration
    candidate: NetworkConfiguration
    restarts: int = 0
    refused: NoctuaError | None = None

    @contextmanager
    def process(self, step: Step = pass_by) -> Iterator[tuple[SteppingJournal, Actuator]]:
        """What a process opens, with nothing of the last one but its files."""
        with SteppingJournal.open(self.path, busy_timeout_s=0.02) as journal:
            journal.step = step
            network: Network = SteppingNetwork(self.network, step)  # type: ignore[assignment] # passes calls on
            with holding(journal):
                yield journal, Actuator(network, journal, self.policy, self.clock)

    def carry_on(self, actuator: Actuator) -> Actuation:
        """What a graph does with the plan, wherever it stands."""
        done = actuator.reconcile(self.plan) or actuator.commit(self.plan, ())
        if done.state != "committed":
            return done
        assert done.committed_at_s is not None
        self.clock.wait_until(done.committed_at_s + self.policy.verification.window_s)
        return actuator.confirm(self.plan, ())

    def live(self, step: Step, outage_s: float) -> Actuation | None:
        """From the first process to the end of the plan; None where nothing of it was begun."""
        while True:
            try:
                with self.process(step) as (_, actuator):
                    return self.carry_on(actuator)
            except (Killed, JournalFailed):
                self.restarts += 1
                assert self.restarts < 100, "it never comes to an end"
                self.clock.wait_until(self.clock.now_s() + outage_s)
            except (Refused, NetworkError) as error:
                self.refused = error
                return None

    def judge(self, done: Actuation | None) -> None:
        """By the devices' own logs: nothing twice, all or nothing, or a person is called."""
        # Whatever still has a timer returns now.
        self.clock.wait_until(self.clock.now_s() + 2 * self.policy.commit.return_after_s)
        now = self.network.configuration()
        with self.process() as (journal, actuator):
            again = actuator.reconcile(self.plan) if done else None
            assert again == done
            assert journal.verify_audit().first_broken is None
            assert journal.claims(self.network.name) == ()
            held = {entry.node for entry in journal.quarantined(self.network.name)}
            pages = {e.data["node"] for e in journal.timeline("inc-1") if e.kind == "page"}
            changes = journal.changes(plan_id=self.plan.id)
        assert pages == held
        for change in changes:
            states = [r.state for r in self.network.records if r.change_id == change.change_id]
            assert states.count(CommitState.COMMITTED) <= 1
            # The devices refuse a second time, so that what was tried counts too.
            assert self.network.calls.count(("stage", change.node)) <= 1
            assert self.network.calls.count(("commit", change.node)) <= 1
        sides = {
            "candidate" if now.device(c.node) == c.candidate else "before"
            for c in changes
            if c.node not in held
        }
        assert len(sides) <= 1, f"half of it stands: {sides}"
        if done is None:
            assert now == self.before
        elif done.state == "quarantined":
            assert held
        else:
            assert not held
            assert done.state in ("confirmed", "rolled_back", "returned")
            assert now == (self.candidate if done.state == "confirmed" else self.before)
        for device in now.devices:
            assert device in (self.before.device(device.node), self.candidate.device(device.node))


ACTIONS: tuple[Action, ...] = (
    DrainLink(link="A-B"),
    SetIgpWeight(node="C", link="C-D", weight=20),
)
"""A, B and C are committed, in that order."""


@dataclass
class Beginning:
    """Lives that all begin alike."""

    folder: Path
    lives: int = 0

    def __post_init__(self) -> None:
        self._approved = self.folder / "approved"
        self._running = inventory().intended
        self._plan = plan_for(self._running, inventory(), ACTIONS)
        with Journal.open(self._approved / "journal.sqlite") as journal:
            journal.open_incident(INCIDENT, START_S, "0" * 32)
            journal.request_approval(self._plan, START_S, START_S + 3600.0)
            journal.answer(approval(self._plan, START_S))

    def life(self) -> Life:
        """A new one, in a folder of its own."""
        self.lives += 1
        folder = self.folder / f"life-{self.lives}"
        shutil.copytree(self._approved, folder)
        clock, after = ManualClock(), self._running
        for step in plan_steps(self._plan.actions, after, after, inventory().topology):
            after = step.after
        return Life(
            folder / "journal.sqlite",
            InMemoryNetwork(clock),
            clock,
            _policy(),
            self._plan,
            self._running,
            after,
        )


def _policy() -> ApprovalPolicy:
    """Two pairs are all the traffic here, so the shares of the default would be too small."""
    policy = default_policy()
    blast = policy.blast.model_copy(update={"max_moved_share": 1.0})
    asking = policy.approval.model_copy(update={"second_approver": None})
    return policy.model_copy(update={"blast": blast, "approval": asking})
