"""The incident while it is answered: who does what, in which order, and what came of it."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from channels.chat.thread import TOLD, card_key
from evals.chat.stub import Person
from evals.serve_demo.chats import Chat
from evals.serve_demo.http_person import HttpPerson
from evals.serve_demo.narration import Narration
from evals.serve_demo.server import Server
from evals.serve_demo.staging import ERIN, FRANK, HANA, OLGA, PASSWORD
from tools.journal.journal import Journal
from tools.journal.records import ApprovalRequest, ChangeState
from twin.errors import DeadlineExceeded
from twin.nouns.account import Identity
from twin.nouns.base import Noun
from twin.nouns.incident import TERMINAL_PHASES
from twin.nouns.plan import Approval

INCIDENT = "live-0001"

LONGEST_S = 900.0
"""From the start of the server to the end of the incident."""

T = TypeVar("T")

_LOOK_S = 0.05

_MADE = (ChangeState.COMMITTED, ChangeState.CONFIRMED)

_NAMES = {person.id: person.name for person in (ERIN, OLGA, FRANK)}


class Approved(Noun):
    """An approval that was given. `by`: the account, with `identity` as it signed in. Wall seconds
    from the click: until the server had answered it (Slack waits for 3), it was on record, and
    the plan was committed on all its devices, which waits for the second person.
    """

    plan: str
    by: str
    identity: str
    channel: str
    acknowledged_s: float
    recorded_s: float
    committed_s: float


@dataclass(frozen=True)
class _Click:
    """An answer that was sent, and when it was taken and on record."""

    sent_s: float
    acknowledged_s: float
    recorded_s: float


class Answering:
    """One incident, from the alarm to its end."""

    def __init__(
        self, server: Server, slack: Chat, teams: Chat, journal: Journal, narration: Narration
    ) -> None:
        self._server, self._journal, self._narration = server, journal, narration
        self._slack, self._teams = slack, teams
        self._until_s = time.monotonic() + LONGEST_S
        self._told = dict[str, int]()

    def play(self) -> tuple[Approved, ...]:
        """Play it; every approval, as the journal has it.

        Raises:
            BadInput: the server has ended, or refuses an answer over HTTP.
            DeadlineExceeded: the incident has not come to its end.
        """
        self._narration.chapter("the incident, as its thread grows in Slack")
        given = self._answer_in_chats(self._asked(1))
        self._narration.chapter("the field repairs; then the change is to be taken out again")
        given += self._answer_over_http(self._asked(2))
        self._narration.chapter("the end of the thread")
        self._until(self._is_over)
        slack, teams = self._slack, self._teams
        self._narration.line(
            f"{len(slack.posted)} messages in Slack, {len(teams.posted)} in Teams; "
            f"{len(slack.refusals) + len(teams.refusals)} refused by either"
        )
        return given

    @property
    def phase(self) -> str:
        """Of the incident, as it stands."""
        return self._journal.incident(INCIDENT).phase.value

    def _answer_in_chats(self, asked: ApprovalRequest) -> tuple[Approved, ...]:
        """Olga may not answer in Slack; erin does, and frank in Teams."""
        plan, key = asked.plan_id, card_key(INCIDENT, asked.plan_id)
        slack, teams = self._slack, self._teams
        card = self._until(lambda: slack.about(key))
        known = slack.text(card)
        self._narration.card(f"Slack: the card of {plan}", known, slack.buttons(card))
        self._press(slack, OLGA, key)
        self._until(lambda: slack.whispers)
        erin = self._recorded(plan, ERIN.name, lambda: self._press(slack, ERIN, key))
        self._until(lambda: "approved by" in self._shown(teams, key))
        news = [line for line in self._shown(teams, key).split("\n") if line not in known]
        self._narration.card(
            "Teams: the same card, on which stands by now",
            "\n".join(news),
            teams.buttons(self._until(lambda: teams.about(key))),
        )
        frank = self._recorded(plan, FRANK.name, lambda: self._press(teams, FRANK, key))
        return self._committed(plan, {ERIN.name: erin, FRANK.name: frank})

    def _answer_over_http(self, asked: ApprovalRequest) -> tuple[Approved, ...]:
        """Hana answers over HTTP, and erin in Slack."""
        plan, key = asked.plan_id, card_key(INCIDENT, asked.plan_id)
        told = self._narration.said
        person = HttpPerson(
            self._server.address, HANA, PASSWORD, lambda line: told("HTTP", f"{HANA}: {line}")
        )
        person.sign_in()
        read = person.read(plan)["request"]["plan_hash"]
        hana = self._recorded(
            plan, HANA, lambda: person.approve(plan, read, "the duct is repaired")
        )
        erin = self._recorded(plan, ERIN.name, lambda: self._press(self._slack, ERIN, key))
        return self._committed(plan, {HANA: hana, ERIN.name: erin})

    def _press(self, chat: Chat, person: Person, key: str) -> None:
        self._narration.said(chat.name, f"{person.name} presses Approve")
        chat.approve(person, key, "looks right")

    def _recorded(self, plan: str, account: str, send: Callable[[], object]) -> _Click:
        """Send an answer, and wait until the journal has it."""
        sent_s = time.monotonic()
        send()
        acknowledged_s = time.monotonic()
        self._until(lambda: any(a.by.account == account for a in self._answers(plan)))
        return _Click(sent_s, acknowledged_s, time.monotonic())

    def _committed(self, plan: str, clicks: dict[str, _Click]) -> tuple[Approved, ...]:
        """Wait until the plan is committed and its cards have no buttons; its approvals."""
        self._until(lambda: self._is_committed(plan))
        committed_s = time.monotonic()
        key = card_key(INCIDENT, plan)
        for chat in (self._slack, self._teams):
            self._tell_no_buttons(chat, key)
        return tuple(
            _approved(answer, clicks[answer.by.account], committed_s)
            for answer in self._answers(plan)
            if answer.decision == "approve"
        )

    def _tell_no_buttons(self, chat: Chat, key: str) -> None:
        """Wait until nobody can press anything on a card any more."""
        self._until(lambda: not self._can_be_pressed(chat, key))
        first, _, _ = self._shown(chat, key).partition("\n")
        self._narration.said(chat.name, f"no buttons any more: {first}")

    # What is looked at

    def _asked(self, number: int) -> ApprovalRequest:
        """The question of that number, once it is asked in both chats."""

        def waiting() -> list[ApprovalRequest]:
            asked = self._journal.approval_requests(0.0, incident_id=INCIDENT)[number - 1 :]
            return [r for r in asked if self._is_posted(card_key(INCIDENT, r.plan_id))]

        return self._until(waiting)[0]

    def _is_posted(self, key: str) -> bool:
        return self._slack.about(key) is not None and self._teams.about(key) is not None

    def _shown(self, chat: Chat, key: str) -> str:
        card = chat.about(key)
        return chat.text(card) if card else ""

    def _can_be_pressed(self, chat: Chat, key: str) -> bool:
        card = chat.about(key)
        return card is None or bool(chat.buttons(card))

    def _answers(self, plan: str) -> tuple[Approval, ...]:
        return self._journal.approval_request(plan, 0.0).answers

    def _is_committed(self, plan: str) -> bool:
        changes = self._journal.changes(plan_id=plan)
        wanted = len(self._journal.plan(plan).steps)
        return len(changes) == wanted and all(change.state in _MADE for change in changes)

    def _is_over(self) -> bool:
        """Whether the incident has ended, and both chats have told all there is to tell."""
        if self._journal.incident(INCIDENT).phase not in TERMINAL_PHASES:
            return False
        events = [event for event in self._journal.timeline(INCIDENT) if event.kind in TOLD]
        return all(self._is_posted(f"{INCIDENT}/event/{event.seq}") for event in events)

    def _until(self, so: Callable[[], T | None]) -> T:
        """Wait until there is something, and tell what happens meanwhile."""
        while not (found := so()):
            self._server.require_alive()
            if time.monotonic() > self._until_s:
                raise DeadlineExceeded(f"the incident was not over after {LONGEST_S:.0f} s")
            self._tell_news()
            time.sleep(_LOOK_S)
        self._tell_news()
        return found

    def _tell_news(self) -> None:
        """What has come into the thread in Slack, and what single people were told."""
        told, slack = self._narration.said, self._slack
        for message in self._new("thread", slack.posted):
            first, _, rest = slack.text(message).partition("\n")
            told("Slack", f"a card: {first}" if slack.buttons(message) else f"{first} {rest}")
        for chat in (slack, self._teams):
            for whisper in self._new(chat.name, chat.whispers):
                told(chat.name, f"to {_NAMES[whisper.user]} alone: {whisper.text}")

    def _new(self, what: str, all_of_it: Sequence[T]) -> Sequence[T]:
        """What was not told yet."""
        before, self._told[what] = self._told.get(what, 0), len(all_of_it)
        return all_of_it[before : self._told[what]]


def _approved(answer: Approval, click: _Click, committed_s: float) -> Approved:
    by = answer.by
    identity = Identity(provider=by.provider, tenant=by.tenant, subject=by.subject)
    return Approved(
        plan=answer.plan_id,
        by=by.account,
        identity=str(identity),
        channel=by.channel,
        acknowledged_s=click.acknowledged_s - click.sent_s,
        recorded_s=click.recorded_s - click.sent_s,
        committed_s=committed_s - click.sent_s,
    )
