"""The delays of people."""

from evals.delays import RANGES, draw_delays


def test_same_case_and_seed_have_the_same_delays() -> None:
    assert draw_delays("amber", 3) == draw_delays("amber", 3)
    assert draw_delays("amber", 3) != draw_delays("amber", 4)
    assert draw_delays("amber", 3) != draw_delays("basil", 3)


def test_delays_stay_in_their_ranges() -> None:
    for seed in range(50):
        for name, value in draw_delays("amber", seed).model_dump().items():
            assert RANGES[name].least_s <= value <= RANGES[name].most_s


def test_every_range_says_where_it_comes_from() -> None:
    assert all(span.basis for span in RANGES.values())
