"""`noctua alerts`: what came, what is firing, what nothing maps, and how rules turned out."""

import json
from pathlib import Path
from time import time

import pytest

from tests.channels.conftest import noctua
from tests.graphs.stagehand import case, operating
from tests.tools.alerts.posts import RECEIVED_S, alertmanager, firing
from tools.alerts.doors.alertmanager import Alertmanager
from tools.alerts.reading import UNMAPPED, Mapped
from twin.tracking.alerts import ANSWERED_AFTER_S

LINK = "HSTNng--LOSAng"
"""It carries its traffic: whoever says that it is down is refuted."""


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One alert that lies for as long as it takes to be judged, and one that nothing maps."""
    folder = tmp_path_factory.mktemp("state")
    post = alertmanager(
        firing({"alertname": "LinkDown"}, fingerprint="f1"),
        firing({"alertname": "«rm -rf»\n/", "a": "b"}, "soon", fingerprint="f2"),
        truncatedAlerts=3,
    )
    lies, strange = Alertmanager().read(post, RECEIVED_S).alerts
    said = [(lies, Mapped("link-down", "adjacency_down", LINK)), (strange, UNMAPPED)]
    with operating(folder, case()) as operation:
        journal, clock = operation.journal, operation.clock
        operation.run(lambda: False, most_s=120.0)
        began_s = clock.now_s()
        journal.take_alerts("live", "prometheus", said, time(), began_s, withheld=3)
        operation.run(lambda: clock.now_s() >= began_s + ANSWERED_AFTER_S + 60.0)
        operation.workplace.watch.save()
    return folder


def test_alerts_are_listed_with_counts_doors_and_what_others_wrote_quoted(state: Path) -> None:
    code, output, _ = noctua(state, "alerts")
    assert code == 0
    assert "live: 2 alerts; firing: 2; mapped by no rule: 1" in output
    assert "through prometheus: 1 post, 2 alerts, 0 repeats, 0 late, 3 withheld" in output
    assert LINK in output
    assert "«<rm -rf> /»" in output


def test_only_those_that_nothing_maps(state: Path) -> None:
    """With the labels that a rule can be written for, and what could not be believed."""
    _, shown, _ = noctua(state, "alerts", "--unmapped")
    assert "«a=b, alertname=<rm -rf> /»" in shown
    assert "startsAt" in shown
    assert "A rule in alerts.yaml maps them" in shown
    _, output, _ = noctua(state, "alerts", "--unmapped", "--json")
    (row,) = json.loads(output)["alerts"]
    assert (row["fingerprint"], row["resource"]) == ("f2", "")


def test_rule_that_was_refuted_shows_the_rate_that_follows(state: Path) -> None:
    """(1 + 50 x 0.02) / (1 + 50)."""
    (rule,) = json.loads(noctua(state, "alerts", "--json")[1])["rules"]
    assert (rule["rule"], rule["borne_out"], rule["refuted"]) == ("link-down", 0, 1)
    assert rule["false_rate"] == pytest.approx(2 / 51)


def test_network_that_is_not_there_is_refused(state: Path) -> None:
    code, _, error = noctua(state, "alerts", "--network", "nowhere")
    assert code == 2
    assert "nowhere" in error
