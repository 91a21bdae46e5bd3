"""Where lines and texts go on a map."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.figure import Figure

from channels.map_room import MapRoom, from_the_middle, link_lines, text_width

PLACES = {"A": (0.0, 0.0), "B": (10.0, 0.0), "C": (0.0, 5.0)}


def test_links_between_the_same_nodes_are_drawn_apart_and_others_straight() -> None:
    ends = [("A", "B"), ("B", "A"), ("A", "B"), ("A", "C")]
    first, second, third, alone = link_lines(ends, PLACES, apart=0.03)
    middles = [from_the_middle(line)[0] for line in (first, second, third)]
    # The map is ten degrees wide.
    assert [float(y) for _, y in middles] == pytest.approx([-0.3, 0.0, 0.3], rel=0.01)
    assert alone.tolist() == [[0.0, 0.0], [0.0, 5.0]]
    for line in (first, second, third):
        assert {tuple(line[0]), tuple(line[-1])} == {PLACES["A"], PLACES["B"]}


def test_links_of_two_nodes_at_one_place_have_lines() -> None:
    lines = link_lines([("A", "B"), ("A", "B")], {"A": (1.0, 1.0), "B": (1.0, 1.0)}, apart=0.03)
    assert all(np.isfinite(line).all() for line in lines)


@settings(max_examples=12)
@given(
    st.dictionaries(
        st.text("abcdefg $_東", min_size=1, max_size=40),
        st.tuples(st.floats(-5, 5), st.floats(-5, 5)),
        min_size=2,
        max_size=15,
    )
)
def test_names_are_over_no_other_and_inside_the_map(places: dict[str, tuple[float, float]]) -> None:
    figure = Figure(figsize=(4, 4))
    axis = figure.add_axes((0, 0, 1, 1))
    axis.set(xlim=(-6, 6), ylim=(-6, 6))
    room = MapRoom(axis, places, [], ink="black", paper="white")
    written = [node for node in sorted(places) if room.name(node, 8.0)]
    assert written
    boxes = room.texts
    assert len(boxes) == len(written)
    assert boxes.min() >= 0.0
    assert boxes.max() <= 4 * 72.0
    for i, a in enumerate(boxes):
        for b in boxes[i + 1 :]:
            assert a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1]


def test_a_name_without_room_is_left_out() -> None:
    figure = Figure(figsize=(1, 1))
    axis = figure.add_axes((0, 0, 1, 1))
    axis.set(xlim=(0, 1), ylim=(0, 1))
    room = MapRoom(axis, {"a": (0.5, 0.5)}, [], ink="black", paper="white")
    assert not room.name("a", 80.0)
    assert room.name("a", 8.0)


@pytest.mark.parametrize(("text", "least"), [("東京", 16.0), ("iii", 5.0), ("$a$", 10.0)])
def test_width_of_a_text_is_of_its_letters(text: str, least: float) -> None:
    assert least <= text_width(text, 8.0) < 2 * least
