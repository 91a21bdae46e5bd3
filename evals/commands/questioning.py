"""`questions`: how well the configured minds answer, checked against independent facts."""

import os
import tempfile
from pathlib import Path
from typing import Annotated, cast

import typer
from pydantic import JsonValue
from rich.table import Table
from rich.text import Text

from channels.cli.output import AsJson, directory_of, new_console, print_json
from channels.report.wording import plain
from twin.errors import BadInput


def questions(
    context: typer.Context,
    only: Annotated[list[str] | None, typer.Option("--only", help="Networks; all three.")] = None,
    file: Annotated[
        Path | None, typer.Option("--file", help="Other questions, in the form of the shipped.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Ask the shipped questions about three staged networks, and judge every answer.

    Right and declined are well; an answer that the facts contradict is wrong, and makes the exit
    code 1. The minds are those of NOCTUA_MODEL and of the state directory's models.yaml.
    """
    from evals.questions.asking import Judged, Room, shipped_items, tally
    from evals.questions.staging import SCENES, stage_history
    from graphs.minds import minds_from_environment

    items = shipped_items(_text_of(file) if file is not None else None)
    known = {scene.name: scene for scene in SCENES}
    for name in only or ():
        if name not in known:
            raise BadInput(f'there is no staged network "{name}" (there are {", ".join(known)})')
    console = new_console()
    judged: list[Judged] = []

    def tell(one: Judged) -> None:
        if not as_json and one.verdict == "wrong":
            console.print(Text(plain(f"wrong: {one.scene}: {one.question}")), soft_wrap=True)
            console.print(Text(plain(f"  {one.text}")), soft_wrap=True)
            console.print(Text(plain(f"  {'; '.join(one.wrong_because)}")), soft_wrap=True)

    settings = directory_of(context).path
    with tempfile.TemporaryDirectory(prefix="noctua-questions-") as folder:
        for name in only or known:
            state = Path(folder) / name
            stage_history(state, known[name])
            room = Room(
                state,
                known[name],
                lambda inventory: minds_from_environment(os.environ, settings, inventory),
            )
            judged += room.ask(items, tell)
    counts = tally(judged)
    if as_json:
        rows = [one.model_dump(mode="json") for one in judged]
        print_json({"counts": cast(JsonValue, counts), "questions": cast(JsonValue, rows)})
    else:
        table = Table("questions", "right", "declined", "wrong", box=None)
        for group, count in counts.items():
            table.add_row(group, *(str(count[v]) for v in ("right", "declined", "wrong")))
        console.print(table)
    if any(one.verdict == "wrong" for one in judged):
        raise typer.Exit(1)


def _text_of(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        raise BadInput(f"{file}: cannot be read as questions ({exc})") from exc
