"""What a watch says of itself where nothing else may be writable, and where others read it."""

from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError

from tools.journal.holder import LOCKS, living
from tools.writable import full_disk
from twin.nouns.base import Noun
from twin.nouns.condition import Condition, ConditionKind
from twin.nouns.health import Health
from twin.nouns.incident import Symptom


class WatchNote(Noun):
    """What a watch says of itself without writing to any disk that may be full.

    `unrecorded`: what it sees and cannot open an incident about; of many, the first.
    """

    network: str
    conditions: tuple[Condition, ...] = ()
    unrecorded: tuple[Symptom, ...] = ()


def watch_notes(state: Path) -> dict[str, WatchNote]:
    """What the living watches of a state directory say of themselves, by network; nothing is read
    but their own files.
    """
    found: dict[str, WatchNote] = {}
    for text in living(state / LOCKS):
        try:
            note = WatchNote.model_validate_json(text)
        except ValidationError:
            continue  # It holds leases, and watches nothing.
        found[note.network] = note
    return found


def note_of(state: Path, network: str) -> WatchNote:
    """What is wrong with the watch of `network`, as it says itself; or, where nobody watches, with
    the disk that a watch would need.
    """
    note = watch_notes(state).get(network, WatchNote(network=network))
    full = full_disk(_existing(state))
    if not full or any(c.kind is ConditionKind.DISK_FULL for c in note.conditions):
        return note
    found = Condition(network=network, kind=ConditionKind.DISK_FULL, detail=full)
    return note.model_copy(update={"conditions": (*note.conditions, found)})


def note_lines(note: WatchNote) -> list[str]:
    """What there is to say of it: a line for each condition, and one for what is seen meanwhile."""
    return [*(condition.text for condition in note.conditions), *_seen_lines(note.unrecorded)]


def condition_lines(health: Health) -> list[str]:
    """The same, of what is known of the network."""
    return [*(condition.text for condition in health.conditions), *_seen_lines(health.unrecorded)]


def _seen_lines(symptoms: Sequence[Symptom]) -> list[str]:
    seen = ", ".join(f"{s.kind} {s.resource}".replace("_", " ") for s in symptoms)
    return [f"seen, and in no incident yet: {seen}"] if seen else []


def _existing(path: Path) -> Path:
    return next((place for place in (path, *path.parents) if place.is_dir()), path)
