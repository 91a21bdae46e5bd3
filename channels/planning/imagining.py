"""What will break next, as one document."""

import csv
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np
from pydantic import Field, ValidationError

from agents.loop.minds import Minds
from channels.planning.opening import Planned, Provenance
from channels.planning.proposing import ProposedLine
from channels.whole_file import whole_file
from graphs.foresight_study import RegisterRequest, Start
from graphs.refreshes import Foreseen, Network, foresee
from graphs.ticket_reading import TicketsRead
from tools.csv_cells import guarded_cell
from tools.strict_yaml import read_yaml, settings_text
from twin.errors import BadInput
from twin.events.action import in_words
from twin.imagination.beside import Proposal
from twin.imagination.recorded_causes import recorded_causes
from twin.nouns.base import IfGiven, Noun
from twin.nouns.chain import ChainRates
from twin.nouns.common_cause import CommonCause
from twin.nouns.objection import objection
from twin.nouns.rates import History, Rates
from twin.nouns.risk import Covered, Hardening, Risk, Searched
from twin.nouns.ticket import Ticket

N = TypeVar("N", bound=Noun)

_NAMED = 5
"""Of what is wrong in one file."""


class RegisterDocument(Noun):
    """The risk register of one network. `rates`: that were assumed, with the
    `history` that went into them. `hardening`: changes of what is
    built that take most of it away, one after the other; none where they were not asked for.
    `causes`: that were counted as shared by several links or devices, beside groups and sites.
    `proposed`: causes that tickets hint at, which are not counted. `tickets`: that were read now,
    and `left_out` rows of their file that are none, each with its place and why.

    `proposals`: days that `imagined_by` would look at; `searched`: the worst that was found beside
    the lines. `words`: of the first lines, by id, said by `worded_by`.
    `refresh`: that made it, "" where it is not kept.
    """

    run: Provenance
    rates: Rates
    history: History
    covered: Covered
    lines: tuple[Risk, ...]
    hardening: tuple[Hardening, ...] = ()
    causes: tuple[CommonCause, ...] = Field(default=(), exclude_if=lambda causes: not causes)
    proposed: tuple[ProposedLine, ...] = Field(default=(), exclude_if=lambda lines: not lines)
    tickets: IfGiven[TicketsRead] = None
    left_out: tuple[str, ...] = Field(default=(), exclude_if=lambda rows: not rows)
    proposals: tuple[Proposal, ...] = ()
    imagined_by: str = ""
    searched: tuple[Searched, ...] = ()
    words: dict[str, str] = Field(default_factory=dict)
    worded_by: str = ""
    refresh: str = ""


def rates_from(path: Path | None) -> Rates:
    """Those of a YAML file; what it leaves out is as shipped.

    Raises:
        BadInput: it cannot be read, or has something that is no rate.
    """
    written = "a rate is written {per_year: 0.03, shape: 12}, hours as a number"
    return _read(path, Rates, "rates of failure", written)


def chain_rates_from(path: Path | None) -> ChainRates:
    """The same of how likely it is that one thing follows from another. Raises BadInput."""
    written = "shares and seconds are written as numbers"
    return _read(path, ChainRates, "rates of what follows", written)


def _read(path: Path | None, kind: type[N], what: str, written: str) -> N:
    if path is None:
        return kind()
    data = read_yaml(settings_text(path, what), str(path))
    try:
        return kind.model_validate({} if data is None else data)
    except ValidationError as exc:
        known = list(kind.model_fields)
        wrong = [objection(problem, known) for problem in exc.errors()]
        more = f"; and {len(wrong) - _NAMED} more" if len(wrong) > _NAMED else ""
        raise BadInput(
            f"{path}: {'; '.join(wrong[:_NAMED])}{more}; {written}, and there may be "
            f"{', '.join(known)}"
        ) from None


def imagined(
    planned: Planned,
    start: Start,
    minds: Minds,
    progress: Callable[[int, int], None],
    tickets: Sequence[Ticket] = (),
) -> RegisterDocument:
    """The lines that cost most a year, each with the best remedy that is found; nothing is kept.

    `start`: of `planned`. `tickets`: that may hint at what several things share.
    """
    asked = Network(start, planned.twin, planned.state, tickets)
    return document_of(planned.provenance, foresee(asked, minds, progress))


def unwatched(planned: Planned, request: RegisterRequest) -> Start:
    """What is asked of a network of which nothing is known but what is built."""
    return Start.of(
        planned.provenance.topology,
        planned.state,
        request,
        planned.provenance.code,
        causes=recorded_causes(planned.state.topology),
    )


def document_of(run: Provenance, came_to: Foreseen) -> RegisterDocument:
    """`run`: of the network; the demand is that with which the refresh began."""
    start = came_to.start
    offered = {"offered_bps": float(np.array(start.peak_bps).sum())}
    return RegisterDocument(
        run=run.model_copy(update=offered),
        rates=start.request.rates,
        history=start.history,
        covered=came_to.covered,
        lines=came_to.lines,
        hardening=came_to.hardening,
        causes=start.causes,
        tickets=came_to.tickets,
        proposals=came_to.proposals,
        imagined_by=came_to.imagined_by,
        searched=came_to.searched,
        words=came_to.words,
        worded_by=came_to.worded_by,
        refresh=came_to.refresh,
    )


_COLUMNS = (
    "rank",
    "what_if",
    "per_year",
    "hours",
    "slo_minutes",
    "slo_minutes_p05",
    "slo_minutes_p95",
    "in_work",
    "remedy",
    "remedy_saves",
    "change",
    "change_saves",
    "services",
    "customers",
)


def remedy_text(line: Risk) -> str:
    """What the best remedy does, "" for nothing that helps."""
    actions = line.remedy.actions if line.remedy else ()
    return "; ".join(in_words(actions))


def write_register(path: Path, document: RegisterDocument) -> None:
    """All lines as CSV with a header, texts as `guarded_cell` has them. Raises BadInput."""
    with whole_file(path) as draft, draft.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(_COLUMNS)
        for line in document.lines:
            change = line.best_change
            services = sorted({service for now in line.regimes for service in now.hit})
            cells = (
                line.rank,
                line.what_if,
                line.per_year,
                line.hours,
                line.slo_minutes,
                line.slo_minutes_range.p05,
                line.slo_minutes_range.p95,
                line.in_work,
                remedy_text(line),
                line.remedy.effectiveness if line.remedy else None,
                change.what if change else "",
                change.effectiveness if change else None,
                " ".join(services),
                " ".join(line.customers),
            )
            writer.writerow([guarded_cell(cell) for cell in cells])
