"""Weights that were searched for, as documents and as files for those who set them."""

import csv
from collections.abc import Sequence
from pathlib import Path

from channels.planning.opening import Planned, Provenance
from channels.whole_file import whole_file, write_text
from tools.csv_cells import guarded_cell
from twin.errors import BadInput
from twin.events.actions.set_igp_weight import SetIgpWeight
from twin.events.phrases import what_if_text
from twin.nouns.base import Noun
from twin.traffic_engineering.answer import Engineered, WeightPlan

SUFFIXES = (".txt", ".csv", ".json")

_COLUMNS = ("step", "node", "link", "before", "after", "highest_after")
_RUN_COLUMNS = ("topology", "traffic", "seed", "code")


class EngineeringDocument(Noun):
    """What was found for a network with each of `traffics`, and what it was computed from."""

    run: Provenance
    traffics: tuple[str, ...]
    engineered: Engineered


class WeightPlanDocument(Noun):
    """One plan for those who carry it out: nothing has been changed. `actions`: in order.

    `what_if`, `way_back_what_if`: phrases that `noctua what-if` takes.
    """

    run: Provenance
    traffics: tuple[str, ...]
    configured: float
    free_splits: float
    plan: WeightPlan
    actions: tuple[SetIgpWeight, ...]
    way_back: tuple[SetIgpWeight, ...]
    what_if: str
    way_back_what_if: str


def engineering_document(planned: Sequence[Planned], engineered: Engineered) -> EngineeringDocument:
    """`planned`: the network with each traffic."""
    runs = [each.provenance for each in planned]
    traffics = tuple(run.traffic for run in runs)
    largest = max(runs, key=lambda run: run.offered_bps)
    if len(runs) > 1:
        largest = largest.model_copy(update={"traffic": f"the largest of {'; '.join(traffics)}"})
    return EngineeringDocument(run=largest, traffics=traffics, engineered=engineered)


def plan_document(document: EngineeringDocument, plan: WeightPlan) -> WeightPlanDocument:
    """`plan` as one of `document`."""
    actions = tuple(change.action for change in plan.changes)
    way_back = tuple(change.way_back for change in reversed(plan.changes))
    return WeightPlanDocument(
        run=document.run,
        traffics=document.traffics,
        configured=document.engineered.configured,
        free_splits=document.engineered.free_splits,
        plan=plan,
        actions=actions,
        way_back=way_back,
        what_if=what_if_text(actions),
        way_back_what_if=what_if_text(way_back),
    )


def check_plan_file(path: Path) -> None:
    """Raises BadInput: the name does not say how to write it."""
    if path.suffix.casefold() not in SUFFIXES:
        raise BadInput(
            f'{path}: a plan is .txt (phrases for what-if), .csv or .json, not "{path.suffix}"'
        )


def write_plan(path: Path, document: EngineeringDocument, plan: WeightPlan) -> None:
    """`plan` as the name of the file says. Raises BadInput: it cannot be written there."""
    suffix = path.suffix.casefold()
    if suffix == ".csv":
        _write_csv(path, document.run, plan)
    elif suffix == ".json":
        write_text(path, plan_document(document, plan).model_dump_json(indent=2) + "\n")
    else:
        write_text(path, "".join(f"{change.action.phrase()}\n" for change in plan.changes))


def _write_csv(path: Path, run: Provenance, plan: WeightPlan) -> None:
    of_run = {name: getattr(run, name) for name in _RUN_COLUMNS}
    with whole_file(path) as draft, draft.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, (*_COLUMNS, *_RUN_COLUMNS))
        writer.writeheader()
        for step, change in enumerate(plan.changes, start=1):
            record = {"step": step, **change.model_dump(), **of_run}
            writer.writerow({name: guarded_cell(value) for name, value in record.items()})
