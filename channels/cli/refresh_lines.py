"""A refresh of a risk register in sentences: who asked, what minds said, and what it changed."""

from collections.abc import Iterator

from agents.roles.foresight_imaginer import ROLE as IMAGINER
from agents.roles.foresight_imaginer import Foresight
from channels.report.wording import plain, quoted, utc
from tools.journal.records import RefreshRecord, RoleAnswer
from twin.nouns.risk import RiskChanges
from twin.nouns.untrusted import UntrustedText

_LONGEST = 300


def refresh_lines(record: RefreshRecord) -> Iterator[str]:
    """`show` for a person, a line each."""
    yield (
        f"{record.id}: the risk register of {plain(record.network)} refreshed, asked for by "
        f"{quoted(record.by.name)} at {utc(record.begun_s)} UTC; {_standing(record)}"
    )
    for answer in record.answers:
        yield from _answer_lines(answer)
    yield f"trace {record.trace_id}"


def _standing(record: RefreshRecord) -> str:
    if record.changes is not None:
        return _changes_text(record.changes)
    if record.ended_s is None:
        return "it is in work, or was cut off: asked for again, it goes on"
    return "another question, or another network, has overtaken it"


def _changes_text(changes: RiskChanges) -> str:
    counts = (("new", changes.new), ("gone", changes.gone), ("open again", changes.reopened))
    return "lines: " + ", ".join(f"{len(ids)} {what}" for what, ids in counts)


def _answer_lines(answer: RoleAnswer) -> Iterator[str]:
    yield f"{answer.role} by {plain(answer.finished_by)}"
    if answer.role == IMAGINER:
        said = Foresight.model_validate(answer.answer)
        for proposed in said.proposals:
            days = "; ".join(filter(None, [proposed.condition, ", ".join(proposed.kinds)]))
            why = UntrustedText(proposed.why).quoted(_LONGEST)
            yield f"  would look at days with {plain(days) or 'anything'} {why}"
        split = ", ".join(f"{one.generator} {one.share:.0%}" for one in said.split)
        yield f"  searched by {split or 'nobody'}"
    swaps = answer.data.get("swaps")
    for swap in swaps if isinstance(swaps, list) else []:
        if isinstance(swap, dict):
            said_of = UntrustedText(str(swap.get("detail"))).quoted(_LONGEST)
            yield f"  {plain(str(swap.get('mind')))} lost it ({swap.get('cause')}): {said_of}"
