"""What can be looked up comes back as nouns, and whoever reads it reads nouns."""

import ast
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from agents.conversation.lookups import Query, Result
from agents.conversation.queries import dependencies, history, state, topology, whatif
from agents.conversation.queries.history import WHY_NOT_DRAINED, Untaken
from agents.conversation.queries.topology import PathResult
from agents.conversation.queries.whatif import WORST_FAILURES, Sweep
from agents.conversation.role import Asked
from agents.loop.transcript import CallRecord, Turn, json_text, plain
from agents.roles.remediator import SEARCH_REMEDIES, ScreenedRow, SearchResult
from evals.questions.staging import SCENES
from graphs.conversation import Source, open_record
from graphs.inventory_file import kept_inventory
from graphs.state_directory import StateDirectory
from tests.made_once import past
from tools.journal.records import RoleRunRecord
from tools.registry import Tool
from twin.errors import BadInput
from twin.events.actions.drain_link import DrainLink

NAME = SCENES[0].name
QUERIES: dict[str, Query[Any, Any]] = {
    query.tool: query
    for module in (topology, state, whatif, history, dependencies)
    for query in vars(module).values()
    if isinstance(query, Query)
}
EVERY_SERVICE = {"service": "", "customer": "", "node": "", "over_link": "", "traffic_class": ""}
EXAMPLES: list[tuple[str, dict[str, Any]]] = [
    ("find_names", {"text": "CHINng-IPLSng, svc-001 and CHINg"}),
    ("show_network", {}),
    ("list_nodes", {}),
    ("list_links", {}),
    ("show_node", {"node": "CHINng"}),
    ("show_link", {"link": "NYCMng--WASHng"}),
    ("show_path", {"source": "ATLAng", "target": "STTLng"}),
    ("list_services", EVERY_SERVICE),
    ("show_health", {}),
    ("show_utilisation", {"links": [], "most": 20}),
    ("what_if", {"events": "node CHINng down", "at": "18:00", "watch_links": ["ATLAng-HSTNng"]}),
    ("worst_failures", {"of": "link", "at": "", "most": 3}),
    ("list_incidents", {}),
    ("show_incident", {"incident": "abilene-0001"}),
    ("show_remedies", {"incident": "abilene-0001"}),
    ("show_dependencies", {"thing": "NYCMng--WASHng"}),
    ("show_service_impact", {}),
    ("show_next_failures", {}),
    ("why_not_drained", {"incident": "abilene-0001", "drained": "ATLAng-HSTNng"}),
]


@pytest.fixture(scope="module")
def staged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state directory of Abilene, whose incident is over."""
    return past(tmp_path_factory)


@pytest.fixture(scope="module")
def tools(staged: Path) -> Iterator[dict[str, Tool[Any]]]:
    """Those of a question about it."""
    with _tools(staged) as found:
        yield found


@contextmanager
def _tools(folder: Path) -> Iterator[dict[str, Tool[Any]]]:
    state = StateDirectory(folder)
    inventory = kept_inventory(state, NAME)
    assert inventory is not None
    with open_record(Source(state, NAME, lambda: inventory), inventory) as record:
        yield {tool.name: tool for tool in Asked(record, "?").role().tools}


def _called(tools: dict[str, Tool[Any]], name: str, arguments: dict[str, Any]) -> Any:
    return tools[name].call(QUERIES[name].arguments.model_validate(arguments))


@pytest.mark.slow
def test_every_tool_of_a_conversation_is_a_query(tools: dict[str, Tool[Any]]) -> None:
    assert {t.name: t.arguments for t in tools.values()} == {
        name: query.arguments for name, query in QUERIES.items()
    }
    assert sorted(QUERIES) == sorted(name for name, _ in EXAMPLES)
    assert len(QUERIES) == 19


@pytest.mark.slow
@pytest.mark.parametrize(("name", "arguments"), EXAMPLES, ids=[name for name, _ in EXAMPLES])
def test_result_is_a_noun_and_what_a_mind_is_sent_is_read_back_as_it(
    tools: dict[str, Tool[Any]], name: str, arguments: dict[str, Any]
) -> None:
    result = _called(tools, name, arguments)
    sent = json_text(plain(result))
    assert issubclass(QUERIES[name].result, Result)
    assert type(result) is QUERIES[name].result
    assert result.id.startswith("R")
    assert next(iter(json.loads(sent))) == "id"
    assert QUERIES[name].result.model_validate_json(sent) == result


def test_result_holds_nouns_all_the_way_down() -> None:
    for query in QUERIES.values():
        # A schema that admits anything would be written {} or with additionalProperties.
        schema = json.dumps(query.result.model_json_schema(mode="serialization"))
        assert '"additionalProperties": true' not in schema, query.tool
        assert '"items": {}' not in schema, query.tool
    assert all(issubclass(query.arguments, BaseModel) for query in QUERIES.values())


def test_what_is_not_so_is_left_out_of_the_json() -> None:
    none = PathResult(source="A", target="B", reachable=False, ways=())
    assert list(plain(none)) == ["id", "source", "target", "reachable", "ways"]
    some = PathResult(source="A", target="B", reachable=True, ways=(), way_count=0, links=())
    assert list(plain(some))[-2:] == ["way_count", "links"]


@pytest.mark.slow
@pytest.mark.parametrize(("of", "other"), [("link", "node"), ("node", "link")])
def test_failure_is_named_by_what_fails(tools: dict[str, Tool[Any]], of: str, other: str) -> None:
    sweep = Sweep(of=of, at="", most=2)
    rows = plain(tools[WORST_FAILURES.tool].call(sweep))["worst"]
    assert [next(iter(row)) for row in rows] == [of, of]
    assert all(other not in row for row in rows)


@pytest.mark.slow
def test_only_failures_that_are_named_are_tried_and_told_by_class(
    tools: dict[str, Tool[Any]],
) -> None:
    among = ("CHINng", "ATLAng")
    sweep = Sweep(of="node", at="", most=9, among=among, by_class="voice")
    swept = plain(tools[WORST_FAILURES.tool].call(sweep))
    assert swept["tried"] == 2
    assert {row["node"] for row in swept["worst"]} == set(among)
    voice = [row["classes"]["voice"] for row in swept["worst"]]
    assert voice == sorted(voice, reverse=True)
    assert all(sum(r["classes"].values()) == r["services_in_breach"] for r in swept["worst"])
    assert all(r["unavailable"] <= r["services_in_breach"] for r in swept["worst"])


@pytest.mark.slow
def test_egresses_above_a_limit_are_told_where_one_is_asked_for(
    tools: dict[str, Tool[Any]],
) -> None:
    asked = {"events": "", "at": "peak", "watch_links": []}
    assert _called(tools, "what_if", asked).above_limit is None
    then = _called(tools, "what_if", {**asked, "limit": 0.3})
    assert then.above_limit_count >= len(then.above_limit) > 0
    assert all(e.utilisation > 0.3 for e in then.above_limit)
    assert then.above_limit[0] == then.after.busiest


def test_span_of_hours_is_answered_for_its_worst_hour(tools: dict[str, Tool[Any]]) -> None:
    asked = {"events": "link CHINng-IPLSng down", "at": "01:00", "watch_links": [], "hours": 3}
    span = _called(tools, "what_if", asked)
    each = [
        _called(tools, "what_if", {**asked, "at": f"0{hour}:00", "hours": 0})
        for hour in (1, 2, 3, 4)
    ]
    assert span.hours_tried == 4
    assert (span.from_utc, span.until_utc) == (
        "2026-03-04 01:00:00 UTC",
        "2026-03-04 04:00:00 UTC",
    )
    highest = max(one.after.busiest.utilisation for one in each)
    assert span.after.busiest.utilisation == highest
    assert len({one.after.busiest.utilisation for one in each}) > 1


def test_span_that_has_begun_goes_on_from_now(tools: dict[str, Tool[Any]]) -> None:
    asked = {"events": "link CHINng-IPLSng down", "at": "00:00", "watch_links": [], "hours": 24}
    span = _called(tools, "what_if", asked)
    assert span.from_utc.startswith("2026-03-03 1")
    assert span.until_utc == "2026-03-04 00:00:00 UTC"


def test_demand_is_scaled_by_the_factor_that_is_asked_for(tools: dict[str, Tool[Any]]) -> None:
    asked = {"events": "", "at": "peak", "watch_links": ["CHINng-IPLSng"]}
    (once, _), (more, _) = (
        _called(tools, "what_if", {**asked, "demand_factor": f}).after.watched for f in (1.0, 1.5)
    )
    assert more.offered_bps == pytest.approx(1.5 * once.offered_bps, abs=2)
    assert once.offered_bps + once.free_bps == pytest.approx(
        _called(tools, "show_link", {"link": "CHINng-IPLSng"}).capacity_bps, abs=2
    )


def test_forecast_is_that_of_the_planner(tools: dict[str, Tool[Any]]) -> None:
    asked = {"events": "link CHINng-IPLSng down", "at": "", "watch_links": [], "hours": 24}
    found = _called(tools, "what_if", {**asked, "forecast": True})
    assert found.forecast.max_utilisation.p05 < found.forecast.max_utilisation.p95
    assert (found.forecast.verdict == "safe") == (not found.forecast.reasons)
    without = _called(tools, "what_if", asked)
    assert without == found.model_copy(update={"forecast": None, "id": without.id})


def test_links_that_are_asked_for_come_first_in_growth(tools: dict[str, Tool[Any]]) -> None:
    asked = {"events": "", "at": "peak", "watch_links": ["STTLng-SNVAng"]}
    found = _called(tools, "what_if", {**asked, "growth_per_year": 0.3, "limit": 0.8})
    first, *others = found.growth.links
    assert first.link == "SNVAng--STTLng"
    assert first.full_at_growth == pytest.approx(0.8 / first.utilisation)
    assert others[0].full_in_years.expected <= others[1].full_in_years.expected


def test_capacity_that_is_added_relieves_its_link(tools: dict[str, Tool[Any]]) -> None:
    asked = {"at": "peak", "watch_links": ["CHINng-IPLSng"]}
    found = _called(tools, "what_if", {**asked, "events": "link CHINng-IPLSng add 200G"})
    was, is_ = found.before.watched[0], found.after.watched[0]
    assert is_.offered_bps == pytest.approx(was.offered_bps, abs=2)
    assert is_.utilisation < was.utilisation
    assert {x.link for x in found.most_changed} == {"CHINng--IPLSng"}


def test_path_is_that_after_the_events(tools: dict[str, Tool[Any]]) -> None:
    ends = {"source": "CHINng", "target": "IPLSng"}
    assert _called(tools, "show_path", ends).links == ("CHINng--IPLSng",)
    after = _called(tools, "show_path", {**ends, "events": "link CHINng-IPLSng down"})
    assert "CHINng--IPLSng" not in after.links


def test_paths_apart_share_less_and_less(tools: dict[str, Tool[Any]]) -> None:
    ends = {"source": "CHINng", "target": "LOSAng", "apart": True}
    links, nodes, ducts = _called(tools, "show_path", ends).apart
    assert [x.what for x in (links, nodes, ducts)] == ["links", "nodes", "ducts"]
    one, two = nodes.ways
    assert not set(one.nodes[1:-1]) & set(two.nodes[1:-1])
    assert not nodes.shared_nodes


def test_what_if_without_anything_to_suppose_is_refused(tools: dict[str, Tool[Any]]) -> None:
    with pytest.raises(BadInput, match="no event is named"):
        _called(tools, "what_if", {"events": " ; ", "at": "", "watch_links": []})


def test_worst_failure_of_an_egress_is_the_one_that_fills_it_most(
    tools: dict[str, Tool[Any]],
) -> None:
    swept = _called(tools, "worst_failures", {"of": "link", "at": "", "most": 1})
    (fullest,) = swept.fullest
    asked = {"events": f"link {fullest.by} down", "at": "", "watch_links": [fullest.link]}
    watched = {e.node: e for e in _called(tools, "what_if", asked).after.watched}
    assert watched[fullest.node].utilisation == pytest.approx(fullest.utilisation, abs=1e-3)


def test_services_over_a_node_are_those_over_its_links_and_at_its_end(
    tools: dict[str, Tool[Any]],
) -> None:
    over = _called(tools, "list_services", {**EVERY_SERVICE, "over_node": "CHINng"})
    links = _called(tools, "show_node", {"node": "CHINng"}).links
    each = [_called(tools, "list_services", {**EVERY_SERVICE, "over_link": x.link}) for x in links]
    ending = _called(tools, "list_services", {**EVERY_SERVICE, "node": "CHINng"})
    assert {s.service for s in over.services} == {
        s.service for found in (*each, ending) for s in found.services
    }


@pytest.mark.parametrize(
    ("asked", "incidents"),
    [
        ({"touching": "NYCMng-WASHng"}, 1),
        ({"touching": "NYCMng"}, 1),
        ({"touching": "STTLng"}, 0),
        ({"since": "2026-03-03 18:00", "until": "2026-03-03 18:05"}, 0),
        ({"since": "2026-03-03 18:00"}, 1),
        ({"since": "2026-03-04 18:00"}, 0),
    ],
)
def test_records_are_of_the_thing_and_the_time_that_are_asked_for(
    tools: dict[str, Tool[Any]], asked: dict[str, Any], incidents: int
) -> None:
    found = _called(tools, "list_incidents", asked)
    assert found.count == incidents
    assert bool(found.commits) is bool(incidents)


def test_time_that_cannot_be_read_is_refused(tools: dict[str, Tool[Any]]) -> None:
    with pytest.raises(BadInput, match='"noon" is no time'):
        _called(tools, "list_incidents", {"since": "noon"})


def test_drain_that_was_screened_and_not_simulated_is_told_with_what_it_left(
    staged: Path,
) -> None:
    drain = DrainLink(link="ATLAng--HSTNng")
    row = ScreenedRow(actions=(drain,), cost=2.5, max_utilisation=0.8)
    call = CallRecord(
        name=SEARCH_REMEDIES,
        arguments={"most_changes": 1},
        result=plain(SearchResult(remedies=(row,))),
    )
    turn = Turn(mind="somebody", calls=(call,)).model_dump(mode="json")
    with StateDirectory(staged).journal() as journal:
        journal.record_role_run(
            RoleRunRecord(
                incident_id="abilene-0001",
                role="remediator",
                started_s=0.0,
                ended_s=1.0,
                finished_by="somebody",
                data={"transcript": [turn]},
            )
        )
    asked = Untaken(incident="abilene-0001", drained="ATLAng-HSTNng")
    with _tools(staged) as tools:
        told = plain(tools[WHY_NOT_DRAINED.tool].call(asked))
    (found,) = WHY_NOT_DRAINED.result.model_validate(told).drains
    assert not found.simulated
    (screened,) = found.screened
    assert screened.says == "drain ATLAng--HSTNng"
    assert (screened.cost, screened.max_utilisation) == (2.5, 0.8)


READERS = sorted(
    {
        *Path("agents/conversation").rglob("*.py"),
        *Path("agents/playbook/conversation").glob("*.py"),
    }
)


@pytest.mark.parametrize("file", READERS, ids=lambda f: f.as_posix())
def test_nothing_is_read_by_a_key(file: Path) -> None:
    keys = [
        ast.unparse(node)
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Subscript)
        and isinstance(node.slice, ast.Constant)
        and isinstance(node.slice.value, str)
    ]
    allowed = ("reading.slots[", "slots[", "match[", "m[", "data[", "types[", "Literal[")
    assert [key for key in keys if not key.startswith(allowed)] == []
