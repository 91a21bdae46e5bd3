"""The bad files: a sample in this process, and how one in a process of its own is judged."""

import hashlib
import os
import tracemalloc
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from types import ModuleType

import pytest
import yaml

from channels.planning import reading
from evals.hostile import files
from evals.hostile.bad_files import KINDS, SMALL, BadFile, bad_files
from evals.hostile.files import Outcome, read, read_apart
from tests.twin.sources.formats.test_limits import chain, parallel
from tools import strict_yaml
from twin.errors import BadInput
from twin.sources import traffic_matrix
from twin.sources.formats import draft, gml, graphml, json_text, limits, xml_text, yaml_text

SHOWN = 24
"""How many of the small ones are read here; `python -m evals.hostile.files` reads all."""

LARGEST_BYTES = 100_000


QUICKLY_MADE = ("sndlib", "repetita", "scenario", "policy", "settings", "kept")


def small_sample() -> list[BadFile]:
    small = [bad for bad in bad_files(*QUICKLY_MADE) if len(bad[1]) < LARGEST_BYTES]
    return sorted(small, key=lambda bad: hashlib.sha256(bad[0].encode()).digest())[:SHOWN]


def test_every_small_file_of_a_sample_is_read_or_refused(tmp_path: Path) -> None:
    outcomes = set()
    for name, data, suffix in small_sample():
        file = tmp_path / f"file{suffix}"
        file.write_bytes(data)
        outcome, said = read(file)
        outcomes.add(outcome)
        # A refusal names the file, or the scenario's own that it is about.
        assert outcome == Outcome.READ or str(tmp_path) in said or "topolog" in said, (name, said)
    assert Outcome.REFUSED in outcomes


@pytest.mark.slow
def test_there_are_many_files_and_no_two_of_one_name() -> None:
    names = [name for name, _, _ in bad_files(*KINDS.keys() - {"bytes"})]
    assert len(names) >= 120
    assert len(set(names)) == len(names)


@pytest.mark.parametrize(
    ("content", "outcome"),
    [
        (b"{}", Outcome.REFUSED),
        (b'{"nodes": [{"id": 1}, {"id": 2}], "edges": []}', Outcome.REFUSED),
    ],
)
def test_file_is_read_in_a_process_of_its_own(
    content: bytes, outcome: Outcome, tmp_path: Path
) -> None:
    found = read_apart(("one", content, ".json"), tmp_path)
    assert found.outcome == outcome
    assert "file.json" in found.said


def test_memory_that_a_process_began_with_is_not_counted_and_what_it_took_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    allowed = 128 * 2**20
    monkeypatch.setattr(files, "MOST_BYTES", allowed)
    ballast = b"x" * (2 * allowed)
    assert read_apart(("one", b"{}", ".json"), tmp_path).outcome == Outcome.REFUSED
    del ballast

    def greedy(file: Path) -> tuple[Outcome, str]:
        return Outcome.READ, file.name[: len(b"x" * (2 * allowed))]

    monkeypatch.setattr(files, "read", greedy)
    found = read_apart(("two", b"{}", ".json"), tmp_path)
    assert found.outcome == Outcome.TOO_LARGE
    assert found.peak_bytes >= allowed


# Controls: with the limit raised, the same file is read


@dataclass(frozen=True, slots=True)
class Limited:
    """A file that the limit `limit` of `module` refuses.

    `most`: a limit under which it is read. `scaled`: a limit as much smaller than ours as the file
    is than those that ours refuses; None where ours refuses the file itself.
    """

    text: str
    suffix: str
    module: ModuleType
    limit: str
    most: float
    scaled: float | None = None


def _inside(begin: str, end: str, text: str, levels: int = 80) -> str:
    return begin * levels + text + end * levels


GRAPHML = (
    '<graphml xmlns="http://graphml.graphdrawing.org/xmlns"><graph edgedefault="undirected">'
    '<node id="A"/><node id="B"/><edge source="A" target="B"/></graph>{more}</graphml>'
)
A_GML = (
    'graph [ node [ id 0 label "A" ] node [ id 1 label "B" ] edge [ source 0 target 1 ] {more} ]'
)
CLAB = (
    "name: x\ntopology:\n  nodes: {{A: {{}}, B: {{}}}}\n"
    "  links:\n  - endpoints: ['A:e1', 'B:e1']\n{more}"
)
MERGED = "a: &a {x: 1, y: 2, z: 3}\nb: {<<: *a}\n"

LIMITED = {
    "JSON, depth": Limited(
        SMALL[:-1] + f', "more": {_inside("[", "]", "")}}}', ".json", json_text, "DEEPEST", 100
    ),
    "XML, depth": Limited(
        GRAPHML.format(more=_inside("<a>", "</a>", "")), ".graphml", xml_text, "DEEPEST", 100
    ),
    "GML, depth": Limited(
        A_GML.format(more=_inside("a [ ", "] ", "b 1 ")), ".gml", gml, "DEEPEST", 100
    ),
    "YAML, depth": Limited(
        CLAB.format(more=f"more: {_inside('[', ']', '')}\n"), ".yaml", yaml_text, "DEEPEST", 100
    ),
    "nodes": Limited(chain(20), ".json", draft, "MOST_NODES", 20, scaled=19),
    "lines": Limited(chain(20), ".json", draft, "MOST_LINES", 19, scaled=18),
    "parallel links": Limited(parallel(129), ".json", draft, "MOST_PARALLEL", 129),
    "members": Limited(parallel(1, members=10_001), ".json", draft, "MOST_MEMBERS", 10_001),
    "characters of a name": Limited(
        parallel(1).replace("B", "B" * 257), ".json", limits, "LONGEST_NAME", 257
    ),
    "values": Limited(SMALL, ".json", json_text, "MOST_VALUES", 20, scaled=5),
    "lines of text": Limited(CLAB.format(more=""), ".yaml", limits, "MOST_VALUES", 20, scaled=2),
    "elements": Limited(
        GRAPHML.format(more=""), ".graphml", xml_text, "MOST_ELEMENTS", 9, scaled=3
    ),
    "characters of GML": Limited(A_GML.format(more=""), ".gml", gml, "LONGEST", 200, scaled=50),
    "characters of YAML": Limited(
        CLAB.format(more=""), ".yaml", yaml_text, "LONGEST", 200, scaled=50
    ),
    "merged pairs": Limited(
        CLAB.format(more=MERGED), ".yaml", yaml_text, "MOST_MERGED", 2, scaled=1
    ),
    "capacity": Limited(parallel(1, capacity="1e19 bit/s"), ".json", draft, "MOST_BPS", 1e20),
    "demand": Limited(
        "source,target,bps\nA,B,1e19\n", ".traffic.csv", traffic_matrix, "MOST_BPS", 1e20
    ),
    "demands": Limited(
        "source,target,bps\n" + "A,B,1\n" * 13,
        ".traffic.csv",
        traffic_matrix,
        "MOST_ROWS",
        1,
        scaled=0,
    ),
}


@pytest.mark.parametrize("limited", LIMITED.values(), ids=LIMITED.keys())
def test_file_is_refused_by_its_limit_alone(
    limited: Limited, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / f"file{limited.suffix}"
    file.write_text(limited.text, "utf-8")
    if limited.scaled is not None:
        monkeypatch.setattr(limited.module, limited.limit, limited.scaled)
    assert read(file)[0] == Outcome.REFUSED
    monkeypatch.setattr(limited.module, limited.limit, limited.most)
    assert read(file) == (Outcome.READ, "")


@dataclass(frozen=True, slots=True)
class Guarded:
    """A file that is refused for `refusal`, and read where `guard` of `place` is `instead`."""

    text: str
    suffix: str
    refusal: str
    place: object
    guard: str
    instead: object


POLICY = resources.files("tools.change").joinpath("policy.yaml").read_text("utf-8")

GUARDED = {
    "a key twice in a policy": Guarded(
        POLICY.replace("  max_devices: 6", "  max_devices: 6\n  max_devices: 600"),
        ".policy.yaml",
        'the key "max_devices" stands there twice',
        strict_yaml,
        "_Strict",
        yaml.SafeLoader,
    ),
    "an alias in a policy": Guarded(
        POLICY.replace("window_s: 300", "window_s: &s 300").replace("soak_s: 600", "soak_s: *s"),
        ".policy.yaml",
        "an alias (*name) is not taken",
        strict_yaml,
        "_Strict",
        yaml.SafeLoader,
    ),
    "a key twice in a network": Guarded(
        CLAB.format(more="name: y\n"),
        ".yaml",
        "it is none of the formats that are read",
        yaml_text._Loader,
        "flatten_mapping",
        yaml.CSafeLoader.flatten_mapping,
    ),
    "an entity": Guarded(
        '<!DOCTYPE graphml [<!ENTITY a "A">]>' + GRAPHML.format(more="").replace('"A"', '"&a;"'),
        ".graphml",
        "defines XML entities",
        graphml,
        "surveyed",
        lambda *_: Counter(),
    ),
}


@pytest.mark.parametrize("guarded", GUARDED.values(), ids=GUARDED.keys())
def test_file_that_may_mean_something_else_is_refused_by_its_guard_alone(
    guarded: Guarded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / f"file{guarded.suffix}"
    file.write_text(guarded.text, "utf-8")
    outcome, said = read(file)
    assert outcome == Outcome.REFUSED
    assert guarded.refusal in said
    yaml_text.forget()
    monkeypatch.setattr(guarded.place, guarded.guard, guarded.instead)
    assert read(file) == (Outcome.READ, "")


def test_limit_of_size_spares_what_reading_the_file_would_cost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, size = tmp_path / "file.json", reading.LARGEST_BYTES + 1
    file.touch()
    # It has the size and takes no space.
    os.truncate(file, size)

    def refused() -> None:
        with pytest.raises(BadInput, match="files are read up to 64 MiB"):
            reading.text_of(file)

    assert _peak_bytes(refused) < 2**20
    monkeypatch.setattr(reading, "LARGEST_BYTES", size)
    assert _peak_bytes(lambda: reading.text_of(file)) > 2 * size


def _peak_bytes(call: Callable[[], object]) -> int:
    """The most memory of Python that `call` has in use at once."""
    tracemalloc.start()
    try:
        call()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
