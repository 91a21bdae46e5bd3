"""Reading a folder of the PetShop data set (Hardt et al., CLeaR 2024; CC BY 4.0).

FOLDER has `graph.csv` (row calls column), `noissue/metrics.csv`, and folders of issues, each with
`metrics.csv` (three lines of header: component, metric, statistic; then five-minute samples) and
`target.json` (what was seen, since when, and the root cause).
"""

import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from twin.diagnosis.explained_change import Change, Troubled
from twin.errors import BadInput

NORMAL = "noissue"

SPREAD_FLOOR = 0.01
"""A normal that hardly moves still has this spread, as a part of its median (assumed)."""

FAILING_FLOOR = 0.001
"""The same of the fraction of requests that fail, of which the normal is mostly none (chosen on
the split "train", where one request in a hundred fails)."""

REQUESTS = ("requests", "Sum")
AVAILABILITY = "availability"

_MAD_TO_SIGMA = 1.4826
_HEADER = 3

Series = Mapping[tuple[str, str, str], NDArray[np.float64]]


@dataclass(frozen=True, slots=True)
class Floors:
    """The least spread of a normal: part of a median, and fraction of requests that fail."""

    spread: float = SPREAD_FLOOR
    failing: float = FAILING_FLOOR


@dataclass(frozen=True, slots=True)
class Issue:
    """One issue: what is seen, of which metric, and what was the cause (which no ranker is shown).

    `series`, `normal`: samples by component, metric and statistic, NaN where there is none.
    """

    name: str
    split: str
    target: str
    metric: tuple[str, str]
    cause: str
    series: Series
    normal: Series
    callees: Mapping[str, tuple[str, ...]]

    def troubled(self, floors: "Floors | None" = None) -> Troubled:
        """What rankers are shown: changes of the target's metric."""
        return Troubled(self.target, self.callees, self.changes(self.metric, floors or Floors()))

    def changes(self, metric: tuple[str, str], floors: "Floors") -> dict[str, Change]:
        """How each component differs from its normal in one metric and statistic."""
        found = {}
        for (name, *of), samples in self.series.items():
            normal = self.normal.get((name, *metric))
            if tuple(of) != metric or normal is None or not _some(samples) or not _some(normal):
                continue
            median = float(np.nanmedian(normal))
            spread = _MAD_TO_SIGMA * float(np.nanmedian(np.abs(normal - median)))
            worse = float(np.nanmean(samples)) - median
            if metric[0] == AVAILABILITY:
                # Per cent that fail become a fraction.
                worse, spread, least = -worse / 100, spread / 100, floors.failing
            else:
                least = floors.spread * abs(median) or np.finfo(float).tiny
            requests = self.series.get((name, *REQUESTS), np.zeros(1))
            many = float(np.nansum(requests)) if _some(requests) else 0.0
            found[name] = Change(worse, worse / max(spread, least), many)
        return found


def _some(samples: NDArray[np.float64]) -> bool:
    return bool(np.isfinite(samples).any())


def read_issues(folder: Path) -> tuple[Issue, ...]:
    """All issues below `folder`, in order of split and number.

    Raises:
        BadInput: a file is missing or is not as the data set has it; names the file.
    """
    callees = _read_graph(folder / "graph.csv")
    normal = _read_series(folder / NORMAL / "metrics.csv", 0.0)
    files = sorted(folder.glob("*/*/target.json"), key=_in_order)
    if not files:
        raise BadInput(f"{folder}: has no issues (folders with target.json), such as train/issue_0")
    return tuple(_read_issue(file, callees, normal) for file in files)


def _in_order(file: Path) -> tuple[str, int, str]:
    name = file.parent.name
    digits = name.rpartition("_")[2]
    return file.parents[1].name, int(digits) if digits.isdigit() else 0, name


def _read_issue(file: Path, callees: Mapping[str, tuple[str, ...]], normal: Series) -> Issue:
    try:
        said = json.loads(file.read_text("utf-8"))
        target, cause = said["target"], said["root_cause"]["node"]
        since_s = float(target["timestamp"])
        return Issue(
            name=file.parent.name,
            split=file.parents[1].name,
            target=str(target["node"]),
            metric=(str(target["metric"]), str(target["agg"])),
            cause=str(cause),
            series=_read_series(file.with_name("metrics.csv"), since_s),
            normal=normal,
            callees=callees,
        )
    except (OSError, ValueError, KeyError, TypeError) as exc:
        raise BadInput(f"{file}: is no target of an issue ({type(exc).__name__}: {exc})") from exc


def _read_graph(file: Path) -> dict[str, tuple[str, ...]]:
    header, *lines = _rows(file)
    try:
        return {
            line[0]: tuple(
                name for name, cell in zip(header[1:], line[1:], strict=True) if float(cell)
            )
            for line in lines
        }
    except ValueError as exc:
        raise BadInput(f"{file}: is no table of who calls whom ({exc})") from exc


def _read_series(file: Path, since_s: float) -> Series:
    """Samples from `since_s` on."""
    rows = _rows(file)
    if len(rows) <= _HEADER + 1:
        raise BadInput(f"{file}: has no samples below its header")
    columns = list(zip(*rows[:_HEADER], strict=False))[1:]
    try:
        samples = [
            [float(cell) if cell else np.nan for cell in row[1:]]
            for row in rows[_HEADER + 1 :]
            if float(row[0]) >= since_s
        ]
        table = np.array(samples, dtype=np.float64).reshape(-1, len(columns))
    except (ValueError, IndexError) as exc:
        raise BadInput(f"{file}: has a cell that is no number ({exc})") from exc
    return {(str(c[0]), str(c[1]), str(c[2])): table[:, i] for i, c in enumerate(columns)}


def _rows(file: Path) -> Sequence[list[str]]:
    try:
        with file.open(encoding="utf-8", newline="") as lines:
            rows = list(csv.reader(lines))
    except (OSError, UnicodeDecodeError, csv.Error) as exc:
        raise BadInput(f"{file} cannot be read ({exc})") from exc
    if not rows:
        raise BadInput(f"{file} is empty")
    return rows
