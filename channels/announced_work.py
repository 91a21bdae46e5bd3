"""Announcing work without a file: what it would do to services is said before it is accepted."""

import re
from collections.abc import Sequence
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING

from channels.networks import known_networks, network_time_s, open_network, require_known
from channels.on_record import graph_on_record
from graphs.state_directory import StateDirectory
from tools.journal.records import WorkRecord
from twin.errors import BadInput
from twin.nouns.base import IfGiven, Noun
from twin.nouns.foretold import Foretold, breach_text
from twin.nouns.planned_work import PlannedWork
from twin.nouns.principal import Principal, visible
from twin.nouns.service_impact import ServiceImpact
from twin.nouns.way import Way

if TYPE_CHECKING:
    from tools.journal.journal import Journal
    from twin.nouns.inventory import Inventory

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
"""What an approver types to override work, so without spaces and colons."""


_LONGEST_CONTRACTOR = 100


class Announced(Noun):
    """Work that was announced on `network`, and what it will do. `service_impact`: who is cut off
    or at risk meanwhile by the knowledge graph, None where nobody has it.
    """

    network: str
    foretold: Foretold
    service_impact: IfGiven[ServiceImpact] = None


class Listed(Noun):
    """Work of `network`. `record`: who announced or cancelled it, None where its own record did.
    `foretold`: what it does, None where that was not worked out.
    """

    network: str
    work: PlannedWork
    record: WorkRecord | None
    foretold: Foretold | None


def announce(
    state: StateDirectory,
    network: str,
    resources: Sequence[str],
    starts_s: float,
    ends_s: float,
    by: Principal,
    *,
    work_id: str = "",
    contractor: str = "",
    accept_breach: bool = False,
    reason: str = "",
) -> Announced:
    """Announce work on links, or on nodes, which is work on all of their links.

    Raises:
        BadInput: a name means nothing, the times are not in order or are over, the id is taken, or
            nobody can announce under that name; or it would put services in breach, and that is not
            accepted with a reason.
    """
    if by.objection:
        raise BadInput(f"nobody can announce work under that name: {by.objection}; name a person")
    with state.journal() as journal:
        require_known(network, known_networks(state, journal))
        inventory, now_s = _inventory(state, network), network_time_s(state, journal, network)
        if not starts_s < ends_s:
            raise BadInput("the work ends before it starts; it has to end later than it starts")
        if ends_s <= now_s:
            raise BadInput("the work would be over already; let it end at a time that is ahead")
        planned = journal.planned_work(network, inventory.planned_work)
        taken = {w.id for w in (*inventory.planned_work, *planned)}
        taken |= {r.work.id for r in journal.work_records(network)}
        work = PlannedWork(
            id=_own_id(work_id, taken),
            links=_links(inventory, resources),
            starts_s=starts_s,
            ends_s=ends_s,
            contractor=_contractor(contractor),
        )
        foretold = _foretell(state, network, inventory, work, planned, now_s)
        if foretold.in_breach and not (accept_breach and visible(reason)):
            raise BadInput(
                f"{work.id} would put {breach_text(foretold.in_breach)}; choose another time, or "
                "accept that and say why",
                way=Way(accept_breach=True, reason="WHY"),
            )
        journal.announce_work(network, work, by, reason, now_s)
        impact = _recorded(state, journal, network, inventory, now_s, work)
    return Announced(network=network, foretold=foretold, service_impact=impact)


def cancel(
    state: StateDirectory, network: str, work_id: str, by: Principal, reason: str = ""
) -> WorkRecord:
    """Cancel work that is announced: it explains nothing from now on.

    Raises:
        BadInput: no such work is announced, or nobody can cancel it under that name.
    """
    if by.objection:
        raise BadInput(f"nobody can cancel work under that name: {by.objection}; name a person")
    with state.journal() as journal:
        require_known(network, known_networks(state, journal))
        planned = journal.planned_work(network, _inventory(state, network).planned_work)
        work = next((w for w in planned if w.id == work_id), None)
        if work is None:
            ids = ", ".join(w.id for w in planned) or "none"
            raise BadInput(f'no work "{work_id}" is announced on {network} (there is {ids})')
        now_s = network_time_s(state, journal, network)
        journal.cancel_work(network, work, by, reason, now_s)
        _recorded(state, journal, network, _inventory(state, network), now_s)
        return next(r for r in journal.work_records(network) if r.work.id == work_id)


def _recorded(
    state: StateDirectory,
    journal: "Journal",
    network: str,
    inventory: "Inventory",
    now_s: float,
    work: PlannedWork | None = None,
) -> ServiceImpact | None:
    """Put what is announced now where the knowledge graph is, and ask it who depends on `work`.

    A watch does so too, so that nothing is lost where the graph does not answer.
    """
    from graphs.announced_work import record_work
    from tools.graph_store.protocol import GraphUnavailable
    from twin.knowledge.service_impact import Dependencies, Suspect

    on_record = {w.id for w in inventory.planned_work}
    announced = journal.planned_work(network, inventory.planned_work)
    try:
        with graph_on_record(state, network, inventory, now_s) as graph:
            record_work(graph, [w for w in announced if w.id not in on_record], now_s)
            if work is None:
                return None
            known = Dependencies(graph.snapshot(), graph.schema, work.starts_s)
    except GraphUnavailable:
        return None
    touched = known.snapshot.targets(("planned_work", work.id), "touches")
    suspect = Suspect(1.0, touched, cuts=True)
    return known.service_impact([suspect], {}, work.starts_s, work.starts_s)


def listed(state: StateDirectory, network: str | None = None) -> tuple[Listed, ...]:
    """Announced work, that which was cancelled included, of one network or of all.

    Raises:
        BadInput: `network` is not known.
    """
    with state.read_only_journal() as journal:
        known = known_networks(state, journal)
        if network is not None:
            require_known(network, known)
        names = known if network is None else (network,)
        return tuple(entry for name in names for entry in _listed(state, journal, name))


def _listed(state: StateDirectory, journal: "Journal", network: str) -> list[Listed]:
    records = {r.work.id: r for r in journal.work_records(network)}
    foretold = {f.work.id: f for f in journal.foretold(network)}
    on_record = {w.id: w for w in _inventory(state, network).planned_work}
    every = on_record | {i: r.work for i, r in records.items()}
    return [
        Listed(
            network=network,
            work=work,
            record=records.get(work.id),
            foretold=foretold.get(work.id),
        )
        for work in sorted(every.values(), key=lambda w: (w.starts_s, w.id))
    ]


def _own_id(given: str, taken: set[str]) -> str:
    if not given:
        return next(f"WORK-{n}" for n in range(1, len(taken) + 2) if f"WORK-{n}" not in taken)
    if not _ID.fullmatch(given):
        raise BadInput(
            f'"{given}" is no id; use up to 64 letters, digits, ".", "_" and "-", as in CHG-7001'
        )
    if given in taken:
        raise BadInput(f'work "{given}" was announced before; give another id')
    return given


def _contractor(given: str) -> str:
    name = given.strip()
    if len(name) > _LONGEST_CONTRACTOR or not name.isprintable():
        raise BadInput(
            f"a contractor is a name of up to {_LONGEST_CONTRACTOR} characters that can be printed"
        )
    return name


def _links(inventory: "Inventory", resources: Sequence[str]) -> tuple[str, ...]:
    from twin.events.names import find_link, find_node_id

    topology, found = inventory.topology, dict[str, None]()
    for resource in resources:
        try:
            node = find_node_id(resource, topology.node_index, topology.name)
        except BadInput:
            found[find_link(topology, resource).id] = None
        else:
            found |= dict.fromkeys(link.id for link in topology.links_at(node))
    if not found:
        raise BadInput("name the link or node that is worked on")
    return tuple(found)


def _foretell(
    state: StateDirectory,
    network: str,
    inventory: "Inventory",
    work: PlannedWork,
    planned: Sequence[PlannedWork],
    now_s: float,
) -> Foretold:
    # What only this takes, and what brings the twin along.
    from graphs.announced_work import expected_at, normal_state_at
    from graphs.tracker_file import kept_tracker
    from twin.physics.twin import Twin
    from twin.whatif.announced_work import foretell

    twin = Twin(inventory)
    tracker = kept_tracker(state, network, twin)
    normal_at = partial(normal_state_at, tracker) if tracker else partial(expected_at, twin)
    return foretell(twin, normal_at, work, planned, now_s)


def _inventory(state: StateDirectory, name: str) -> "Inventory":
    from graphs.inventory_file import kept_inventory

    if (kept := kept_inventory(state, name)) is not None:
        return kept
    network, _ = open_network(state, name)
    with closing(network):
        return network.inventory()
