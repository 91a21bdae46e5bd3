"""What will break next, as one document."""

import csv
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import Field, ValidationError

from channels.planning.files import whole_file
from channels.planning.opening import Planned, Provenance
from channels.planning.proposing import ProposedLine
from graphs.ticket_reading import TicketsRead
from tools.csv_cells import guarded_cell
from tools.strict_yaml import read_yaml, settings_text
from twin.errors import BadInput
from twin.events.action import in_words
from twin.imagination.counterfactuals import mitigation_of
from twin.imagination.elements import elements_of
from twin.imagination.enumeration import Costed, enumerated
from twin.imagination.hardening import hardened
from twin.imagination.regimes import regimes_of
from twin.imagination.register import register_of
from twin.nouns.base import IfGiven, Noun
from twin.nouns.common_cause import CommonCause
from twin.nouns.rates import History, Rates
from twin.nouns.risk import Covered, Hardening, HardeningCosts, Mitigation, Risk


class RegisterDocument(Noun):
    """The risk register of one network. `rates`: that were assumed, with the
    `history` that went into them. `hardening`: changes of what is
    built that take most of it away, one after the other; none where they were not asked for.
    `causes`: that were counted as shared by several links or devices, beside groups and sites.
    `proposed`: causes that tickets hint at, which are not counted. `tickets`: that were read now.
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


@dataclass(frozen=True, slots=True)
class Asked:
    """What of a register is wanted: so many `lines`, of up to `most` sets of what may fail, and so
    many changes that `harden`.
    """

    lines: int
    most: int
    seed: int
    harden: int
    costs: HardeningCosts


def rates_from(path: Path | None) -> Rates:
    """Those of a YAML file; what it leaves out is as shipped.

    Raises:
        BadInput: it cannot be read, or has something that is no rate.
    """
    if path is None:
        return Rates()
    data = read_yaml(settings_text(path, "rates of failure"), str(path))
    try:
        return Rates.model_validate({} if data is None else data)
    except ValidationError as exc:
        wrong = exc.errors()[0]
        place = ".".join(str(part) for part in wrong["loc"]) or "the file"
        known = ", ".join(Rates.model_fields)
        raise BadInput(
            f"{path}: {place}: {wrong['msg']}; a rate is written {{per_year: 0.03, shape: 12}}, "
            f"hours as a number, and there may be {known}"
        ) from None


def imagined(
    planned: Planned,
    rates: Rates,
    asked: Asked,
    progress: Callable[[int, int], None],
    history: History | None = None,
    causes: Sequence[CommonCause] = (),
) -> RegisterDocument:
    """The lines that cost most a year, each with the best remedy that is found. `history`: what has
    failed of the network so far. `causes`: that several links or devices share.
    """
    state, tried = planned.state, 0

    def mitigate(one: Costed) -> Mitigation:
        nonlocal tried
        tried += 1
        progress(tried, asked.lines)
        return mitigation_of(planned.twin, state, found, one, asked.seed)

    found = enumerated(
        planned.twin,
        state,
        elements_of(state.topology, rates, history, causes),
        regimes_of(planned.twin.inventory.profile),
        lines=asked.lines,
        most=asked.most,
        progress=progress,
    )
    services = planned.twin.services.services
    register = register_of(found, services, asked.lines, asked.seed, mitigate)
    return RegisterDocument(
        run=planned.provenance,
        rates=rates,
        history=history or History(),
        covered=register.covered,
        lines=register.lines,
        hardening=hardened(
            planned.twin,
            state,
            found,
            rates,
            asked.harden,
            asked.costs,
            history,
            progress,
            causes,
        ),
        causes=tuple(causes),
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
                " ".join(services),
                " ".join(line.customers),
            )
            writer.writerow([guarded_cell(cell) for cell in cells])
