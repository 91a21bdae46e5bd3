"""A server that is killed while alerts come in has lost none, and counts none twice."""

import os
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from channels import verbs
from graphs.state_directory import StateDirectory
from tests.benchmarks.alert_storm import post, posts, serving
from tests.channels.http.prometheus import EXAMPLES, free_port
from tests.graphs.stagehand import case, operating

ALERTS, KILLS = 2000, 2


@pytest.mark.slow
def test_server_that_is_killed_among_posts_loses_none_of_them(tmp_path: Path) -> None:
    """Senders repeat what was not answered, as Alertmanager does."""
    state = StateDirectory(tmp_path)
    with operating(tmp_path, case()) as operation:
        operation.workplace.watch.step()
        bodies = list(posts(operation.network.inventory().topology, ALERTS))
    rules = (EXAMPLES / "alerts.yaml").read_text("utf-8")
    state.alerts_file.write_text(rules, encoding="utf-8")
    port = free_port()
    with ThreadPoolExecutor(2) as pool:
        sent = []
        for number in range(KILLS + 1):
            with serving(tmp_path, port) as (address, process):
                share = bodies[number :: KILLS + 1]
                sent += [pool.submit(post, address, body) for body in share]
                if number < KILLS:
                    # Some are answered, one is under way, and the others wait.
                    sent[-len(share) // 2].result()
                    os.kill(process.pid, signal.SIGKILL)
                else:
                    for one in sent:
                        one.result()
    view = verbs.alerts(state, most=10_000)
    assert view.counts.begun == ALERTS
    assert len({row.fingerprint for row in view.alerts}) == ALERTS
    with state.journal() as journal:
        assert journal.check_seals().altered == ()
