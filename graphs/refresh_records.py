"""Where a refresh keeps what must not be done twice: in the journal, or nowhere."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from agents.loop.budget import Budget, Limits
from graphs.ticket_reading import TicketsRead
from tools.journal.journal import Journal
from tools.journal.records import RefreshRecord, RoleAnswer
from twin.nouns.risk import Reckoned, Risk, RiskChanges


class RefreshRecords(Protocol):
    """What a refresh has come to, whichever process worked on it."""

    @property
    def refresh(self) -> str:
        """Its id, "" where nothing of it is kept."""
        ...

    def budget(self, limits: Limits) -> Budget:
        """What foreign minds may use still."""
        ...

    def answer_of(self, role: str) -> RoleAnswer | None:
        """What came of `role`, None where it has not been played."""
        ...

    def record_answer(self, answer: RoleAnswer) -> RoleAnswer:
        """Keep what came of a role."""
        ...

    def lines_before(self) -> Sequence[Risk]:
        """The register as it is kept."""
        ...

    def keep(
        self, lines: Sequence[Risk], reckoned: Reckoned, read: TicketsRead | None
    ) -> RiskChanges | None:
        """`lines` are the register from now on, and what tickets propose is for people to decide;
        None where none is kept.
        """
        ...


class Unkept:
    """Nothing outlives the process."""

    refresh = ""

    def budget(self, limits: Limits) -> Budget:
        """See RefreshRecords: of this refresh alone."""
        return Budget(limits)

    def answer_of(self, role: str) -> RoleAnswer | None:
        """See RefreshRecords."""
        return None

    def record_answer(self, answer: RoleAnswer) -> RoleAnswer:
        """See RefreshRecords."""
        return answer

    def lines_before(self) -> Sequence[Risk]:
        """See RefreshRecords."""
        return ()

    def keep(
        self, lines: Sequence[Risk], reckoned: Reckoned, read: TicketsRead | None
    ) -> RiskChanges | None:
        """See RefreshRecords."""
        return None


@dataclass(frozen=True, slots=True)
class KeptInJournal:
    """`record`: of the refresh. `publish`: puts the lines that stand where
    the knowledge graph is, as often as it is called.
    """

    journal: Journal
    record: RefreshRecord
    publish: Callable[[], None]

    @property
    def refresh(self) -> str:
        """See RefreshRecords."""
        return self.record.id

    def budget(self, limits: Limits) -> Budget:
        """See RefreshRecords: of a day (UTC), as of the network's clock when the refresh began."""
        network, day_s = self.record.network, self.record.begun_s
        return Budget(
            limits.of_day(),
            self.journal.charged_refresh(network, day_s),
            partial(self.journal.charge_refresh, network, day_s),
        )

    def answer_of(self, role: str) -> RoleAnswer | None:
        """See RefreshRecords."""
        return self.journal.refresh(self.refresh).answer_of(role)

    def record_answer(self, answer: RoleAnswer) -> RoleAnswer:
        """See RefreshRecords."""
        return self.journal.record_answer(self.refresh, answer)

    def lines_before(self) -> Sequence[Risk]:
        """See RefreshRecords."""
        return [record.risk for record in self.journal.risk_records(self.record.network)]

    def keep(
        self, lines: Sequence[Risk], reckoned: Reckoned, read: TicketsRead | None
    ) -> RiskChanges | None:
        """See RefreshRecords."""
        journal, network, by = self.journal, self.record.network, self.record.by
        with journal.transaction():
            if read is not None and journal.refresh(self.refresh).changes is None:
                minds = ", ".join(read.read_by)
                journal.propose_causes(network, read.proposed, minds, by, reckoned.at_s)
            changes = journal.put_risks(network, lines, reckoned, by)
        self.publish()
        return changes
