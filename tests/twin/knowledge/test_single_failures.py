"""What single failures take down, all at once, is what trying them one by one says."""

from collections.abc import Sequence

import networkx as nx
from hypothesis import given, settings
from hypothesis import strategies as st

from twin.knowledge.causal import CausalGraph, RankedCause, derive
from twin.knowledge.facts import Facts, Properties, Relation, Thing, ThingKey
from twin.knowledge.kinds import shipped_schema
from twin.knowledge.snapshot import Snapshot
from twin.knowledge.wiring import Wiring

SCHEMA = shipped_schema()

DEVICES, LINKS = 8, 100
"""Devices are 0 to 7, links 100 and more, paths 200 and more."""

PAIRS = st.tuples(st.integers(0, DEVICES - 1), st.integers(0, DEVICES - 1))


@settings(max_examples=200, deadline=None)
@given(st.lists(PAIRS, max_size=14), st.lists(PAIRS, max_size=8), st.sets(st.integers(0, 113)))
def test_paths_that_are_cut_are_those_of_networkx(
    joins: list[tuple[int, int]], asked: list[tuple[int, int]], down: set[int]
) -> None:
    links = {LINKS + i: pair for i, pair in enumerate(joins)}
    paths = {2 * LINKS + i: pair for i, pair in enumerate(asked)}
    whole: nx.MultiGraph[int] = nx.MultiGraph()
    whole.add_nodes_from(range(DEVICES))
    for link, (a, b) in links.items():
        whole.add_edge(a, b, link)
    left = whole.copy()
    for link in down & links.keys():
        left.remove_edge(*links[link], link)
    left.remove_nodes_from(down & set(range(DEVICES)))
    joined = {path: pair for path, pair in paths.items() if nx.has_path(whole, *pair)}
    cut = {p for p, (a, b) in joined.items() if not (a in left and b in left and
                                                   nx.has_path(left, a, b))}  # fmt: skip
    wiring = Wiring(links, paths)
    assert wiring.ends == joined
    assert wiring.cut(down) == cut
    for path, edge in wiring.edges_of(cut, down).items():
        assert edge, "something is down at its edge"
        assert set(edge) <= down
        assert not set(joined[path]) & down or set(edge) <= set(joined[path])


NEEDS = st.lists(
    st.tuples(
        st.sampled_from(["device", "link", "path", "ups", "service"]),
        st.integers(0, 5),
        st.sampled_from(["device", "link", "path", "ups", "service"]),
        st.integers(0, 5),
        st.sampled_from(["", "left", "right"]),
        st.integers(1, 3),
    ),
    max_size=25,
)


def _network(joins: Sequence[tuple[int, int]], needs: Sequence[tuple[object, ...]]) -> CausalGraph:
    """Six devices, links and paths among them, and needs of all kinds, circles included."""
    relations = []
    for number, (a, b) in enumerate(joins[:6]):
        for side, end in enumerate((a, b)):
            port = ("interface", f"{number}{side}")
            relations.append(Relation("has_interface", ("device", str(end % 6)), port))
            relations.append(Relation("terminates", port, ("link", str(number))))
    for number, (a, b) in enumerate(joins[6:]):
        for end in (a, b):
            relations.append(Relation("ends_at", ("path", str(number)), ("device", str(end % 6))))
    for of, one, on, other, group, enough in needs:
        said: Properties = {"group": str(group), "k": int(str(enough))}
        relations.append(Relation("needs", (str(of), str(one)), (str(on), str(other)), "", said))
    ends = {end for r in relations for end in (r.source, r.target)}
    return derive(Snapshot.of(Facts.of((Thing(*end) for end in ends), relations)), SCHEMA)


def _one_by_one(graph: CausalGraph, symptoms: Sequence[ThingKey]) -> list[RankedCause]:
    seen = set(symptoms)
    kinds = {kind for kind, _ in seen}
    found = []
    for cause in graph.keys:
        down = {cause, *(fall.thing for fall in graph.impact([cause]).falls)}
        hit = {key for key in down if key[0] in kinds}
        if both := hit & seen:
            explains = tuple(sorted(both))
            found.append(RankedCause(cause, explains, len(both) / len(hit | seen)))
    return sorted(found, key=lambda one: (-one.jaccard, one.thing))


@settings(max_examples=150, deadline=None)
@given(st.lists(PAIRS, max_size=10), NEEDS, st.data())
def test_causes_are_those_that_trying_all_one_by_one_finds(
    joins: list[tuple[int, int]], needs: list[tuple[object, ...]], data: st.DataObject
) -> None:
    graph = _network(joins, needs)
    if not graph.keys:
        assert graph.causes([]) == ()
        return
    symptoms = data.draw(st.lists(st.sampled_from(graph.keys), max_size=5, unique=True))
    assert list(graph.causes(symptoms, most=1000)) == _one_by_one(graph, symptoms)
    assert list(graph.causes(symptoms, most=2)) == _one_by_one(graph, symptoms)[:2]
    points: dict[ThingKey, tuple[str, ...]] = {}
    for cause in graph.keys:
        if cause[0] != "service" and (hit := graph.impact([cause]).of("service")):
            points[cause] = hit
    assert graph.single_points() == points
