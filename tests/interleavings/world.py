"""Two watchers and the people who answer, over one journal file and one network."""

import hashlib
from collections import Counter
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Literal

from tests.interleavings import promises
from tests.interleavings.processes import SUBJECT, Told, Watcher, answer
from tests.interleavings.programs import Program
from tests.interleavings.seams import HeldJournal, HeldNetwork, JournalFile
from tests.tools.change.conftest import INCIDENT
from tests.tools.change.in_memory import START_S, ManualClock, Trouble
from tools.change.policy import ApprovalPolicy, SecondApprover, default_policy
from tools.journal.errors import UnknownPlan
from tools.journal.journal import Journal
from tools.journal.lease_rows import Since
from tools.journal.records import LeaseRecord

Opening = Literal["detected", "asked", "approved", "committed"]
Decision = Literal["approve", "reject"]

PEOPLE = {"erin": "erin", "erin again": " Erin ", "frank": "frank"}
"""Who answers, and how the name is typed: the first two are one person."""

_NAMES = ("one", "two")

_TO_THE_END = 10**6
"""Points; what rests or ends comes to fewer."""

_ROUNDS = 60
"""Far more than three questions that nobody answers take to expire."""

_QUIET_S = 301.0
"""Between two rounds of the end: less than a return timer, so that both ends of it are met."""


def begin(journal: Journal) -> None:
    """One open incident: where every interleaving starts."""
    journal.open_incident(INCIDENT, START_S, "0" * 32)


def policy(*, two_people: bool) -> ApprovalPolicy:
    """The default one; two pairs are all the traffic here, so its shares would be too small."""
    whole = default_policy()
    second = SecondApprover(above_devices=1, above_services=50, above_moved_share=1.0)
    blast = whole.blast.model_copy(update={"max_moved_share": 1.0})
    approval = whole.approval.model_copy(update={"second_approver": second if two_people else None})
    return whole.model_copy(update={"blast": blast, "approval": approval})


POLICIES = {two_people: policy(two_people=two_people) for two_people in (False, True)}


@dataclass
class Tally:
    """What was run, and what it came across."""

    interleavings: int = 0
    steps: int = 0
    switches: int = 0
    seen: Counter[str] = field(default_factory=Counter)
    distinct: set[bytes] = field(default_factory=set)


@dataclass(frozen=True)
class Course:
    """How an interleaving goes besides its schedule.

    `two_people`: have to approve. `kept`: what the verifier says of every plan. `answered`: whether
    people are still there in the end. `opening`: how far it is when the schedule begins; the later
    parts would be reached too seldom.
    """

    two_people: bool
    kept: bool
    answered: bool
    opening: Opening


class World:
    """One interleaving. Whatever is done ends with the promises being checked."""

    def __init__(
        self,
        file: JournalFile,
        journal_type: type[HeldJournal],
        tally: Tally,
        course: Course,
    ) -> None:
        self.tally = tally
        self.steps: list[tuple[str, str]] = []
        self.clock = ManualClock()
        self.policy = POLICIES[course.two_people]
        self.network = HeldNetwork(self.clock)
        self.told: dict[str, Told] = {}
        self.dead: set[str] = set()
        self._course = course
        self._type = journal_type
        self._file = file
        file.put_back()
        self.observer = self._open()
        self._questions = 0
        self._lives = [0, 0]
        self._watchers = [self._born(0), self._born(1)]
        self._programs = [self._started(w) for w in self._watchers]
        self._journals: dict[str, HeldJournal] = {}
        self._answering: dict[str, Program] = {}
        self.checks = promises.Checks(self)

    @property
    def journals(self) -> list[HeldJournal]:
        """Those of all living processes."""
        alive = (w.journal for w in self._watchers if w.holder not in self.dead)
        return [*alive, *self._journals.values()]

    def since(self) -> Since:
        """Seconds since boot."""
        return Since("one boot", self.clock.time_s - START_S)

    def lease(self) -> LeaseRecord | None:
        """The row of the incident's lease."""
        return self.observer.lease(SUBJECT)

    def open(self) -> None:
        """The first watcher carries the incident on as far as the course says."""
        if self._course.opening != "detected":
            self.watch(0, _TO_THE_END, "")
        if self._course.opening in ("approved", "committed"):
            for name in ("erin", "frank") if self._course.two_people else ("erin",):
                self.answer(name, "approve", _TO_THE_END)
        if self._course.opening == "committed":
            self.watch(0, _TO_THE_END, "")

    # What can happen

    def watch(self, number: int, points: int, until: str) -> None:
        """Let a watcher go on; a dead one is started again."""
        program = self._programs[number]
        if self._watchers[number].holder in self.dead:
            self._watchers[number] = self._born(number)
            program = self._programs[number] = self._started(self._watchers[number])
        self._let_run(program, points, until)

    def answer(self, name: str, decision: Decision, points: int) -> None:
        """Have somebody answer, or go on with an answer that is not through."""
        program = self._answering.get(name)
        if program is None or program.ended:
            program = self._answering[name] = self._asked(name, decision)
        self._let_run(program, points, "")

    def pass_time(self, seconds: float, asleep: frozenset[int]) -> None:
        """All clocks go on; whoever sleeps does not renew its leases."""
        self.checks.before_a_pause()
        if not all(program.ended for program in self._programs):
            self.steps.append(("the clock", f"{seconds:.0f} s later"))
        self.clock.time_s += seconds
        for number, watcher in enumerate(self._watchers):
            if number not in asleep and watcher.holder not in self.dead:
                watcher.renew()
        self.checks.after_a_step()

    def die(self, number: int) -> None:
        """Kill a watcher where it stands; the kernel lets go of its lock."""
        watcher, program = self._watchers[number], self._programs[number]
        if watcher.holder in self.dead:
            return
        self.tally.seen["deaths"] += 1
        if program.at.startswith(("call", "done")):
            self.tally.seen["deaths beside a call to a device"] += 1
        self.checks.before_a_pause()
        self.steps.append((watcher.holder, "dies"))
        self._bury(watcher, program)
        self.checks.after_a_step()

    def trouble(self, trouble: Trouble) -> None:
        """The next such call fails, or is done without a reply; but never two in a row.

        A device that is silent throughout is another test's: it may have to be left in quarantine.
        """
        coming = ((t.call, t.node) for t in self.network.troubles if t.times)
        if (trouble.call, trouble.node) not in coming:
            self.network.troubles.append(replace(trouble))

    def settle(self) -> None:
        """Let everybody run to the end, one after the other, and all timers out."""
        for program in self._answering.values():
            self._let_run(program, _TO_THE_END, "")
        for _ in range(_ROUNDS):
            for number in (0, 1):
                self.watch(number, _TO_THE_END, "")
            if all(program.ended for program in self._programs):
                break
            if self._course.answered and self._is_waiting():
                for name in ("erin", "frank"):
                    self.answer(name, "approve", _TO_THE_END)
            self.pass_time(_QUIET_S, frozenset())
        assert all(p.ended for p in self._programs), f"hangs: {[p.at for p in self._programs]}"
        self.pass_time(self.policy.commit.return_after_s + 1, frozenset())
        self.checks.at_the_end()

    def close(self) -> None:
        """Stop all threads, and count."""
        for program in (*self._programs, *self._answering.values()):
            program.kill()
        for journal in (*self.journals, self.observer):
            self._file.give_back(journal)
        self.tally.interleavings += 1
        self.tally.steps += len(self.steps)
        names = [name for name, _ in self.steps]
        self.tally.switches += sum(a != b for a, b in pairwise(names))
        self.tally.distinct.add(hashlib.blake2b(repr(self.steps).encode(), digest_size=16).digest())

    # Inside

    def _let_run(self, program: Program, points: int, until: str) -> None:
        program.let_run(points, until)
        self.checks.after_a_step()

    def _open(self) -> HeldJournal:
        return self._file.open(self._type)

    def _born(self, number: int) -> Watcher:
        self._lives[number] += 1
        holder = f"{_NAMES[number]}-{self._lives[number]}"
        journal = self._open()
        self.network.journals.append(journal)
        return Watcher(
            holder,
            journal,
            self.network,
            self.policy,
            self.since,
            self.dead.__contains__,
            kept=self._course.kept,
        )

    def _started(self, watcher: Watcher) -> Program:
        return Program(watcher.holder, watcher.run, self.steps)

    def _asked(self, name: str, decision: Decision) -> Program:
        if name not in self._journals:
            self._journals[name] = self._open()
        self._questions += 1
        mark = f"answer {self._questions}"
        journal, typed = self._journals[name], PEOPLE[name]
        return Program(
            name,
            lambda: answer(journal, self.clock, typed, decision, mark, self.told),
            self.steps,
        )

    def _bury(self, watcher: Watcher, program: Program) -> None:
        program.kill()
        self.dead.add(watcher.holder)
        self.network.journals.remove(watcher.journal)
        self._file.give_back(watcher.journal)

    def _is_waiting(self) -> bool:
        return bool(self.observer.approval_requests(self.clock.now_s(), state="waiting"))

    def has_asked(self, plan_id: str) -> bool:
        """Whether anybody was asked about the plan."""
        try:
            self.observer.approval_request(plan_id, self.clock.now_s())
        except UnknownPlan:
            return False
        return True
