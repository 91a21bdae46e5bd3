"""Doing what a person has asked for in a chat, once, and saying what came of it.

Who asks is looked up anew each time. What is refused is refused in words, with a line of the audit
log that names who has tried.
"""

import hashlib
import logging
import time
from collections import OrderedDict

from pydantic import JsonValue

from channels import verbs
from channels.access.sign_in import SignedIn, whose_is
from channels.asking import people, still_wanted, what_holds
from channels.chat.acts import LONGEST_SAID, AnyAct, Pressed, Said
from channels.chat.card import how_it_ended
from channels.chat.commands import HELP, Command, in_thread, read_command
from channels.chat.thread import card_key
from channels.cli.moments import parse_moment_s
from channels.networks import network_time_s
from channels.report.wording import plain, quoted, utc
from graphs.conversation import Conversation
from graphs.state_directory import StateDirectory
from tools.journal.errors import JournalFailed, LeaseHeld, LeaseLost
from tools.journal.journal import Journal
from tools.journal.records import ChatEvent
from tools.journal.standing import CLOSED, NOTED, REOPENED, TAKEN
from twin.errors import BadInput, NoctuaError, Refused
from twin.nouns.account import Identity
from twin.nouns.base import Noun
from twin.nouns.foretold import breach_text
from twin.nouns.principal import LONGEST_NAME, Principal, visible

_MOST_CONVERSATIONS = 64

_log = logging.getLogger(__name__)

_AS_EVENT = {"take": TAKEN, "note": NOTED, "close": CLOSED, "reopen": REOPENED}
"""Kinds of events in the timeline, by the verb that writes them."""


class NotOurs(Refused):
    """The chat says that it comes from somewhere that we do not listen to."""

    rule = "not_ours"


class Done(Noun):
    """What there is to say. `to_all`: in the thread, and not to whoever asked alone."""

    text: str
    to_all: bool = False


class Doing:
    """Does what people ask for in one chat. `tenant`: whose people are heard there."""

    def __init__(self, state: StateDirectory, journal: Journal, service: str, tenant: str) -> None:
        self._state, self._journal = state, journal
        self._service, self._tenant = service, tenant
        self._conversations: OrderedDict[tuple[str, str], Conversation] = OrderedDict()

    def do(self, act: AnyAct, event: ChatEvent) -> Done:
        """Do it, and say what came of it, also where it was refused.

        `event`: begun with. Of one that a death has cut off, what was done already is not done
        again.
        """
        try:
            if not self.is_ours(act.who):
                raise NotOurs(
                    "you are of another workspace than the one whose people may answer here"
                )
            match act:
                case Pressed():
                    return self._press(act)
                case Said():
                    return self._hear(act, event)
                case _:
                    raise BadInput(f"there is nothing behind {quoted(act.what)} any more")
        except (JournalFailed, LeaseHeld, LeaseLost):
            raise  # It is not known what was done; it is asked again.
        except NoctuaError as error:
            self._note_refusal(act, error)
            return Done(text=f"Nothing was done: {plain(error.said(in_thread), LONGEST_SAID)}")
        except Exception:
            # A bug in one act must not keep back all that come after it.
            _log.exception("%s", event.id)
            return Done(
                text="That is a defect of ours, and the log has more; look before you repeat"
            )

    def is_ours(self, who: Identity) -> bool:
        """Whether somebody is of the workspace whose people are heard."""
        return who.tenant == self._tenant

    # Buttons

    def _press(self, act: Pressed) -> Done:
        journal, card = self._journal, self._card(act)
        who = self._signed_in(act).require("approve")
        plan = journal.plan(card)
        now_s = network_time_s(
            self._state, journal, journal.incident(plan.incident_id).incident.network
        )
        request = journal.approval_request(plan.id, now_s)
        if mine := next((a for a in request.answers if a.by.people & who.people), None):
            return Done(text=f"Your answer to {plan.id} stands: {mine.decision}.")
        if request.state == "waiting" and (ended := how_it_ended(journal, plan, request)):
            raise BadInput(f"{plan.id} needs no answer any more: {ended}")
        match act.button:
            case "acknowledge":
                seen = verbs.acknowledge(self._state, plan.id, who)
                return Done(text=f"{seen.plan_id}: seen by {quoted(who.name)}; nothing is answered")
            case "approve":
                needed = request.overrides_needed
                if needed and not visible(act.reason):
                    raise BadInput(f"write beside Reason why {', '.join(needed)} is overridden")
                answered = verbs.approve(self._state, plan.id, who, act.reason, needed)
            case "reject":
                answered = verbs.reject(self._state, plan.id, who, act.reason)
            case "instead":
                if not act.choice:
                    raise BadInput("choose one of the other remedies first")
                answered = verbs.reject(self._state, plan.id, who, act.reason, instead=act.choice)
        return Done(text=_told(answered))

    def _card(self, act: Pressed) -> str:
        """The plan whose card it is, as we have posted it."""
        post = self._journal.chat_post_at(self._service, act.place, act.message_id)
        if post is None or post.key != card_key(post.incident_id, act.plan_id):
            raise NotOurs(f"that is not the card of {quoted(act.plan_id)}")
        return act.plan_id

    # Words

    def _hear(self, act: Said, event: ChatEvent) -> Done:
        if len(act.words) > LONGEST_SAID:
            raise BadInput(f"that has {len(act.words)} characters; up to {LONGEST_SAID} are read")
        command = read_command(act.words)
        who = self._signed_in(act).require(command.permission)
        incident_id = command.incident_id or self._incident_of(act)
        match command.verb:
            case "help":
                return Done(text=HELP)
            case "ask":
                return Done(text=self._asked(act, command, incident_id), to_all=True)
            case "work":
                return Done(text=self._work(command, incident_id, who, event), to_all=True)
            case _:
                return Done(text=self._handle(command, incident_id, who, event))

    def _handle(self, command: Command, incident_id: str, who: Principal, event: ChatEvent) -> str:
        if not incident_id:
            raise BadInput(f"name the incident, as in: live-0001 {command.verb}")
        if self._was_done(command, incident_id, who, event):
            return f"{incident_id}: {command.verb} stands"
        state = self._state
        match command.verb:
            case "take":
                return verbs.take(state, incident_id, who).text
            case "note":
                return verbs.note(state, incident_id, who, command.text).text
            case "reopen":
                return verbs.reopen(state, incident_id, who, command.reason).text
            case _:
                return verbs.close(state, incident_id, who, command.text, command.reason).text

    def _was_done(
        self, command: Command, incident_id: str, who: Principal, event: ChatEvent
    ) -> bool:
        """Whether a run that was cut off had come so far: its event stands after the beginning."""
        if event.begun_seq is None:
            return False
        events = self._journal.timeline(incident_id, event.begun_seq)
        kind, account = _AS_EVENT[command.verb], who.account
        return any(e.kind == kind and e.data.get("account") == account for e in events)

    def _asked(self, act: Said, command: Command, incident_id: str) -> str:
        network = self._journal.incident(incident_id).incident.network if incident_id else None
        thread = (act.place, act.thread)
        talk = self._conversations.pop(thread, None) or verbs.converse(self._state, network)
        self._conversations[thread] = talk
        if len(self._conversations) > _MOST_CONVERSATIONS:
            self._conversations.popitem(last=False)
        reply = talk.ask(command.text)
        return f"{reply.text}\n(answered by {reply.answered_by} about {reply.network})"

    def _work(self, command: Command, incident_id: str, who: Principal, event: ChatEvent) -> str:
        network = self._journal.incident(incident_id).incident.network if incident_id else None
        name, now_s = verbs.network_clock(self._state, network)
        # The same of the same event, so that it is announced once.
        work_id = f"CHAT-{hashlib.sha256(event.id.encode()).hexdigest()[:8].upper()}"
        known = [r.work for r in self._journal.work_records(name) if r.work.id == work_id]
        if known:
            return f"{work_id} is announced: {', '.join(known[0].links)}"
        starts_s = parse_moment_s(command.starts, now_s)
        announced = verbs.announce_work(
            self._state,
            name,
            command.text.split(),
            starts_s,
            parse_moment_s(command.ends, starts_s),
            who,
            work_id=work_id,
            accept_breach=bool(command.reason),
            reason=command.reason,
        )
        foretold = announced.foretold
        hurt = breach_text(foretold.in_breach) if foretold.in_breach else "no service in breach"
        work = foretold.work
        return (
            f"{work.id} is announced on {name}: {', '.join(work.links)}, {utc(work.starts_s)} to "
            f"{utc(work.ends_s)} UTC; it puts {hurt}"
        )

    # Who asks, and about what

    def _signed_in(self, act: AnyAct) -> SignedIn:
        return whose_is(self._state, act.who, self._service)

    def _incident_of(self, act: AnyAct) -> str:
        """The incident whose thread it was done in, "" outside of any."""
        post = self._journal.chat_post_at(self._service, act.place, act.thread)
        return post.incident_id if post else ""

    def _note_refusal(self, act: AnyAct, error: NoctuaError) -> None:
        """Put on record who has tried what, and why it was refused."""
        said: dict[str, JsonValue] = {
            "why": str(error)[:1000],
            "rule": error.rule if isinstance(error, Refused) else "",
            "by": act.who.model_dump(mode="json"),
            "act": act.model_dump(mode="json", exclude={"who"}),
        }
        actor = act.who.subject[:LONGEST_NAME]
        self._journal.append_audit(time.time(), actor, "chat_refused", self._service, said)


def _told(answered: verbs.Answered) -> str:
    """What whoever has answered reads; the card says it to everybody."""
    answer, request = answered.answer, answered.request
    standing = answer.standing
    if not answer.won:
        return f"{what_holds(answer, request)}."
    said = f"Your answer to {request.plan_id} stands: {standing.decision}."
    if answer.still_needed:
        wanted = still_wanted(request)
        return f"{said} {people(answer.still_needed)} must approve as well ({wanted})."
    if not answered.watched:
        return f"{said} Nobody watches its network: noctua resume {request.incident_id}."
    return said
