"""The second graph: an exact register, kept once, with what minds add beside it."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from langgraph.graph import END

from agents.loop.minds import Minds
from agents.playbook import Policy
from agents.playbook.policies import POLICIES
from agents.playbook.view import ToolChoice, TranscriptView, answer
from channels.causes import counted
from channels.foresight import begun, past_of
from channels.planning.imagining import RegisterDocument, imagined
from channels.planning.opening import Planned, open_planned
from channels.risks import refreshed
from evals.model_server.behaviours import Good, WrongSchema
from evals.model_server.script import Script
from evals.model_server.server import ModelServer
from evals.stage import stage
from graphs.foresight import NODES
from graphs.foresight_study import RegisterRequest
from graphs.state_directory import StateDirectory
from tests.channels.conftest import noctua
from tests.graphs.model_stand import OWN, foreign, minds_for
from tests.graphs.stagehand import LOSSY, case
from tools.journal.errors import LeaseHeld
from tools.journal.holder import Holder
from tools.journal.records import RefreshRecord
from tools.journal.refresh_rows import refresh_subject
from tools.trace import KeptSpan, read_trace
from tools.trace import conventions as names
from twin.imagination.beside import Proposal
from twin.imagination.counterfactuals import mitigation_of
from twin.imagination.elements import elements_of
from twin.imagination.enumeration import enumerated
from twin.imagination.hardening_effects import HardeningTask, Known, effects, options_for
from twin.imagination.reckoning import Reckoning
from twin.imagination.regimes import regimes_of
from twin.imagination.register import register_of
from twin.nouns.principal import FLAG, Principal
from twin.nouns.rates import Rate, Rates
from twin.nouns.risk import RiskChanges

ANN = Principal(name="ann", provider=FLAG)
SHIPPED = Minds((OWN,))
LINES = 12
REQUEST = RegisterRequest(lines=LINES, most=400, simulations=40)


@pytest.fixture
def state(tmp_path: Path) -> StateDirectory:
    """A state directory with Abilene, which nobody has watched."""
    directory = StateDirectory(tmp_path)
    stage(case((600.0, LOSSY)), 1, directory.network_file("live"), "live").close()
    directory.made_journal().close()
    return directory


def _planned(state: StateDirectory) -> Planned:
    return open_planned(state, "live", "peak", REQUEST.seed)


def _refreshed(
    state: StateDirectory, minds: Minds = SHIPPED, request: RegisterRequest = REQUEST
) -> tuple[RegisterDocument, RiskChanges]:
    planned = _planned(state)
    start = begun(state, "live", planned, request)
    document, changes = refreshed(state, planned, start, minds, ANN, lambda _done, _total: None)
    assert changes is not None
    return document, changes


def _kept(state: StateDirectory) -> list[str]:
    with state.read_only_journal() as journal:
        return [record.risk.model_dump_json() for record in journal.risk_records("live")]


def _refreshes(state: StateDirectory) -> tuple[RefreshRecord, ...]:
    with state.read_only_journal() as journal:
        return journal.refreshes("live")


def _spans(state: StateDirectory) -> list[KeptSpan]:
    (file,) = state.traces.glob("*.jsonl")
    return read_trace(file)


# The register


def test_register_is_what_enumeration_and_remedies_make_byte_by_byte(state: StateDirectory) -> None:
    planned = _planned(state)
    causes = counted(state, "live", planned.state.topology)
    found = enumerated(
        planned.twin,
        planned.state,
        elements_of(planned.state.topology, Rates(), past_of(state, "live"), causes),
        regimes_of(planned.twin.inventory.profile),
        lines=LINES,
        most=400,
    )
    expected = register_of(
        found,
        planned.twin.services.services,
        LINES,
        1,
        lambda one: mitigation_of(planned.twin, planned.state, found, one, 1),
    )
    rates, history = Rates(), past_of(state, "live")
    known = Known(rates, history, causes, found.regimes)
    lines = tuple(line.elements for line in expected.lines)
    options = options_for(planned.twin, planned.state, known, lines)
    tasks = [HardeningTask(planned.state, option, known, lines) for option in options]
    saved = effects(options, [task.play(planned.twin, lambda: None) for task in tasks])
    both = [
        line.model_copy(update={"hardened": changes})
        for line, changes in zip(expected.lines, saved, strict=True)
    ]
    document, changes = _refreshed(state)
    assert any(saved)
    assert _kept(state) == [line.model_dump_json() for line in both]
    assert document.lines == tuple(both)
    assert document.covered == expected.covered
    assert len(changes.new) == LINES
    for line in document.lines[:2]:
        assert noctua(state.path, "risks", "replay", line.id)[0] == 0


def test_line_that_is_not_asked_for_any_more_is_reckoned_again_behind_the_others(
    state: StateDirectory,
) -> None:
    before = _refreshed(state)[0]
    rates = Rates(device=Rate(per_year=2.0))
    fewer = REQUEST.model_copy(update={"lines": 5, "rates": rates})
    document, changes = _refreshed(state, request=fewer)
    planned = _planned(state)
    again = Reckoning(planned.twin, planned.state, rates, document.history, 1)
    named = {line.id for line in document.lines}
    still = [again.again(line) for line in before.lines if line.id not in named]
    costly = sorted((x for x in still if x.slo_minutes > 0.0), key=lambda x: -x.slo_minutes)
    ranked = [x.model_copy(update={"rank": 6 + i}) for i, x in enumerate(costly)]
    lines = [*document.lines, *ranked]
    assert _kept(state)[: len(lines)] == [line.model_dump_json() for line in lines]
    assert len(document.lines) == 5
    assert not set(changes.gone) & {line.id for line in lines}


def test_what_is_not_kept_is_the_same_and_needs_no_state_directory(
    state: StateDirectory, tmp_path: Path
) -> None:
    planned = _planned(state)
    start = begun(state, "live", planned, REQUEST)
    looked = imagined(planned, start, SHIPPED, lambda _done, _total: None)
    assert _kept(state) == []
    assert (looked.refresh, list(state.traces.glob("*"))) == ("", [])
    document, _ = _refreshed(state)
    same = {"refresh": document.refresh}
    assert looked.model_copy(update=same) == document
    nowhere = tmp_path / "nowhere"
    code, _, error = noctua(nowhere, "imagine", "sndlib/abilene", "--lines", "3", "--search", "0")
    assert (code, error, nowhere.exists()) == (0, "", False)


def test_two_refreshes_of_one_network_do_not_run_at_once(state: StateDirectory) -> None:
    with state.journal() as journal, Holder(journal, state.locks) as other:
        other.take(refresh_subject("live"))
        with pytest.raises(LeaseHeld, match="register:live is held by"):
            _refreshed(state)
        assert journal.risk_records("live") == ()
    assert _refreshed(state)[1].new


def test_nodes_go_where_they_say() -> None:
    assert {name: targets for name, (_, targets) in NODES.items()} == {
        "imaginer": ("simulator",),
        "simulator": ("simulator", "remediator"),
        "remediator": ("remediator", "register"),
        "register": (END,),
    }


# One refresh, one trace, one entry


def test_each_refresh_is_one_trace_and_one_entry_of_the_audit_log(state: StateDirectory) -> None:
    document, _ = _refreshed(state)
    (record,) = _refreshes(state)
    assert (record.id, record.ended_s is None) == (document.refresh, False)
    spans = _spans(state)
    assert {span.trace_id for span in spans} == {record.trace_id}
    assert [s.name for s in spans if s.name.startswith("invoke_workflow")] == [
        "invoke_workflow foresight"
    ]
    agents = [s.attributes[names.AGENT_NAME] for s in spans if names.AGENT_NAME in s.attributes]
    assert agents == ["foresight_imaginer", "foresight_wording"]
    _refreshed(state)
    assert [r.id for r in _refreshes(state)] == ["live-register-0001", "live-register-0002"]
    with state.read_only_journal() as journal:
        entries = [line for line in journal.audit_lines("live") if line.action == "imagine"]
        assert [line.data["refresh"] for line in entries] == [r.id for r in _refreshes(state)]
        assert {r.reckoned.refresh for r in journal.risk_records("live")} == {"live-register-0002"}
    assert len(list(state.traces.glob("*.jsonl"))) == 2
    assert noctua(state.path, "audit", "verify")[0] == 0


# Minds


def _policies(**own: Policy) -> dict[str, Policy]:
    """Ours, but for some."""
    return {**POLICIES, **own}


def _says(said: dict[str, Any]) -> Callable[[TranscriptView], ToolChoice]:
    return lambda _: answer(said)


SAID = {
    "proposals": [
        {"condition": "link ATLAng--HSTNng in work", "kinds": ["link_down"], "why": "it often is"}
    ],
    "split": [{"generator": "llm", "share": 0.75}, {"generator": "random", "share": 0.25}],
}


def test_another_mind_gives_another_run_over_the_same_register(state: StateDirectory) -> None:
    shipped = _refreshed(state)[0]
    with ModelServer(Script(), policies=_policies(foresight_imaginer=_says(SAID))) as server:
        document, _ = _refreshed(state, minds_for(foreign(server)))
        assert [r.role for r in server.requests] == ["foresight_imaginer", "foresight_wording"]
    assert document.lines == shipped.lines
    assert {one.generator for one in shipped.searched} == {"search"}
    assert {one.generator for one in document.searched} <= {"llm", "random"}
    assert document.proposals == (
        Proposal(condition="link ATLAng--HSTNng in work", kinds=("link_down",)),
    )
    for one in document.searched:
        if one.generator == "llm":
            conditions, _, events = one.scenario.partition(": ")
            assert "link ATLAng--HSTNng in work" in conditions
            assert events.startswith("link ")
    assert document.imagined_by == "openai:scripted"
    with state.read_only_journal() as journal:
        charged = journal.charged_refresh("live", journal.refreshes("live")[-1].begun_s)
    assert {role: charges.calls for role, charges in charged.items()} == {
        "foresight_imaginer": 1,
        "foresight_wording": 1,
    }


def test_mind_that_answers_badly_is_shown_so_and_may_mend_it(state: StateDirectory) -> None:
    script = Script(roles={"foresight_imaginer": (WrongSchema(), Good())})
    with ModelServer(script, policies=_policies(foresight_imaginer=_says(SAID))) as server:
        document, _ = _refreshed(state, minds_for(foreign(server), "foresight_imaginer"))
        assert len(server.requests) == 2
    assert document.imagined_by == "openai:scripted"
    assert {one.generator for one in document.searched} <= {"llm", "random"}


@pytest.mark.parametrize(
    "said",
    [
        {**SAID, "split": [{"generator": "oracle", "share": 1.0}]},
        {**SAID, "split": [{"generator": "search", "share": 0.5}]},
        {
            **SAID,
            "proposals": [{"condition": "link A--Z in work", "kinds": [], "why": "so it is"}],
        },
        {**SAID, "proposals": [{"condition": "", "kinds": ["dragon"], "why": "so it is"}]},
    ],
    ids=["no generator", "half of it", "no link", "no kind"],
)
def test_mind_that_invents_is_left_for_the_playbook(
    state: StateDirectory, said: dict[str, Any]
) -> None:
    with ModelServer(Script(), policies=_policies(foresight_imaginer=_says(said))) as server:
        document, _ = _refreshed(state, minds_for(foreign(server), "foresight_imaginer"))
        assert len(server.requests) == 3
    assert document.imagined_by == "playbook"
    (record,) = _refreshes(state)
    told = record.answer_of("foresight_imaginer")
    assert told is not None
    (swap,) = json.loads(json.dumps(told.data["swaps"]))
    assert (swap["mind"], swap["to"], swap["cause"]) == (
        "openai:scripted",
        "playbook",
        "bad_replies",
    )


def test_words_of_a_mind_are_told_with_its_name(state: StateDirectory) -> None:
    first = _refreshed(state)[0].lines[0]
    text = f"Watch this: {first.what_if}."
    worded = _says({"sentences": [{"line": first.id, "text": text}]})
    with ModelServer(Script(), policies=_policies(foresight_wording=worded)) as server:
        document, _ = _refreshed(state, minds_for(foreign(server), "foresight_wording"))
    assert (document.words, document.worded_by) == ({first.id: text}, "openai:scripted")
    _, shown, _ = noctua(state.path, "risks", "show", first.id)
    assert f"openai:scripted: «{text}»" in shown


def test_refresh_is_shown_with_what_minds_made_of_it(state: StateDirectory) -> None:
    with ModelServer(Script(), policies=_policies(foresight_imaginer=_says(SAID))) as server:
        document, _ = _refreshed(state, minds_for(foreign(server), "foresight_imaginer"))
    (record,) = _refreshes(state)
    code, shown, _ = noctua(state.path, "show", document.refresh)
    assert code == 0
    for told in (
        "asked for by «ann»",
        "foresight_imaginer by openai:scripted",
        "days with link ATLAng--HSTNng in work; link_down",
        "llm 75%",
        record.trace_id,
        f"{LINES} new",
    ):
        assert told in " ".join(shown.split())
    asked = json.loads(noctua(state.path, "show", document.refresh, "--json")[1])
    assert RefreshRecord.model_validate(asked) == record


def test_tickets_are_read_in_the_refresh_and_propose_once(
    state: StateDirectory, tmp_path: Path
) -> None:
    file = tmp_path / "tickets.csv"
    text = "ATLAng--HSTNng and DNVRng--KSCYng both down, fibres cut in duct D7"
    with file.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([("id", "time", "text"), ("T-1", "2026-03-03 10:00", text)])
    code, shown, error = noctua(
        state.path,
        "imagine",
        "live",
        "--lines",
        "3",
        "--search",
        "0",
        "--tickets",
        str(file),
        "--by",
        "ann",
    )
    assert (code, error) == (0, "")
    assert "T-1" in shown
    with state.read_only_journal() as journal:
        (cause,) = journal.cause_records("live")
        assert set(cause.cause.links) == {"ATLAng--HSTNng", "DNVRng--KSCYng"}
        assert [line.action for line in journal.audit_lines("live")] == [
            "propose_causes",
            "imagine",
        ]
    assert [a.role for a in _refreshes(state)[0].answers] == [
        "ticket_reader",
        "foresight_imaginer",
        "foresight_wording",
    ]
