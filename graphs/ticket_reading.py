"""Tickets and work notices, read for what several links or devices may share: one role run for each
few of them. It only reads; what it proposes is for people to accept.
"""

from collections.abc import Callable, Sequence

from agents.conversation.names import Names
from agents.loop.budget import Budget
from agents.loop.minds import Minds
from agents.loop.role import Role, run_role
from agents.roles.ticket_reader import (
    MOST_TICKETS,
    TicketReader,
    TicketReaderTask,
    TicketReading,
    tickets_to_read,
)
from tools.clock import SystemClock
from twin.imagination.hinted_causes import Hinted, hinted_causes
from twin.nouns.base import Noun
from twin.nouns.common_cause import CommonCause, Hint
from twin.nouns.inventory import Inventory
from twin.nouns.ticket import Ticket

ROLE = "ticket_reader"

Said = tuple[TicketReading, str]
"""An answer, and the mind that gave it."""

Play = Callable[[Role[TicketReading], TicketReaderTask, int], Said]
"""Has a mind play the role for the tickets of that number, counted in readings."""


class TicketsRead(Noun):
    """What tickets came to. `read`: those that name a link or a device, of all of `tickets`.

    `proposed`: causes on no record; `on_record`: such as only repeat what is known. `suspicious`:
    words that want to be obeyed. `read_by`: the minds that finished a part of it.
    """

    tickets: int
    read: int
    proposed: tuple[CommonCause, ...]
    on_record: tuple[CommonCause, ...]
    suspicious: tuple[Hint, ...]
    read_by: tuple[str, ...]


def read_for_causes(
    tickets: Sequence[Ticket],
    inventory: Inventory,
    minds: Minds,
    budget: Budget | None = None,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> TicketsRead:
    """What `tickets`, in order of time, hint at on the network of `inventory`.

    `budget`: what foreign minds may still use, for all of them together; once it is used up, our
    own mind reads the rest.
    """
    budget = budget or Budget(minds.limits)

    def play(role: Role[TicketReading], task: TicketReaderTask, _: int) -> Said:
        run = run_role(role, task, minds.for_role(ROLE), budget, SystemClock())
        return run.answer, run.finished_by

    return read_with(play, tickets, inventory, progress)


def read_with(
    play: Play,
    tickets: Sequence[Ticket],
    inventory: Inventory,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> TicketsRead:
    """As `read_for_causes`, of the answers that `play` has for each few of them."""
    topology, names = inventory.topology, Names(inventory)
    chosen = tickets_to_read(tickets, topology, names)
    hinted, suspicious, read_by = list[Hinted](), list[Hint](), dict[str, None]()
    for first in range(0, len(chosen), MOST_TICKETS):
        reader = TicketReader(chosen[first : first + MOST_TICKETS], topology)
        answer, mind = play(reader.role(), reader.task(), first // MOST_TICKETS)
        hinted += reader.hinted(answer)
        suspicious += reader.suspicious(answer)
        read_by[mind] = None
        progress(min(first + MOST_TICKETS, len(chosen)), len(chosen))
    found = hinted_causes(topology, hinted)
    return TicketsRead(
        tickets=len(tickets),
        read=len(chosen),
        proposed=found.proposed,
        on_record=found.on_record,
        suspicious=tuple(suspicious),
        read_by=tuple(read_by),
    )
