"""The composition root: from a state directory, a network and a clock to a running desk.

A state directory holds everything that outlives the process:

    policy.yaml           optional: an approval policy in place of the shipped one
    models.yaml           optional: language models, and for which roles (docs/models.md)
    pseudonyms.key        what hides names from models, where one is asked that must not see them
    journal.sqlite        incidents, plans, approvals, changes, audit chain
    checkpoints.sqlite    LangGraph's threads, one per incident
    knowledge/<network>.json  the knowledge graph of a network
    trackers/<network>.json   what was learned of a network
    inventories/<network>.json  what is on record of it, for those who only read
    locks/                one file for each process that holds leases
    networks/<network>.sqlite an emulated network's own file (its drivers' business, not ours)
    traces/<trace id>.jsonl   spans
    reports/              what was written for people

Two things are set in the environment: NOCTUA_RUNNER, what plays rollouts (docs/runners.md), and
NOCTUA_MODEL, who thinks (docs/models.md).
"""

import json
import os
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from agents.loop.minds import Minds
from agents.loop.role import Mind
from agents.roles.situation import Situation
from graphs.checkpoints import FencedSaver
from graphs.desk import Desk
from graphs.inventory_file import keep_inventory
from graphs.minds import minds_from_environment
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
from tools.runners.selection import IN_PROCESS, RUNNER_SETTING, Runners, runners_from_setting
from tools.trace import TraceFiles
from twin.errors import BadInput, NoctuaError
from twin.nouns.base import content_hash
from twin.nouns.configuration import NetworkConfiguration
from twin.nouns.inventory import Inventory
from twin.physics.questions import offered_totals
from twin.physics.twin import Twin
from twin.tracking.tracker import LoadModel, Tracker


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
        minds: Minds | Sequence[Mind] | None = None,
        approver: Approver | None = None,
        on_step: Callable[[float], None] = lambda _: None,
        stop: Callable[[], bool] = never,
        tolerant: bool = False,
        stores: Stores | None = None,
    ) -> None:
        stores = stores or Stores()
        rules = policy or policy_of(state)
        for folder in ("knowledge", "trackers", "traces", "reports"):
            make_folder(state / folder)
        require_journal(state)
        self.state = state
        self.network = network
        self.twin = Twin(network.inventory())
        keep_inventory(state, network.name, network.inventory())
        thinking = _minds(minds, state, network.inventory())
        tracker_file = state / "trackers" / f"{network.name}.json"
        # Whatever fails in here closes what is open; afterwards `close` does.
        with ExitStack() as opened:
            runners = runners_from_setting(os.environ.get(RUNNER_SETTING) or IN_PROCESS)
            opened.callback(runners.close)
            self.journal = opened.enter_context(stores.journal(state / "journal.sqlite"))
            traces = opened.enter_context(TraceFiles(state / "traces"))
            checkpoints = stores.checkpoints(state / "checkpoints.sqlite", self.journal)
            opened.callback(checkpoints.close)
            self.holder = opened.enter_context(Holder(self.journal, state / "locks"))
            self.tracker = self._tracker(tracker_file)
            self.desk = Desk(
                situation=self._situation(runners),
                journal=self.journal,
                actuator=Actuator(network, self.journal, rules, clock),
                policy=rules,
                minds=thinking,
                clock=clock,
                tracer=traces.tracer,
            )
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
            self._opened = opened.pop_all()

    def _situation(self, runners: Runners) -> Situation:
        name = self.network.name
        graph = NetworkxGraph.open(self.state / "knowledge" / f"{name}.json")
        build_graph(graph, self.network.inventory())
        return Situation(
            network=self.network,
            tracker=self.tracker,
            graph=graph,
            seed=int(content_hash({"network": name})[:8], 16),
            runner_on=runners.on,
        )

    def _tracker(self, file: Path) -> Tracker:
        inventory = self.network.inventory()
        loads = partial(offered_totals, self.twin)
        if file.exists():
            tracker = _loaded(file, inventory, loads)
        else:
            nodes = inventory.topology.nodes
            devices = tuple(self.network.running(node.id) for node in nodes)
            tracker = Tracker(inventory, NetworkConfiguration(devices=devices), loads)
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


def _loaded(file: Path, inventory: Inventory, loads: LoadModel) -> Tracker:
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
        return Tracker.load(data, inventory, loads)
    except (OSError, ValueError, LookupError, TypeError, AttributeError, NoctuaError) as exc:
        raise BadInput(
            f"{file}: cannot be read as what was learned of a network ({exc!r:.200}); put it "
            "aside, and it is learned again"
        ) from exc


def require_journal(state: Path) -> None:
    """Refuse to replace a journal that has gone: it alone knows what was changed.

    Raises:
        BadInput: there is none, or an empty one, and incidents were operated in `state`.
    """
    journal = state / "journal.sqlite"
    if journal.exists() and journal.stat().st_size:
        return
    if (state / "checkpoints.sqlite").exists() or any((state / "trackers").glob("*.json")):
        raise BadInput(
            f"{journal} is missing or empty, and incidents were operated here; put the last good "
            "copy there, or begin in another state directory"
        )


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
