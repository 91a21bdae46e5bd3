"""`graph`: what is on record of a network, as a graph that is loaded, asked, compared and kept."""

import os
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from pydantic import JsonValue

from channels import verbs
from channels.cli.output import AsJson, directory_of, print_json
from channels.networks import network_names
from channels.report.wording import plain
from channels.whole_file import whole_file
from graphs.state_directory import StateDirectory
from tools.graph_store.opening import open_graph
from twin.errors import BadInput
from twin.knowledge.exchange import MOST_BYTES, facts_in, lines_of
from twin.knowledge.facts import Facts, Relation, Thing, ThingKey, UnknownThing, difference
from twin.nouns.counted import counted
from twin.nouns.way import Way

if TYPE_CHECKING:
    from tools.graph_store.protocol import KnowledgeGraph
    from twin.knowledge.snapshot import Snapshot

app = typer.Typer(
    help="The knowledge graph: what is on record of a network, and what depends on what.",
    no_args_is_help=True,
)

_Network = Annotated[
    str | None, typer.Option("--network", help="Which, if the state directory has several.")
]
_File = Annotated[
    Path,
    typer.Argument(metavar="FILE", help="As export writes it, or .json as noctua netbox does."),
]

_LONGEST_ROW = 2000


@app.command()
def load(
    context: typer.Context,
    file: _File,
    network: _Network = None,
    source: Annotated[
        str, typer.Option("--source", help="Of facts that name none.", show_default="the file")
    ] = "",
    replace: Annotated[
        bool,
        typer.Option("--replace", help="Remove what else its sources have said."),
    ] = False,
) -> None:
    """Add the facts of a file to the graph, or replace those of the same identity.

    All is checked before anything is written.
    """
    facts = _read(file, source or file.name)
    with closing(_opened(context, network)) as graph:
        if replace:
            for one in sorted(_sources(facts)):
                graph.replace(one, *_of_source(facts, one))
        else:
            graph.put(facts.things, facts.relations)
    typer.echo(f"{file}: {_size_of(facts)}")


@app.command()
def export(
    context: typer.Context,
    file: _File,
    network: _Network = None,
) -> None:
    """Write the whole graph into a file, in an order that does not change."""
    with closing(_opened(context, network)) as graph:
        facts = graph.snapshot().facts()
    _write(file, facts)


@app.command()
def diff(
    context: typer.Context,
    file: _File,
    network: _Network = None,
    source: Annotated[
        str, typer.Option("--source", help="Of facts that name none.", show_default="the file")
    ] = "",
) -> None:
    """Show what the graph would gain (+) and lose (-) to be as a file says. Exit 1 if anything."""
    wanted = _read(file, source or file.name)
    with closing(_opened(context, network)) as graph:
        now = graph.snapshot().facts()
    changes = difference(now, wanted)
    gone = {*changes.removed_things, *changes.removed_relations}
    changed = {t.key for t in changes.put.things} | {r.identity for r in changes.put.relations}
    lost = Facts(
        tuple(t for t in now.things if t.key in gone | changed),
        tuple(r for r in now.relations if r.identity in gone | changed),
    )
    for sign, facts in (("-", lost), ("+", changes.put)):
        for line in list(lines_of(facts))[1:]:
            typer.echo(f"{sign} {plain(line, _LONGEST_ROW)}")
    if changes:
        raise typer.Exit(1)


@app.command()
def query(
    context: typer.Context,
    kind: Annotated[
        str, typer.Argument(metavar="KIND", help="Of the thing, or a whole query with --cypher.")
    ],
    id: Annotated[str, typer.Argument(metavar="ID")] = "",
    network: _Network = None,
    hops: Annotated[int, typer.Option("--hops", min=0, max=10, help="How far around it.")] = 1,
    cypher: Annotated[
        bool,
        typer.Option("--cypher", help="KIND is Cypher that only reads; $network is the network."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show a thing and what is near it; without ID, the things of a kind."""
    with closing(_opened(context, network)) as graph:
        if cypher:
            _show_rows(_asked(graph, kind), as_json)
            return
        graph.schema.thing(kind)
        facts = graph.around(kind, id, hops) if id else Facts(graph.things(kind))
    lines = list(lines_of(facts))[1:]
    if as_json:
        typer.echo("\n".join(lines))
        return
    for thing in facts.things:
        typer.echo(plain(_thing_line(thing), _LONGEST_ROW))
    for relation in facts.relations:
        typer.echo(plain(_relation_line(relation), _LONGEST_ROW))


@app.command()
def stats(context: typer.Context, network: _Network = None, as_json: AsJson = False) -> None:
    """Count things and relations by kind and source; kinds that are known and unused stand too."""
    with closing(_opened(context, network)) as graph:
        snapshot, schema = graph.snapshot(), graph.schema
        refused: tuple[str, ...] = getattr(graph, "refused", tuple)()
    facts = snapshot.facts()
    things = Counter(thing.kind for thing in facts.things)
    relations = Counter(relation.kind for relation in facts.relations)
    sources = Counter(_sources_of(facts))
    if as_json:
        print_json(
            {
                "revision": snapshot.revision,
                "things": {kind: things[kind] for kind in (*schema.things,)},
                "relations": {kind: relations[kind] for kind in (*schema.relations,)},
                "facts by source": dict(sorted(sources.items())),
            }
        )
        return
    typer.echo(_size_of(facts))
    for kind, thing_kind in schema.things.items():
        typer.echo(f"{things[kind]:8} {kind:18} {thing_kind.layer}: {thing_kind.meaning}")
    for kind, relation_kind in schema.relations.items():
        typer.echo(f"{relations[kind]:8} {kind:18} {relation_kind.meaning}")
    for name, number in sorted(sources.items()):
        typer.echo(f"{number:8} facts from {plain(name) or 'nobody named'}")
    for why in refused:
        typer.echo(f"a write that waited was refused: {plain(why, _LONGEST_ROW)}")


@app.command()
def similar(
    context: typer.Context,
    incident: Annotated[str, typer.Argument(metavar="INCIDENT", help="Open, or over.")],
    as_json: AsJson = False,
) -> None:
    """Show the past incidents that share most symptoms with one, and what was done about them."""
    others = verbs.similar(directory_of(context), incident)
    if as_json:
        print_json([one.model_dump(mode="json") for one in others])
        return
    for one in others:
        past = one.incident
        ended = "it helped" if past.worked else "it was handed over"
        cause, share = past.cause or "no cause found", f"{one.similarity:.0%}"
        line = f"{past.id}  {share} of the symptoms  {cause}; {past.remedy}; {ended}"
        typer.echo(plain(line, _LONGEST_ROW))
    if not others:
        typer.echo("no past incident shares a symptom with it")


@app.command()
def generate(
    topology: Annotated[
        str, typer.Argument(metavar="TOPOLOGY", help="Of topohub, such as sndlib/germany50.")
    ],
    file: _File,
    seed: Annotated[int, typer.Option("--seed", min=0)] = 1,
    mismatch: Annotated[
        int,
        typer.Option("--mismatch", help="How wrong the records are: 0 (right), 1 or 2."),
    ] = 0,
) -> None:
    """Invent an operator around a topology: power, cooling, 5G core, cells, slices."""
    from twin.sources.operator_network import operator_facts
    from twin.sources.world import WorldSpec, build_inventory
    from twin.sources.wrong_records import as_recorded

    facts = operator_facts(build_inventory(WorldSpec(topology=topology, seed=seed)), seed)
    _write(file, as_recorded(facts, mismatch, seed))


@app.command()
def dag(
    context: typer.Context,
    node: Annotated[str, typer.Argument(metavar="NODE", help="The id of a thing of any kind.")],
    network: _Network = None,
    kind: Annotated[str, typer.Option("--kind", help="Where things of several have the id.")] = "",
    dot: Annotated[
        bool, typer.Option("--dot", help="Graphviz: what it needs, and what goes down with it.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show what a thing needs, and what goes down with it, when and through what."""
    from twin.knowledge.causal import derive
    from twin.knowledge.causal_text import causal_dot, causal_lines

    with closing(_opened(context, network)) as graph:
        snapshot, schema = graph.snapshot(), graph.schema
    key = _thing_named(snapshot, node, kind)
    causal = derive(snapshot, schema)
    lines = [plain(x, _LONGEST_ROW) for x in (causal_dot if dot else causal_lines)(causal, key)]
    if as_json:
        print_json([*lines])
        return
    for line in lines:
        typer.echo(line)


def _thing_named(snapshot: "Snapshot", node: str, kind: str) -> ThingKey:
    found = [key for key in snapshot.keys if key[1] == node and kind in ("", key[0])]
    if len(found) == 1:
        return found[0]
    if found:
        raise BadInput(
            f'"{node}" is a {" and a ".join(k for k, _ in found)}; choose', way=Way(kind="KIND")
        )
    raise UnknownThing(kind or "thing", node, [name for _, name in snapshot.keys])


def _asked(graph: "KnowledgeGraph", cypher: str) -> list[dict[str, JsonValue]]:
    ask = getattr(graph, "ask", None)
    if ask is None:
        raise BadInput(
            "the embedded graph speaks no Cypher; ask it for KIND and ID, or set NOCTUA_GRAPH"
        )
    rows: list[dict[str, JsonValue]] = ask(cypher)
    return rows


def _show_rows(rows: Sequence[dict[str, JsonValue]], as_json: bool) -> None:
    if as_json:
        print_json([*rows])
        return
    for row in rows:
        typer.echo(plain("  ".join(f"{k}: {v}" for k, v in row.items()), _LONGEST_ROW))


def _thing_line(thing: Thing) -> str:
    said = ", ".join(f"{k} {v}" for k, v in thing.properties.items())
    return f"{thing.kind} {thing.id}{': ' if said else ''}{said}"


def _relation_line(relation: Relation) -> str:
    source, target = (" ".join(end) for end in (relation.source, relation.target))
    return f"{source} {relation.kind} {target}"


def _opened(context: typer.Context, network: str | None) -> "KnowledgeGraph":
    state = directory_of(context)
    name = network or _only_network(state)
    if Path(name).name != name:
        raise BadInput(f'"{plain(name, 80)}" is no name of a network')
    graph = open_graph(state.knowledge_file(name), name, os.environ)
    if trouble := graph.trouble():
        typer.echo(plain(trouble, _LONGEST_ROW), err=True)
    return graph


def _only_network(state: StateDirectory) -> str:
    names = network_names(state)
    if len(names) == 1:
        return names[0]
    if not names:
        raise BadInput(f'"{state.path}" has no network; name one', way=Way(network="NETWORK"))
    raise BadInput(f"there are {', '.join(names)}; name one", way=Way(network="NETWORK"))


def _size_of(facts: Facts) -> str:
    things, relations = counted(len(facts.things), "thing"), len(facts.relations)
    return f"{things}, {counted(relations, 'relation')}"


def _write(file: Path, facts: Facts) -> None:
    with whole_file(file) as draft, draft.open("w", encoding="utf-8") as out:
        out.writelines(f"{line}\n" for line in lines_of(facts))
    typer.echo(f"{file}: {_size_of(facts)}")


def _read(file: Path, source: str) -> Facts:
    # Readers of networks are large, and most commands do without.
    from twin.sources.formats.netbox import NETBOX
    from twin.sources.netbox_records import netbox_facts

    try:
        if (size := file.stat().st_size) > MOST_BYTES:
            raise BadInput(f"{file} has {size} bytes, more than {MOST_BYTES}; load it in parts")
        with file.open(encoding="utf-8") as lines:
            if file.suffix == ".json" and NETBOX.recognises(text := lines.read()):
                return netbox_facts(text, str(file), time.time())
            lines.seek(0)
            return facts_in(_without_ends(lines), str(file), source)
    except OSError as exc:
        raise BadInput(f"{file} cannot be read ({exc.strerror or exc})") from exc
    except UnicodeDecodeError as exc:
        raise BadInput(f"{file} is not UTF-8 ({exc.reason})") from exc


def _without_ends(lines: Iterable[str]) -> Iterator[str]:
    return (line.rstrip("\n") for line in lines)


def _sources(facts: Facts) -> set[str]:
    return set(_sources_of(facts))


def _sources_of(facts: Facts) -> Iterator[str]:
    yield from (thing.provenance.source for thing in facts.things)
    yield from (relation.provenance.source for relation in facts.relations)


def _of_source(facts: Facts, source: str) -> tuple[list[Thing], list[Relation]]:
    return (
        [t for t in facts.things if t.provenance.source == source],
        [r for r in facts.relations if r.provenance.source == source],
    )
