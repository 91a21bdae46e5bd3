"""The shipped questions are answered rightly or declined, on three networks, and never wrongly."""

from pathlib import Path

import pytest

from evals.questions.asking import Item, Judged, Room, shipped_items, tally
from evals.questions.facts import CHECKS, Facts
from evals.questions.slots import slots_of
from evals.questions.staging import SCENES, Scene, stage_history
from twin.errors import BadInput

Rooms = dict[str, Room]


@pytest.fixture(scope="session")
def rooms(tmp_path_factory: pytest.TempPathFactory) -> Rooms:
    """Every scene, staged once."""
    folder = tmp_path_factory.mktemp("questions")
    found: Rooms = {}
    for scene in SCENES:
        stage_history(folder / scene.name, scene)
        found[scene.name] = Room(folder / scene.name, scene)
    return found


def _asked(room: Room, items: list[Item]) -> list[Judged]:
    return room.ask(items)


def test_there_are_forty_questions_twenty_paraphrases_and_twenty_without_an_answer() -> None:
    items = shipped_items()
    by_group = {g: [i for i in items if i.group == g] for g in {i.group for i in items}}
    assert {g: len(i) for g, i in by_group.items()} == {
        "shipped": 40,
        "paraphrases": 20,
        "unanswerable": 20,
    }
    kinds = ("topology", "state", "what-if", "history")
    assert all(sum(i.kind == k for i in by_group["shipped"]) == 10 for k in kinds)


@pytest.mark.slow
@pytest.mark.parametrize("scene", SCENES, ids=lambda s: s.name)
def test_every_shipped_question_is_answered_rightly_and_the_others_declined(
    scene: Scene, rooms: Rooms
) -> None:
    judged = _asked(rooms[scene.name], shipped_items())
    assert [j for j in judged if j.verdict == "wrong"] == []
    counts = tally(judged)
    assert counts["shipped"] == {"right": 40}
    assert counts["paraphrases"] == {"right": 20}
    assert counts["unanswerable"] == {"declined": 20}
    assert all(j.citations for j in judged if not j.declined)


@pytest.mark.slow
def test_held_out_questions_are_never_answered_wrongly(rooms: Rooms) -> None:
    text = Path("evals/questions/heldout.yaml").read_text(encoding="utf-8")
    judged = [j for room in rooms.values() for j in _asked(room, shipped_items(text))]
    assert [j for j in judged if j.verdict == "wrong"] == []


@pytest.mark.slow
def test_every_check_finds_fault_with_what_other_questions_were_answered(rooms: Rooms) -> None:
    room = rooms["germany"]
    items = [i for i in shipped_items() if i.group == "shipped"]
    answers = {j.question: j.text for j in _asked(room, items)}
    with room.ground() as ground:
        slots = slots_of(ground.inventory, room.scene.fault, ground.incident())
        for item in items:
            own = answers[item.template.format(**slots)]
            facts = CHECKS[item.check](ground, slots, item.options)
            fooled = [a for a in answers.values() if a != own and not facts.missing_in(a)]
            # Every answer about the present says how old the data are.
            assert len(fooled) <= (8 if item.check == "age" else 4), (item.template, fooled)


def test_facts_are_missed_where_a_name_is_only_part_of_another() -> None:
    facts = Facts(says=("svc-001",), never=("A--B",), figures=((0.63, 0.005),))
    assert facts.missing_in("svc-001 at 63 %") == []
    assert facts.missing_in("svc-0011, A--B at 64 %") == [
        'does not say "svc-001"',
        'says "A--B"',
        "has no figure 0.63",
    ]
    assert facts.missing_in("svc-001 on A--B#2 at 63 %") == ['says "A--B"']


@pytest.mark.parametrize(
    "text", ["a: [", "x: {topology: [{ask: hm, check: nothing}]}", "x: {y: [{check: age}]}", "5"]
)
def test_questions_that_cannot_be_read_are_refused(text: str) -> None:
    with pytest.raises(BadInput):
        shipped_items(text)
