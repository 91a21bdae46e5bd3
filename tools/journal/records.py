"""What the journal holds, as values."""

from enum import StrEnum
from typing import Literal

from pydantic import JsonValue

from twin.nouns.alert import AlertClaim
from twin.nouns.base import Noun
from twin.nouns.configuration import DeviceConfiguration
from twin.nouns.health import Seen
from twin.nouns.incident import Incident, Phase
from twin.nouns.plan import Approval, Dispatch
from twin.nouns.planned_work import PlannedWork
from twin.nouns.principal import Principal
from twin.nouns.risk import RiskChanges


class IncidentRecord(Noun):
    """An incident and where it stands. `trace_id`: 32 hex digits, the same for its whole life."""

    incident: Incident
    phase: Phase
    opened_s: float
    trace_id: str


class TimelineEvent(Noun):
    """One line of an incident's timeline. `seq` grows with every event of the journal."""

    seq: int
    incident_id: str
    time_s: float
    kind: str
    actor: str
    text: str
    data: dict[str, JsonValue]


WorkEvent = Literal["work_ahead", "work_begun"]
"""What people outside are told of announced work: that it will put services in breach, and that it
has."""

NoticeEvent = Literal[
    "opened", "awaiting", "paged", "rolled_back", "escalated", "resolved", WorkEvent
]
"""What people outside are told of: an incident is there, a plan waits for an answer, somebody is
needed, a change was taken back, a person has to take over, it is over; or announced work."""


class Notice(Noun):
    """What people are to be told, until they are. Times are the machine's, Unix seconds.

    `id`: the same at every attempt, so that a receiver knows a repeat. It is about the incident
    `incident_id` or about the announced `work`; the other of the two is "". `body`: the JSON that
    is sent. `trouble`: why the last attempt failed, "" if none did.
    """

    id: str
    incident_id: str
    work: str = ""
    event: NoticeEvent
    body: str
    written_wall_s: float
    attempts: int
    due_wall_s: float
    trouble: str

    @property
    def subject(self) -> str:
        """What it is about, by id."""
        return self.incident_id or self.work


class AlertRecord(Noun):
    """One time that an alert of another monitoring system began; see migration 016.

    `labels`, `annotations`: what others wrote, never to be shown but quoted. `times`: how often it
    was received. `resource`: "" where no rule of ours maps it.
    """

    id: int
    network: str
    door: str
    fingerprint: str
    starts_wall_s: float
    starts_s: float
    ends_s: float | None
    expires_wall_s: float | None
    received_wall_s: float
    last_wall_s: float
    times: int
    rule: str
    claims: str
    resource: str
    odd: str
    labels: dict[str, str]
    annotations: dict[str, str]


class AlertSaid(Noun):
    """What alerts of one rule say of one part; `ends_s` is None while one of them is firing."""

    rule: str
    claims: AlertClaim
    resource: str
    starts_s: float
    ends_s: float | None
    alerts: int


class AlertDoor(Noun):
    """What came through one door: posts, alerts in them, of these repeats of what was known and
    those that came when they were over; and what the sender said it withheld.
    """

    network: str
    door: str
    posts: int
    alerts: int
    repeats: int
    late: int
    withheld: int
    last_wall_s: float


class AlertCounts(Noun):
    """Rows of alerts of a network: all, those that are firing, and those that nothing maps."""

    begun: int
    firing: int
    unmapped: int


class Signature(StrEnum):
    """Who signed an answer, as far as it can be told here.

    BEFORE: nobody, since it was given before answers were signed. EARLIER: an earlier key did.
    UNCHECKED: the key cannot be read here. BROKEN: somebody has altered the answer, or put it in.
    """

    SIGNED = "signed"
    BEFORE = "before signing"
    EARLIER = "earlier key"
    UNCHECKED = "unchecked"
    BROKEN = "broken"


class Acknowledgement(Noun):
    """Somebody has said to have seen a question, and has not answered it by that."""

    by: Principal
    seen_s: float


RequestState = Literal["waiting", "expired", "approved", "rejected", "used"]


class ApprovalRequest(Noun):
    """A question to people, with what they answered. `state` is as of the reading.

    `approvers_needed`: how many different people have to approve. `overrides_needed`: entries of
    the calendar that an approval has to name. `answers`: all, in order. `approval`: the one that
    decided (a rejection, or the last approval that was needed), None as long as nothing is decided.
    `needs_person`: why no automatic approval is taken, "" where one is. `signatures`: who signed
    each answer. `unattested`: how many more answers stand there that the audit log does not have,
    where `answers` are the log's. `acknowledged`: who has seen it, in order. `expired_s`: when it
    was recorded that nobody had answered in time.
    """

    plan_id: str
    incident_id: str
    plan_hash: str
    requested_s: float
    expires_s: float
    approvers_needed: int
    overrides_needed: tuple[str, ...]
    needs_person: str
    state: RequestState
    answers: tuple[Approval, ...]
    approval: Approval | None
    used_s: float | None
    signatures: tuple[Signature, ...] = ()
    unattested: int = 0
    acknowledged: tuple[Acknowledgement, ...] = ()
    expired_s: float | None = None

    @property
    def still_needed(self) -> int:
        """How many people still have to approve; 0 once it is decided."""
        return 0 if self.approval else self.approvers_needed - len(self.answers)


class Answer(Noun):
    """What came of answering. `standing` is the answer that holds, which may be somebody else's.

    `won`: this answer was recorded. `still_needed`: how many more people have to approve.
    """

    won: bool
    standing: Approval
    still_needed: int


class ChangeState(StrEnum):
    """Where one change stands, as far as we know; the device's own log is the truth.

    UNKNOWN: a call's outcome could not be found out. QUARANTINED: it could not be taken back, and a
    person was paged.
    """

    INTENT = "intent"
    STAGED = "staged"
    COMMITTED = "committed"
    CONFIRMED = "confirmed"
    ROLLED_BACK = "rolled_back"
    UNKNOWN = "unknown"
    QUARANTINED = "quarantined"


DeviceCall = Literal["", "stage", "commit", "confirm", "roll_back"]


class Change(Noun):
    """One commit on one device.

    `calling`: the call to the device that has begun and whose end is not journalled yet.
    `return_at_s`: when the device goes back by itself, while it is committed and unconfirmed.
    `device_diff`: what the device said when it was staged, in its own words, "" if nothing; text
    of the network's, which decides nothing.
    """

    action_id: str
    node: str
    change_id: str
    plan_id: str
    incident_id: str
    network: str
    position: int
    state: ChangeState
    calling: DeviceCall
    diff: str
    before: DeviceConfiguration
    candidate: DeviceConfiguration
    detail: str
    updated_s: float
    return_at_s: float | None = None
    device_diff: str = ""

    @property
    def differing_device_diff(self) -> str:
        """`device_diff` where it says something else than `diff`, else ""."""
        return "" if self.device_diff.split() == self.diff.split() else self.device_diff


class Claim(Noun):
    """A plan works on a device, and no other plan may until it has ended."""

    network: str
    node: str
    incident_id: str
    plan_id: str
    since_s: float


class Quarantine(Noun):
    """A device that no plan may touch until a person has looked at it."""

    network: str
    node: str
    since_s: float
    reason: str


class DispatchRecord(Noun):
    """An order to the field. `state`: "requested", or what the field last reported."""

    dispatch: Dispatch
    state: str
    updated_s: float


class RoleRunRecord(Noun):
    """Who finished one run of a role, and when; `data` is free for the role loop."""

    incident_id: str
    role: str
    started_s: float
    ended_s: float
    finished_by: str
    data: dict[str, JsonValue]


BYTES_PER_TOKEN = 3
"""Our rule where a server reports no usage: UTF-8 bytes / 3, rounded up. English is nearer to 4."""


class Charges(Noun):
    """What foreign minds used up. `seconds`: wall time spent waiting for them.

    `steps`: replies that came; `calls`: requests that were sent. `input_tokens`, `output_tokens`:
    what counts against a budget, which is the server's count where it gives one, else ours;
    `ruled_*`: ours for every call; `ruled_calls`: those for which only ours is known. `cost`: in
    `currency`, of the calls whose price is known; `currency` is "" where none is.
    """

    steps: int = 0
    calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    ruled_input_tokens: int = 0
    ruled_output_tokens: int = 0
    ruled_calls: int = 0
    seconds: float = 0.0
    cost: float = 0.0
    currency: str = ""

    @property
    def tokens(self) -> int:
        """Both directions."""
        return self.input_tokens + self.output_tokens

    def __add__(self, other: "Charges") -> "Charges":
        return Charges(
            **{name: getattr(self, name) + getattr(other, name) for name in _ADDED},
            currency=other.currency or self.currency,
        )

    def __neg__(self) -> "Charges":
        return Charges(**{name: -getattr(self, name) for name in _ADDED}, currency=self.currency)

    def __sub__(self, other: "Charges") -> "Charges":
        return self + -other


_ADDED = tuple(name for name in Charges.model_fields if name != "currency")


class RoleAnswer(Noun):
    """What came of a role in a refresh. `answer`: as the role's schema has it; `data`: as in
    RoleRunRecord.
    """

    role: str
    finished_by: str
    answer: dict[str, JsonValue]
    data: dict[str, JsonValue]


class RefreshRecord(Noun):
    """One refresh of the risk register of `network`.

    `asked`: a hash of what was asked for, and of what the network was. `by`: who asked.
    `answers`: of the roles that have been played. `changes`: of the register, None until it is
    kept. `ended_s`: of the network's clock, None while it is in work; one that ended without
    changes was overtaken by another network or another question.
    """

    id: str
    network: str
    asked: str
    by: Principal
    trace_id: str
    begun_s: float
    answers: tuple[RoleAnswer, ...] = ()
    changes: RiskChanges | None = None
    ended_s: float | None = None

    def answer_of(self, role: str) -> RoleAnswer | None:
        """What came of `role`, None where it has not been played."""
        return next((answer for answer in self.answers if answer.role == role), None)


class AuditLine(Noun):
    """One link of the chain: `hash` is over all that stands before it, `previous` included."""

    seq: int
    time_s: float
    actor: str
    action: str
    subject: str
    data: dict[str, JsonValue]
    previous: str
    hash: str


class AuditHead(Noun):
    """Where the chain ends: how many lines it has, and the hash of the last one."""

    length: int
    head: str


class Anchor(AuditHead):
    """A head as it was written elsewhere at `time_s`, by the clock of the network at work."""

    time_s: float


class AuditReport(Noun):
    """`head` is the last hash and `length` the number of lines.

    `first_broken`: the `seq` at which the chain stops to hold, None if it holds throughout; `why`:
    what is wrong there. A cut tail does not break a chain: compare `head` and `length` with what
    was written elsewhere earlier, in a report or a file of anchors.
    """

    head: str
    length: int
    first_broken: int | None
    why: str = ""


class AlteredRows(Noun):
    """Rows of one `table` that are not what was written. `table`: "" for what is about them all."""

    table: str
    why: str


class SealReport(Noun):
    """What became of comparing every row of the journal with its seal.

    `sealed`: how many rows were compared. `unchecked`: why none could be, "" where all were.
    """

    altered: tuple[AlteredRows, ...]
    sealed: int
    unchecked: str = ""

    @property
    def sound(self) -> bool:
        """Whether everything was compared, and is what was written."""
        return not self.altered and not self.unchecked


class AuditCheck(Noun):
    """A chain that was recomputed. `places`: the `seq` of every hash that was sought and found."""

    report: AuditReport
    places: dict[str, int]


class WorkRecord(Noun):
    """Work that a person has announced on `network`, or cancelled.

    `reason`: why it was accepted though it hurts services, "" if it does not. `cancelled_s`: None
    while it stands.
    """

    network: str
    work: PlannedWork
    added_s: float
    added_by: Principal
    reason: str
    cancelled_s: float | None = None
    cancelled_by: Principal | None = None


class Lease(Noun):
    """The right to work on `subject` ("incident:<id>", "network:<name>").

    It is lost when somebody else takes it with a higher `epoch`.
    """

    subject: str
    holder: str
    epoch: int


class LeaseRecord(Lease):
    """A lease as the journal has it. `heartbeat_s`: seconds since `boot` at the last renewal."""

    boot: str
    heartbeat_s: float


class Blocked(Noun):
    """An incident or a network that cannot go on, since when, and why."""

    subject: str
    reason: str
    since_s: float


class WatchRecord(Noun):
    """How the watch of a network is. `stepped_s`: by the network's clock; `stepped_wall_s`: ours.

    `failures`: steps in a row that failed; `trouble`: why, "" if all is well. `seen`: what it sees
    of the network; None if it never said.
    """

    network: str
    holder: str
    started_s: float
    stepped_s: float
    stepped_wall_s: float
    steps: int
    alarms: int
    failures: int
    trouble: str
    seen: Seen | None = None


class ChatPost(Noun):
    """A message of ours in a chat. `key`: what it is about. `place`: the channel that it stands in.

    `incident_id`: "" where it is about none. `begun_wall_s`: when it was about to be posted first.
    `message_id`: how the chat calls it, "" as long as it is not known to have arrived. `shown`: a
    hash of what it says.
    """

    service: str
    key: str
    incident_id: str
    place: str
    begun_wall_s: float
    message_id: str = ""
    shown: str = ""


class ChatEvent(Noun):
    """Something that a person did in a chat, with the chat's own `id` for it.

    `body`: what was done, as JSON. `begun_seq`: the last event of all timelines before it was
    begun with, None as long as it was not.
    """

    service: str
    id: str
    body: str
    received_wall_s: float
    begun_seq: int | None = None
