"""The actuator on the emulated network, whose devices outlive both it and the journal's process."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.tools.change.conftest import INCIDENT, approval, holding, plan_for
from tests.tools.change.faults import (
    KillAt,
    Killed,
    Step,
    SteppingJournal,
    SteppingNetwork,
    pass_by,
)
from tests.tools.change.in_memory import START_S, inventory
from tools.change.actuation import Actuation
from tools.change.actuator import Actuator
from tools.change.policy import default_policy
from tools.journal.journal import Journal
from tools.network.emulated import CaseWorld, EmulatedNetwork
from tools.network.emulated.case_truth import CaseTruth
from tools.network.emulated.clock import SimulatedClock
from tools.network.protocol import CommitState, Network
from twin.errors import NetworkError
from twin.events.actions.drain_link import DrainLink
from twin.nouns.configuration import NetworkConfiguration
from twin.nouns.plan import Plan
from twin.remedies.steps import plan_steps

POLICY = default_policy()


@dataclass
class Site:
    """One network and one journal, in files."""

    folder: Path
    network: EmulatedNetwork
    journal: Journal

    @classmethod
    def found(cls, folder: Path) -> "Site":
        world = CaseWorld(
            id="x", topology="four", mismatch=1, starts_s=START_S, duration_s=86_400.0
        )
        network = EmulatedNetwork.create(
            folder / "network.sqlite", "four", inventory(), world, CaseTruth(), 1
        )
        journal = Journal.open(folder / "journal.sqlite")
        journal.open_incident(INCIDENT, START_S, "0" * 32)
        return cls(folder, network, journal)

    def restart(self) -> None:
        """Everything in memory is lost; what is in files stays."""
        self.network.close()
        self.journal.close()
        self.network = EmulatedNetwork.open(self.folder / "network.sqlite")
        self.journal = Journal.open(self.folder / "journal.sqlite")

    def actuator(self, network: Network | None = None) -> Actuator:
        clock = SimulatedClock(self.network)
        return Actuator(network or self.network, self.journal, POLICY, clock)

    def running(self) -> NetworkConfiguration:
        nodes = self.network.inventory().topology.nodes
        return NetworkConfiguration(devices=tuple(self.network.running(n.id) for n in nodes))

    def states(self, node: str) -> list[CommitState]:
        return [record.state for record in self.network.commit_log(node)]

    def drain(self) -> Plan:
        """An approved plan that drains A-B: devices A, then B."""
        now_s = self.network.now_s()
        plan = plan_for(self.running(), self.network.inventory(), [DrainLink(link="A-B")])
        self.journal.request_approval(plan, now_s, now_s + 3600)
        self.journal.answer(approval(plan, now_s))
        return plan


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    opened = Site.found(tmp_path)
    with holding(opened.journal):
        yield opened
    opened.network.close()
    opened.journal.close()


def test_plan_is_committed_confirmed_and_read_back_over_a_restart(site: Site) -> None:
    plan = site.drain()
    committed = site.actuator().commit(plan, ())
    assert committed.state == "committed"
    assert committed.return_at_s == site.network.now_s() + POLICY.commit.return_after_s
    site.restart()
    site.network.advance(site.network.now_s() + POLICY.verification.window_s)
    assert site.actuator().confirm(plan, ()).state == "confirmed"
    site.network.advance(site.network.now_s() + 10 * POLICY.commit.return_after_s)
    assert site.running().device("A").interface("A-B").drained
    assert site.running().device("B").interface("A-B").drained


def test_devices_return_by_themselves_while_nobody_is_there(site: Site) -> None:
    plan, before = site.drain(), site.running()
    site.actuator().commit(plan, ())
    site.restart()
    site.network.advance(site.network.now_s() + 2 * POLICY.commit.return_after_s)
    assert site.running() == before
    actuation = site.actuator().confirm(plan, ())
    assert actuation.state == "returned"
    assert "not committed any more" in actuation.reason
    assert site.states("A") == [CommitState.STAGED, CommitState.COMMITTED, CommitState.RETURNED]


def test_rolled_back_network_runs_what_it_ran_before(site: Site) -> None:
    plan, before = site.drain(), site.running()
    site.actuator().commit(plan, ())
    assert site.running() != before
    assert site.actuator().roll_back(plan, "services got worse").state == "rolled_back"
    assert site.running() == before


class LosesReplies:
    """Every change is carried out, and no caller hears of it; reading works."""

    def __init__(self, network: EmulatedNetwork) -> None:
        self._network = network

    def __getattr__(self, name: str) -> object:
        known = getattr(self._network, name)
        if name not in ("stage", "commit", "confirm", "roll_back"):
            return known

        def call(*arguments: object) -> None:
            known(*arguments)
            raise NetworkError(f"{name}: the reply was lost")

        return call


def test_every_lost_reply_is_looked_up_in_the_log_of_the_device(site: Site) -> None:
    plan = site.drain()
    deaf: Network = LosesReplies(site.network)  # type: ignore[assignment]  # passes every call on
    assert site.actuator(deaf).commit(plan, ()).state == "committed"
    assert site.actuator(deaf).confirm(plan, ()).state == "confirmed"
    once = [CommitState.STAGED, CommitState.COMMITTED, CommitState.CONFIRMED]
    assert (site.states("A"), site.states("B")) == (once, once)


def _carry_on(site: Site, plan: Plan, step: Step) -> Actuation:
    """What a graph does with the plan in one process, wherever it stands."""
    site.journal.close()
    site.journal = journal = SteppingJournal.open(site.folder / "journal.sqlite")
    journal.step = step
    network: Network = SteppingNetwork(site.network, step)  # type: ignore[assignment] # passes calls on
    actuator = site.actuator(network)
    done = actuator.reconcile(plan) or actuator.commit(plan, ())
    if done.state != "committed":
        return done
    assert done.committed_at_s is not None
    site.network.advance(done.committed_at_s + POLICY.verification.window_s)
    return actuator.confirm(plan, ())


def _killed(folder: Path, number: int, outage_s: float) -> tuple[str, int]:
    """A site whose process dies at step `number`, in the end; how many steps there were."""
    folder.mkdir()
    site, kill = Site.found(folder), KillAt(frozenset({number}))
    with holding(site.journal):
        plan, before = site.drain(), site.running()
        candidate = before
        for step in plan_steps(plan.actions, before, before, site.network.inventory().topology):
            candidate = step.after
        try:
            done = _carry_on(site, plan, kill)
        except Killed:
            site.restart()
            site.network.advance(site.network.now_s() + outage_s)
            done = _carry_on(site, plan, pass_by)
        site.network.advance(site.network.now_s() + 2 * POLICY.commit.return_after_s)
        held = {entry.node for entry in site.journal.quarantined("four")}
        pages = {e.data["node"] for e in site.journal.timeline("inc-1") if e.kind == "page"}
    assert held == pages
    assert site.journal.verify_audit().first_broken is None
    for node in ("A", "B"):
        assert site.states(node).count(CommitState.COMMITTED) <= 1
    if done.state == "quarantined":
        assert held
    else:
        assert site.running() == (candidate if done.state == "confirmed" else before)
    site.network.close()
    site.journal.close()
    return done.state, len(kill.passed)


@pytest.mark.slow
def test_killed_at_any_step_it_is_all_or_nothing(tmp_path: Path) -> None:
    _, steps = _killed(tmp_path / "whole", -1, 0.0)
    ends = Counter[str]()
    for number in range(steps):
        outage_s = (5.0, 2.5 * POLICY.commit.return_after_s)[number % 2]
        end, _ = _killed(tmp_path / str(number), number, outage_s)
        ends[end] += 1
    assert ends.keys() >= {"confirmed", "rolled_back", "returned"}
    print(f"\nkilled at {steps} steps on the emulated network: {dict(ends)}; none twice")
