"""The campaign of predictors: its tables say what its records say, and nothing else."""

from pathlib import Path

import numpy as np
import pytest
import yaml

from evals.campaigns.predictions import (
    Outcome,
    Play,
    PredictionRecord,
    pooled_bins,
    predictions_markdown,
)
from evals.cut_proposers import SEEDED, UNSEEDED, AddedUpShifts, ValueModel
from evals.prediction.plotting import draw_reliability, reliability_points, reliability_yaml
from evals.prediction.scoring import BOUND, EDGES, Bin, Score
from graphs.next_failures import ReliabilityTable
from tests.twin.whatif.test_survey import square
from twin.events.faults.link_down import LinkDown
from twin.imagination.generators.generator import Generator, explored
from twin.imagination.generators.sets import SetSpace
from twin.whatif.engine import WhatIfEngine

EMPTY = (Bin(),) * (len(EDGES) - 1)


def _score(loss: float, hits: tuple[float, float, float]) -> Score:
    bins = list(EMPTY)
    bins[6] = Bin(count=40, said=18.0, came=20.0)
    return Score(cases=10, log_loss=loss, first=hits, bins=tuple(bins), nothing=EMPTY, cpu_ms=1.0)


def _record(case: str, loss: float, hits: tuple[float, float, float]) -> PredictionRecord:
    scores = {
        "draws": _score(loss, hits),
        "added-up shifts": _score(loss + 1.0, (hits[0], 0.0, hits[2])),
        BOUND: _score(loss - 1.0, hits),
    }
    play = Play(case=case, arm="departures", seed=1, count=10)
    return PredictionRecord(
        campaign="predictions", play=play, commit="c0de", cpu_s=1.0, outcome=Outcome(scores=scores)
    )


RECORDS = [_record("a", 2.0, (8.0, 4.0, 6.0)), _record("b", 4.0, (2.0, 1.0, 2.0))]


def test_table_pools_cases_and_says_by_how_much_others_are_better() -> None:
    table = predictions_markdown(RECORDS)
    assert "20 cases of 2 networks, 1 seeds" in table
    draws = next(line for line in table.splitlines() if line.startswith("| draws |"))
    assert draws.split(" | ")[1].startswith("3.00 (")  # (10 x 2 + 10 x 4) / 20
    assert draws.split(" | ")[2].startswith("0.50 (")  # 5 of 10
    assert "| draws | 1.00 (1.00 to 1.00) | 0.500 (0.500 to 0.500) | 0.000" in table
    assert "| 40% to 50% | 50% of 80 | 50% of 80 |" in table
    assert "code c0de" in table


def test_reliability_is_of_what_was_pooled(tmp_path: Path) -> None:
    scores = [r.outcome.scores["draws"] for r in RECORDS if r.outcome]
    assert pooled_bins(scores)[6] == Bin(count=80, said=36.0, came=40.0)
    assert reliability_points(RECORDS)["draws"] == [(0.45, 0.5)]
    table = ReliabilityTable.model_validate(yaml.safe_load(reliability_yaml(RECORDS)))
    found = table.of(0.45)
    assert found is not None
    assert (found.came_true, found.count, found.code) == (0.5, 80, "c0de")
    draw_reliability(RECORDS, tmp_path / "plot.svg")
    assert "came true" in (tmp_path / "plot.svg").read_text(encoding="utf-8")


@pytest.mark.parametrize("generator", [SEEDED, UNSEEDED, ValueModel()])
def test_what_is_only_compared_with_proposes_each_set_once(generator: Generator) -> None:
    space = SetSpace(3, np.linspace(1.0, 2.0, 20), [[(i + 1) % 20] for i in range(20)])
    found = explored(generator, space, lambda sets: [float(sum(m)) for m in sets], 60, seed=2)
    assert len(found) == 60
    assert all(space.allows(point) for point in found)


def test_sets_whose_shifts_add_up_to_most_come_first() -> None:
    twin = square((("A", "B", 8.0), ("A", "C", 4.0)))
    engine = WhatIfEngine(twin.state(), compiled=twin.compiled)
    links = twin.inventory.topology.links
    loads = engine.loads([(), *((LinkDown(link=link.id),) for link in links)])
    order = AddedUpShifts.of(engine, loads, 2).order
    assert len(order) == 6
    # 8 Gbit/s leave A--B for A--C, which has 4 of 10 and takes 12; of A--C 4 come to A--B's 12.
    assert 0 in order[0]
