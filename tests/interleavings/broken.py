"""Journals that are broken on purpose: a machine that does not find them out finds nothing."""

from collections.abc import Callable

from tests.interleavings.seams import HeldJournal
from tools.journal.lease_rows import Since
from tools.journal.records import Answer, Lease
from twin.nouns.plan import Approval


class UnfencedJournal(HeldJournal):
    """Does not ask whether the lease still holds."""

    def _require_lease(self) -> None:
        return


class LastAnswerJournal(HeldJournal):
    """The last answer holds, not the first."""

    def answer(self, approval: Approval) -> Answer:
        """Forget what was answered before."""
        with self.transaction():
            self._execute("DELETE FROM answers WHERE plan_id = ?", approval.plan_id)
            return super().answer(approval)


class FreeLeaseJournal(HeldJournal):
    """Everybody may take every lease."""

    def take_lease(
        self,
        subject: str,
        holder: str,
        now: Since,
        ttl_s: float,
        is_dead: Callable[[str], bool] = lambda _: False,
    ) -> Lease:
        """However lately its holder was heard of."""
        return super().take_lease(subject, holder, now, -1.0, is_dead)


class ForgetfulJournal(HeldJournal):
    """Approvals are not used up."""

    def use_approval(self, plan_id: str, used_s: float) -> bool:
        """Say that it was."""
        return True
