"""The approval policy: one YAML file, validated as a whole."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, time
from difflib import get_close_matches
from importlib import resources
from pathlib import Path
from typing import Annotated, Literal, Self, get_args
from zoneinfo import ZoneInfo, available_timezones

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from tools.strict_yaml import read_yaml, settings_text
from twin.errors import BadInput
from twin.events.action import Action
from twin.nouns.base import Noun
from twin.nouns.guidance import GuidanceCaps
from twin.nouns.plan import Approval, Plan
from twin.nouns.principal import AUTOMATIC, Principal
from twin.nouns.traffic_class import TrafficClass

DEMO_APPROVER = Principal(name="demo auto-approver (no person looked)", provider=AUTOMATIC)
"""Signs the approvals that only the demo's own flag gives; no policy file can switch it on."""

ActionKind = Literal[
    "set_igp_weight",
    "drain_link",
    "undrain_link",
    "rate_limit",
    "remove_rate_limit",
    "limit_target",
    "revert_to_intended",
    "revert_interface",
    "restore_device",
]
LONGEST_S = 7 * 86_400.0
"""No timer is longer: one that never ends is a rule switched off."""

SAMPLE_S = 30.0
"""A change that is watched is looked at so often."""

# Strict: "6" and true are no numbers.
Count = Annotated[int, Field(ge=0, le=1_000_000, strict=True)]
Share = Annotated[float, Field(ge=0, le=1, strict=True)]
Seconds = Annotated[float, Field(gt=0, le=LONGEST_S, strict=True)]

Purpose = Literal["mitigate", "return"]
EVERY_PURPOSE: frozenset[Purpose] = frozenset(get_args(Purpose))

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
DAYS: tuple[Day, ...] = get_args(Day)
"""In the order of `datetime.weekday`."""

EntryId = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
"""What an approver types to override the entry, so without spaces and colons."""


def _written_with_colons(value: object) -> object:
    # YAML reads 22:00 as the number 1320, which would then be taken for seconds.
    if isinstance(value, int | float) or (isinstance(value, str) and ":" not in value):
        raise ValueError('must be put in quotes, as "22:00" or "2026-12-20T00:00:00+01:00"')
    return value


def _with_offset(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise ValueError('must say its offset from UTC, as in "2026-12-20T00:00:00+01:00"')
    return value


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        near = get_close_matches(name, available_timezones(), n=1)
        hint = f'did you mean "{near[0]}"?' if near else "use one such as Europe/Berlin"
        raise ValueError(f"is not a time zone of the IANA database; {hint}") from error
    return name


def _local(value: time) -> time:
    if value.tzinfo is not None:
        raise ValueError("must have no offset: it is of the window's own timezone")
    return value


TimeOfDay = Annotated[time, BeforeValidator(_written_with_colons), AfterValidator(_local)]
Moment = Annotated[datetime, BeforeValidator(_written_with_colons), AfterValidator(_with_offset)]
Zone = Annotated[str, AfterValidator(_known_zone)]


class SecondApprover(Noun):
    """A plan that touches more than any of these needs two different people.

    `above_moved_share` is of all traffic at peak.
    """

    above_devices: Count
    above_services: Count
    above_moved_share: Share


class EscalationStep(Noun):
    """Who is called once nobody has seen a question for so long."""

    after_s: Seconds
    to: Annotated[str, Field(min_length=1, max_length=200)]


class ApprovalRules(Noun):
    """Who has to answer, and how long that is waited for.

    `expires_after_s`: from the question to the commit. `second_approver`: None where one person is
    always enough. `page_again_after_s`: when a question that nobody has answered is put again, to
    `page_again_to`; None: never. `escalation`: who is called in turn while nobody has seen it.
    """

    auto_approve: Literal["none"]
    expires_after_s: Seconds
    second_approver: SecondApprover | None = None
    page_again_after_s: Seconds | None = None
    page_again_to: str = ""
    escalation: tuple[EscalationStep, ...] = ()

    @model_validator(mode="after")
    def _escalated_in_turn(self) -> Self:
        times = [step.after_s for step in self.escalation]
        if times != sorted(set(times)) or (times and times[-1] >= self.expires_after_s):
            raise ValueError(
                "escalation must name people in turn, each after_s larger than the one before and "
                f"the last smaller than expires_after_s ({self.expires_after_s:g})"
            )
        return self

    @model_validator(mode="after")
    def _paged_again_in_time(self) -> Self:
        if self.page_again_after_s is not None and self.page_again_after_s >= self.expires_after_s:
            raise ValueError(
                f"page_again_after_s ({self.page_again_after_s:g}) must be smaller than "
                f"expires_after_s ({self.expires_after_s:g}), or nobody can answer the second page"
            )
        return self


class ChangeWindow(Noun):
    """When plans of `purposes` may be committed: on `days`, between two times of `timezone`.

    Where `to` is not after `from`, the window runs over midnight, and `days` are those on which it
    starts.
    """

    id: EntryId
    purposes: Annotated[frozenset[Purpose], Field(min_length=1)] = EVERY_PURPOSE
    days: Annotated[frozenset[Day], Field(min_length=1)] = frozenset(DAYS)
    from_: Annotated[TimeOfDay, Field(alias="from")]
    to: TimeOfDay
    timezone: Zone


class Freeze(Noun):
    """No plan of `purposes` is committed on `networks` from `from` until just before `until`."""

    id: EntryId
    from_: Annotated[Moment, Field(alias="from")]
    until: Moment
    reason: str
    purposes: Annotated[frozenset[Purpose], Field(min_length=1)] = EVERY_PURPOSE
    networks: Annotated[frozenset[str], Field(min_length=1)] | None = None

    @model_validator(mode="after")
    def _ends_after_it_starts(self) -> Self:
        if self.until <= self.from_:
            raise ValueError(f'freeze "{self.id}" must end after it starts; put "until" later')
        return self


class CalendarRules(Noun):
    """When changes may be made. A purpose that no window names may be served at any time."""

    windows: tuple[ChangeWindow, ...] = ()
    freezes: tuple[Freeze, ...] = ()

    @field_validator("windows", "freezes")
    @classmethod
    def _no_id_twice(cls, entries: tuple[ChangeWindow | Freeze, ...]) -> object:
        twice = [name for name, count in Counter(e.id for e in entries).items() if count > 1]
        if twice:
            raise ValueError(f'the id "{twice[0]}" is used twice; give each entry its own')
        return entries


class ActionRules(Noun):
    """Kinds of action by purpose; how far a rate limit may go, as a share of a link's capacity."""

    mitigate: frozenset[ActionKind]
    return_: Annotated[frozenset[ActionKind], Field(alias="return")]
    max_rate_limit_fraction: Share
    protected_classes: frozenset[TrafficClass]

    def allowed(self, purpose: Purpose) -> frozenset[ActionKind]:
        """The kinds that a plan of that purpose may hold.

        Who allows that a whole device is reverted allows that one of its interfaces is.
        """
        kinds = self.mitigate if purpose == "mitigate" else self.return_
        return kinds | {"revert_interface"} if "revert_to_intended" in kinds else kinds


class BlastRules(Noun):
    """The most that one plan may touch without two people who override the bound by name, with a
    reason; `max_moved_share` is of all traffic at peak.
    """

    max_devices: Annotated[Count, Field(ge=1)]
    max_services: Count
    max_moved_share: Share


class CommitRules(Noun):
    """Timers of the devices."""

    return_after_s: Seconds
    confirm_margin_s: Seconds


class VerificationRules(Noun):
    """How long a change is watched before it is kept, and what rolls it back."""

    samples: Annotated[Count, Field(ge=1)]
    window_s: Seconds
    soak_s: Annotated[Seconds, Field(ge=SAMPLE_S)]

    @model_validator(mode="after")
    def _samples_fit(self) -> Self:
        if self.samples * SAMPLE_S > self.window_s:
            raise ValueError(
                f"window_s ({self.window_s:g}) holds {int(self.window_s / SAMPLE_S)} samples, one "
                f"in {SAMPLE_S:g} s; {self.samples} would never come together, so nothing would "
                "be rolled back"
            )
        return self


class AuditRules(Noun):
    """`anchor_file`: where the head of the audit chain is written as well, None: nowhere.

    A relative path is within the state directory, where whoever alters the journal can alter it.
    """

    anchor_file: Annotated[str, Field(min_length=1)] | None = None


class ApprovalPolicy(Noun):
    """What may be changed, by whom, and how far."""

    approval: ApprovalRules
    actions: ActionRules
    blast: BlastRules
    commit: CommitRules
    verification: VerificationRules
    calendar: CalendarRules = CalendarRules()
    audit: AuditRules = AuditRules()
    guidance: GuidanceCaps = GuidanceCaps()

    @model_validator(mode="after")
    def _return_timer_covers_verification(self) -> Self:
        needed = self.verification.window_s + self.commit.confirm_margin_s
        if needed > self.commit.return_after_s:
            raise ValueError(
                f"commit.return_after_s ({self.commit.return_after_s:g}) must be at least "
                "verification.window_s + commit.confirm_margin_s "
                f"({needed:g}), or devices return while they are watched"
            )
        return self

    @model_validator(mode="after")
    def _second_approver_is_asked(self) -> Self:
        second, most = self.approval.second_approver, self.blast
        if second is not None and (
            second.above_devices >= most.max_devices
            and second.above_services >= most.max_services
            and second.above_moved_share >= most.max_moved_share
        ):
            raise ValueError(
                "approval.second_approver would never be asked: nothing that blast allows is above "
                "its bounds; lower one of them, or leave second_approver out: beyond blast two "
                "people are needed anyway"
            )
        return self


def default_policy() -> ApprovalPolicy:
    """The policy that ships with the package."""
    resource = resources.files("tools.change").joinpath("policy.yaml")
    return parse_policy(resource.read_text("utf-8"), "policy.yaml (default)")


def load_policy(path: Path) -> ApprovalPolicy:
    """The policy in the file at `path`.

    Raises:
        BadInput: the file cannot be read, or a key or value is wrong; names file, key and remedy.
    """
    return parse_policy(settings_text(path, "a policy"), str(path))


def parse_policy(text: str, name: str) -> ApprovalPolicy:
    """The policy in `text`; `name` stands in errors. Raises BadInput."""
    data = read_yaml(text, name)
    try:
        return ApprovalPolicy.model_validate(data)
    except ValidationError as error:
        raise BadInput("; ".join(_complaints(name, error))) from error


def demo_approval(plan: Plan, now_s: float) -> Approval:
    """An approval that no person gave, and that says so. For the demo's own flag alone."""
    return Approval(
        plan_id=plan.id,
        plan_hash=plan.hash,
        decision="approve",
        by=DEMO_APPROVER,
        reason="the demo was started with automatic approval",
        decided_s=now_s,
    )


def _complaints(name: str, error: ValidationError) -> Iterable[str]:
    for problem in error.errors(include_url=False):
        path = [str(part) for part in problem["loc"]]
        key = ".".join(path) or "the file"
        match problem["type"]:
            case "extra_forbidden":
                yield f'{name}: unknown key "{key}"; {_remedy(path)}'
            case "missing":
                yield f'{name}: key "{key}" is missing; add it'
            case "model_type":
                yield f"{name}: {key} must be a mapping of keys to values"
            case _:
                said = problem["msg"].removeprefix("Value error, ")
                # Where several keys do not go together, all of the file was found.
                whole = isinstance(problem["input"], dict)
                found = "" if whole else f" (found {problem['input']!r})"
                yield f"{name}: {key}: {said}{found}"[:500]


def _remedy(path: list[str]) -> str:
    known = _keys(path[:-1])
    near = get_close_matches(path[-1], known, n=1)
    if near:
        return f'did you mean "{near[0]}"?'
    return f"remove it, or use one of {', '.join(known)}"


def _keys(section: list[str]) -> list[str]:
    model: type[Noun] = ApprovalPolicy
    for part in section:
        # The position in a list says nothing about the keys.
        if not part.isdigit():
            model = _model_in(model.model_fields[part].annotation) or model
    return [field.alias or name for name, field in model.model_fields.items()]


def _model_in(annotation: object) -> type[Noun] | None:
    """The section that a key holds: one, none or several of them."""
    if isinstance(annotation, type) and issubclass(annotation, Noun):
        return annotation
    return next((m for part in get_args(annotation) if (m := _model_in(part))), None)


def action_kinds() -> frozenset[str]:
    """Every kind of the closed Action union; a test compares it with `ActionKind`."""
    union = get_args(Action)[0]
    return frozenset(
        get_args(member.model_fields["kind"].annotation)[0] for member in get_args(union)
    )
