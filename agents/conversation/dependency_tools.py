"""What depends on what, who owns it, and whom an incident hits: from the knowledge graph."""

from collections.abc import Iterable
from typing import Any, TypeVar

from agents.conversation.lookups import Lookups
from agents.conversation.queries.dependencies import (
    SHOW_DEPENDENCIES,
    SHOW_NEXT_FAILURES,
    SHOW_SERVICE_IMPACT,
    DependenciesResult,
    Dependents,
    IncidentImpact,
    IncidentNext,
    NextFailuresResult,
    OneThing,
    ServiceImpactResult,
    SharedFate,
)
from agents.conversation.queries.topology import NoArguments
from agents.conversation.record import NetworkRecord, utc
from tools.journal.standing import open_incidents
from tools.registry import Tool
from twin.errors import BadInput
from twin.knowledge.causal_text import need_lines
from twin.knowledge.facts import ThingKey, UnknownThing
from twin.knowledge.fate import shared_fates
from twin.knowledge.service_impact import TOLD, Dependencies
from twin.nouns.base import Noun
from twin.nouns.next_failures import NEXT_FAILURES, NextFailures
from twin.nouns.service_impact import SERVICE_IMPACT, ServiceImpact, service_impact_lines

N = TypeVar("N", bound=Noun)

_MOST_NAMED = 40
_MOST_FATES = 8
_SHOWN = (*TOLD, "application", "cell", "link", "device")
"""Kinds of what goes down that are told, in this order."""


def dependency_tools(record: NetworkRecord, lookups: Lookups) -> tuple[Tool[Any], ...]:
    """The tools, bound to one network."""
    view = _Depending(record)
    return (
        lookups.tool(
            SHOW_DEPENDENCIES,
            "Anything on record (node, link, duct, site, power, host, service, slice, customer, "
            "announced work): who owns it, what it needs, what goes down with it, what shares its "
            "fate, which announced work touches it.",
            view.dependencies,
        ),
        lookups.tool(
            SHOW_SERVICE_IMPACT,
            "Which services, slices and customers the open incidents hit or put at risk, since "
            "when and how sure, by diagnosis, probes and knowledge graph.",
            view.service_impact,
        ),
        lookups.tool(
            SHOW_NEXT_FAILURES,
            "What leaves its objective or goes down next in the open incidents if nothing is done, "
            "with its probability by the twin's draws, and how reliable such figures are.",
            view.next_failures,
        ),
    )


class _Depending:
    def __init__(self, record: NetworkRecord) -> None:
        self._record = record

    def dependencies(self, asked: OneThing) -> DependenciesResult:
        known = self._record.dependencies()
        key = _found(known, asked.thing)
        snapshot, causal = known.snapshot, known.causal
        touches = snapshot.targets(key, "touches")
        impact = causal.impact(touches if key[0] == "planned_work" else [key])
        weak = known.redundancy.weakened(impact)
        thing = snapshot.thing(snapshot.index[key])
        return DependenciesResult(
            thing=" ".join(key),
            owners=tuple(name for _, name in snapshot.targets(key, "owned_by")),
            contractor=str(thing.properties.get("contractor", "")),
            needs=tuple(need_lines(causal, key)),
            cut_off=_by_kind(fall.thing for fall in impact.falls),
            at_risk=_by_kind(weak),
            shared_fate=tuple(
                SharedFate(
                    cause=" ".join(one.cause),
                    others=one.others[:_MOST_NAMED],
                    count=len(one.others),
                )
                for one in shared_fates(causal, key)[:_MOST_FATES]
            ),
            touches=tuple(" ".join(one) for one in touches[:_MOST_NAMED]),
            touched_by=tuple(name for _, name in snapshot.sources(key, "touches")),
            recorded_utc=utc(snapshot.taken_s) if snapshot.taken_s else "",
        )

    def service_impact(self, _: NoArguments) -> ServiceImpactResult:
        found = self._of_open_incidents(SERVICE_IMPACT, ServiceImpact)
        return ServiceImpactResult(
            incidents=tuple(
                IncidentImpact(
                    incident=name,
                    as_of_utc=utc(impact.as_of_s),
                    hit=tuple(service_impact_lines(impact, "outside_objective", "cut_off")),
                    at_risk=tuple(service_impact_lines(impact, "at_risk")),
                )
                for name, impact in found.items()
            )
        )

    def next_failures(self, _: NoArguments) -> NextFailuresResult:
        found = self._of_open_incidents(NEXT_FAILURES, NextFailures)
        return NextFailuresResult(
            incidents=tuple(
                IncidentNext(
                    incident=name,
                    as_of_utc=utc(said.at_s),
                    next=(said.heading, *said.lines()) if said.likeliest else (),
                )
                for name, said in found.items()
            )
        )

    def _of_open_incidents(self, key: str, kind: type[N]) -> dict[str, N]:
        """What is kept under `key`, by open incident that has it."""
        journal = self._record.journal
        names = [r.incident.id for r in open_incidents(journal, self._record.network)]
        found = {name: journal.artefact(name, key, kind) for name in names}
        return {name: kept for name, kept in found.items() if kept is not None}


def _found(known: Dependencies, named: str) -> ThingKey:
    """The thing that is meant; of several of one id, what stands lowest.

    Raises:
        BadInput: there is none.
    """
    kind, _, rest = named.partition(" ")
    if (kind, rest) in known.snapshot:
        return kind, rest
    same = [key for key in known.snapshot.keys if key[1].casefold() == named.casefold()]
    if not same:
        raise UnknownThing("thing", named, [name for _, name in known.snapshot.keys])
    if len(same) > 1:
        # A node and its site bear one name, and people mean the node.
        same = [key for key in same if key[0] == "device"] or same
    if len(same) > 1:
        kinds = ", ".join(f'"{k} {named}"' for k, _ in same)
        raise BadInput(f'"{named}" is several things; name one as {kinds}')
    return same[0]


def _by_kind(things: Iterable[ThingKey]) -> tuple[Dependents, ...]:
    names: dict[str, list[str]] = {}
    for kind, name in things:
        names.setdefault(kind, []).append(name)
    return tuple(
        Dependents(
            kind=kind, count=len(names[kind]), names=tuple(sorted(names[kind])[:_MOST_NAMED])
        )
        for kind in _SHOWN
        if kind in names
    )
