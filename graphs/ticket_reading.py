"""Tickets and work notices, read for what several links or devices may share: one role run for each
few of them. It only reads; what it proposes is for people to accept.
"""

from collections.abc import Callable, Sequence

from agents.conversation.names import Names
from agents.loop.budget import Budget
from agents.loop.minds import Minds
from agents.loop.role import RoleRun, run_role
from agents.roles.ticket_reader import MOST_TICKETS, TicketReader, TicketReading, tickets_to_read
from tools.clock import SystemClock
from twin.imagination.hinted_causes import Hinted, hinted_causes
from twin.nouns.base import Noun
from twin.nouns.common_cause import CommonCause, Hint
from twin.nouns.inventory import Inventory
from twin.nouns.ticket import Ticket

ROLE = "ticket_reader"


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
    topology, names = inventory.topology, Names(inventory)
    budget = budget or Budget(minds.limits)
    chosen = tickets_to_read(tickets, topology, names)
    hinted, suspicious, read_by = list[Hinted](), list[Hint](), dict[str, None]()
    for first in range(0, len(chosen), MOST_TICKETS):
        reader = TicketReader(chosen[first : first + MOST_TICKETS], topology)
        run = _run(reader, minds, budget)
        hinted += reader.hinted(run.answer)
        suspicious += reader.suspicious(run.answer)
        read_by[run.finished_by] = None
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


def _run(reader: TicketReader, minds: Minds, budget: Budget) -> RoleRun[TicketReading]:
    return run_role(reader.role(), reader.task(), minds.for_role(ROLE), budget, SystemClock())
