"""A register that is refreshed for as long as the process lives: `imagine --watch`."""

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

import typer

from channels.cli.ending import stopping
from channels.report.wording import plain
from twin.nouns.base import content_hash

if TYPE_CHECKING:
    from channels.planning.opening import Planned

_DAY_S = 86_400.0
_NAMED = 3


def stand(
    look: "Callable[[], Planned]",
    refresh: "Callable[[Planned], str]",
    planned: "Planned",
    told: str,
    every_s: float,
) -> None:
    """`look` at the network every so many seconds, and `refresh` its register once it is another,
    or its clock a day further; `planned` is what the register is of, and `told` what it changed.

    While links are down it waits: a register of what is left would open again what people have
    decided about, and forget it when they are back.
    """
    known, waits = _seen(planned), False
    typer.echo(told)
    with stopping(threading.Event()) as stop:
        while not stop.wait(every_s):
            found = look()
            now, down = _seen(found), sorted(found.state.down_links)
            if now == known:
                waits = False
            elif down:
                if not waits:
                    more = f" and {len(down) - _NAMED} more" if len(down) > _NAMED else ""
                    typer.echo(f"waits: {plain(', '.join(down[:_NAMED]))}{more} down")
                waits = True
            else:
                why = "the network is another" if now[0] != known[0] else "a day has passed"
                known, waits = now, False
                typer.echo(f"{why}: {refresh(found)}")


def _seen(planned: "Planned") -> tuple[str, float]:
    """What a register is of, what is built and runs; and the day of the network's clock."""
    state = planned.state
    made = [state.running.model_dump(mode="json"), state.topology.model_dump(mode="json")]
    return content_hash(made), (planned.now_s or 0.0) // _DAY_S
