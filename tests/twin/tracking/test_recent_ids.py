"""The latest ids are kept, the oldest go."""

from twin.tracking.recent_ids import RecentIds


def test_oldest_goes_when_there_are_too_many() -> None:
    ids = RecentIds(["a", "b"], most=2)
    ids |= {"c"}
    assert list(ids) == ["b", "c"]
    assert "a" not in ids


def test_id_that_is_added_again_is_new_again() -> None:
    ids = RecentIds(["a", "b"], most=2)
    ids.add("a")
    ids.add("c")
    assert list(ids) == ["a", "c"]


def test_id_that_is_taken_out_is_gone_and_an_unknown_one_does_no_harm() -> None:
    ids = RecentIds(["a", "b"])
    ids.discard("a")
    ids.discard("z")
    assert list(ids) == ["b"]
    assert len(ids) == 1
