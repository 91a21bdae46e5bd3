"""Whatever people read of an answer says something."""

from typing import Any

import pytest
from pydantic import BaseModel, TypeAdapter, ValidationError

from agents.conversation.role import Answer
from agents.roles.diagnoser import AddCause, DiagnosisAnswer
from agents.roles.imaginer import ImaginedScenario
from agents.roles.monitor import SymptomGroup
from agents.roles.remediator import Choice, ProposedRemedy
from agents.roles.supervisor_schema import choice_schema
from agents.roles.wording import Wording

READ: tuple[tuple[type[BaseModel], str, dict[str, Any]], ...] = (
    (SymptomGroup, "title", {"symptoms": ["s"], "severity": "major", "joins": ""}),
    (
        DiagnosisAnswer,
        "statement",
        {"verdict": "unknown", "ranking": [], "would_separate": "", "own_view": ""},
    ),
    (
        AddCause,
        "why",
        {
            "fault": {"kind": "link_down", "link": "A-B"},
            "refuted_by": [{"observable": "adjacency_down", "resource": "A-B", "seen": False}],
        },
    ),
    (ImaginedScenario, "why", {"exposure": "e", "probability": 0.1}),
    (ProposedRemedy, "reason", {"actions": [{"kind": "drain_link", "link": "A-B"}]}),
    (Choice, "reason", {"remedy": "R0"}),
    (choice_schema(["escalate"]), "reason", {"next": "escalate"}),
    (Answer, "text", {"citations": [], "declined": True}),
)


@pytest.mark.parametrize(("model", "field", "rest"), READ)
def test_what_a_person_reads_of_an_answer_is_not_blank(
    model: type[BaseModel], field: str, rest: dict[str, Any]
) -> None:
    model.model_validate({**rest, field: "because"})
    for nothing in ("", " \n", "\u200b", "...", "«»"):
        with pytest.raises(ValidationError, match=field):
            model.model_validate({**rest, field: nothing})


@pytest.mark.parametrize("text", ["ok", "原因不明", "Стоп", "7"])
def test_words_of_any_script_and_figures_say_something(text: str) -> None:
    assert TypeAdapter(Wording).validate_python(text) == text


def test_schema_that_a_model_is_shown_is_no_longer_for_it() -> None:
    assert TypeAdapter(Wording).json_schema() == {"type": "string"}
