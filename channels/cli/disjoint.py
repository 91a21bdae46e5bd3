"""`disjoint`: two paths between two nodes that share no link, no node or no duct."""

from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.text import Text

from channels.cli.output import (
    AsJson,
    directory_of,
    figures,
    fitted,
    new_console,
    print_json,
    words,
)
from channels.cli.sweep import Seed, opening, run_line
from channels.report.wording import plain
from twin.nouns.origins import Origin

if TYPE_CHECKING:
    from channels.planning.apart import DisjointDocument
    from twin.whatif.disjoint import PathPair

_APART = {
    "links": "no link",
    "nodes": "no link and no node",
    "ducts": "no link, node or duct",
}


def disjoint(
    context: typer.Context,
    source: Annotated[str, typer.Argument(help="Where both paths begin.")],
    target: Annotated[str, typer.Argument(help="Where both paths end.")],
    on: Annotated[
        str | None,
        typer.Option(
            "--on",
            help="A topohub name, a node-link JSON file, or a network of --state; its only one.",
        ),
    ] = None,
    seed: Seed = 1,
    as_json: AsJson = False,
) -> None:
    """Find two paths that share no link, no node, no duct, at the least weight together."""
    # The twin takes a while, and most commands do without it.
    from channels.planning.apart import answer_disjoint
    from channels.planning.opening import only_network, open_planned

    state = directory_of(context)
    name = on or only_network(state)
    with opening(name):
        planned = open_planned(state, name, "peak", seed)
    document = answer_disjoint(planned, source, target)
    if as_json:
        print_json(document.model_dump(mode="json"))
    else:
        _print(new_console(), document)


def _print(console: Console, document: "DisjointDocument") -> None:
    console.print(Text(plain(f"two paths from {document.source} to {document.target}")))
    console.print(Text(run_line(document.run)), soft_wrap=True)
    if not document.ducts_known:
        console.print(Text("no duct is on record, so that none can be told to be shared"))
    lengths = document.run.origins.lengths.origin
    rows = [row for pair in document.pairs for row in _rows(pair, lengths)]
    columns = [
        words("share", (row[0] for row in rows)),
        figures("weight", (row[1] for row in rows)),
        figures("km", (row[2] for row in rows), goes=1),
        words("path", (plain(row[3]) for row in rows)),
    ]
    console.print(fitted(console, columns))
    for pair in document.pairs:
        for line in _remarks(pair):
            console.print(Text(plain(line)), soft_wrap=True)


def _rows(pair: "PathPair", lengths: Origin) -> list[tuple[str, str, str, str]]:
    share = _APART[pair.apart]
    if not pair.paths:
        return [(share, "–", "–", f"there are none: {pair.why_not}")]
    return [
        (
            share if i == 0 else "",
            str(path.weight),
            _km(path.length_km, lengths),
            " – ".join(path.nodes),
        )
        for i, path in enumerate(pair.paths)
    ]


def _km(length_km: float, lengths: Origin) -> str:
    if lengths != Origin.ABSENT:
        return f"{length_km:.0f}"
    return f"≥ {length_km:.0f}" if length_km else "absent"


def _remarks(pair: "PathPair") -> list[str]:
    said = []
    if pair.shared_nodes and pair.apart == "links":
        said.append(f"the two that share no link meet in {', '.join(pair.shared_nodes)}")
    if pair.shared_ducts:
        said.append(
            f"the two that share {_APART[pair.apart]} run in {', '.join(pair.shared_ducts)}"
        )
    if not pair.best and pair.paths:
        said.append(f"the two that share {_APART[pair.apart]}: there may be a lighter pair")
    return said
