"""Causes that could reach the symptoms: proposed by every kind of fault, judged elsewhere."""

from collections.abc import Sequence

from twin.events.fault import FAULT_KINDS, AnyFault, Fault
from twin.events.kinds import Clues
from twin.nouns.base import Noun


class Candidate(Noun):
    """One possible cause, and why it was proposed."""

    id: str
    fault: Fault
    reason: str


def propose_candidates(
    clues: Clues, kinds: Sequence[type[AnyFault]] = FAULT_KINDS
) -> tuple[Candidate, ...]:
    """Single faults that could explain what was observed, without order; ids are stable."""
    found = (
        Candidate(id=fault.id, fault=fault, reason=reason)
        for kind in kinds
        for fault, reason in kind.propose(clues)
    )
    # The first of one id: a duct on record is not replaced by the same links without a name.
    by_id: dict[str, Candidate] = {}
    for candidate in found:
        by_id.setdefault(candidate.id, candidate)
    return tuple(by_id.values())
