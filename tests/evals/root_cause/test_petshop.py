"""Folders of recorded issues: read, ranked and scored, on one that is made by hand.

web calls shop and ads; shop calls db. db is slow, and shop and web are slow since they wait for it.
"""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from evals.root_cause.petshop import Floors, read_issues
from evals.root_cause.rankers import BASELINES, explained_change
from evals.root_cause.scoring import Accuracy, by_ranker, sensitivity
from tests.channels.conftest import noctua
from twin.errors import BadInput

NAMES = ("web", "shop", "db", "ads")

GRAPH = ",web,shop,db,ads\nweb,0,1,0,1\nshop,0,0,1,0\ndb,0,0,0,0\nads,0,0,0,0\n"


def _metrics(rows: Sequence[Sequence[object]], metric: str = "latency") -> str:
    header: list[Sequence[object]] = [
        ["microservice", *NAMES, *NAMES],
        ["metric", *[metric] * 4, *["requests"] * 4],
        ["statistic", *["Average"] * 4, *["Sum"] * 4],
        ["unix_timestamp", *[""] * 8],
    ]
    return "\n".join(",".join(str(cell) for cell in row) for row in [*header, *rows]) + "\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    requests = [100, 100, 200, 100]
    normal = [
        [t * 300, 0.5 + 0.01 * (t % 3), 0.3 + 0.01 * (t % 3), 0.1, "", *requests] for t in range(9)
    ]
    issue = [
        [300, 0.5, 0.3, 0.1, "", *requests],
        [600, 0.91, 0.71, 0.25, "", *requests],
    ]
    (tmp_path / "graph.csv").write_text(GRAPH)
    for name, rows in (
        ("noissue", normal),
        # Before 600 all is well. Then db takes 0.15 s more, and shop asks it twice.
        ("test/issue_0", issue),
    ):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "metrics.csv").write_text(_metrics(rows))
    target = {"node": "web", "metric": "latency", "agg": "Average", "timestamp": 500}
    said = {"target": target, "root_cause": {"node": "db", "metric": None}}
    (tmp_path / "test/issue_0/target.json").write_text(json.dumps(said))
    return tmp_path


def test_changes_are_against_the_median_of_what_was_normal(folder: Path) -> None:
    [issue] = read_issues(folder)
    changes = issue.troubled(Floors(spread=0.01)).changes
    assert set(changes) == {"web", "shop", "db"}, "ads was never measured"
    assert changes["db"].by == pytest.approx(0.15)
    # Its normal never moves: the floor is a hundredth of 0.1 s.
    assert changes["db"].z == pytest.approx(150.0)
    # The median of 0.50, 0.51, 0.52 is 0.51, and its median deviation 0.01.
    assert changes["web"].z == pytest.approx(0.40 / 0.014826)
    assert changes["db"].requests == 200


def test_availability_counts_what_fails(folder: Path) -> None:
    rows = [[600, 98, 100, 100, "", 1, 1, 1, 1]]
    (folder / "noissue/metrics.csv").write_text(
        _metrics([[0, 100, 100, 100, "", 1, 1, 1, 1]], "availability")
    )
    file = folder / "test/issue_0/metrics.csv"
    file.write_text(_metrics(rows, "availability"))
    said = json.loads((folder / "test/issue_0/target.json").read_text())
    said["target"]["metric"] = "availability"
    (folder / "test/issue_0/target.json").write_text(json.dumps(said))
    web = read_issues(folder)[0].troubled(Floors(failing=0.001)).changes["web"]
    assert web.by == pytest.approx(0.02)
    assert web.z == pytest.approx(20.0)


def test_what_waits_for_another_is_explained_by_it(folder: Path) -> None:
    [issue] = read_issues(folder)
    assert list(explained_change(issue.troubled())) == ["db", "shop", "web"]
    assert BASELINES["anomalous without anomalous callee"](issue.troubled())[0] == "db"


def test_scores_count_first_and_first_three(folder: Path) -> None:
    issues = read_issues(folder)
    found = by_ranker(issues)["test"]
    assert found["explained change"] == Accuracy(1, 1, 1)
    assert found["the most frequent cause of train"] == Accuracy(1, 0, 0), "there is no train"
    assert sensitivity(issues)["anomalous_z", 3.0] == Accuracy(1, 1, 1)
    low, high = Accuracy(18, 16, 18).interval()
    assert (round(low, 2), round(high, 2)) == (0.65, 0.99)


def test_command_prints_rankers_and_sensitivity(folder: Path) -> None:
    code, output, error = noctua(folder, "rca", str(folder))
    assert (code, error) == (0, "")
    assert "| test | explained change | 1/1 [0.0" in output
    assert "| anomalous_z | 3 | 1/1 |" in output
    assert "test/issue_0 (latency): db, shop, web (right)" in output
    said = json.loads(noctua(folder, "rca", str(folder), "--json")[1])
    assert said["ranked"] == {"test/issue_0": ["db", "shop", "web"]}


@pytest.mark.parametrize(
    ("file", "text", "said"),
    [
        ("graph.csv", ",web\nweb,x\n", r"graph\.csv: is no table of who calls whom"),
        ("graph.csv", "", r"graph\.csv is empty"),
        ("noissue/metrics.csv", "a,b\n", r"metrics\.csv: has no samples"),
        ("test/issue_0/target.json", "{}", r"target\.json: is no target"),
        ("test/issue_0/metrics.csv", _metrics([["x", *[1] * 8]]), "has a cell that is no number"),
    ],
)
def test_file_that_is_wrong_is_named(folder: Path, file: str, text: str, said: str) -> None:
    (folder / file).write_text(text)
    with pytest.raises(BadInput, match=said):
        read_issues(folder)


def test_folder_without_issues_is_refused(folder: Path) -> None:
    (folder / "test/issue_0/target.json").unlink()
    code, _, error = noctua(folder, "rca", str(folder))
    assert (code, "has no issues" in error) == (2, True)
