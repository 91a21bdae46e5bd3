"""What a demonstration prints: a thread as it grows, cards, who does what, and what came of it."""

import time
from collections.abc import Sequence

from rich.console import Console
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

WIDTH = 110


def new_console(*, quiet: bool = False) -> Console:
    """Standard output, no wider than cards are read well; a pipe has no width of its own."""
    shown = Console(quiet=quiet, highlight=False, markup=False)
    if not shown.is_terminal or shown.width > WIDTH:
        shown.width = WIDTH
    return shown


class Narration:
    """Tells what happens, with the seconds since its beginning."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._begun_s = time.monotonic()

    def chapter(self, title: str) -> None:
        """What comes next."""
        self._console.print()
        self._console.rule(title, align="left", style="dim")

    def line(self, text: str) -> None:
        """A line of its own."""
        self._console.print(text, soft_wrap=True)

    def said(self, where: str, text: str) -> None:
        """Something that stands in a chat, or was asked of the server."""
        passed_s = time.monotonic() - self._begun_s
        grid = Table.grid(padding=(0, 1))
        grid.add_column(width=8, justify="right", style="dim")
        grid.add_column(width=5, style="bold")
        grid.add_column()
        grid.add_row(f"{passed_s:.1f} s", where, Text(" ".join(text.split())))
        self._console.print(grid)

    def card(self, title: str, text: str, buttons: Sequence[str]) -> None:
        """A card as people see it."""
        body = Text(text)
        body.append("\n\n" + "  ".join(f"[ {button} ]" for button in buttons), style="bold")
        self._console.print(Panel(body, title=title, title_align="left", border_style="cyan"))

    def table(self, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Rows beneath their columns."""
        table = Table(box=None, pad_edge=False, show_header=any(columns))
        for name in columns:
            table.add_column(name, overflow="fold")
        for row in rows:
            table.add_row(*row)
        self._console.print(table)
