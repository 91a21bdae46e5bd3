"""The bad files: each a name, a content and a suffix; a new one is one more `yield` of its kind."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from importlib import resources
from typing import Any

BadFile = tuple[str, bytes, str]
"""A name, the content, and the suffix, which says what reads it."""

SMALL = '{"nodes": [{"id": "A"}, {"id": "B"}], "edges": [{"source": "A", "target": "B"}]}'


def bad_files(*kinds: str) -> Iterator[BadFile]:
    """All of them or those of some KINDS, each made when it is asked for: the largest have 250 MB."""
    for kind in kinds or KINDS:
        for name, content, suffix in KINDS[kind]():
            data = content if isinstance(content, bytes) else content.encode("utf-8")
            yield f"{kind}: {name}", data, suffix


Texts = Iterator[tuple[str, str | bytes, str]]


def _graph(nodes: Any = None, edges: Any = None, **more: Any) -> str:
    """A small network as node-link JSON, with something odd in it."""
    document = {
        "nodes": [{"id": "A"}, {"id": "B"}, {"id": "C"}] if nodes is None else nodes,
        "edges": [{"source": "A", "target": "B"}, {"source": "B", "target": "C"}]
        if edges is None
        else edges,
        **more,
    }
    return json.dumps(document)


_ODD_ATTRIBUTES: Mapping[str, tuple[Any, ...]] = {
    "capacity": (
        0, -1, float("nan"), float("inf"), 1e19, "1e300 Tbit/s", "1e-300 bit/s", "9999x9e307G",
        "1e400", "-5G", True, [], {}, "10 GB/s", "G", "\u0661\u0660G",
    ),
    "weight": (0, -1, 1.5, 2**63, float("nan"), "1e400", "ten", True),
    "members": (0, -1, 1.5, 1e18, "many", float("inf")),
    "dist": (-1, 1e300, float("nan"), "far", [1]),
}  # fmt: skip
"""Of a link."""


def _json_texts() -> Texts:
    j = ".json"
    yield "lists nested without end", "[" * 500_000, j
    yield "lists nested and closed", "[" * 100_000 + "]" * 100_000, j
    yield "objects nested", '{"nodes":' * 50_000, j
    yield "nested below the limit of the decoder", _graph(graph=_nested(400)), j
    yield "demands nested in a text", _graph(graph={"demands": "[" * 100_000}), j
    yield "a number of 5,000 digits", _graph()[:-1] + f', "x": {"9" * 5000}' + "}", j
    yield "NaN as a place", _graph(nodes=[{"id": "A", "pos": [float("nan"), 0]}, {"id": "B"}]), j
    yield (
        "a place beyond all numbers",
        _graph(nodes=[{"id": x, "pos": [1e308, -1e308]} for x in "ABC"]),
        j,
    )
    for key, values in _ODD_ATTRIBUTES.items():
        for value in values:
            edge = {"source": "A", "target": "B", key: value}
            both = [edge, {"source": "B", "target": "C"}]
            yield f"{key} of {str(value)[:20]}", _graph(edges=both), j
    for value in (-1, float("inf"), 1e19, "9e300T", "x", [], {"A": 1}):
        graph = {"demands": {"A": {"B": value}}, "demand_unit": "bit/s"}
        yield f"a demand of {str(value)[:20]}", _graph(graph=graph), j
    for name in ("\x1b[2J\x1b]0;owned\x07", "=cmd|' /C calc'!A0", "\u202egnp.\u2066x", "A\r\nB\t",
                 "a" * 1_000_000, "\ud800", "x\udc80y", "", " ", "|", "\x00", "\u0000\ufeff"):  # fmt: skip
        nodes = [{"id": "A", "name": name}, {"id": "B"}, {"id": "C"}]
        yield f"a node called {name[:12]!a}", _graph(nodes=nodes), j
    edges: list[dict[str, Any]] = [
        {"source": "A", "target": "B", "srlg": "\udfff"},
        {"source": "B", "target": "C"},
    ]
    yield "half a character in a group", _graph(edges=edges), j
    yield "half a character in a key", _graph(edges=[{**e, "\ud800": 1} for e in edges]), j
    yield (
        "a platform of 2 MB",
        _graph(nodes=[{"id": "A", "platform": "p" * 2_000_000}, {"id": "B"}, {"id": "C"}]),
        j,
    )
    many = [{"id": str(i)} for i in range(100_000)]
    line = [{"source": str(i), "target": str(i + 1)} for i in range(99_999)]
    yield "100,000 nodes in a line", _graph(nodes=many, edges=line), j
    star = [{"source": "0", "target": str(i)} for i in range(1, 100_000)]
    yield "100,000 nodes in a star", _graph(nodes=many, edges=star), j
    yield (
        "100,000 nodes of one name",
        _graph(nodes=[{**n, "name": "x"} for n in many], edges=line),
        j,
    )
    pair = [{"source": "A", "target": "B"}, {"source": "B", "target": "C"}]
    yield "5,000 parallel links", _graph(edges=pair * 5000, multigraph=True), j
    yield (
        "5,000 lines each way",
        _graph(
            edges=[*pair, *({"source": "B", "target": "A"} for _ in pair)] * 2500, directed=True
        ),
        j,
    )
    yield "300,000 parallel links", _graph(edges=pair * 150_000), j
    yield "100,000 links to itself", _graph(edges=[{"source": "A", "target": "A"}] * 100_000), j
    yield (
        "a link to a node that is not there",
        _graph(edges=[{"source": "A", "target": "x" * 500_000}]),
        j,
    )
    near = [{"id": f"a-rather-long-name-of-a-node-{i:06}"} for i in range(5000)]
    yield (
        "a name near 5,000 others",
        _graph(
            nodes=near, edges=[{"source": near[0]["id"], "target": "a-rather-long-name-of-a-nodes"}]
        ),
        j,
    )
    groups = [{"source": "A", "target": "B", "srlg": [f"g{i}" for i in range(100_000)]}, pair[1]]
    yield "a link in 100,000 groups", _graph(edges=groups), j
    yield (
        "100,000 keys that are not read",
        _graph(edges=[{**pair[0], **{f"k{i}": i for i in range(100_000)}}, pair[1]]),
        j,
    )
    yield "2,000,000 empty lists", "[" + ",".join(["[]"] * 2_000_000) + "]", j
    yield "nodes are numbers", '{"nodes": [1, 2], "edges": [3]}', j
    yield "nodes are an object", '{"nodes": {"A": 1}, "edges": {}}', j
    yield "only a number", "1", j
    yield "cut off", _graph()[:-9], j
    yield (
        "ietf: types are wrong everywhere",
        json.dumps({"ietf-network:networks": {"network": [{"node": [1], "link": {}}]}}),
        j,
    )
    yield (
        "ietf: an endless rate",
        json.dumps(
            {
                "ietf-network:networks": {
                    "network": [
                        {
                            "node": [{"node-id": "A"}, {"node-id": "B"}],
                            "link": [
                                {
                                    "link-id": "l",
                                    "source": {"source-node": "A"},
                                    "destination": {"dest-node": "B"},
                                    "l2-link-attributes": {"rate": "1e308"},
                                }
                            ],
                        }
                    ]
                }
            }
        ),
        j,
    )
    yield "netbox: ids are no numbers", '{"devices": [{"id": []}], "interfaces": [{"id": true}]}', j
    speed = {
        "id": 11,
        "device": {"id": 1},
        "speed": 10**400,
        "connected_endpoints_type": "dcim.interface",
        "connected_endpoints_reachable": True,
        "connected_endpoints": [{"id": 21, "device": {"id": 2}}],
    }
    yield (
        "netbox: a speed of 400 digits",
        json.dumps(
            {
                "devices": [{"id": 1}, {"id": 2}],
                "interfaces": [speed, {"id": 21, "device": {"id": 2}}],
            }
        ),
        j,
    )


def _nested(depth: int) -> Any:
    found: Any = 1
    for _ in range(depth):
        found = [found]
    return found


_GRAPHML = '<graphml xmlns="http://graphml.graphdrawing.org/xmlns"><graph edgedefault="undirected">'
_END = "</graph></graphml>"


def _many(attribute: str) -> str:
    return " ".join(f'{attribute}{i}="{i}"' for i in range(100_000))


def _xml_texts() -> Texts:
    x = ".graphml"
    laughs = "".join(f'<!ENTITY a{i + 1} "{f"&a{i};" * 10}">' for i in range(9))
    yield (
        "entities that expand",
        f'<!DOCTYPE g [<!ENTITY a0 "ha">{laughs}]>{_GRAPHML}<node id="&a9;"/>{_END}',
        x,
    )
    yield (
        "one long entity, often",
        f'<!DOCTYPE g [<!ENTITY a "{"x" * 100_000}">]>{_GRAPHML}{"&a;" * 10_000}{_END}',
        x,
    )
    yield (
        "an entity from a file",
        f'<!DOCTYPE g [<!ENTITY a SYSTEM "file:///etc/passwd">]>{_GRAPHML}<node id="&a;"/>{_END}',
        x,
    )
    yield (
        "a parameter entity",
        f'<!DOCTYPE g [<!ENTITY % a SYSTEM "http://localhost/x"> %a;]>{_GRAPHML}{_END}',
        x,
    )
    yield "nested without end", "<graphml>" * 300_000, x
    yield "elements nested and closed", _GRAPHML + "<a>" * 5000 + "</a>" * 5000 + _END, x
    yield "3,000,000 elements", _GRAPHML + "<a/>" * 3_000_000 + _END, x
    yield "an attribute of 10 MB", f'{_GRAPHML}<node id="{"n" * 10_000_000}"/>{_END}', x
    yield (
        "100,000 attributes",
        f"{_GRAPHML}<node {_many('a')}/>{_END}",
        x,
    )
    yield (
        "100,000 namespaces",
        f"{_GRAPHML}<node {_many('xmlns:a')}/>{_END}",
        x,
    )
    yield (
        "100,000 hyperedges behind 100,000 edges",
        _GRAPHML
        + '<node id="A"/><node id="B"/>'
        + '<edge source="A" target="B"/>' * 100_000
        + "<hyperedge/>" * 100_000
        + _END,
        x,
    )
    yield (
        "100,000 graphs in the graph",
        _GRAPHML + "<node id='A'><graph/></node>" * 100_000 + _END,
        x,
    )
    yield "a comment of 20 MB", f"{_GRAPHML}<!--{'c' * 20_000_000}-->{_END}", x
    yield (
        "a key of an unknown type",
        f'<graphml xmlns="http://graphml.graphdrawing.org/xmlns"><key id="k" for="edge" attr.name="capacity" attr.type="bomb"/><graph edgedefault="undirected"><node id="A"/><node id="B"/><edge source="A" target="B"><data key="k">1</data></edge>{_END}',
        x,
    )
    yield (
        "a number that is none",
        f'<graphml xmlns="http://graphml.graphdrawing.org/xmlns"><key id="k" for="edge" attr.name="capacity" attr.type="double"/><graph edgedefault="undirected"><node id="A"/><node id="B"/><edge source="A" target="B"><data key="k">nan</data></edge>{_END}',
        x,
    )
    yield "no end", _GRAPHML + '<node id="A"', x
    for encoding in ("idna", "punycode", "unicode_escape", "utf-7", "rot13", "hex", "zip", "mbcs", "undefined", "none-of-these"):  # fmt: skip
        text = f'<?xml version="1.0" encoding="{encoding}"?>{_GRAPHML}{"a-" * 200_000}{_END}'
        yield f"declared as {encoding}", text, x
    s = ".xml"
    body = '<network xmlns="http://sndlib.zib.de/network"><networkStructure>'
    yield (
        "sndlib: a place without numbers",
        f'{body}<nodes><node id="A"><coordinates><x>inf</x><y>-</y></coordinates></node></nodes></networkStructure></network>',
        s,
    )
    yield "sndlib: nothing inside", f"{body}</networkStructure></network>", s
    yield (
        "sndlib: a capacity beyond all",
        f'{body}<meta/><nodes><node id="A"/><node id="B"/></nodes><links><link id="L"><source>A</source><target>B</target><preInstalledModule><capacity>1e999</capacity></preInstalledModule></link></links></networkStructure></network>',
        s,
    )


def _gml_texts() -> Texts:
    g = ".gml"
    two = 'node [ id 0 label "A" ] node [ id 1 label "B" ]'
    yield "nested without end", "graph [ " * 200_000, g
    yield "nested and closed", "graph [ " + "a [ " * 1000 + "] " * 1000 + "]", g
    yield "closed more than opened", "graph [ " + "] " * 100_000, g
    yield "a text without end", f'graph [ {two} label "' + "x" * 1_000_000, g
    yield "a name of 5 MB", f'graph [ node [ id 0 label "{"n" * 5_000_000}" ] {two} ]', g
    yield (
        "half a character",
        'graph [ node [ id 0 label "&#55296;" ] node [ id 1 label "B" ] edge [ source 0 target 1 ] ]',
        g,
    )
    yield (
        "a character that is none",
        'graph [ node [ id 0 label "&#99999999999;" ] node [ id 1 ] edge [ source 0 target 1 ] ]',
        g,
    )
    yield "a capacity beyond all", f"graph [ {two} edge [ source 0 target 1 capacity 1.0E400 ] ]", g
    yield (
        "a capacity of 400 digits",
        f"graph [ {two} edge [ source 0 target 1 capacity {'9' * 400} ] ]",
        g,
    )
    yield "an id of 5,000 digits", f"graph [ node [ id {'9' * 5000} ] {two} ]", g
    yield "keys without values", f"graph [ {two} edge [ source target ] ]", g
    yield "100,000 graphs", "graph [ ] " * 100_000, g
    yield "5 MB of keys", "graph [ " + "a 1 " * 1_300_000 + "]", g
    yield (
        "200,000 nodes",
        "graph [ " + " ".join(f"node [ id {i} ]" for i in range(200_000)) + " ]",
        g,
    )


def _sndlib_texts() -> Texts:
    s = ".txt"
    head = "?SNDlib native format; type: network; version: 1.0\n"
    yield "a section without end", f"{head}NODES (\n" + "A\n" * 200_000, s
    yield "parentheses without end", f"{head}NODES (\nA {'( ' * 100_000}\n)\n", s
    yield "numbers beyond all", f"{head}NODES (\nA ( 1e999 nan )\n)\n", s
    yield (
        "an unknown unit",
        f"{head}META (\nunit = FURLONG\n)\nNODES (\nA\nB\n)\nLINKS (\nL ( A B ) 1 1 1 1 ( )\n)\n",
        s,
    )
    yield (
        "a capacity beyond all",
        f"{head}META (\nunit = TBITPERSEC\n)\nNODES (\nA\nB\n)\nLINKS (\nL ( A B ) 1e300 1 1 1 ( )\n)\n",
        s,
    )
    yield "another type of file", "?SNDlib native format; type: model; version: 1.0\n", s
    yield (
        "100,000 links of one name",
        f"{head}NODES (\nA\nB\n)\nLINKS (\n" + "L ( A B ) 1 1 1 1 ( )\n" * 100_000 + ")\n",
        s,
    )
    yield "an admissible path without end", f"{head}ADMISSIBLE_PATHS (\n" + "D (\n" * 100_000, s


def _repetita_texts() -> Texts:
    r = ".graph"
    nodes = "NODES 2\nlabel x y\n0_A 1 1\n1_B 2 2\n\n"
    yield "999,999,999 nodes are announced", "NODES 999999999\nlabel x y\n0_A 1 1\n", r
    for edge in ("e 0 7 1 1 1", "e 0 -1 1 1 1", "e 0 1 0 1 1", "e 0 1 1 1e400 1", "e 0 1 1 0 1", "e 0 1 nan 1 1", f"e 0 1 1 {'9' * 400} 1", "e 0 1 1"):  # fmt: skip
        yield f"edge {edge[:16]}", f"{nodes}EDGES 1\nlabel src dest weight bw delay\n{edge}\n", r
    yield "200,000 nodes", "NODES 200000\nlabel x y\n" + "a 1 1\n" * 200_000 + "EDGES 0\nl\n", r
    yield "only comments", "#\n" * 500_000, r


def _csv_texts() -> Texts:
    c = ".csv"
    yield "a field of 10 MB", f"source,target\nA,{'B' * 10_000_000}\n", c
    yield "a quote without end", 'source,target\n"A,' + "B\n" * 500_000, c
    yield "100,000 columns", "source,target" + ",x" * 100_000 + "\nA,B\n", c
    yield (
        "1,000 rows of 10,000 columns",
        ("source,target" + ",x" * 10_000 + "\n") + ("A,B" + "," * 10_000 + "\n") * 1000,
        c,
    )
    yield "1,000,000 rows", "source,target\n" + "A,B\n" * 1_000_000, c
    yield "formulas as names", 'source,target\n"=HYPERLINK(""http://x"",""y"")",@SUM(1)\n+1,-1\n', c
    yield "an escape byte in a name", "source,target\nA\x1b[31m,B\nB,C\n", c
    yield "a zero byte in a name", "source,target\nA\x00,B\n", c
    yield "only a header", "source,target,capacity\n", c
    yield "lines end with CR", "source,target\rA,B\rB,C\r", c
    yield "a capacity beyond all", "source,target,capacity_gbps\nA,B,1e400\n", c
    yield "an unlikely unit", "source,target,capacity\nA,B,10\n", c
    yield "a capacity as a date", "source,target,capacity_gbps\nA,B,2026-01-01\n", c


def _yaml_texts() -> Texts:
    y = ".clab.yml"
    lab = "topology:\n  nodes:\n    a: {kind: x}\n    b: {}\n  links:\n"
    bomb = "a0: &a0 [x]\n" + "".join(
        f"a{i + 1}: &a{i + 1} [{','.join([f'*a{i}'] * 10)}]\n" for i in range(9)
    )
    yield "aliases that expand", f"{bomb}{lab}    - endpoints: *a9\n", y
    merges = "m0: &m0 {k: 1}\n" + "".join(
        f"m{i + 1}: &m{i + 1}\n  <<: [{','.join([f'*m{i}'] * 10)}]\n  k{i}: 1\n" for i in range(9)
    )
    yield "merges that expand", f"{merges}{lab}    - endpoints: [a, b]\n", y
    yield "a list that holds itself", f"x: &x [*x]\n{lab}    - endpoints: [a, b]\n", y
    yield "nested without end", "topology: " + "[" * 100_000, y
    yield "nested and closed", f"topology: {'[' * 500}{']' * 500}", y
    yield "dashes without end", "- " * 100_000, y
    yield (
        "a tag that makes objects",
        f"x: !!python/object/apply:os.system [id]\n{lab}    - endpoints: [a, b]\n",
        y,
    )
    yield "a key twice", f"{lab}    - endpoints: [a, b]\ntopology: {{}}\n", y
    yield "a key that is a list", f"? [a, b]\n: 1\n{lab}    - endpoints: [a, b]\n", y
    yield "3 MB of items", "topology: 1\nx:\n" + "- a\n" * 780_000, y
    yield "5 MB of items", "topology: 1\nx:\n" + "- a\n" * 1_300_000, y
    for link in ("{}", "1", "[]", "{endpoints: 1}", "{endpoints: [1, 2]}", "{endpoints: [a, b, c]}",
                 '{endpoints: ["", ""]}', "{endpoints: [{node: {}}, {node: a}]}"):  # fmt: skip
        yield f"a link {link[:24]}", f"{lab}    - {link}\n", y
    n = ".hosts.yaml"
    for links in ("1", "[1]", "[{to: 1}]", "[{to: nobody}]", "[{to: b, capacity: 1e999G}]", "[{to: b, weight: .nan}]"):  # fmt: skip
        yield (
            f"nornir: links {links}",
            f"a:\n  hostname: 1\n  data:\n    links: {links}\nb:\n  hostname: 2\n",
            n,
        )
    yield "tabs", "a:\n\thostname: 1\n", n


def _traffic_texts() -> Texts:
    c, j = ".traffic.csv", ".traffic.json"
    for rate in ("nan", "inf", "-1", "1e19", "1e400", "9e300 Tbit/s", "9999x9e307G", "", "ten", "1 GB/s"):  # fmt: skip
        yield f"a rate of {rate}", f"source,target,bps\nA,B,{rate}\n", c
    yield "a field of 10 MB", f"source,target,bps\nA,{'B' * 10_000_000},1\n", c
    yield "an unknown node, 100,000 times", "source,target,bps\nA,B,1\n" + "A,x,1\n" * 100_000, c
    yield "1,000,000 rows", "source,target,bps\n" + "A,B,1\n" * 1_000_000, c
    yield "to itself", "source,target,bps\nA,A,1\n", c
    yield "no traffic", "source,target,bps\nA,B,0\n", c
    yield "nested without end", "[" * 500_000, j
    yield "NaN", '[{"source": "A", "target": "B", "bps": NaN}]', j
    yield "a rate of 400 digits", f'[{{"source": "A", "target": "B", "bps": {"9" * 400}}}]', j
    yield "half a character", '[{"source": "\\ud800", "target": "B", "bps": 1}]', j
    yield "entries are numbers", "[1, 2, 3]", j
    yield "a class that is none", '[{"source": "A", "target": "B", "bps": 1, "class": {}}]', j


def _ticket_texts() -> Texts:
    c, j = ".tickets.csv", ".tickets.jsonl"
    for at in ("nan", "1e400", "9" * 400, "2026-99-99", "", "soon", "-1e18"):
        yield f"opened at {at[:12]}", f"id,time,text\nT,{at},x\n", c
    yield "a field of 10 MB", f"id,time,text\nT,1,{'x' * 10_000_000}\n", c
    yield "a text of 90,000 characters", f"id,time,text\nT,1,{'A and ' * 15_000}B cut\n", c
    yield "15,000 tickets", "id,time,text\n" + "".join(
        f"T{i},{i},A lost power; feed B\n" for i in range(15_000)
    ), c  # fmt: skip
    yield "1,000,000 tickets", "id,time,text\n" + "T,1,x\n" * 1_000_000, c
    yield "control characters", "id,time,text\nT\x1b[2J,1,x\n", c
    yield "a quote that is never closed", 'id,time,text\nT,1,"x\n' + "y\n" * 1_000, c
    yield "nested without end", "[" * 500_000, j
    yield "an object nested without end", '{"id":' * 500_000, j
    yield "NaN", '{"id": "T", "time": NaN, "text": ""}', j
    yield "half a character", '{"id": "\\ud800", "time": 1, "text": "\\udfff A cut"}', j
    yield "a text that is a list", '{"id": "T", "time": 1, "text": ["A"]}', j


_SCENARIO = "world:\n  id: a-b\n  topology: {topology}\n  starts_s: {starts}\n  duration_s: {lasts}\n{more}truth: {truth}\n"


def _a_scenario(
    topology: str = "sndlib/abilene",
    starts: str = "0",
    lasts: str = "600",
    more: str = "",
    truth: str = "{}",
) -> str:
    return _SCENARIO.format(topology=topology, starts=starts, lasts=lasts, more=more, truth=truth)


def _scenario_texts() -> Texts:
    s = ".scenario.yaml"
    for starts in (".nan", ".inf", "1e300", "9" * 400, "2026-99-99", "true", "[]", "-1e18"):
        yield f"starts at {starts[:12]}", _a_scenario(starts=starts), s
    for lasts in ("0", "-1", ".inf", ".nan", "1e300", "soon"):
        yield f"lasts {lasts}", _a_scenario(lasts=lasts), s
    for topology in ("/etc/passwd", "../../../../dev/zero", "no/such", '"\\0"', "x" * 10_000, "[]"):
        yield f"a topology {topology[:20]}", _a_scenario(topology=topology), s
    for more in ("traffic_scale: 1e300", "traffic_scale: .nan", "seed: -1", f"seed: {'9' * 100}", "mismatch: 7", "planned_work: [{id: a, links: [x], at_s: 2, until_s: 1}]", "planned_work: 1"):  # fmt: skip
        yield more[:40], _a_scenario(more=f"  {more}\n"), s
    for truth in ("1", "[]", "{events: [{kind: nothing}]}", "{events: [{at_s: .nan}]}"):
        yield f"a truth of {truth}", _a_scenario(truth=truth), s
    yield "a key twice", _a_scenario() + "truth: {}\n", s
    yield "an alias", "world: &a {}\ntruth: *a\n", s
    yield "1 MB of items", _a_scenario() + "x:\n" + "- a\n" * 250_000, s


def _policy_texts() -> Texts:
    p = ".policy.yaml"
    yield from _odd_settings(p)
    whole = resources.files("tools.change").joinpath("policy.yaml").read_text("utf-8")
    for found in re.finditer(r"^ +(\w+): [\d.]+$", whole, re.MULTILINE):
        for odd in ("true", '"6"', ".nan", ".inf", "1e300", "1.0e+300", "-1", "[]", "9" * 400):
            value = found[0].replace(found[0].rpartition(" ")[2], odd)
            yield f"{found[1]} of {odd:.12}", whole.replace(found[0], value), p


def _settings_texts() -> Texts:
    for suffix in (".on_event.yaml", ".models.yaml", ".entry.yaml"):
        for name, content, _ in _odd_settings(suffix):
            yield f"{suffix[1:-5]}, {name}", content, suffix
    yield "on_event, no time at all", "command: [x]\ntimeout_s: .nan\n", ".on_event.yaml"
    yield (
        "on_event, an address of a file",
        "webhook: file:///etc/passwd\nsecret_env: X\n",
        ".on_event.yaml",
    )
    yield "on_event, a command in one text", "command: rm -rf /\n", ".on_event.yaml"
    yield "entry, another name", "driver: emulated\nname: other\n", ".entry.yaml"


def _odd_settings(suffix: str) -> Texts:
    """What no file that a person writes ought to hold, whatever it is for."""
    yield "empty", "", suffix
    yield "a list", "- a\n", suffix
    yield "a number", "1\n", suffix
    yield "a key twice", "a: 1\na: 2\n", suffix
    yield "an alias", "a: &x [1]\nb: *x\n", suffix
    yield "a merge", "a: &x {b: 1}\nc: {<<: *x}\n", suffix
    yield "nested", "a: " + "[" * 100_000, suffix
    yield "a tag", "a: !!python/object/apply:os.system [id]\n", suffix
    yield "a whole number of 5,000 digits", f"a: {'9' * 5000}\n", suffix
    yield "a date that is none", "a: 2026-99-99\n", suffix
    yield "a zero byte", "a: \x00\n", suffix
    yield "no UTF-8", b"a: \xff\xfe\n", suffix
    yield "a key of 1 MB", f"{'k' * 1_000_000}: 1\n", suffix
    yield "1 MB of items", "a:\n" + "- b\n" * 250_000, suffix


def _kept_texts() -> Texts:
    for suffix in (".inventory.json", ".tracker.json", ".knowledge.json"):
        kind = suffix[1:-5]
        yield f"{kind}, empty", "", suffix
        yield f"{kind}, nested", "[" * 500_000, suffix
        yield f"{kind}, an object that is nested", '{"a":' * 100_000, suffix
        yield f"{kind}, null", "null", suffix
        yield f"{kind}, a list", "[1]", suffix
        yield f"{kind}, no UTF-8", b'{"a": "\xff"}', suffix
        yield f"{kind}, NaN", '{"time_s": NaN, "nodes": [], "links": []}', suffix
        yield f"{kind}, a number of 5,000 digits", f'{{"a": {"9" * 5000}}}', suffix
        yield f"{kind}, cut off", '{"topology": {"name": "x", "no', suffix


def _bytes() -> Texts:
    suffixes = (".json", ".graphml", ".xml", ".gml", ".txt", ".graph", ".csv", ".yaml")
    fills = (
        b"[],",
        b"<a/>",
        b"<a>b</a>",
        b"a [ ] ",
        b"A ( 1 1 )\n",
        b"a 1 1\n",
        b"a,b\n",
        b"- a\n",
    )
    begins = (b"[", _GRAPHML.encode(), b"<network><networkStructure>", b"graph [ ",
              b"?SNDlib native format; type: network\nNODES (\n", b"NODES 9\nlabel x y\n",
              b"source,target\n", b"topology:\n  nodes:\n")  # fmt: skip
    for suffix, fill, begin in zip(suffixes, fills, begins, strict=True):
        yield f"60 MB of {suffix}", begin + fill * (60_000_000 // len(fill)), suffix
        yield f"250 MB of {suffix}", begin + fill * (250_000_000 // len(fill)), suffix
        yield f"250 MB of zeros, as {suffix}", bytes(250_000_000), suffix
    yield "60 MB of zeros", bytes(60_000_000), ".json"
    yield "60 MB of blanks", b" " * 60_000_000, ".json"
    yield "60 MB of line ends", b"\n" * 60_000_000, ".csv"
    yield "60 MB of one line", b"a" * 60_000_000, ".graph"
    yield "60 MB beyond Latin", "\U0001f600".encode() * 15_000_000, ".json"
    yield "60 MB of line ends of another kind", b"NODES 9\nx\n" + b"ab\r" * 20_000_000, ".graph"
    yield "60 MB in quotes", b'graph [ a "' + b"x" * 60_000_000 + b'" ]', ".gml"
    yield "a megabyte by chance", bytes((i * i * 7919 + i) % 251 for i in range(1_000_000)), ".csv"
    yield "UTF-16 without a mark", SMALL.encode("utf-16-le"), ".json"
    yield "UTF-16 cut in a character", SMALL.encode("utf-16")[:-1], ".json"
    yield "half a character in UTF-8", b'{"nodes": "\xed\xa0\x80"}', ".json"


KINDS: Mapping[str, Callable[[], Texts]] = {
    "json": _json_texts,
    "xml": _xml_texts,
    "gml": _gml_texts,
    "sndlib": _sndlib_texts,
    "repetita": _repetita_texts,
    "csv": _csv_texts,
    "yaml": _yaml_texts,
    "traffic": _traffic_texts,
    "tickets": _ticket_texts,
    "scenario": _scenario_texts,
    "policy": _policy_texts,
    "settings": _settings_texts,
    "kept": _kept_texts,
    "bytes": _bytes,
}
"""What kinds of files there are, and how they are made."""
