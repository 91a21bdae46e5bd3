"""Every example of docs/extending.md is run as it stands on the page."""

import importlib
import importlib.metadata
import re
import sys
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from types import ModuleType

import pytest

from agents.playbook.view import TranscriptView
from channels.networks import network_names, open_network
from evals.stage import load_case, stage
from graphs.minds import minds_from_environment, read_mind_settings
from graphs.state_directory import StateDirectory
from tests.tools.change.in_memory import inventory
from tests.tools.journal.conftest import incident
from tests.twin.remediation.evenings import wandered
from tools.journal.journal import Journal
from tools.models.screened import ScreenedModel
from tools.policies import policy_named
from twin.errors import BadInput, Ungrounded
from twin.events.actions.drain_link import DrainLink
from twin.knowledge.past import PastIncident
from twin.knowledge.recorded import INVENTORY, facts_of
from twin.nouns.configuration import default_configuration
from twin.nouns.state import NetworkState
from twin.remediation.conformance import check_policy

PAGE = (Path(__file__).parents[2] / "docs" / "extending.md").read_text("utf-8")

BLOCKS = {
    found["file"]: found["text"]
    for found in re.finditer(r"```\w+\n# file: (?P<file>\S+)\n(?P<text>.*?)```", PAGE, re.DOTALL)
}

QUIET = """
world: {id: quiet-lab, topology: sndlib/abilene, starts_s: 2026-03-03T18:00:00Z, duration_s: 3600}
truth: {}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Every block of the page in a file, of which the modules can be imported."""
    for name, text in BLOCKS.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path
    for name in BLOCKS:
        sys.modules.pop(name.removesuffix(".py"), None)


@pytest.fixture
def installed(folder: Path) -> Path:
    """The same, with the package installed as its pyproject.toml says."""
    _install(folder, tomllib.loads(BLOCKS["pyproject.toml"])["project"])
    return folder


def _install(folder: Path, project: Mapping[str, object]) -> None:
    """What an installer writes of a project: its name, version and entry points."""
    name, version, groups = project["name"], project["version"], project["entry-points"]
    assert isinstance(groups, dict)
    described = folder / f"{str(name).replace('-', '_')}-{version}.dist-info"
    described.mkdir()
    (described / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    )
    lines = []
    for group, entries in groups.items():
        lines += [f"[{group}]", *(f"{key} = {value}" for key, value in entries.items())]
    (described / "entry_points.txt").write_text("\n".join(lines))
    importlib.invalidate_caches()


def _module(name: str) -> ModuleType:
    return importlib.import_module(name)


def test_the_page_has_an_example_of_every_kind_of_addition() -> None:
    headings = re.findall(r"^## (.*)$", PAGE, re.MULTILINE)
    assert [h.split(",")[0] for h in headings] == [
        "A fault kind", "An action", "A what-if", "A driver", "A mind", "A policy", "A store",
        "A door for alerts", "A channel", "A condition of the watch itself",
    ]  # fmt: skip
    assert len(re.findall("```", PAGE)) == 2 * len(BLOCKS)


def test_the_fault_kind_lacks_no_hook_and_takes_the_node_down(folder: Path) -> None:
    record = inventory()
    fault = _module("node_down").NodeDown(node="D", links=("C-D",))
    fault.check(record.topology, record.intended)
    state = NetworkState(record.topology, record.intended, record.peak_traffic)
    assert fault.after(state).down_links == {"C-D"}
    assert fault.arcs(state) == {6: None, 7: None}
    assert fault.circuits() == fault.links_down(record.topology) == {"C-D"}
    assert (fault.id, fault.place()) == ("node_down@D", "D")
    assert type(fault).model_validate_json(fault.model_dump_json()) == fault
    with pytest.raises(Ungrounded, match="loses all of its links"):
        type(fault)(node="A", links=("A-B",)).check(record.topology, record.intended)


def test_the_action_and_its_inverse_leave_the_network_as_it_was(folder: Path) -> None:
    topology = inventory().topology
    running = default_configuration(topology)
    action = _module("shut_link").ShutLink(node="A", link="A-B")
    action.check(topology)
    after = action.configured(running, running, topology)
    assert after.device("A").interface("A-B").shut_down
    assert not after.device("B").interface("A-B").shut_down
    (back,) = action.inverse(running, topology)
    assert back.configured(after, running, topology) == running


def test_the_what_if_lacks_no_hook_and_doubles_the_link(folder: Path) -> None:
    record = inventory()
    kind = _module("double_link").DoubleLink
    (event,) = kind.read({"LINK": "B-A"}, record.topology)
    state = NetworkState(record.topology, record.intended, record.peak_traffic)
    before, after = (s.topology.link("A-B") for s in (state, event.after(state)))
    assert (after.capacity_bps, after.members) == (2 * before.capacity_bps, 2 * before.members)
    assert event.phrase() == "double A-B"
    assert kind.model_validate_json(event.model_dump_json()) == event


def test_the_policy_of_the_package_is_found_and_proposes_drains(installed: Path) -> None:
    policy = policy_named("drains")
    situations = list(wandered(8))
    check_policy(policy, situations)
    proposed = [situation.action(n)[0] for situation in situations
                for n in policy.propose(situation).numbers.tolist()]  # fmt: skip
    assert proposed
    assert all(isinstance(action, DrainLink) for action in proposed)


def test_the_driver_of_the_package_opens_the_network_that_names_it(installed: Path) -> None:
    case = installed / "case.yaml"
    case.write_text(QUIET)
    stage(load_case(str(case)), 1, installed / "networks" / "lab.sqlite", "lab").close()
    (installed / "lab.yaml").rename(installed / "networks" / "lab.yaml")
    assert network_names(StateDirectory(installed)) == ("lab",)
    network, clock = open_network(StateDirectory(installed), "lab")
    with closing(network):
        assert (network.name, clock.now_s()) == ("lab", network.now_s())
        node = network.inventory().topology.nodes[0].id
        assert network.stage("one", network.running(node)) == f"acme> load replace {node}"
        assert network.diff(node, "one") == ""


def test_a_key_of_the_driver_s_is_refused_by_the_driver(installed: Path) -> None:
    (installed / "networks").mkdir()
    (installed / "networks" / "lab.yaml").write_text("driver: acme\nname: lab\nprompt: 7\n")
    with pytest.raises(BadInput, match="prompt must be a text"):
        open_network(StateDirectory(installed), "lab")


def test_the_mind_of_the_package_is_asked_first_and_sees_pseudonyms(installed: Path) -> None:
    environ = {"NOCTUA_MODEL": "acme:calm"}
    assert read_mind_settings(environ, installed).brought == ("acme:calm",)
    first, last = minds_from_environment(environ, installed, inventory()).for_role("imaginer")
    assert (first.name, first.foreign) == ("acme:calm", True)
    assert (last.name, last.foreign) == ("playbook", False)
    assert isinstance(first.model, ScreenedModel)
    view = TranscriptView(role="imaginer", task={}, calls=(), offered={})
    said = _module("acme_minds").imagine_nothing(view)
    assert (said.tool, said.arguments) == ("answer", {"scenarios": []})


def test_what_the_mind_s_package_raises_names_the_distribution(installed: Path) -> None:
    with pytest.raises(BadInput, match=r'"acme-noctua 1\.0".*there is no model wild'):
        minds_from_environment({"NOCTUA_MODEL": "acme:wild"}, installed, inventory())


def test_the_store_tells_others_what_it_remembers(folder: Path) -> None:
    graph = _module("logged_graph").LoggedGraph.open(folder / "graph.sqlite")
    facts = facts_of(inventory())
    graph.replace(INVENTORY, facts.things, facts.relations)
    past = PastIncident(
        id="x-1", title="", opened_s=0.0, symptoms=("adjacency_down:A-B",),
        cause="link_down@A-B", remedy="nothing", worked=True,
    )  # fmt: skip
    graph.remember_incident(past)
    assert PastIncident.model_validate_json(graph.log.read_text("utf-8")) == past
    assert graph.incidents_like(["adjacency_down:A-B"])[0].incident == past


def test_the_door_reads_what_begins_and_what_is_over(folder: Path) -> None:
    uptime = _module("uptime").Uptime()
    down = {"host": "A", "port": "A-B", "ok": False, "since": 100.0}
    begun, over = uptime.read({"checks": [down, down | {"ok": True, "since": 160.0}]}, 200.0).alerts
    assert (begun.starts_wall_s, begun.ends_wall_s) == (100.0, None)
    assert (over.fingerprint, over.ends_wall_s) == (begun.fingerprint, 160.0)
    with pytest.raises(BadInput, match='a list "checks"'):
        uptime.read([], 200.0)


def test_the_channel_shows_what_is_open(folder: Path) -> None:
    bulletin = _module("bulletin").bulletin
    with Journal.open(folder / "journal.sqlite") as journal:
        assert bulletin(folder) == "nothing is open"
        journal.open_incident(incident("x-1"), 0.0, "a" * 32)
    assert bulletin(folder).startswith("x-1 (")
