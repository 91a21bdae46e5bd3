"""Sources of telemetry fall silent at known times: is what is said to be unread what is unread?

Devices, links, probes or whole kinds of record are taken out of what the collector gives, without
an error, and come back. At moments before, while and after, what every channel is told of the
network's coverage is compared with what was taken out, and with when the last of it arrived.
"""

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal, TypeVar

import numpy as np
from pydantic import NonNegativeInt

from channels import verbs
from evals.altered_network import AlteredNetwork
from evals.campaigns.campaign import Campaign, Spec
from evals.campaigns.records import Record, code_text, raised_text
from evals.promises import count_line, share_line
from evals.stage import Case, stage
from evals.unseen import drawn_world, numbers_for
from graphs.state_directory import StateDirectory
from graphs.workplace import Workplace
from tools.network.emulated.case_truth import CaseTruth
from tools.network.emulated.clock import SimulatedClock
from tools.network.emulated.network_file import NetworkFile
from twin.nouns.base import Noun
from twin.nouns.coverage import CoveredPart
from twin.nouns.health import Health
from twin.nouns.telemetry import FlowRound, InterfaceCounters, ProbeRound, Telemetry
from twin.nouns.topology import Interface, Topology

T = TypeVar("T", InterfaceCounters, ProbeRound)

What = Literal[
    "a device", "two devices", "a link", "a probe", "half of the probes", "counters", "probes",
    "flow records", "a device and probes", "everything",
]  # fmt: skip

_DURATION_S = 7200.0
_FALLS_S = (1200.0, 1500.0)
_LASTS_S = 1800.0
_LOOKS_S = (-30.0, 300.0, 600.0, 1230.0, 1770.0)
"""From when it falls silent: two rounds have gone by at the second look, and flow records are
missed at the fourth."""
_BACK_S = 720.0
"""After it has come back: a round of flow records has come, and rates of all egresses."""

_ROUND_S = 61.0
"""The rate of an egress is of a round, which ends with the last device: so late it is at most."""


class SilenceSpec(Spec):
    """`cases`: topologies. `whats`: what falls silent."""

    whats: tuple[What, ...]


class Play(Noun):
    """One silence on one network; nothing is wrong with it."""

    case: str
    what: What
    arm: str
    seed: NonNegativeInt


class Outcome(Noun):
    """`silent`: what was taken out, by part and source. `mistakes`: each with its moment in seconds
    from when it fell silent. `incidents`: that were opened. `well`: looks at which the network was
    called well although something was unread.
    """

    silent: tuple[tuple[CoveredPart, str], ...]
    looks: int
    mistakes: tuple[str, ...]
    incidents: int
    well: int


SilenceRecord = Record[Play, Outcome]


class Silence:
    """Takes sources out of what arrives, between two times, and knows when each came last."""

    def __init__(
        self, topology: Topology, probes: Sequence[str], what: What, numbers: np.random.Generator
    ) -> None:
        nodes = [node.id for node in topology.nodes]
        self.from_s = self.until_s = float("inf")
        self.last_s: dict[tuple[CoveredPart, str], float] = {}
        self.topology = topology
        self._probes = probes
        self.nodes = self.links = frozenset[str]()
        self.rows = frozenset[int]()
        self.kinds = frozenset[type]()
        match what:
            case "a device" | "two devices":
                count = 1 + (what == "two devices")
                self.nodes = frozenset(map(str, numbers.choice(nodes, count, replace=False)))
            case "a link":
                self.links = frozenset({str(numbers.choice([x.id for x in topology.links]))})
            case "a probe" | "half of the probes":
                count = 1 if what == "a probe" else max(1, len(probes) // 2)
                self.rows = frozenset(map(int, numbers.choice(len(probes), count, replace=False)))
            case "counters":
                self.kinds = frozenset({InterfaceCounters})
            case "probes":
                self.kinds = frozenset({ProbeRound})
            case "flow records":
                self.kinds = frozenset({FlowRound})
            case "a device and probes":
                self.nodes = frozenset({str(numbers.choice(nodes))})
                self.kinds = frozenset({ProbeRound})
            case "everything":
                self.kinds = frozenset({InterfaceCounters, ProbeRound, FlowRound})

    def arriving(self, records: Sequence[Telemetry], now_s: float) -> Sequence[Telemetry]:
        """What is left of `records`."""
        if not self.from_s <= now_s < self.until_s:
            self._note(records)
            return records
        kept = [self._cut(r) for r in records if type(r) not in self.kinds]
        self._note(kept)
        return kept

    def _cut(self, record: Telemetry) -> Telemetry:
        match record:
            case InterfaceCounters():
                out = [record.node in self.nodes or link in self.links for link in record.links]
                return _without(record, np.array(out), "sent_bytes", "dropped_bytes",
                                "received_bytes")  # fmt: skip
            case ProbeRound() if self.rows:
                out = [row in self.rows for row in range(len(record.paths))]
                return _without(record, np.array(out), "sent", "lost", "delay_s")
            case _:
                return record

    def _note(self, records: Sequence[Telemetry]) -> None:
        for record in records:
            at_s = record.received_s
            match record:
                case InterfaceCounters():
                    read = ~np.isnan(record.received_bytes)
                    if read.any():
                        self.last_s["devices", record.node] = at_s
                    for link in np.array(record.links)[read].tolist():
                        self.last_s["egresses", str(Interface(node=record.node, link=link))] = at_s
                case ProbeRound():
                    for row in np.flatnonzero(~np.isnan(record.sent)).tolist():
                        self.last_s["probes", self._probes[row]] = at_s
                case FlowRound():
                    come = ~np.isnan(record.rates_bps).any(axis=(0, 2))
                    for node in np.flatnonzero(come).tolist():
                        self.last_s["flows", self.topology.nodes[node].id] = at_s
                case _:
                    pass

    def expected(self, since_s: float) -> dict[tuple[CoveredPart, str], float]:
        """What is to be said to be unread after so long, with when it came last.

        Of a device that is not read its egresses say nothing new, nor what is lost on their way.
        """
        every = {"devices", "egresses"} if InterfaceCounters in self.kinds else set()
        every |= {"probes"} if ProbeRound in self.kinds else set()
        every |= {"flows"} if FlowRound in self.kinds else set()
        found = {}
        for (part, source), at_s in self.last_s.items():
            gone = part in every or (
                (part == "devices" and source in self.nodes)
                or (part == "egresses" and Interface.parse(source).link in self.links)
                or (part == "probes" and self._probes.index(source) in self.rows)
            )
            is_told = part != "egresses" or InterfaceCounters not in self.kinds
            if gone and is_told and (part != "flows" or since_s > 900.0):
                found[part, source] = at_s
        return found


def _without(record: T, out: np.ndarray[Any, Any], *fields: str) -> T:
    """`record` of whose rows those that are `out` were not read."""
    if not out.any():
        return record
    cut: dict[str, Any] = {n: np.array(getattr(record, n), dtype=np.float64) for n in fields}
    for values in cut.values():
        values[out] = np.nan
    return replace(record, **cut)


def mistakes(
    health: Health, expected: dict[tuple[CoveredPart, str], float], near: frozenset[str]
) -> list[str]:
    """What is said to be unread and is not, is unread and not said, or has another age.

    `near`: nodes next to what is silent, behind whose egresses loss cannot be measured.
    """
    if health.seen is None:
        return ["nothing was said"]
    said = {
        (part.part, one.source): one.last_s
        for part in health.seen.coverage.parts
        for one in part.unread
    }
    found = [f"not said: {p} {s}" for p, s in expected.keys() - said.keys()]
    for (part, source), last_s in said.items():
        if part == "loss":
            # Whether it can be measured depends on both ends, and on whether anything is sent.
            if Interface.parse(source).node not in near:
                found.append(f"said, and is read: {part} {source}")
            continue
        if (part, source) not in expected:
            found.append(f"said, and is read: {part} {source}")
            continue
        slack_s = _ROUND_S if part == "egresses" else 1.0
        if last_s is None or abs(last_s - expected[part, source]) > slack_s:
            found.append(f"another age: {part} {source}")
    return sorted(found)


def _plays(spec: SilenceSpec) -> list[Play]:
    return [
        Play(case=case, what=what, arm=arm, seed=seed)
        for seed in spec.seeds
        for case in spec.cases
        for what in spec.whats
        for arm in spec.arms
    ]


def _play(play: Play) -> Outcome:
    world = drawn_world(play.case, "silence", play.what, play.seed, duration_s=_DURATION_S)
    world = world.model_copy(update={"traffic_scale": 1.0})
    numbers = numbers_for("silence", play.case, play.what, play.seed)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "networks" / "live.sqlite"
        staged = stage(Case(world, CaseTruth()), play.seed, file)
        inventory = staged.inventory()
        staged.close()
        probes = [f"{p.source}>{p.target}/{p.traffic_class}" for p in inventory.probes]
        silence = Silence(inventory.topology, probes, play.what, numbers)
        silence.from_s = world.starts_s + round(float(numbers.uniform(*_FALLS_S)) / 30.0) * 30.0
        silence.until_s = silence.from_s + _LASTS_S
        network = AlteredNetwork(NetworkFile(file, create=False), silence.arriving)
        try:
            clock = SimulatedClock(network)
            with Workplace(Path(folder), network, clock) as workplace:
                return _looked(workplace, StateDirectory(Path(folder)), silence)
        finally:
            network.close()


def _looked(workplace: Workplace, state: StateDirectory, silence: Silence) -> Outcome:
    topology = silence.topology
    touched = silence.nodes | {
        node for x in silence.links for node in (topology.link(x).a, topology.link(x).b)
    }
    near = frozenset(
        topology.egress_of(arc).node
        for arc in range(topology.n_arcs)
        if {topology.links[arc // 2].a, topology.links[arc // 2].b} & touched
    )
    found: list[str] = []
    silent: dict[tuple[CoveredPart, str], float] = {}
    well = 0
    looks_s = (*_LOOKS_S, _LASTS_S + _BACK_S)
    for since_s in looks_s:
        workplace.watch.run(silence.from_s + since_s)
        is_silent = 0 < since_s < _LASTS_S
        expected = silence.expected(since_s) if is_silent else {}
        silent |= expected
        [view] = verbs.networks(state)
        found += [f"{since_s:+.0f} s: {text}" for text in mistakes(view.health, expected, near)]
        claim = verbs.ask(state, "Is the network healthy?").text
        well += bool(expected) and "All is well" in claim
        if not expected and not claim.startswith("All is well"):
            found.append(f"{since_s:+.0f} s: it is not called well, though all of it is read")
    return Outcome(
        silent=tuple(sorted(silent)),
        looks=len(looks_s),
        mistakes=tuple(found),
        incidents=len(workplace.journal.incidents()),
        well=well,
    )


def silence_markdown(records: Sequence[SilenceRecord]) -> str:
    """In how many plays coverage was exact at every look; from the records alone."""
    ended = [(r.play, r.outcome) for r in records if r.outcome is not None]
    exact = sum(not outcome.mistakes for _, outcome in ended)
    lines = [
        f"{len(records)} plays, {sum(o.looks for _, o in ended)} looks.\n\n",
        share_line("what is said to be unread is what is unread", exact, len(records)),
        count_line("looks at which it was called well", sum(o.well for _, o in ended), len(ended)),
        count_line("incidents of silence", sum(o.incidents for _, o in ended), len(ended)),
        *(
            f"- {play.case}, {play.what}, seed {play.seed}: {text}\n"
            for play, outcome in ended
            for text in outcome.mistakes[:3]
        ),
        raised_text(records, "and count as not exact"),
        f"Run: `noctua campaign silence`, {code_text(records)}.\n",
    ]
    return "".join(lines)


CAMPAIGN = Campaign(
    name="silence",
    file=files(__package__) / "silence.yaml",
    spec=SilenceSpec,
    record=SilenceRecord,
    plays=_plays,
    together=lambda play: f"{play.case} {play.what} {play.seed}",
    play=_play,
    table=silence_markdown,
)
