"""The journal: what happened and what is meant to happen, in one SQLite file.

A LangGraph checkpoint records that a step ended; the journal records that a device changed.
"""

from tools.journal.alert_rows import AlertRows
from tools.journal.approval_rows import ApprovalRows
from tools.journal.cause_rows import CauseRows
from tools.journal.change_rows import ChangeRows
from tools.journal.charge_rows import ChargeRows
from tools.journal.chat_rows import ChatRows
from tools.journal.lease_rows import LeaseRows
from tools.journal.risk_rows import RiskRows
from tools.journal.work_rows import WorkRows


class Journal(
    AlertRows,
    ApprovalRows,
    CauseRows,
    ChangeRows,
    ChargeRows,
    ChatRows,
    LeaseRows,
    RiskRows,
    WorkRows,
):
    """Everything that outlives the process: one class, one file of methods for each subject."""
