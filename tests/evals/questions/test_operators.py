"""Operators' questions are played as they were written, and kept for a person to judge."""

from pathlib import Path

import pytest

from agents.loop.minds import Minds
from agents.loop.role import Mind
from agents.playbook.policies import playbook
from evals.questions.operators import (
    OperatorQuestion,
    Played,
    operators_markdown,
    play,
    read_operator_questions,
    stage_moments,
)
from twin.errors import BadInput

OPEN = Path("evals/questions/operators.yaml")
KEPT = sorted(Path("evals/questions").glob("operators*.yaml"))
ASKED = OperatorQuestion(ask="?", writer=1, computable=True, tools=(), wants="")


def _played(*, computable: bool, declined: bool = False, error: str = "") -> Played:
    return Played(
        scene="quiet",
        asked=ASKED.model_copy(update={"computable": computable}),
        taken_as="",
        answer="",
        declined=declined,
        used=(),
        answered_by="playbook",
        error=error,
    )


def test_open_half_can_be_read_and_says_what_is_computable() -> None:
    questions = read_operator_questions(OPEN)
    assert len(questions) == 119
    assert sum(q.computable for q in questions) == 93
    assert all(q.tools for q in questions if q.computable)


@pytest.mark.parametrize("file", KEPT, ids=lambda file: file.stem)
def test_every_set_can_be_read_and_names_tools_of_what_is_computable(file: Path) -> None:
    questions = read_operator_questions(file)
    assert len({q.ask for q in questions}) == len(questions) > 60
    assert [q.ask for q in questions if bool(q.tools) != q.computable] == []


@pytest.mark.parametrize("text", ["a: [", "- ask: hm", "5", "- {ask: x, writer: one}"])
def test_file_that_holds_no_questions_is_refused_by_name(tmp_path: Path, text: str) -> None:
    file = tmp_path / "odd.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(BadInput, match=r"odd\.yaml"):
        read_operator_questions(file)


def test_moment_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match='no moment "noisy"'):
        list(stage_moments(tmp_path, ["noisy"]))


def test_answered_declined_and_failed_are_counted_apart() -> None:
    table = operators_markdown(
        [
            _played(computable=True),
            _played(computable=True, declined=True),
            _played(computable=True, error="no mind could finish it"),
            _played(computable=False, declined=True),
        ]
    )
    assert "| quiet | computable | 3 | 1 | 1 | 1 |" in table
    assert "| quiet | not computable | 1 | 0 | 1 | 0 |" in table


@pytest.mark.slow
def test_questions_are_played_at_a_moment_of_the_case(tmp_path: Path) -> None:
    ((scene, state),) = stage_moments(tmp_path, ["quiet"])
    asked = [
        ASKED.model_copy(update={"ask": ask})
        for ask in ("koblenz router reload, whats the damage", "when will the crew be there")
    ]
    minds = Minds([Mind("playbook", playbook(), foreign=False)])
    answered, declined = play(asked, scene, state, lambda _: minds)
    assert answered.taken_as.startswith("what happens if Koblenz fails")
    assert answered.used == ("what_if",)
    assert (declined.declined, declined.taken_as) == (True, "")
