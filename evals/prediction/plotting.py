"""How reliable predictors are: what was said against what came true, drawn and as a table."""

from collections.abc import Sequence
from pathlib import Path

import yaml

from evals.campaigns.predictions import PredictionRecord, pooled_bins
from evals.prediction.cases import TASKS
from evals.prediction.scoring import BOUND, CEILING, EDGES
from twin.errors import BadInput
from twin.imagination.prediction.draws import Draws

_LEAST_DRAWN = 20
"""Points of fewer figures are left out: they would be noise."""


def draw_reliability(records: Sequence[PredictionRecord], file: Path) -> None:
    """Of the questions in which several answers may come true. Raises BadInput: no such ending."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5.0, 5.0), layout="constrained")
    axes = figure.add_subplot()
    axes.plot([0, 1], [0, 1], color="0.7", linewidth=1)
    for name, points in reliability_points(records).items():
        axes.plot(*zip(*points, strict=True), marker="o", markersize=4, linewidth=1, label=name)
    axes.set(xlabel="said", ylabel="came true in other draws", xlim=(0, 1), ylim=(0, 1))
    axes.legend(frameon=False)
    try:
        figure.savefig(file, metadata={"Date": None} if file.suffix == ".svg" else None)
    except (OSError, ValueError) as exc:
        raise BadInput(f"{file}: cannot be drawn there ({exc}); end it in .svg or .png") from exc


def reliability_points(
    records: Sequence[PredictionRecord],
) -> dict[str, list[tuple[float, float]]]:
    """By predictor, what was said in the mean of a bin and the share that came true."""
    found = [
        record.outcome.scores
        for record in records
        if record.outcome is not None
        and record.outcome.scores
        and not TASKS[record.play.arm].question.exclusive
    ]
    names = [n for n in dict.fromkeys(n for f in found for n in f) if n not in (CEILING, BOUND)]
    return {
        name: [
            (one.said / one.count, one.came / one.count)
            for one in pooled_bins([scores[name] for scores in found])
            if one.count >= _LEAST_DRAWN
        ]
        for name in names
    }


def reliability_yaml(records: Sequence[PredictionRecord]) -> str:
    """The table that incidents quote (`graphs/reliability.yaml`), of the twin's draws."""
    found = [
        record.outcome.scores[Draws.name]
        for record in records
        if record.outcome is not None
        and Draws.name in record.outcome.scores
        and not TASKS[record.play.arm].question.exclusive
    ]
    code = ", ".join(sorted({record.commit for record in records}))
    bins = [
        {
            "low": low,
            "high": high,
            "came_true": round(one.came / one.count, 4),
            "count": one.count,
            "code": code,
        }
        for low, high, one in zip(EDGES, EDGES[1:], pooled_bins(found), strict=False)
        if one.count
    ]
    head = "# Written by `noctua predict compare --reliability`; not by hand.\n"
    return head + yaml.safe_dump({"bins": bins}, sort_keys=False)
