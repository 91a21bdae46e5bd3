from twin.events.faults.link_down import LinkDown
from twin.nouns.imagined_fault import ImaginedFault

KEPT = {
    "id": "A--B down",
    "probability": 0.02,
    "why": "the detour has one way less",
    "fault": {"kind": "link_down", "link": "A--B"},
    "max_utilisation": 1.25,
}


def test_what_incidents_have_kept_is_read_and_written_as_it_was() -> None:
    found = ImaginedFault.model_validate(KEPT)
    assert found.fault == LinkDown(link="A--B")
    assert list(found.model_dump(mode="json")) == list(KEPT)
    assert found.model_dump(mode="json") == KEPT


def test_where_no_utilisation_was_kept_it_is_unknown() -> None:
    data = {key: value for key, value in KEPT.items() if key != "max_utilisation"}
    assert ImaginedFault.model_validate(data).max_utilisation is None
