"""The composition root: from a state directory, a network and a clock to a running desk.

Four things are set in the environment: NOCTUA_RUNNER, what plays rollouts (docs/runners.md),
NOCTUA_MODEL, who thinks (docs/models.md), NOCTUA_POLICY, who is asked for remedies besides
(docs/policies.md), and NOCTUA_GRAPH, where the knowledge graph lies (docs/knowledge.md).
"""

import os
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from agents.loop.minds import Minds
from agents.loop.role import Mind
from agents.roles.situation import Situation
from graphs.candidates import Candidates, candidates_from
from graphs.checkpoints import FencedSaver
from graphs.desk import Desk
from graphs.detectors import detectors
from graphs.heard_alerts import HeardAlerts
from graphs.inventory_file import keep_inventory
from graphs.minds import minds_from_environment
from graphs.notifier import Notifier
from graphs.notifiers import Notifiers
from graphs.repair_times_file import kept_repair_model
from graphs.runs import IncidentRuns
from graphs.self_watch import (
    SelfWatch,
    clock_looks,
    collector_look,
    standing_since,
    storage_looks,
)
from graphs.state_directory import StateDirectory, make_folder
from graphs.tracker_file import kept_tracker
from graphs.watch import Approver, Watch
from tools.change.actuator import Actuator
from tools.change.policy import ApprovalPolicy
from tools.clock import Clock, SteadyClock, never
from tools.graph_store.opening import open_graph
from tools.graph_store.protocol import KnowledgeGraph
from tools.journal.anchors import Anchors, anchor_file
from tools.journal.holder import Holder
from tools.journal.journal import Journal
from tools.network.protocol import Network
from tools.notification.on_event import load_ways
from tools.notification.ways import way_of
from tools.runners.selection import IN_PROCESS, RUNNER_SETTING, Runners, runners_from_setting
from tools.trace import TraceFiles, sending_processors
from twin.knowledge.recorded import INVENTORY, facts_of
from twin.nouns.base import content_hash
from twin.nouns.condition import ConditionKind
from twin.nouns.configuration import NetworkConfiguration
from twin.nouns.inventory import Inventory
from twin.physics.questions import offered_totals
from twin.physics.twin import Twin
from twin.tracking.tracker import Tracker


@dataclass(frozen=True, slots=True)
class Stores:
    """How the two databases are opened; only who tests their failures gives others."""

    journal: Callable[[Path, Path], Journal] = Journal.open
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
        minds: Minds | Sequence[Mind] | None = None,
        approver: Approver | None = None,
        on_step: Callable[[float], None] = lambda _: None,
        stop: Callable[[], bool] = never,
        tolerant: bool = False,
        stores: Stores | None = None,
        candidates: Candidates | None = None,
    ) -> None:
        stores = stores or Stores()
        self.state = directory = StateDirectory(state)
        rules = policy or directory.policy()
        for folder in (
            directory.knowledge,
            directory.trackers,
            directory.traces,
            directory.reports,
        ):
            make_folder(folder)
        directory.require_journal()
        self.network = network
        self.twin = Twin(network.inventory())
        keep_inventory(directory, network.name, network.inventory())
        asked = candidates_from(os.environ) if candidates is None else candidates
        thinking = _minds(minds, state, network.inventory())
        sending = sending_processors(os.environ)
        calling = load_ways(directory.on_event_file)
        ways = {name: way_of(how, directory.path, os.environ) for name, how in calling.items()}
        steady = SteadyClock(clock)
        # Whatever fails in here closes what is open; afterwards `close` does.
        with ExitStack() as opened:
            runners = runners_from_setting(os.environ.get(RUNNER_SETTING) or IN_PROCESS)
            opened.callback(runners.close)
            self.journal = opened.enter_context(
                stores.journal(directory.journal_file, directory.signing_key_file)
            )
            anchors = Anchors(self.journal, anchor_file(state, rules.audit.anchor_file))
            self.journal.notifies_of = {name: how.events for name, how in calling.items()}
            traces = opened.enter_context(TraceFiles(directory.traces, sending))
            checkpoints = stores.checkpoints(directory.checkpoints_file, self.journal)
            opened.callback(checkpoints.close)
            self.holder = opened.enter_context(Holder(self.journal, directory.locks))
            notifiers = Notifiers(
                {n: Notifier(self.journal, network.name, way, name=n) for n, way in ways.items()}
            )
            opened.callback(notifiers.close)
            graph = self._graph(steady.now_s())
            opened.callback(graph.close)
            self.self_watch = SelfWatch(
                network.name,
                steady,
                {
                    **storage_looks(
                        directory,
                        lambda: self.journal.placed.trouble() or checkpoints.placed.trouble(),
                    ),
                    **clock_looks(steady, network, self.journal),
                    ConditionKind.WORKERS_LOST: runners.trouble,
                    ConditionKind.GRAPH_LOST: graph.trouble,
                    **collector_look(steady, lambda: self.tracker.coverage),
                },
                say=self.holder.say,
                since_s=standing_since(self.journal, network.name),
                call=notifiers.call_for({n for n, how in calling.items() if "paged" in how.events}),
            )
            self.tracker = self._tracker(steady.now_s())
            self.desk = Desk(
                situation=self._situation(runners, graph),
                journal=self.journal,
                actuator=Actuator(
                    network,
                    self.journal,
                    rules,
                    steady,
                    anchors=anchors,
                    conditions=self.self_watch.look,
                ),
                policy=rules,
                minds=thinking,
                clock=steady,
                tracer=traces.tracer,
                candidates=asked,
                repairs=kept_repair_model(directory),
            )
            self.runs = IncidentRuns(self.desk, checkpoints, self.holder)
            self.watch = Watch(
                self.desk,
                self.runs,
                self.holder,
                directory.tracker_file(network.name),
                anchors,
                self.self_watch,
                HeardAlerts(self.journal, directory.alerts_file, network.name),
                notifier=notifiers,
                approver=approver,
                on_step=on_step,
                stop=stop,
                tolerant=tolerant,
            )
            self._opened = opened.pop_all()

    def _graph(self, now_s: float) -> KnowledgeGraph:
        name = self.network.name
        graph = open_graph(self.state.knowledge_file(name), name, os.environ)
        facts = facts_of(self.network.inventory(), now_s)
        graph.replace(INVENTORY, facts.things, facts.relations)
        return graph

    def _situation(self, runners: Runners, graph: KnowledgeGraph) -> Situation:
        name = self.network.name
        return Situation(
            network=self.network,
            tracker=self.tracker,
            graph=graph,
            seed=int(content_hash({"network": name})[:8], 16),
            runner_on=runners.on,
        )

    def _tracker(self, now_s: float) -> Tracker:
        tracker = kept_tracker(self.state, self.network.name, self.twin, now_s)
        if tracker is None:
            inventory = self.network.inventory()
            nodes = inventory.topology.nodes
            devices = tuple(self.network.running(node.id) for node in nodes)
            running = NetworkConfiguration(devices=devices)
            loads = partial(offered_totals, self.twin)
            tracker = Tracker(inventory, running, loads, detectors=detectors())
        # Whoever meant a change may have died before the tracker's file said that it is ours.
        changes = self.journal.changes()
        ours = {c.change_id for c in changes if c.network == self.network.name}
        tracker.known_changes |= ours
        return tracker

    def close(self) -> None:
        """Keep what was learned, and close every file; the network is the caller's."""
        self.watch.save()
        self._opened.close()

    def __enter__(self) -> "Workplace":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _minds(given: Minds | Sequence[Mind] | None, state: Path, inventory: Inventory) -> Minds:
    if given is None:
        return minds_from_environment(os.environ, state, inventory)
    return given if isinstance(given, Minds) else Minds(given)
