"""When the field is done, learned from what it said."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.errors import BadInput
from twin.nouns.field_note import FieldNote
from twin.nouns.traffic import DailyProfile
from twin.remedies.objective import Outlook
from twin.remedies.repair_forecast import (
    FEWEST,
    OpenOrder,
    PastOrder,
    RepairForecast,
    RepairModel,
    looked_at,
)

HOUR_S = 3600.0
FOUR = RepairForecast(hours=2.0, errors=(0.5, 1.0, 2.0))


def honest(count: int, seed: int, *, says: float = 1.0) -> tuple[PastOrder, ...]:
    """Orders of which a crew says at once how long they take, times `says`, give or take."""
    numbers = np.random.default_rng(seed)
    found = []
    for _ in range(count):
        hours = float(2.0 * np.exp(0.8 * numbers.standard_normal()))
        told = hours * says * float(np.exp(0.2 * numbers.standard_normal()))
        note = FieldNote(time_s=0.0, remaining_s=told * HOUR_S)
        found.append(PastOrder(ordered_s=0.0, done_s=hours * HOUR_S, notes=(note,)))
    return tuple(found)


def test_forecast_is_the_errors_that_were_seen_around_what_is_expected() -> None:
    """1, 2 and 4 hours after 2 were expected: a quarter below, between and above each; beyond the
    largest it is over after twice that.
    """
    for hours, share in (
        (0.0, 1.0),
        (1.0, 0.75),
        (1.5, 0.625),
        (2.0, 0.5),
        (4.0, 0.25),
        (8.0, 0.0),
    ):
        assert FOUR.survival(hours * HOUR_S) == pytest.approx(share)
    assert [FOUR.quantile_s(share) / HOUR_S for share in (0.25, 0.5, 0.75)] == [1.0, 2.0, 4.0]


@given(st.lists(st.floats(0.01, 50.0), min_size=1, max_size=30), st.floats(0.0, 1e6))
def test_survival_falls_and_is_the_inverse_of_its_quantiles(
    errors: list[float], more_s: float
) -> None:
    forecast = RepairForecast(1.5, tuple(sorted(errors)))
    assert 0.0 <= forecast.survival(more_s + 60.0) <= forecast.survival(more_s) <= 1.0
    for share in (0.1, 0.5, 0.9):
        assert forecast.survival(forecast.quantile_s(share)) == pytest.approx(
            1 - share, abs=0.05
        ) or (len(set(errors)) < len(errors))


def test_crews_that_say_a_third_of_it_are_not_taken_at_their_word() -> None:
    """In the mean, what was said is 1/3 of what it takes: three times that is expected."""
    note = FieldNote(time_s=0.0, remaining_s=HOUR_S)
    for says, hours in ((1 / 3, 3.0), (1.0, 1.0)):
        model = RepairModel.learned(honest(400, 1, says=says), "test")
        forecast = model.forecast(OpenOrder(0.0, 0.0, (note,)))
        assert forecast.quantile_s(0.5) / HOUR_S == pytest.approx(hours, rel=0.25)


def test_interval_holds_as_often_as_it_says_on_orders_that_were_not_learned_from() -> None:
    model = RepairModel.learned(honest(600, 2, says=0.7), "test")
    inside, looks = 0, list(looked_at(honest(600, 3, says=0.7)))
    for order, left_s in looks:
        forecast = model.forecast(order)
        inside += forecast.quantile_s(0.1) <= left_s <= forecast.quantile_s(0.9)
    assert inside / len(looks) == pytest.approx(0.8, abs=0.05)


def test_what_was_found_tells_orders_apart_before_anybody_says_how_long() -> None:
    """Loose things take half an hour, defects ten hours; less is left the later one looks."""
    numbers = np.random.default_rng(4)
    orders = []
    for i in range(200):
        found, hours = ("loose", 0.5) if i % 4 < 2 else ("defect", 10.0)
        lasts = hours * float(np.exp(0.2 * numbers.standard_normal())) * HOUR_S
        note = FieldNote.model_validate({"time_s": 0.0, "found": found})
        orders.append(PastOrder(ordered_s=0.0, done_s=lasts, notes=(note,)))
    model = RepairModel.learned(orders, "test")

    def middle_h(found: str) -> float:
        note = FieldNote.model_validate({"time_s": 0.0, "found": found})
        return model.forecast(OpenOrder(0.0, 0.0, (note,))).quantile_s(0.5) / HOUR_S

    assert middle_h("loose") == pytest.approx(0.5, rel=0.5)
    assert middle_h("defect") == pytest.approx(10.0, rel=0.5)


def test_order_is_looked_at_while_it_is_open_with_what_was_said_by_then() -> None:
    note = FieldNote(time_s=1000.0, waits=True)
    looks = list(looked_at([PastOrder(ordered_s=0.0, done_s=2000.0, notes=(note,))]))
    assert [(o.now_s, o.stage, left_s) for o, left_s in looks] == [
        (0.0, "nothing", 2000.0), (900.0, "nothing", 1100.0), (1800.0, "found", 200.0)
    ]  # fmt: skip


def test_what_the_crew_said_runs_out() -> None:
    note = FieldNote(time_s=600.0, remaining_s=3600.0)
    said = [OpenOrder(0.0, now_s, (note,)).said_s for now_s in (600.0, 2400.0, 9000.0)]
    assert said == [3600.0, 1800.0, 0.0]


def test_same_orders_give_the_same_bytes_and_come_back_from_json() -> None:
    one, two = (RepairModel.learned(honest(80, 5), "test") for _ in range(2))
    assert one.model_dump_json() == two.model_dump_json()
    assert RepairModel.model_validate_json(one.model_dump_json()) == one


def test_of_few_orders_nothing_is_learned() -> None:
    with pytest.raises(BadInput, match=f"at least {FEWEST} are learned from"):
        RepairModel.learned(honest(FEWEST - 1, 6), "mine.jsonl")


def test_outlook_counts_the_hours_that_the_forecast_expects() -> None:
    """Flat demand: of one that is over within 2 hours for sure, evenly, one hour is left."""
    flat = DailyProfile(hourly=(1.0,) * 24)
    even = RepairForecast(hours=1.0, errors=(1.0,))
    assert float(Outlook.ahead(flat, 0.0, even).hours.sum()) == pytest.approx(1.0, rel=0.01)
    assert math.isclose(even.survival(0.5 * HOUR_S), 0.75)
