"""What is next if nothing is done: told in every channel, and only where something is feared."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from channels import verbs
from channels.chat.card import plan_card
from channels.report.html import to_html
from channels.report.markdown import to_markdown
from graphs.next_failures import MOST_TOLD, ReliabilityTable, next_failures, shipped_reliability
from graphs.state_directory import StateDirectory
from tests.graphs.stagehand import FIRST, STUB, WESTERN_LINK, Operation, Person, case, operating
from twin.nouns.next_failures import (
    LEAST_FEARED,
    NEXT_FAILURES,
    NextFailure,
    NextFailures,
    Reliability,
)

SOMETIMES = Reliability(low=0.2, high=0.3, came_true=0.24, count=50, code="c0de")
SELDOM = Reliability(low=0.3, high=0.4, came_true=0.5, count=3, code="c0de")
SERVICE = NextFailure(kind="service", name="svc-1", probability=0.25, reliability=SOMETIMES)


def test_a_figure_is_told_with_what_came_true_of_figures_like_it() -> None:
    assert SERVICE.describe() == (
        "svc-1 leaves its objective: 25% (of 50 figures between 20% and 30%, 24% came true in "
        "draws of their own)"
    )
    assert SERVICE.model_copy(update={"reliability": None}).describe() == SERVICE.short()


def test_of_too_few_figures_nothing_is_told() -> None:
    table = ReliabilityTable(bins=(SOMETIMES, SELDOM))
    assert table.of(0.2) == SOMETIMES
    assert table.of(0.3) is None
    assert table.of(0.9) is None


def test_the_shipped_table_reaches_from_what_is_feared_up_to_certainty() -> None:
    for probability in (LEAST_FEARED, 0.15, 0.5, 0.97):
        assert shipped_reliability().of(probability) is not None


def _has_told(operation: Operation, kind: str) -> bool:
    return operation.has_begun() and bool(operation.told(kind))


@pytest.fixture(scope="module")
def feared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operation]:
    """An incident in which a plan waits for an answer, at a demand at which more may fail."""
    folder = tmp_path_factory.mktemp("feared")
    with operating(folder, case((600.0, WESTERN_LINK), scale=1.4)) as operation:
        operation.run(lambda: _has_told(operation, "asked"))
        yield operation


@pytest.mark.slow
def test_what_is_feared_is_told_in_every_channel(feared: Operation) -> None:
    found = feared.journal.artefact(FIRST, NEXT_FAILURES, NextFailures)
    assert found is not None
    assert 1 <= len(found.likeliest) <= MOST_TOLD
    assert all(one.probability >= LEAST_FEARED for one in found.likeliest)
    assert found.heading in feared.told("foretold")[-1].text
    state = StateDirectory(feared.folder)
    assert verbs.incident(state, FIRST).next_failures == found
    markdown = to_markdown(verbs.report(state, FIRST)).replace("\\", "")
    html = to_html(verbs.report(state, FIRST))
    card = plan_card(feared.journal, feared.plans()[-1].id, feared.network.now_s()).message()
    asked = verbs.ask(state, "What will fail next?").text
    on_card = {fact.name: fact.value for fact in card.facts}["Next, if nothing is done"]
    for one in found.likeliest:
        for said in (markdown, html, asked, on_card):
            assert one.short() in said


@pytest.mark.slow
def test_the_same_seed_foretells_the_same(feared: Operation) -> None:
    situation = feared.workplace.desk.situation
    running = situation.read_running()
    one, other = (next_failures(situation, running, (WESTERN_LINK,)) for _ in range(2))
    assert one == other


@pytest.mark.slow
def test_where_nothing_is_to_be_feared_nothing_is_told(tmp_path: Path) -> None:
    with operating(tmp_path, case((600.0, STUB), scale=0.3), person=Person()) as operation:
        operation.run(lambda: _has_told(operation, "simulated"))
        assert not operation.told("foretold")
        state = StateDirectory(tmp_path)
        assert verbs.incident(state, FIRST).next_failures is None
        assert "Next, if nothing is done" not in to_markdown(verbs.report(state, FIRST))
