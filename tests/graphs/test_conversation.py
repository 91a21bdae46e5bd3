"""A question is answered from files, beside a running watch, and nothing is changed by it."""

import hashlib
from pathlib import Path

import pytest

from agents.conversation.role import Asked
from agents.loop.minds import Minds
from agents.loop.role import Mind
from agents.loop.role_events import AnswerDrafted, RoleEvent, ToolCalled
from agents.playbook.scripted import ScriptedModel, ScriptedReply
from agents.playbook.view import ToolChoice, answer
from evals.model_server.behaviours import Call, CutStream, Status
from evals.model_server.script import Script
from evals.model_server.server import ModelServer
from evals.questions.staging import SCENES
from graphs.conversation import Conversation, Reply, Source, open_record
from graphs.inventory_file import kept_inventory
from graphs.state_directory import StateDirectory
from graphs.workplace import Workplace
from tests.graphs.model_stand import OWN, foreign
from tests.made_once import past
from tools.graph_store.embedded import EmbeddedGraph
from tools.network.emulated import EmulatedNetwork, SimulatedClock
from tools.registry import require_read_only
from twin.errors import BadInput, Ungrounded

NAME = SCENES[0].name


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Abilene, whose incident is over."""
    return past(tmp_path_factory)


def _source(state: Path) -> Source:
    def none_is_needed() -> None:
        pytest.fail("the inventory is kept in the state directory")

    # It returns nothing: it fails.
    return Source(StateDirectory(state), NAME, none_is_needed)  # type: ignore[arg-type]


def _talk(state: Path, *minds: Mind) -> Conversation:
    return Conversation(_source(state), lambda _: Minds([*minds, OWN]))


def _ask_scripted(state: Path, *replies: ScriptedReply) -> Reply:
    mind = Mind("far", ScriptedModel(replies), foreign=True)
    return _talk(state, mind).ask("How busy is CHINng-IPLSng?")


def _files(folder: Path) -> dict[str, str]:
    return {
        str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in sorted(folder.rglob("*"))
        if p.is_file()
    }


@pytest.mark.slow
def test_question_leaves_every_file_as_it_was(state: Path) -> None:
    before = _files(state)
    for question in ("is the network healthy?", "what if CHINng fails?", "drain CHINng-IPLSng"):
        _talk(state).ask(question)
    assert _files(state) == before


def test_question_is_answered_while_a_watch_holds_the_network(state: Path) -> None:
    network = EmulatedNetwork.open(state / "networks" / f"{NAME}.sqlite")
    clock = SimulatedClock(network)
    try:
        with Workplace(state, network, clock) as workplace:
            workplace.watch.run(clock.now_s() + 60.0)
            first = _talk(state).ask("how old are the data?")
            workplace.watch.run(clock.now_s() + 120.0)
            second = _talk(state).ask("how old are the data?")
    finally:
        network.close()
    assert not first.declined
    assert first.data_utc < second.data_utc


def test_every_tool_only_reads(state: Path) -> None:
    inventory = kept_inventory(StateDirectory(state), NAME)
    assert inventory is not None
    with open_record(_source(state), inventory) as record:
        tools = Asked(record, "?").role().tools
    assert len(tools) > 10
    for tool in tools:
        require_read_only(tool)


def test_names_are_read_without_the_rest_of_the_graph(
    state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inventory = kept_inventory(StateDirectory(state), NAME)
    assert inventory is not None
    with open_record(_source(state), inventory) as record:
        monkeypatch.delattr(EmbeddedGraph, "snapshot")
        names = record.other_names()
    assert {site.id for site in inventory.topology.sites} <= set(names)
    assert not {service.id for service in inventory.services} & set(names), "named elsewhere"


def test_later_question_may_refer_to_those_before(state: Path) -> None:
    talk = _talk(state)
    first = talk.ask("What happens to VoIP if ATLAng-HSTNng fails at 18:00?")
    second = talk.ask("and at 20:00?")
    third = talk.ask("what about CHINng-IPLSng?")
    asked = [reply.citations[0].arguments for reply in (first, second, third)]
    assert [a["at"] for a in asked] == ["18:00", "20:00", "20:00"]
    assert asked[0]["events"] == asked[1]["events"] == "link ATLAng--HSTNng down"
    assert asked[2]["events"] == "link CHINng--IPLSng down"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("is the network healthy?", "is anything wrong?"),
        ("is it safe to drain CHINng-IPLSng?", "would it be risky to drain CHINng-IPLSng?"),
        ("is CHINng-IPLSng up?", "is CHINng-IPLSng down?"),
    ],
)
def test_question_and_its_opposite_have_one_answer_that_fits_both(
    state: Path, one: str, other: str
) -> None:
    answers = {_talk(state).ask(question).text for question in (one, other)}
    assert len(answers) == 1
    said = answers.pop().lower()
    assert not said.startswith(("yes", "no"))
    assert ", yes" not in said


def test_follow_up_of_nothing_is_declined(state: Path) -> None:
    assert _talk(state).ask("and at 20:00?").declined


@pytest.mark.parametrize("question", ["", "  \n", "why " * 400])
def test_question_that_is_none_is_refused(state: Path, question: str) -> None:
    with pytest.raises(BadInput, match="the question"):
        _talk(state).ask(question)


def test_damaged_memory_of_the_watch_is_named(state: Path, tmp_path: Path) -> None:
    (tmp_path / "trackers").mkdir()
    for part in ("journal.sqlite", f"inventories/{NAME}.json"):
        (tmp_path / part).parent.mkdir(exist_ok=True)
        (tmp_path / part).write_bytes((state / part).read_bytes())
    (tmp_path / "trackers" / f"{NAME}.json").write_text('{"baseline": 1}')
    with pytest.raises(BadInput, match=r"abilene\.json: cannot be read as what was learned"):
        _talk(tmp_path).ask("is the network healthy?")


def test_network_that_was_never_watched_has_no_state_but_is_built(
    state: Path, tmp_path: Path
) -> None:
    for part in ("journal.sqlite", f"inventories/{NAME}.json"):
        (tmp_path / part).parent.mkdir(exist_ok=True)
        (tmp_path / part).write_bytes((state / part).read_bytes())
    talk = _talk(tmp_path)
    refused = talk.ask("is the network healthy?")
    assert refused.declined
    assert "was never watched" in refused.text
    assert not talk.ask("what links does CHINng have?").declined


# Other minds

LOOK = ToolChoice("show_utilisation", {"links": ["CHINng-IPLSng"], "most": 1})


def _said(text: str, *citations: str, declined: bool = False) -> ToolChoice:
    return answer({"text": text, "citations": list(citations), "declined": declined})


def test_model_that_cites_what_it_looked_up_answers(state: Path) -> None:
    reply = _ask_scripted(state, LOOK, _said("CHINng--IPLSng has 200 Gbit/s.", "R1"))
    assert (reply.answered_by, reply.swaps) == ("far", ())
    assert [c.tool for c in reply.citations] == ["show_utilisation"]


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        (_said("It is loaded to 99.9 %.", "R1"), "99.9 %"),
        (_said("CHINng--IPLSng has 200 Gbit/s.", "R7"), '"R7" is no result'),
        (_said("CHINng--IPLSng has 200 Gbit/s."), "cites the results"),
        (_said("I cannot say, but it is about 40 %.", declined=True), "40 %"),
        (ToolChoice("drain_link", {"link": "CHINng--IPLSng"}), "there is no tool"),
    ],
)
def test_answer_without_ground_is_refused_and_the_playbook_answers(
    state: Path, bad: ToolChoice, why: str
) -> None:
    reply = _ask_scripted(state, LOOK, bad, bad, bad)
    assert reply.answered_by == "playbook"
    assert not reply.declined
    assert why in reply.swaps[0].detail


def test_refused_answer_may_be_repaired(state: Path) -> None:
    wrong, right = _said("It has 201 Gbit/s.", "R1"), _said("It has 200 Gbit/s.", "R1")
    reply = _ask_scripted(state, LOOK, wrong, right)
    assert (reply.answered_by, reply.text) == ("far", "It has 200 Gbit/s.")


def test_model_over_http_answers_and_its_text_is_told_while_it_is_written(state: Path) -> None:
    text = "CHINng--IPLSng has 200 Gbit/s each way, by the newest reading of both of its ends."
    script = Script(
        default=(
            Call(tool="show_utilisation", arguments={"links": ["CHINng-IPLSng"], "most": 1}),
            Call(tool="answer", arguments={"text": text, "citations": ["R1"], "declined": False}),
        )
    )
    heard: list[RoleEvent] = []
    with ModelServer(script) as server:
        reply = _talk(state, foreign(server)).ask("How busy is CHINng-IPLSng?", heard.append)
    assert (reply.text, reply.answered_by) == (text, "openai:scripted")
    drafts = [e.text for e in heard if isinstance(e, AnswerDrafted)]
    assert len(drafts) > 1
    assert all(text.startswith(d) for d in drafts)
    assert drafts[-1] == text
    assert [e.name for e in heard if isinstance(e, ToolCalled)] == ["show_utilisation"]


@pytest.mark.parametrize("fault", [CutStream(), Status(code=500)], ids=lambda f: f.kind)
def test_model_that_breaks_off_leaves_the_question_to_the_playbook(
    state: Path, fault: CutStream | Status
) -> None:
    heard: list[RoleEvent] = []
    with ModelServer(Script(default=(fault,))) as server:
        reply = _talk(state, foreign(server)).ask("How busy is CHINng-IPLSng?", heard.append)
    assert reply.answered_by == "playbook"
    assert not reply.declined
    assert [s.mind for s in reply.swaps] == ["openai:scripted"]


def test_good_answers_by_http_are_those_of_the_playbook(state: Path) -> None:
    question = "Why did you not drain NYCMng-WASHng?"
    with ModelServer() as server:
        far = _talk(state, foreign(server)).ask(question, lambda _: None)
    own = _talk(state).ask(question)
    assert far.answered_by == "openai:scripted"
    assert (far.text, far.citations) == (own.text, own.citations)


def test_ground_is_what_refuses(state: Path) -> None:
    inventory = kept_inventory(StateDirectory(state), NAME)
    assert inventory is not None
    with open_record(_source(state), inventory) as record:
        asked = Asked(record, "?")
        role = asked.role()
        with pytest.raises(Ungrounded):
            role.ground(role.answer(text="All is well.", citations=(), declined=False))
        role.ground(role.answer(text="I cannot say.", citations=(), declined=True))
