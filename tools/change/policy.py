"""The approval policy: one YAML file, validated as a whole."""

from collections.abc import Iterable
from difflib import get_close_matches
from importlib import resources
from pathlib import Path
from typing import Annotated, Literal, Self, get_args

import yaml
from pydantic import Field, ValidationError, model_validator

from twin.errors import BadInput
from twin.nouns.action import Action
from twin.nouns.base import Noun
from twin.nouns.plan import Approval, Plan
from twin.nouns.traffic import TrafficClass

DEMO_APPROVER = "demo auto-approver (no person looked)"
"""Signs the approvals that only the demo's own flag gives; no policy file can switch it on."""

ActionKind = Literal[
    "set_igp_weight",
    "drain_link",
    "undrain_link",
    "rate_limit",
    "remove_rate_limit",
    "revert_to_intended",
    "restore_device",
]
Share = Annotated[float, Field(ge=0, le=1)]
Seconds = Annotated[float, Field(gt=0)]


class ApprovalRules(Noun):
    """`expires_after_s`: from the question to the commit."""

    auto_approve: Literal["none"]
    expires_after_s: Seconds


class ActionRules(Noun):
    """Kinds of action by purpose; how far a rate limit may go, as a share of a link's capacity."""

    mitigate: frozenset[ActionKind]
    return_: Annotated[frozenset[ActionKind], Field(alias="return")]
    max_rate_limit_fraction: Share
    protected_classes: frozenset[TrafficClass]

    def allowed(self, purpose: Literal["mitigate", "return"]) -> frozenset[ActionKind]:
        """The kinds that a plan of that purpose may hold."""
        return self.mitigate if purpose == "mitigate" else self.return_


class BlastRules(Noun):
    """The most that one plan may touch; `max_moved_share` is of all traffic at peak."""

    max_devices: Annotated[int, Field(ge=1)]
    max_services: Annotated[int, Field(ge=0)]
    max_moved_share: Share


class CommitRules(Noun):
    """Timers of the devices."""

    return_after_s: Seconds
    confirm_margin_s: Seconds


class VerificationRules(Noun):
    """How long a change is watched before it is kept, and what rolls it back."""

    samples: Annotated[int, Field(ge=1)]
    window_s: Seconds
    soak_s: Annotated[float, Field(ge=0)]


class ApprovalPolicy(Noun):
    """What may be changed, by whom, and how far."""

    approval: ApprovalRules
    actions: ActionRules
    blast: BlastRules
    commit: CommitRules
    verification: VerificationRules

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


def default_policy() -> ApprovalPolicy:
    """The policy that ships with the package."""
    resource = resources.files("tools.change").joinpath("policy.yaml")
    return parse_policy(resource.read_text("utf-8"), "policy.yaml (default)")


def load_policy(path: Path) -> ApprovalPolicy:
    """The policy in the file at `path`.

    Raises:
        BadInput: the file cannot be read, or a key or value is wrong; names file, key and remedy.
    """
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"{path}: cannot be read as a policy ({error})") from error
    return parse_policy(text, str(path))


def parse_policy(text: str, name: str) -> ApprovalPolicy:
    """The policy in `text`; `name` stands in errors. Raises BadInput."""
    try:
        data = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise BadInput(f"{name}: is not YAML ({error})") from error
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
                yield f"{name}: {key}: {problem['msg']} (found {problem['input']!r})"[:500]


def _remedy(path: list[str]) -> str:
    known = _keys(path[:-1])
    near = get_close_matches(path[-1], known, n=1)
    if near:
        return f'did you mean "{near[0]}"?'
    return f"remove it, or use one of {', '.join(known)}"


def _keys(section: list[str]) -> list[str]:
    model: type[Noun] = ApprovalPolicy
    for part in section:
        annotation = model.model_fields[part].annotation
        if isinstance(annotation, type) and issubclass(annotation, Noun):
            model = annotation
    return [field.alias or name for name, field in model.model_fields.items()]


def action_kinds() -> frozenset[str]:
    """Every kind of the closed Action union; a test compares it with `ActionKind`."""
    union = get_args(Action)[0]
    return frozenset(
        get_args(member.model_fields["kind"].annotation)[0] for member in get_args(union)
    )
