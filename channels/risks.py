"""The kept risk register: what is new in it, what people say of it, and each line once more."""

from collections.abc import Callable, Sequence
from contextlib import suppress

from agents.loop.minds import Minds
from agents.roles.foresight_wording import ROLE as WORDING
from agents.roles.foresight_wording import Worded
from channels.networks import inventory_of, known_networks, network_time_s, require_known
from channels.on_record import graph_on_record
from channels.people import written
from channels.planning.imagining import RegisterDocument, document_of
from channels.planning.opening import Planned, open_planned
from channels.report.wording import utc
from graphs.foresight_study import Start
from graphs.refreshes import Network, refresh
from graphs.state_directory import StateDirectory
from graphs.workplace import Stores
from tools.graph_store.protocol import GraphUnavailable
from tools.journal.errors import UnknownRisk
from tools.journal.journal import Journal
from twin.errors import BadInput
from twin.imagination.elements import elements_of
from twin.imagination.reckoning import Reckoning
from twin.knowledge.recorded import FORESEEN, risk_facts
from twin.nouns.base import Noun
from twin.nouns.principal import Principal
from twin.nouns.rates import Work
from twin.nouns.risk import (
    Hardening,
    HardeningCosts,
    Prevention,
    Risk,
    RiskChanges,
    RiskRecord,
    RiskState,
)
from twin.nouns.ticket import Ticket
from twin.nouns.way import Way

_FURTHEST_REVIEW_S = 10 * 365.25 * 86_400.0
_LONGEST_OWNER = 200


class Replayed(Noun):
    """A line as it was kept, and reckoned again of the network as it is known now."""

    kept: Risk
    again: Risk

    @property
    def is_same(self) -> bool:
        """Byte by byte."""
        return self.kept.model_dump_json() == self.again.model_dump_json()


def refreshed(
    state: StateDirectory,
    planned: Planned,
    start: Start,
    minds: Minds,
    by: Principal,
    progress: Callable[[int, int], None],
    tickets: Sequence[Ticket] = (),
    stores: Stores | None = None,
) -> tuple[RegisterDocument, RiskChanges | None]:
    """Refresh the register of the network of `start`: its lines, and what that changed.

    Lines that were kept before and are not among those asked for are reckoned again: they are gone
    only where they cost nothing any more, or what they name is not built. What `tickets` hint at is
    proposed.

    Raises:
        BadInput: nobody can answer for risks under that name.
        LeaseHeld: another process refreshes it.
    """
    _require_person(by)
    asked = Network(start, planned.twin, planned.state, tickets)

    def publish(journal: Journal) -> None:
        _record(state, journal, start.network, start.at_s)

    came_to = refresh(state, asked, minds, by, publish, progress, stores)
    return document_of(planned.provenance, came_to), came_to.changes


def listed(state: StateDirectory, network: str) -> Sequence[RiskRecord]:
    """All lines of the register, those that are none any more last.

    Raises:
        BadInput: there is no such network.
    """
    with state.read_only_journal() as journal:
        require_known(network, known_networks(state, journal))
        return journal.risk_records(network)


def network_of(state: StateDirectory, network: str | None, risk_id: str) -> str:
    """The network whose line is meant: the one that is named, or the only one that has the line.

    Raises:
        UnknownRisk, BadInput: none has it, or several do and none is named.
    """
    with state.read_only_journal() as journal:
        known = known_networks(state, journal)
        if network is not None:
            require_known(network, known)
            return network
        kept = {name: {r.id for r in journal.risk_records(name)} for name in known}
        having = [name for name, ids in kept.items() if risk_id in ids]
        if len(having) > 1:
            raise BadInput(
                f"{risk_id} is a line of {', '.join(having)}; name one", way=Way(network="NETWORK")
            )
        if not having:
            raise UnknownRisk(risk_id, sorted(set().union(*kept.values())))
        return having[0]


def shown(state: StateDirectory, network: str, risk_id: str) -> RiskRecord:
    """One line. Raises UnknownRisk."""
    with state.read_only_journal() as journal:
        return journal.risk_record(network, risk_id)


def words_of(state: StateDirectory, record: RiskRecord) -> tuple[str, str] | None:
    """The sentence about a line, and the mind that said it; None where nobody has worded it."""
    with state.read_only_journal() as journal:
        reckoned_in = journal.known_refresh(record.reckoned.refresh)
    answer = reckoned_in.answer_of(WORDING) if reckoned_in else None
    if answer is None:
        return None
    said = Worded.model_validate(answer.answer).sentences
    about = next((sentence.text for sentence in said if sentence.line == record.id), None)
    return (about, answer.finished_by) if about else None


class PartOften(Noun):
    """How often an element of a line fails, `per_year`, the sum over `kinds` of what fails of it,
    for how many `hours` each in the mean, and planned `work` on it, if any.
    """

    element: str
    per_year: float
    hours: float
    kinds: dict[str, float]
    work: Work | None


def parts_of(state: StateDirectory, record: RiskRecord) -> Sequence[PartOften]:
    """How often each element of a line fails, by the rates that the line was reckoned with; what is
    not built any more is left out.
    """
    known, topology = record.reckoned, inventory_of(state, record.network).topology
    elements = elements_of(topology, known.rates, known.history, known.causes)
    built = {element.name: element for element in elements}
    return [
        PartOften(
            element=one.name,
            per_year=one.per_year,
            hours=one.hours,
            kinds={part.kind: part.per_year for part in one.parts},
            work=one.work,
        )
        for one in (built[name] for name in record.risk.elements if name in built)
    ]


def decide(
    state: StateDirectory,
    network: str,
    risk_id: str,
    decision: RiskState,
    by: Principal,
    reason: str,
    review_s: float | None = None,
) -> RiskRecord:
    """`by` says that a line is accepted, closed or open again.

    Raises:
        UnknownRisk, BadInput: no such line, no reason for what needs one, or nobody can say so
            under that name.
    """
    _require_person(by)
    if decision != "open" or reason.strip():
        reason = written(reason, "say why: it is what the next review goes by", Way(reason="WHY"))
    with state.journal() as journal:
        now_s = network_time_s(state, journal, network)
        if review_s is not None and not now_s < review_s <= now_s + _FURTHEST_REVIEW_S:
            raise BadInput(
                f"a review lies ahead, by ten years at most; it is {utc(now_s)} UTC on {network}"
            )
        decided = journal.decide_risk(network, risk_id, decision, by, reason, now_s, review_s)
        _record(state, journal, network, now_s)
        return decided


def assign(
    state: StateDirectory, network: str, risk_id: str, owner: str, by: Principal
) -> RiskRecord:
    """A line is `owner`'s from now on.

    Raises:
        UnknownRisk, BadInput: no such line, or nobody is named.
    """
    _require_person(by)
    owner = written(owner, "name who is to own it")
    if len(owner) > _LONGEST_OWNER:
        raise BadInput(f"the owner has {len(owner)} characters, more than {_LONGEST_OWNER}")
    with state.journal() as journal:
        now_s = network_time_s(state, journal, network)
        return journal.assign_risk(network, risk_id, owner, by, now_s)


class Asked(Noun):
    """What came of asking for a line to be mitigated.

    `prevention`: weights, whose plan goes to the gate; none where weights do not help. `to_build`:
    what would, then; None where nothing that is known does.
    """

    record: RiskRecord
    prevention: Prevention
    to_build: Hardening | None = None


def mitigate(
    state: StateDirectory,
    network: str,
    risk_id: str,
    by: Principal,
    progress: Callable[[int, int], None],
    costs: HardeningCosts,
    *,
    only_look: bool = False,
) -> Asked:
    """Ask for a line to be mitigated: by weights, whose plan the watch of the network makes anew,
    and takes through the gate; else what is to be built is written down as a work order.

    `only_look`: nothing is asked for.

    Raises:
        UnknownRisk, BadInput: no such line, it is none any more, or nobody can ask under that name.
    """
    if not only_look:
        _require_person(by)
    lines = listed(state, network)
    record = shown(state, network, risk_id)
    if record.gone_s is not None:
        raise BadInput(f"{risk_id} is no line any more: there is nothing to mitigate")
    if record.state != "open":
        raise BadInput(
            f"{risk_id} is {record.state} already ({record.reason}); reopen it first",
            way=Way("risks reopen", risk_id, network=network),
        )
    reckoning = _reckoning(state, record)
    standing = [r.risk for r in lines if r.gone_s is None]
    found = reckoning.prevention(record.risk, standing, progress)
    build = None if found.actions else reckoning.to_build(record.risk, costs)
    if not only_look:
        with state.journal() as journal:
            now_s = network_time_s(state, journal, network)
            if found.actions:
                reason = "; ".join(action.describe() for action in found.actions)
                record = journal.decide_risk(network, risk_id, "wanted", by, reason, now_s)
            elif build:
                record = journal.order_work(network, risk_id, build.what, by, now_s)
            _record(state, journal, network, now_s)
    return Asked(record=record, prevention=found, to_build=build)


def replay(state: StateDirectory, network: str, risk_id: str) -> Replayed:
    """Reckon a line again, with the rates and the seed that it was kept with.

    Raises:
        UnknownRisk, BadInput: no such line, or what it names is not built any more.
    """
    record = shown(state, network, risk_id)
    return Replayed(kept=record.risk, again=_reckoning(state, record).again(record.risk))


def _reckoning(state: StateDirectory, record: RiskRecord) -> Reckoning:
    """As `record` was reckoned, of the network as it is known now."""
    known = record.reckoned
    planned = open_planned(state, record.network, "peak", known.seed)
    return Reckoning(
        planned.twin, planned.state, known.rates, known.history, known.seed, known.causes
    )


def _record(state: StateDirectory, journal: Journal, network: str, now_s: float) -> None:
    """Put the lines that stand where the knowledge graph is; one that does not answer has them once
    they are refreshed.
    """
    facts = risk_facts(journal.risk_records(network), now_s)
    inventory = inventory_of(state, network)
    with (
        suppress(GraphUnavailable),
        graph_on_record(state, network, inventory, now_s) as graph,
    ):
        graph.replace(FORESEEN, facts.things, facts.relations)


def _require_person(by: Principal) -> None:
    if by.objection:
        raise BadInput(
            f"nobody can answer for risks under that name: {by.objection}; name a person"
        )
