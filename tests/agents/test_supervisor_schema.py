"""The supervisor can choose what is legal, and nothing else."""

import pytest
from pydantic import ValidationError

from agents.roles.supervisor_schema import choice_schema
from tools.registry import function_schema
from twin.errors import BadInput


def test_choice_is_one_of_the_legal_roles_with_a_reason() -> None:
    schema = choice_schema(["imaginer", "diagnoser"])
    choice = schema.model_validate({"next": "diagnoser", "reason": "symptom 3 is not explained"})
    assert choice.model_dump() == {"next": "diagnoser", "reason": "symptom 3 is not explained"}
    with pytest.raises(ValidationError):
        schema.model_validate({"next": "actuator", "reason": "quicker"})


def test_model_is_shown_the_legal_roles_only() -> None:
    shown = function_schema("answer", "", choice_schema(["imaginer", "diagnoser"]))
    properties = shown["function"]["parameters"]["properties"]
    assert properties["next"]["enum"] == ["imaginer", "diagnoser"]


def test_no_legal_role_is_refused() -> None:
    with pytest.raises(BadInput):
        choice_schema([])
