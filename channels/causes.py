"""What several things of a network may share: what is on record, and what people say of what was
proposed from tickets.
"""

from collections.abc import Sequence

from channels.networks import inventory_of, network_time_s
from channels.people import written
from graphs.state_directory import StateDirectory
from twin.errors import BadInput
from twin.imagination.recorded_causes import recorded_causes
from twin.nouns.common_cause import CauseRecord, CauseState, CommonCause
from twin.nouns.principal import Principal
from twin.nouns.topology import Topology
from twin.nouns.way import Way


def counted(state: StateDirectory, network: str, topology: Topology) -> tuple[CommonCause, ...]:
    """What counts as shared on `network`: what is on record, and what a person has accepted."""
    with state.read_only_journal() as journal:
        now_s = network_time_s(state, journal, network)
        on_record = inventory_of(state, network).planned_work
        works = [w for w in journal.planned_work(network, on_record) if w.ends_s > now_s]
        records = journal.cause_records(network)
    accepted = (record.cause for record in records if record.state == "accepted")
    return (*recorded_causes(topology, works), *accepted)


def waiting(
    state: StateDirectory, network: str, more: Sequence[CommonCause] = ()
) -> tuple[CommonCause, ...]:
    """What was proposed and nobody has decided about, and what of `more` was never proposed."""
    records = listed(state, network)
    known = {record.id for record in records}
    undecided = (record.cause for record in records if record.state == "proposed")
    return (*undecided, *(cause for cause in more if cause.id not in known))


def listed(state: StateDirectory, network: str) -> Sequence[CauseRecord]:
    """All that were ever proposed, in the order of that."""
    with state.read_only_journal() as journal:
        return journal.cause_records(network)


def decide(
    state: StateDirectory,
    network: str,
    cause_id: str,
    decision: CauseState,
    by: Principal,
    reason: str,
) -> CauseRecord:
    """`by` says that a cause counts from the next refresh of the register on, or does not.

    Raises:
        UnknownCause, BadInput: no such cause, no reason, or nobody can say so under that name.
    """
    _require_person(by)
    reason = written(reason, "say why: tickets alone make no fact", Way(reason="WHY"))
    with state.journal() as journal:
        now_s = network_time_s(state, journal, network)
        return journal.decide_cause(network, cause_id, decision, by, reason, now_s)


def _require_person(by: Principal) -> None:
    if by.objection:
        raise BadInput(
            f"nobody can answer for causes under that name: {by.objection}; name a person"
        )
