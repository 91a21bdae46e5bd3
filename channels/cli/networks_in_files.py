"""`import` and `topology convert`: what a network file says, here and in another format."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.text import Text

from channels.cli.output import AsJson, figures, fitted, new_console, print_json, words
from channels.report.wording import plain

if TYPE_CHECKING:
    from channels.planning.importing import ImportDocument, Understood

File = Annotated[Path, typer.Argument(help="A network, in any format that is read.")]
SecondFile = Annotated[
    Path | None, typer.Option("--traffic", help="The file of its demands, where that is another.")
]


topology = typer.Typer(help="Network files.", no_args_is_help=True, add_completion=False)


def import_network(
    file: File,
    traffic: SecondFile = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of what is invented.")] = 1,
    as_json: AsJson = False,
) -> None:
    """Show what is understood of a network file, what is assumed, and what is left out."""
    from channels.cli.sweep import opening
    from channels.planning.importing import imported

    with opening(str(file)):
        document = imported(file, seed, traffic)
    if as_json:
        print_json(document.model_dump(mode="json"))
    else:
        print_import(new_console(), document)


@topology.command("convert")
def convert(
    file: File,
    to: Annotated[str, typer.Option("--to", help="node-link, graphml, gml, ...")],
    traffic: SecondFile = None,
    out: Annotated[Path | None, typer.Option("--out", help="A file; else the terminal.")] = None,
) -> None:
    """Write what a network file says in another format; nothing that is assumed is written."""
    from channels.planning.files import check_places
    from channels.planning.importing import converted
    from channels.whole_file import write_text

    if out is not None:
        check_places([out])
    text = converted(file, to, traffic)
    if out is None:
        typer.echo(text, nl=False)
    else:
        write_text(out, text)
        typer.echo(f"written: {out}")


def print_import(console: Console, document: "ImportDocument") -> None:
    """What `import` shows of a file."""
    console.print(Text(plain(f"{document.file}: {document.format}")), soft_wrap=True)
    kinds = document.understood
    columns = [
        words("", (kind.what for kind in kinds)),
        figures("count", (f"{kind.count:,}" for kind in kinds)),
        words("first", (plain(_first(kind)) for kind in kinds)),
    ]
    console.print(fitted(console, columns))
    origins = list(document.origins.figures())
    columns = [
        words("", (what for what, _ in origins)),
        words("origin", (figure.origin.value for _, figure in origins)),
        words("how", (plain(figure.how) for _, figure in origins)),
    ]
    console.print(fitted(console, columns))
    for remark in document.origins.remarks:
        console.print(Text(plain(f"- {remark}")), soft_wrap=True)
    if not document.origins.remarks:
        console.print(Text("nothing was left out"))


def _first(kind: "Understood") -> str:
    return ", ".join(kind.first) + ", ..." * (kind.count > len(kind.first))
