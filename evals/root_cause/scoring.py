"""How often the true cause is first, or among the first three, with intervals and sensitivity."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from pydantic import JsonValue

from evals.intervals import share_interval
from evals.root_cause.petshop import FAILING_FLOOR, SPREAD_FLOOR, Floors, Issue
from evals.root_cause.rankers import BASELINES, Ranker, constant, explained_change
from twin.diagnosis.explained_change import ANOMALOUS_Z, LARGEST_Z, Troubled, ranked_causes

OURS = "explained change"

TRAIN = "train"

VARIED: Mapping[str, Sequence[float]] = {
    "anomalous_z": (2.0, ANOMALOUS_Z, 5.0, 8.0),
    "largest_z": (10.0, LARGEST_Z, 1000.0),
    "spread": (0.001, SPREAD_FLOOR, 0.02, 0.05),
    "failing": (0.0002, FAILING_FLOOR, 0.002, 0.005),
}
"""Values of each constant that are tried, one at a time, the others as they ship."""


@dataclass(frozen=True, slots=True)
class Accuracy:
    """Of `issues`, the cause was first in `first` and among the first three in `third`."""

    issues: int
    first: int
    third: int

    def interval(self) -> tuple[float, float]:
        """95 % interval of the share that were first (Clopper and Pearson)."""
        return share_interval(self.first, self.issues)

    def as_json(self) -> dict[str, JsonValue]:
        """The counts, and the interval of the first."""
        low, high = self.interval()
        return {
            "issues": self.issues,
            "first": self.first,
            "first three": self.third,
            "low": round(low, 3),
            "high": round(high, 3),
        }


def accuracy(ranker: Ranker, issues: Iterable[Issue], floors: Floors | None = None) -> Accuracy:
    """How often `ranker` finds the cause of `issues`, of which it is shown all but that."""
    places = [_place(issue.cause, ranker(issue.troubled(floors))) for issue in issues]
    return Accuracy(len(places), sum(p == 0 for p in places), sum(p < 3 for p in places))


def _place(cause: str, ranked: Sequence[str]) -> int:
    return list(ranked).index(cause) if cause in ranked else len(ranked) + 3


def by_ranker(issues: Sequence[Issue]) -> dict[str, dict[str, Accuracy]]:
    """By split, and in it by ranker, ours last; the constant is learned on the split "train"."""
    learned = constant([issue for issue in issues if issue.split == TRAIN])
    rankers = {"the most frequent cause of train": learned, **BASELINES, OURS: explained_change}
    splits = list(dict.fromkeys(issue.split for issue in issues))
    return {
        split: {
            name: accuracy(ranker, [i for i in issues if i.split == split])
            for name, ranker in rankers.items()
        }
        for split in splits
    }


def sensitivity(issues: Sequence[Issue]) -> dict[tuple[str, float], Accuracy]:
    """Ours on `issues` with one constant at a time another."""
    found = {}
    for name, values in VARIED.items():
        for value in values:
            if name in ("spread", "failing"):
                found[name, value] = accuracy(explained_change, issues, Floors(**{name: value}))
            else:
                found[name, value] = accuracy(partial(_with, name, value), issues)
    return found


def _with(name: str, value: float, case: Troubled) -> Sequence[str]:
    chosen = {"anomalous_z": ANOMALOUS_Z, "largest_z": LARGEST_Z} | {name: value}
    return [cause for cause, _ in ranked_causes(case, **chosen)]


def table(
    found: Mapping[str, Mapping[str, Accuracy]],
    varied: Mapping[str, Mapping[tuple[str, float], Accuracy]],
) -> str:
    """Both as Markdown."""
    lines = ["| split | ranker | first [95 %] | first three |", "|---|---|---|---|"]
    for split, by_name in found.items():
        for name, one in by_name.items():
            low, high = one.interval()
            first = f"{one.first}/{one.issues} [{low:.2f}, {high:.2f}]"
            lines.append(f"| {split} | {name} | {first} | {one.third}/{one.issues} |")
    splits = list(varied)
    lines += ["", f"| constant | value | {' | '.join(f'{s}: first' for s in splits)} |"]
    lines.append("|---|---|" + "---|" * len(splits))
    for key in next(iter(varied.values()), {}):
        counts = [f"{varied[s][key].first}/{varied[s][key].issues}" for s in splits]
        lines.append(f"| {key[0]} | {key[1]:g} | {' | '.join(counts)} |")
    return "\n".join(lines)
