"""The composition root: from a state directory, a network and a clock to a running desk.

A state directory holds everything that outlives the process:

    policy.yaml           optional: an approval policy in place of the shipped one
    journal.sqlite        incidents, plans, approvals, changes, audit chain
    checkpoints.sqlite    LangGraph's threads, one per incident
    knowledge/<network>.json  the knowledge graph of a network
    trackers/<network>.json   what was learned of a network
    locks/                one file for each process that holds leases
    networks/<network>.sqlite an emulated network's own file (its drivers' business, not ours)
    traces/<trace id>.jsonl   spans
    reports/              what was written for people

One thing is set in the environment: NOCTUA_RUNNER, what plays rollouts (docs/runners.md).
"""

import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from agents.playbook.policies import playbook
from agents.role import Mind
from agents.situation import Situation
from graphs.checkpoints import FencedSaver
from graphs.desk import Desk
from graphs.runs import IncidentRuns
from graphs.watch import Approver, Watch
from tools.change.actuator import Actuator
from tools.change.policy import ApprovalPolicy, default_policy, load_policy
from tools.clock import Clock, never
from tools.graph_store.build import build_graph
from tools.graph_store.networkx_graph import NetworkxGraph
from tools.journal.anchors import Anchors, anchor_file
from tools.journal.holder import Holder
from tools.journal.journal import Journal
from tools.network.protocol import Network
from tools.runners.selection import IN_PROCESS, RUNNER_SETTING, runners_from_setting
from tools.trace import TraceFiles
from twin.errors import BadInput
from twin.nouns.base import content_hash
from twin.nouns.configuration import NetworkConfiguration
from twin.physics.questions import offered_totals
from twin.physics.twin import Twin
from twin.tracking.tracker import Tracker


@dataclass(frozen=True, slots=True)
class Stores:
    """How the two databases are opened; only who tests their failures gives others."""

    journal: Callable[[Path], Journal] = Journal.open
    checkpoints: Callable[[Path, Journal], FencedSaver] = FencedSaver.open


class Workplace:
    """Everything that operating one network takes, opened and closed together."""

    def __init__(
        self,
        state: Path,
        network: Network,
        clock: Clock,
        *,
        policy: ApprovalPolicy | None = None,
        minds: Sequence[Mind] | None = None,
        approver: Approver | None = None,
        on_step: Callable[[float], None] = lambda _: None,
        stop: Callable[[], bool] = never,
        tolerant: bool = False,
        stores: Stores | None = None,
    ) -> None:
        stores = stores or Stores()
        rules = policy or policy_of(state)
        self._runners = runners_from_setting(os.environ.get(RUNNER_SETTING) or IN_PROCESS)
        for folder in ("knowledge", "trackers", "traces", "reports"):
            make_folder(state / folder)
        self.state = state
        self.network = network
        inventory = network.inventory()
        self.twin = Twin(inventory)
        self.journal = stores.journal(state / "journal.sqlite")
        self.holder = Holder(self.journal, state / "locks")
        self._traces = TraceFiles(state / "traces")
        tracker_file = state / "trackers" / f"{network.name}.json"
        self.tracker = self._tracker(tracker_file)
        # Whoever meant a change may have died before the tracker's file said that it is ours.
        self.tracker.known_changes |= {
            c.change_id for c in self.journal.changes() if c.network == network.name
        }
        graph = NetworkxGraph.open(state / "knowledge" / f"{network.name}.json")
        build_graph(graph, inventory)
        situation = Situation(
            network=network,
            tracker=self.tracker,
            graph=graph,
            seed=int(content_hash({"network": network.name})[:8], 16),
            runner_on=self._runners.on,
        )
        self.desk = Desk(
            situation=situation,
            journal=self.journal,
            actuator=Actuator(network, self.journal, rules, clock),
            policy=rules,
            minds=tuple(minds) if minds is not None else (Mind("playbook", playbook(), False),),
            clock=clock,
            tracer=self._traces.tracer,
        )
        checkpoints = stores.checkpoints(state / "checkpoints.sqlite", self.journal)
        self.runs = IncidentRuns(self.desk, checkpoints, self.holder)
        self.watch = Watch(
            self.desk,
            self.runs,
            self.holder,
            tracker_file,
            Anchors(self.journal, anchor_file(state, rules.audit.anchor_file)),
            approver=approver,
            on_step=on_step,
            stop=stop,
            tolerant=tolerant,
        )

    def _tracker(self, file: Path) -> Tracker:
        inventory = self.network.inventory()
        loads = partial(offered_totals, self.twin)
        if file.exists():
            data = json.loads(file.read_text(encoding="utf-8"))
            return Tracker.load(data, inventory, loads)
        running = NetworkConfiguration(
            devices=tuple(self.network.running(n.id) for n in inventory.topology.nodes)
        )
        return Tracker(inventory, running, loads)

    def close(self) -> None:
        """Keep what was learned, and close every file; the network is the caller's."""
        self.watch.save()
        self.holder.close()
        self.runs.close()
        self._runners.close()
        self.journal.close()
        self._traces.close()

    def __enter__(self) -> "Workplace":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def make_folder(folder: Path) -> None:
    """Make `folder` with its parents. Raises BadInput if it cannot be."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        raise BadInput(
            f"{folder} cannot be made ({exc.strerror}); name a writable place with --state"
        ) from exc


def policy_of(state: Path) -> ApprovalPolicy:
    """The policy that lies in the state directory, or the one that ships. Raises BadInput."""
    file = state / "policy.yaml"
    return load_policy(file) if file.exists() else default_policy()
