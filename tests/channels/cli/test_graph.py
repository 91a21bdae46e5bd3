"""`noctua graph` on the embedded store."""

import json
from contextlib import closing
from pathlib import Path

import pytest

from graphs.state_directory import StateDirectory
from tests.channels.conftest import noctua
from tests.tools.change.in_memory import inventory
from tests.tools.journal.conftest import incident
from tests.tools.recorded_netbox import WITH_RECORDS
from tools.graph_store.embedded import EmbeddedGraph
from twin.knowledge.exchange import lines_of
from twin.knowledge.facts import Facts, Thing
from twin.knowledge.past import PastIncident
from twin.knowledge.recorded import facts_of
from twin.nouns.incident import Symptom
from twin.sources.formats.netbox import NETBOX


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Four nodes and two services."""
    found = tmp_path / "four.jsonl"
    found.write_text("\n".join(lines_of(facts_of(inventory(), 5.0))) + "\n")
    return found


@pytest.fixture
def state(tmp_path: Path, file: Path) -> Path:
    """A graph of them."""
    found = tmp_path / "state"
    code, output, error = noctua(found, "graph", "load", str(file), "--network", "four")
    assert (code, error) == (0, "")
    assert "31 things, 34 relations" in output
    return found


def _graph(state: Path, *arguments: str) -> tuple[int, str, str]:
    return noctua(state, "graph", *arguments, "--network", "four")


def test_what_was_loaded_is_exported_again(state: Path, file: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    assert _graph(state, "export", str(out))[0] == 0
    assert out.read_text() == file.read_text()
    assert _graph(state, "diff", str(file)) == (0, "", "")


def test_diff_shows_what_a_file_would_change_and_load_changes_it(state: Path, file: Path) -> None:
    text = file.read_text().replace("duct-A", "duct-B").replace('"members": 1', '"members": 2', 1)
    file.write_text(text)
    code, output, _ = _graph(state, "diff", str(file))
    assert code == 1
    signs = [(line[0], json.loads(line[2:])) for line in output.splitlines()]
    assert ("-", ["duct", "duct-A"]) in [(s, given.get("thing")) for s, given in signs]
    assert ("+", ["duct", "duct-B"]) in [(s, given.get("thing")) for s, given in signs]
    assert len(signs) == 8, "a duct, its two relations, and a link, each lost and gained"
    assert _graph(state, "load", str(file), "--replace")[0] == 0
    assert _graph(state, "diff", str(file)) == (0, "", "")


def test_netbox_document_is_loaded_beside_the_network_that_it_is_of(
    state: Path, tmp_path: Path
) -> None:
    document = tmp_path / "net.json"
    document.write_text(WITH_RECORDS.read_text())
    code, _, error = _graph(state, "load", str(document))
    assert (code, error.count("\n")) == (2, 1)
    assert 'device "bgo-cr1" is not in the knowledge graph' in error
    network = NETBOX.read(document.read_text(), "net")
    keys = [("device", n.id) for n in network.nodes] + [("link", x.id) for x in network.links]
    own = tmp_path / "own.jsonl"
    own.write_text("\n".join(lines_of(Facts.of([Thing(*key) for key in keys], []))) + "\n")
    assert _graph(state, "load", str(own))[0] == 0
    assert _graph(state, "load", str(document), "--replace")[0] == 0
    assert "power_feed OSL1/PP1/A" in _graph(state, "query", "device", "osl-cr1")[1]
    assert "facts from netbox" in _graph(state, "stats")[1]


def test_query_shows_a_thing_and_what_is_near_it(state: Path) -> None:
    code, output, _ = _graph(state, "query", "link", "A-B")
    assert code == 0
    assert "duct duct-A: place A, shared_km 3.0" in output
    assert "link A-B in_duct duct duct-A" in output
    assert _graph(state, "query", "customer")[1] == "customer Hof AG\ncustomer Tal GmbH\n"
    lines = _graph(state, "query", "link", "A-B", "--json")[1].splitlines()
    assert {"thing", "relation"} <= {next(iter(json.loads(line))) for line in lines}


def test_stats_count_by_kind_and_source(state: Path) -> None:
    code, output, _ = _graph(state, "stats")
    assert code == 0
    assert "4 device             ip: a router" in output
    assert "65 facts from inventory" in output
    found = json.loads(_graph(state, "stats", "--json")[1])
    assert (found["things"]["link"], found["things"]["slice"]) == (4, 0)


def test_dag_shows_what_it_needs_and_what_goes_down_with_it(state: Path) -> None:
    code, output, _ = _graph(state, "dag", "duct-A")
    assert code == 0
    assert "it needs nothing that is on record" in output
    assert "link A-B at once: the duct is cut (duct duct-A)" in output
    assert (
        "path A<>D at once: its ends do not reach each other any more (link A-B, link A-C)"
    ) in output
    assert "1 service is cut off: vpn-1" in output
    assert "could touch" in output
    needs = _graph(state, "dag", "A-B")[1]
    assert "all 2 of interface A|A-B, interface B|A-B, or an end is down" in needs
    assert "nothing goes down with it alone" in needs
    drawn = _graph(state, "dag", "duct-A", "--dot")[1].splitlines()
    assert drawn[0] == "digraph causes {"
    assert '  "duct duct-A" -> "link A-B" [label="the duct is cut"];' in drawn
    assert drawn[-1] == "}"


def test_operator_is_invented_into_a_file_that_loads(tmp_path: Path) -> None:
    file = tmp_path / "operator.jsonl"
    assert noctua(tmp_path, "graph", "generate", "sndlib/abilene", str(file))[0] == 0
    assert _graph(tmp_path, "load", str(file))[0] == 0
    code, output, _ = _graph(tmp_path, "dag", "AMF", "--kind", "pool")
    assert (code, "2 of 3: network_function AMF 1" in output) == (0, True)
    assert noctua(tmp_path, "graph", "generate", "sndlib/nowhere", str(file))[0] == 2
    right = file.read_text("utf-8")
    wrong = ("graph", "generate", "sndlib/abilene", str(file), "--mismatch")
    assert noctua(tmp_path, *wrong, "1")[0] == 0
    assert file.read_text("utf-8") != right
    code, _, error = noctua(tmp_path, *wrong, "3")
    assert (code, "no mismatch 3" in error) == (2, True)


def test_past_incidents_that_are_like_one_are_shown_with_what_was_done(tmp_path: Path) -> None:
    state = StateDirectory(tmp_path)
    down = Symptom(
        kind="adjacency_down", resource="A-B", first_seen_s=0.0, last_seen_s=0.0,
        magnitude=1.0, alarms=1,
    )  # fmt: skip
    this = incident("x-1").model_copy(update={"symptoms": (down,)})
    with state.made_journal() as journal:
        journal.open_incident(this, 0.0, "a" * 32)
    assert noctua(tmp_path, "graph", "similar", "x-1")[1].startswith("no past incident")
    past = PastIncident(
        id="old-1", title="", opened_s=0.0, symptoms=(down.id, "probe_loss:A>D/voice"),
        cause="link_down@A-B", remedy="drain A-B", worked=True,
    )  # fmt: skip
    with closing(EmbeddedGraph.open(state.knowledge_file(this.network))) as graph:
        graph.remember_incident(past)
        graph.remember_incident(past.model_copy(update={"id": "x-1"}))
    code, output, _ = noctua(tmp_path, "graph", "similar", "x-1")
    assert code == 0
    told = "old-1  50% of the symptoms  link_down@A-B; drain A-B; it helped\n"
    assert output == told, "and not itself"
    said = json.loads(noctua(tmp_path, "graph", "similar", "x-1", "--json")[1])
    assert [(one["incident"]["id"], one["similarity"]) for one in said] == [("old-1", 0.5)]
    assert noctua(tmp_path, "graph", "similar", "x-2")[0] == 2


def test_dag_asks_which_of_several_is_meant(state: Path) -> None:
    code, _, error = _graph(state, "dag", "A")
    assert (code, "is a device and a site; choose (--kind KIND)" in error) == (2, True)
    assert "located_at" not in _graph(state, "dag", "A", "--kind", "site")[1]
    assert 'did you mean "duct-A"' in _graph(state, "dag", "duct-B")[2]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("query", "linc"), 'did you mean "link"'),
        (("query", "link", "A-X"), 'did you mean "A-'),
        (("query", "MATCH (n) RETURN n", "--cypher"), "speaks no Cypher"),
        (("load", "nowhere.jsonl"), "cannot be read"),
        (("export", "/dev/null/at/all"), "cannot be written"),
    ],
)
def test_what_is_wrong_is_one_line_and_exit_code_2(
    state: Path, arguments: tuple[str, ...], said: str
) -> None:
    code, _, error = _graph(state, *arguments)
    assert code == 2
    assert said in error
    assert len(error.splitlines()) == 1


def test_file_with_a_bad_fact_changes_nothing(state: Path, file: Path) -> None:
    before = file.read_text()
    file.write_text(before + '{"thing": ["owner", "x"], "properties": {"k": 1}}\n')
    code, _, error = _graph(state, "load", str(file))
    assert (code, 'owner "x" has no property "k"' in error) == (2, True)
    file.write_text(before)
    assert _graph(state, "diff", str(file)) == (0, "", "")


def test_file_above_the_limit_is_refused_unread(
    state: Path, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("channels.cli.graph.MOST_BYTES", 100)
    code, _, error = _graph(state, "load", str(file), "--replace")
    assert (code, "more than 100; load it in parts" in error) == (2, True)
    assert _graph(state, "export", str(file))[0] == 0, "and what is there is there"


def test_dependencies_in_a_circle_are_loaded_and_shown_where_they_were_broken(
    state: Path, file: Path
) -> None:
    ends = [["network_function", "smf"], ["network_function", "upf"]]
    lines = [{"format": "noctua-knowledge-2"}, *({"thing": end} for end in ends)]
    lines += [{"relation": "needs", "from": a, "to": b} for a, b in (ends, ends[::-1])]
    file.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    assert _graph(state, "load", str(file))[0] == 0
    code, output, _ = _graph(state, "dag", "smf")
    assert (code, "left out of a circle of 2: " in output) == (0, True)


def test_network_has_to_be_named_and_has_to_be_a_name(tmp_path: Path, file: Path) -> None:
    assert "name one (--network NETWORK)" in noctua(tmp_path, "graph", "stats")[2]
    code, _, error = noctua(tmp_path, "graph", "load", str(file), "--network", "../x")
    assert (code, "is no name of a network" in error) == (2, True)


def test_server_that_is_not_there_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOCTUA_GRAPH", "localhost")
    said = _graph(tmp_path, "stats")[2]
    assert "expected an address such as bolt://127.0.0.1:7687" in said
    monkeypatch.setenv("NOCTUA_GRAPH", "bolt://127.0.0.1:9")
    code, _, error = _graph(tmp_path, "stats")
    assert (code, "does not answer" in error) == (2, True)
    monkeypatch.setenv("NOCTUA_GRAPH_USER", "neo4j")
    assert "is given no NOCTUA_GRAPH_PASSWORD" in _graph(tmp_path, "stats")[2]
    monkeypatch.setenv("NOCTUA_GRAPH_PASSWORD_FILE", str(tmp_path / "none"))
    assert "cannot be read" in _graph(tmp_path, "stats")[2]
