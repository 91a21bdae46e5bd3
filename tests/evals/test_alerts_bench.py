"""The bench of alerts plays what it says, and counts what it found."""

import pytest

from evals.campaigns.campaign import load_spec
from evals.diagnosis.alerts import (
    ARMS,
    CAMPAIGN,
    AlertsRecord,
    Diagnosed,
    Play,
    Said,
    alerts_markdown,
    diagnose,
)

PLAY = Play(case="sndlib/abilene", kind="link_down", seed=1, missing=0.1, arms=tuple(ARMS))


@pytest.mark.slow
def test_every_set_of_alerts_is_told_of_the_same_incident() -> None:
    said = diagnose(PLAY).said
    assert [one.arm for one in said] == list(ARMS)
    assert said[1].exact, "a link that is down, and an alert that says so"


def test_specification_names_arms_that_there_are() -> None:
    assert set(load_spec(CAMPAIGN).arms) == ARMS.keys()


def _record(*exact: bool) -> AlertsRecord:
    arms = list(ARMS)[: len(exact)]
    said = tuple(Said(arm=a, exact=e, false=not e) for a, e in zip(arms, exact, strict=True))
    return AlertsRecord(
        campaign=CAMPAIGN.name, play=PLAY, commit="abc", cpu_s=1.0, outcome=Diagnosed(said=said)
    )


def test_table_counts_what_alerts_turned_for_better_and_for_worse() -> None:
    table = alerts_markdown([_record(False, True, False), _record(True, True, False)])
    rows = {row.split(" | ")[0]: row.split(" | ")[1:] for row in table.splitlines()}
    assert rows["| true alerts"][:2] == ["2", "2"]
    assert rows["| true alerts"][-2:] == ["1", "0 |"]
    assert rows["| one lie"][-2:] == ["0", "1 |"]
