"""Hostile servers that every role of a whole incident asks: a sample of what the campaign plays."""

from pathlib import Path

import pytest

from evals.campaigns.campaign import load_spec
from evals.campaigns.records import Record
from evals.hostile.minds import Outcome
from evals.hostile.server_attacks import ATTACKS
from evals.hostile.server_incidents import (
    CAMPAIGN,
    Play,
    Served,
    faults_of,
    play,
    servers_markdown,
)
from twin.errors import BadInput

DEADLINE_S = 20.0
"""Long, so that a slow machine does not turn a limit of size into one of time."""


@pytest.mark.slow
@pytest.mark.parametrize("name", ["million calls", "401 that quotes the key", "text: open tags"])
def test_playbook_resolves_an_incident_whose_every_role_asks_a_hostile_server(
    name: str, tmp_path: Path
) -> None:
    told = Play(case="igp_weight_misconfig", arm=name, seed=1)
    served = play(told, tmp_path, DEADLINE_S)
    assert faults_of(told, served) == []
    assert served.incident.resolved == served.incident.incidents == 1
    assert served.requests >= served.runs > 4
    assert served.answered == 0


def test_campaign_plays_every_server() -> None:
    assert {p.arm for p in CAMPAIGN.plays(load_spec(CAMPAIGN))} == set(ATTACKS)
    with pytest.raises(BadInput, match='no server "slow"'):
        play(Play(case="link_down", arm="slow", seed=1), Path("unused"))


def test_table_says_what_a_server_did_to_an_incident() -> None:
    def record(served: Served | None, error: str = "") -> Record[Play, Served]:
        told = Play(case="link_down", arm="deep lists", seed=1)
        return Record(
            campaign="hostile-servers",
            play=told,
            outcome=served,
            error=error,
            commit="c0ffee",
            cpu_s=1.0,
        )

    def served(incident: Outcome, **of: object) -> Served:
        base = {"runs": 8, "answered": 0, "causes": {"down": 8}, "late": (), "requests": 8}
        return Served.model_validate({**base, "incident": incident, "leaked": False, **of})

    good = Outcome(incidents=1, resolved=1, commits=1, slo_minutes=0.0)
    bad = Outcome(incidents=1, unauthorised=("X y",), slo_minutes=0.0)
    page = servers_markdown(
        [
            record(served(good)),
            record(served(bad, late=("planner",), leaked=True, answered=2, requests=0)),
            record(served(Outcome(slo_minutes=0.0))),
            record(None, "ValueError: no"),
        ]
    )
    assert "4 incidents, 1 commits." in page
    assert "- unauthorised commits: 1 " in page
    assert "- plays that raised: 1 " in page
    assert "- roles taken over late: 1 of 24" in page
    assert "| deep lists | 2 | 1 | 0 | 24 | 2 | down 24 |" in page
    for wrong in (
        "X y",
        "planner was taken over late",
        "2 roles were finished by the server's model",
        "the server was not asked",
        "the key is kept",
        "no incident was opened",
    ):
        assert f"- link_down 1, deep lists: {wrong}" in page
