"""What is wrong with what a person wrote, in no validator's words."""

import pytest
from pydantic import ValidationError

from twin.nouns.objection import objection
from twin.nouns.rates import Rates


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ({"device": {"per_year": -1}}, "device.per_year: -1 is not above 0"),
        ({"device": {"per_year": 1, "shape": 1e-9}}, "device.shape: 1e-09 is below 0.1"),
        ({"device_hours": 1e9}, "device_hours: 1000000000.0 is above 8,766"),
        ({"device_hours": True}, "device_hours: true is not a number"),
        ({"device_hours": float("nan")}, "device_hours: NaN is not a finite number"),
        ({"device": "often"}, 'device: "often" is not a mapping of keys to values'),
        ({"device": {"shape": 2}}, "device.per_year: is missing"),
        ({"devise": 1}, 'devise: there is no such key; did you mean "device"?'),
        ({"device": {"per_year": 1, "device": 2}}, "device.device: no such key"),
        ({"xyz": 1}, "xyz: no such key"),
        ([1], "[1] is not a mapping of keys to values"),
        (
            {"link_work": {"per_year": 3000, "hours": 20}},
            "link_work: the windows take more than the 8766 hours of a year",
        ),
        (
            {"device_hours": "x" * 99},
            f'device_hours: "{"x" * 39}... is not a number',
        ),
    ],
)
def test_what_is_wrong_is_told_with_its_place_and_what_stands_there(
    written: object, said: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        Rates.model_validate(written)
    [problem] = refused.value.errors()
    assert objection(problem, list(Rates.model_fields)) == said
