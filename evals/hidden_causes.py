"""How many common causes that are on no record a reader of tickets finds.

python -m evals.hidden_causes [--model openai:NAME] [--wordings hard] [--networks A,B]

Five causes are hidden in each network: two groups of links that are taken out of the record, a
feed, a version of software and a contractor's night. Tickets hint at them, among others that hint
at nothing. The wordings are ours, and written before the reader (`hidden_causes.yaml`).
"""

import argparse
import os
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from agents.loop.minds import Minds
from agents.loop.role import Mind
from agents.playbook.policies import playbook
from channels.provenance import code_version
from evals.hidden_tickets import WORDINGS, Hidden, Language, Spec, hide, spec, tickets_about
from evals.intervals import share_interval
from evals.unseen import numbers_for
from graphs.minds import CHAIN_SETTING, minds_from_environment
from graphs.ticket_reading import read_for_causes
from twin.nouns.base import Noun
from twin.nouns.common_cause import CommonCause
from twin.sources.world import WorldSpec, build_inventory

Found = Literal["exactly", "partly", "not"]


class Judged(Noun):
    """One hidden cause. `kind_named`: whether what was found of it bears its kind."""

    kind: str
    found: Found
    kind_named: bool


class Outcome(Noun):
    """One network with one seed. `false`: proposals that have less than two members of any hidden
    cause. `read_by`: the minds.
    """

    network: str
    seed: int
    tickets: int
    judged: tuple[Judged, ...]
    false: int
    read_by: tuple[str, ...]


def played(
    network: str,
    seed: int,
    wordings: str,
    language: Language,
    distractors: int,
    minds: Minds | None,
) -> Outcome:
    """Hide causes in `network`, write tickets, and have them read; by the playbook without
    `minds`.
    """
    numbers = numbers_for("hidden causes", wordings, network, seed)
    inventory = build_inventory(WorldSpec(topology=network))
    topology, hidden = hide(inventory.topology, language, numbers)
    tickets = tickets_about(topology, hidden, language, distractors, numbers)
    known = replace(inventory, topology=topology)
    found = read_for_causes(tickets, known, minds or ours())
    return Outcome(
        network=network,
        seed=seed,
        tickets=len(tickets),
        judged=tuple(judged(cause, found.proposed) for cause in hidden),
        false=sum(1 for cause in found.proposed if is_false(cause, hidden)),
        read_by=found.read_by,
    )


def judged(hidden: Hidden, proposed: Sequence[CommonCause]) -> Judged:
    """How well the best of `proposed` says it: its members alone, or two of them at least."""
    truth = set(hidden.members)
    best, named = 0.0, False
    for cause in proposed:
        members = {*cause.nodes, *cause.links}
        overlap = len(truth & members) / len(truth | members)
        if len(truth & members) >= 2 and overlap > best:
            best, named = overlap, cause.kind == hidden.kind
    found: Found = "exactly" if best == 1.0 else "partly" if best else "not"
    return Judged(kind=hidden.kind, found=found, kind_named=named)


def is_false(cause: CommonCause, hidden: Iterable[Hidden]) -> bool:
    """Whether it has less than two members of any hidden cause."""
    members = {*cause.nodes, *cause.links}
    return all(len(members & set(one.members)) < 2 for one in hidden)


def ours() -> Minds:
    """The playbook alone."""
    return Minds([Mind("playbook", playbook(), foreign=False)])


def table(outcomes: Sequence[Outcome]) -> str:
    """One row for each kind, and one for all."""
    every = [one for outcome in outcomes for one in outcome.judged]
    tickets = sum(outcome.tickets for outcome in outcomes)
    false = sum(outcome.false for outcome in outcomes)
    lines = [
        "| hidden cause | hidden | exactly its members | partly | not proposed | its kind named |",
        "|---|--:|--:|--:|--:|--:|",
    ]
    for kind in dict.fromkeys(one.kind for one in every):
        lines.append(_row(kind, [one for one in every if one.kind == kind]))
    lines.append(_row("all", every))
    low, high = share_interval(false, tickets)
    lines.append("")
    lines.append(
        f"{tickets:,} tickets; false proposals for 100 of them: {100 * false / tickets:.1f} "
        f"({100 * low:.1f} to {100 * high:.1f})"
    )
    return "\n".join(lines)


def _row(kind: str, of: Sequence[Judged]) -> str:
    count = len(of)
    exactly, partly, missed = (
        sum(1 for x in of if x.found == w) for w in ("exactly", "partly", "not")
    )
    named = sum(1 for x in of if x.kind_named)
    cells = (_share(n, count) for n in (exactly, partly, missed))
    return f"| {kind} | {count} | {' | '.join(cells)} | {_share(named, exactly + partly)} |"


def _share(part: int, whole: int) -> str:
    if not whole:
        return "-"
    low, high = share_interval(part, whole)
    return f"{part / whole:.2f} ({low:.2f} to {high:.2f})"


def _outcomes(
    known: Spec, wordings: str, networks: Sequence[str], model: str, state: Path
) -> Iterator[Outcome]:
    language = known.language(wordings)
    for network in networks:
        minds = None
        if model:
            environ = {**os.environ, CHAIN_SETTING: model}
            inventory = build_inventory(WorldSpec(topology=network))
            minds = minds_from_environment(environ, state, inventory)
        for seed in known.seeds:
            yield played(network, seed, wordings, language, known.distractors, minds)


def main(arguments: Sequence[str]) -> int:
    """Print the table; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m evals.hidden_causes")
    parser.add_argument("--model", default="", help="as NOCTUA_MODEL; the playbook without it")
    parser.add_argument("--wordings", choices=WORDINGS, default="held_out")
    parser.add_argument("--networks", default="")
    asked = parser.parse_args(arguments)
    known = spec()
    networks = asked.networks.split(",") if asked.networks else known.networks[asked.wordings]
    began_s = time.process_time()
    with TemporaryDirectory() as folder:
        outcomes = list(_outcomes(known, asked.wordings, networks, asked.model, Path(folder)))
    minds = ", ".join(dict.fromkeys(name for one in outcomes for name in one.read_by))
    print(
        f"{asked.wordings} wordings, {', '.join(networks)}, {len(known.seeds)} seeds; read by "
        f"{minds}; {time.process_time() - began_s:.1f} CPU s; code {code_version()}\n"
    )
    print(table(outcomes))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
