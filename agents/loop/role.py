"""A role, the minds that may play it, and the loop that serves every mind alike.

The answer is a tool like the others. A bad reply is shown to its mind for repair twice; the third
one, an exception, a missed deadline or a used-up budget gives the rest of the role run to the next
mind. A mind that was down or late is left alone for a while, so that a dead server costs one
deadline and not one for every role run.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Generic, TypeVar

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import BaseMessage
from opentelemetry.trace import Span, Tracer
from pydantic import BaseModel, JsonValue

from agents.loop.budget import Budget, Price, charges_of_call, charges_of_request
from agents.loop.deadline import CallRaised, DeadlineMissed, within
from agents.loop.health import Health
from agents.loop.reply import ANSWER, BadReply, ParsedCall, Reply, quote, read_reply
from agents.loop.role_events import AnswerDrafted, RoleEvent, ToolCalled, ToolReturned
from agents.loop.streaming import stream_reply
from agents.loop.transcript import (
    Answered,
    CallRecord,
    Cause,
    Complaint,
    Entry,
    Swap,
    Turn,
    call_id,
    cleaned,
    json_text,
    plain,
    render,
)
from agents.prompts import prompt_id
from tools.clock import Clock
from tools.journal.records import Charges
from tools.models.failures import ModelRefusedRequest
from tools.registry import Tool, function_schema, require_read_only
from tools.trace import NO_TRACE, agent_span, chat_span, mark_failed, tool_span
from tools.trace import conventions as names
from twin.errors import (
    BadInput,
    MindFailed,
    NoctuaError,
    Ungrounded,
    UnknownLink,
    UnknownNode,
    UnknownService,
    UnknownSharedRiskGroup,
)

T = TypeVar("T", bound=BaseModel)

REPAIRS = 2
"""Bad replies that a mind is shown for repair in one role run; the next one ends its part."""

OWN_STEPS_LIMIT = 200
"""Replies of one of our own minds in one role run, beyond which it is a bug."""


_INVENTED = (Ungrounded, UnknownLink, UnknownNode, UnknownService, UnknownSharedRiskGroup)


class RoleUnfinished(MindFailed):
    """No mind was left to finish a role; `swaps` says why each one lost it.

    `transcript`, `charges`: as in `RoleRun`.
    """

    finished_by = ""

    def __init__(
        self,
        role: str,
        swaps: Sequence[Swap],
        transcript: Sequence[dict[str, Any]],
        charges: Charges,
    ) -> None:
        reasons = "; ".join(f"{s.mind}: {s.detail}" for s in swaps) or "there was no mind to ask"
        super().__init__(f"no mind could finish the role {role} ({reasons})")
        self.swaps = list(swaps)
        self.transcript = list(transcript)
        self.charges = charges


def nothing_to_ground(_: BaseModel) -> None:
    """For answers that name nothing."""


@dataclass(frozen=True)
class Role(Generic[T]):
    """What is asked of a mind.

    `prompt`: the system text. `answer`: what the role must come to. `ground` raises Ungrounded when
    an answer names what does not exist. `told`: the field of the answer that whoever listens is
    told while it is being written, "" for none.

    Raises:
        Refused: a tool may change something.
        BadInput: two tools have one name.
    """

    name: str
    prompt: str
    tools: tuple[Tool[Any], ...]
    answer: type[T]
    ground: Callable[[T], None] = nothing_to_ground
    told: str = ""

    def __post_init__(self) -> None:
        taken = [tool.name for tool in self.tools] + [ANSWER]
        if len(set(taken)) < len(taken):
            raise BadInput(f'role "{self.name}": two tools have one name ("{ANSWER}" is ours)')
        for tool in self.tools:
            require_read_only(tool)

    def schemas(self) -> list[dict[str, Any]]:
        """The tools that a mind is offered, the answer last."""
        answer = function_schema(ANSWER, "Give the result and end the task.", self.answer)
        return [*(tool.schema() for tool in self.tools), answer]


@dataclass(frozen=True)
class Mind:
    """A chat model. `foreign`: it may fail, lie and cost; otherwise its exceptions are our bugs.

    `price`: None where a call costs nothing, or nobody has said what. `health`: shared by everybody
    who asks this mind in this process.
    """

    name: str
    model: BaseChatModel
    foreign: bool
    price: Price | None = None
    health: Health = field(default_factory=Health, compare=False, repr=False)


@dataclass(frozen=True)
class RoleRun(Generic[T]):
    """What came of a role. `finished_by`: the mind that answered; `swaps`: those that lost it.

    `transcript`: plain JSON, one entry per turn, complaint, swap and answer. `charges`: of foreign
    minds.
    """

    role: str
    answer: T
    finished_by: str
    swaps: list[Swap]
    transcript: list[dict[str, Any]]
    charges: Charges


def run_role(
    role: Role[T],
    task: BaseModel | dict[str, Any],
    minds: Sequence[Mind],
    budget: Budget,
    clock: Clock,
    tracer: Tracer = NO_TRACE,
    *,
    listen: Callable[[RoleEvent], None] | None = None,
) -> RoleRun[T]:
    """Have `minds`, in order, finish `role` for `task`.

    `listen` is told of each event as it happens, in the caller's thread; of a draft
    (AnswerDrafted) in the thread that reads the reply.
    `clock` stamps the trace; deadlines and budgets count the wall's seconds, whatever it says.

    Raises:
        RoleUnfinished (a MindFailed): no mind was left.
        Exception: whatever one of our own minds, a tool (but for NoctuaError) or `ground` (but for
            BadInput) raised; these are bugs.
    """
    with agent_span(tracer, role.name, time_s=clock.now_s()) as span:
        told = prompt_id(role.prompt, role.name)
        span.set_attribute(names.PROMPT_NAME, told.name)
        span.set_attribute(names.PROMPT_VERSION, told.version)
        span.set_attribute(names.PROMPT_HASH, told.hash)
        run = _Run(role, plain(task), budget, clock, tracer, span, listen or _unheard)
        following = [*(mind.name for mind in minds[1:]), ""]
        for mind, successor in zip(minds, following, strict=bool(minds)):
            try:
                answer = run.play(mind)
            except _MindLost as lost:
                run.swap(mind, successor, lost)
            else:
                span.set_attribute(names.FINISHED_BY, mind.name)
                return run.finished(mind, answer)
        raise RoleUnfinished(role.name, run.swaps, run.transcript(), run.charges)


def _unheard(_: RoleEvent) -> None:
    """Where nobody listens."""


class _MindLost(Exception):
    def __init__(self, cause: Cause, detail: str, error_type: str = "") -> None:
        super().__init__(detail)
        self.cause: Cause = cause
        self.detail = detail
        self.error_type = error_type or cause


class _Run(Generic[T]):
    """The state of one role run."""

    def __init__(
        self,
        role: Role[T],
        task: JsonValue,
        budget: Budget,
        clock: Clock,
        tracer: Tracer,
        span: Span,
        listen: Callable[[RoleEvent], None],
    ) -> None:
        self.role = role
        self.task = task
        self.budget = budget
        self.clock = clock
        self.tracer = tracer
        self.span = span
        self.listen = listen
        self.tools = {tool.name: tool for tool in role.tools}
        self.schemas = role.schemas()
        self.entries: list[Entry] = []
        self.charges = Charges()
        self.calls_made = 0
        self.heard_call: object = None

    @property
    def swaps(self) -> list[Swap]:
        return [entry for entry in self.entries if isinstance(entry, Swap)]

    def play(self, mind: Mind) -> T:
        """Ask `mind` until it answers. Raises _MindLost."""
        bad = 0
        for steps in count():
            self._check_steps(mind, steps)
            message = self._ask(mind)
            try:
                reply = read_reply(message, self.tools, self.role.answer, self.schemas)
                answer = self._follow(mind, reply)
            except BadReply as exc:
                self._complain(mind, str(exc))
                bad += 1
                if bad > REPAIRS:
                    raise _MindLost("bad_replies", f"{bad} bad replies, the last: {exc}") from exc
            else:
                if answer is not None:
                    return answer
        raise AssertionError("count() ends never")

    def _check_steps(self, mind: Mind, steps: int) -> None:
        if mind.foreign and (refusal := self.budget.refusal(self.role.name, steps)):
            raise _MindLost("budget", refusal)
        if mind.foreign and not steps and (refusal := mind.health.refusal()):
            raise _MindLost("resting", refusal)
        if not mind.foreign and steps >= OWN_STEPS_LIMIT:
            raise RuntimeError(f"{mind.name} does not end the role {self.role.name}")

    def _follow(self, mind: Mind, reply: Reply[T]) -> T | None:
        if reply.answer is None:
            self._execute(mind, reply.calls)
            return None
        try:
            self.role.ground(reply.answer)
        except BadInput as exc:
            raise BadReply(quote(exc, 300)) from exc
        return reply.answer

    def _execute(self, mind: Mind, calls: Sequence[ParsedCall]) -> None:
        done: list[CallRecord] = []
        try:
            for call in calls:
                done.append(self._heard_call(mind, call))
        finally:
            if done:
                self.entries.append(Turn(mind=mind.name, calls=tuple(done)))

    def _heard_call(self, mind: Mind, call: ParsedCall) -> CallRecord:
        self.calls_made += 1
        id_, name, arguments = (
            call_id(self.calls_made),
            call.tool.name,
            cleaned(plain(call.arguments)),
        )
        self.listen(ToolCalled(mind=mind.name, call_id=id_, name=name, arguments=arguments))
        done = self._call(call, id_, arguments)
        self.listen(
            ToolReturned(
                mind=mind.name, call_id=id_, name=name, result=done.result, error=done.error
            )
        )
        return done

    def _call(self, call: ParsedCall, id_: str, arguments: dict[str, JsonValue]) -> CallRecord:
        with tool_span(
            self.tracer,
            call.tool.name,
            call_id=id_,
            arguments=json_text(arguments),
            time_s=self.clock.now_s(),
        ) as span:
            try:
                result = plain(call.tool.call(call.arguments))
            except _INVENTED as exc:
                mark_failed(span, type(exc).__name__)
                raise BadReply(quote(exc, 300)) from exc
            except NoctuaError as exc:
                mark_failed(span, type(exc).__name__)
                error = f"{type(exc).__name__}: {quote(exc, 500)}"
                return CallRecord(name=call.tool.name, arguments=arguments, error=error)
        return CallRecord(name=call.tool.name, arguments=arguments, result=result)

    def _ask(self, mind: Mind) -> object:
        messages = render(self.role.name, self.role.prompt, self.task, self.entries, mind.name)
        provider = mind.name.partition(":")[0] if mind.foreign else "noctua"
        with chat_span(
            self.tracer, mind.name, provider=provider, time_s=self.clock.now_s()
        ) as span:
            if not mind.foreign:
                return self._invoke(mind, messages)
            return self._ask_foreign(mind, messages, span)

    def _ask_foreign(self, mind: Mind, messages: list[BaseMessage], span: Span) -> object:
        limits = self.budget.limits
        sent = charges_of_request(messages, self.schemas, mind.price, limits.currency)
        self._charge(sent)
        deadline_s = self.budget.deadline_s(self.role.name)
        # Set here: a thread that runs first when its call was given up must tell nothing.
        call = self.heard_call = object()
        started = time.monotonic()
        reply: object = None
        try:
            reply = within(deadline_s, lambda: self._invoke(mind, messages, call))
        except DeadlineMissed as exc:
            if deadline_s < limits.call_deadline_s:
                left = f"no reply within the {deadline_s:.1f} s that its limit of seconds left"
                raise _MindLost("budget", left) from exc
            mind.health.note_failure("late", limits.rest_s)
            raise _MindLost("deadline", f"no reply within {deadline_s:.1f} s") from exc
        except CallRaised as exc:
            error_type = type(exc.error).__name__
            # A request that is refused says nothing about the next one.
            if not isinstance(exc.error, ModelRefusedRequest):
                mind.health.note_failure("down", limits.rest_s)
            detail = f"{error_type}: {quote(exc.error, 300)}"
            raise _MindLost("down", detail, error_type) from exc.error
        finally:
            self.heard_call = None
            # Asked is charged, whatever came back: servers bill what they then fail to deliver.
            seconds = time.monotonic() - started
            used = charges_of_call(sent, reply, seconds, mind.price, limits.currency)
            self._charge(used - sent)
            span.set_attribute(names.USAGE_INPUT_TOKENS, used.input_tokens)
            span.set_attribute(names.USAGE_OUTPUT_TOKENS, used.output_tokens)
            span.set_attribute(names.TOKENS_ESTIMATED, used.ruled_calls > 0)
        mind.health.note_reply()
        return reply

    def _invoke(self, mind: Mind, messages: list[BaseMessage], call: object = None) -> object:
        model = mind.model.bind_tools(self.schemas, tool_choice="any")
        if not (mind.foreign and self.role.told) or self.listen is _unheard:
            return model.invoke(messages)

        def tell(text: str) -> None:
            # A call that was given up may go on, and nobody wants to hear of it any more.
            if self.heard_call is call:
                self.listen(AnswerDrafted(mind=mind.name, text=text))

        return stream_reply(model, messages, self.role.told, tell)

    def _charge(self, charges: Charges) -> None:
        self.charges += charges
        self.budget.charge(self.role.name, charges)

    def _complain(self, mind: Mind, reason: str) -> None:
        self._note(Complaint(mind=mind.name, reason=reason))
        self.span.add_event(names.BAD_REPLY_EVENT, {names.MIND: mind.name, names.REASON: reason})

    def _note(self, entry: Complaint | Swap | Answered) -> None:
        self.entries.append(entry)
        self.listen(entry)

    def swap(self, mind: Mind, to: str, lost: _MindLost) -> None:
        self._note(Swap(mind=mind.name, to=to, cause=lost.cause, detail=lost.detail))
        told = {names.MIND: mind.name, names.NEXT_MIND: to}
        reason = f"{lost.cause}: {lost.detail}"
        self.span.add_event(names.SWAP_EVENT, told | {names.REASON: reason})

    def finished(self, mind: Mind, answer: T) -> RoleRun[T]:
        self._note(Answered(mind=mind.name, answer=cleaned(plain(answer))))
        return RoleRun(
            self.role.name, answer, mind.name, self.swaps, self.transcript(), self.charges
        )

    def transcript(self) -> list[dict[str, Any]]:
        """Every entry so far, as plain JSON."""
        return [entry.model_dump(mode="json") for entry in self.entries]
